"""An answer with calls stopped for them, whatever its server says, in every dialect that has calls."""

import pytest

from casecraft.core.chat import ChatResponse, StopReason, Text, ToolCall, events_of
from casecraft.wire import encode_body, find_dialect

CALL = ToolCall("c1", "f", '{"a":1}')
# How each says that it asks for tools, and that it has just ended.
WORDS = {
    "openai_chat": ('"finish_reason":"tool_calls"', '"finish_reason":"stop"'),
    "anthropic_messages": ('"stop_reason":"tool_use"', '"stop_reason":"end_turn"'),
    "cohere_chat": ('"finish_reason":"TOOL_CALL"', '"finish_reason":"COMPLETE"'),
    "bedrock_converse": ('"stopReason":"tool_use"', '"stopReason":"end_turn"'),
    "gemini": ('"finishReason":"STOP"', '"finishReason":"OTHER"'),
    "ollama_chat": ('"done_reason":"stop"', '"done_reason":"unheard_of"'),
    "openai_responses": ('"status":"completed"}', '"status":"unheard_of"}'),
}


def read_stream(name: str, body: bytes) -> ChatResponse:
    decoder = find_dialect(name).stream_decoder("p", {})
    return [*decoder.feed(body), *decoder.finish()][-1].response


@pytest.mark.parametrize("name", WORDS)
def test_a_server_that_has_another_word_after_calls(name: str) -> None:
    dialect, (theirs, other) = find_dialect(name), WORDS[name]
    answer = ChatResponse((Text("I call."), CALL), "m", "tool_use")
    body = encode_body(dialect.encode_response(answer).body)
    assert theirs.encode() in body
    assert dialect.decode_response(body.replace(theirs.encode(), other.encode())).stop_reason == "tool_use"
    if name != "bedrock_converse":  # its frames have checksums
        encoder = dialect.stream_encoder(model="m", request_id="r")
        stream = b"".join(map(encoder.encode, events_of(answer))).replace(theirs.encode(), other.encode())
        assert other.encode() in stream
        assert read_stream(name, stream).stop_reason == "tool_use"


@pytest.mark.parametrize("reason", ["stop", "other", "tool_use"])
@pytest.mark.parametrize("name", WORDS)
def test_a_client_learns_that_tools_are_asked_for(name: str, reason: StopReason) -> None:
    dialect, answer = find_dialect(name), ChatResponse((CALL,), "m", reason)
    body = encode_body(dialect.encode_response(answer).body)
    encoder = dialect.stream_encoder(model="m", request_id="r")
    stream = b"".join(map(encoder.encode, events_of(answer)))
    assert WORDS[name][0].encode() in body
    assert dialect.decode_response(body).stop_reason == read_stream(name, stream).stop_reason == "tool_use"


@pytest.mark.parametrize("name", WORDS)
def test_calls_that_were_cut_by_the_limit_stay_so(name: str) -> None:
    dialect = find_dialect(name)
    body = encode_body(dialect.encode_response(ChatResponse((CALL,), "m", "length")).body)
    assert dialect.decode_response(body).stop_reason == "length"
