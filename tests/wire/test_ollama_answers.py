"""Ollama's chat: its answers read by its own client and by us, and ours read by its client."""

import contextlib
import json
from pathlib import Path

import httpx
import ollama
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casecraft import errors
from casecraft.core.chat import ChatResponse, Reasoning, StreamEnd, Text, ToolCall, events_of
from casecraft.core.usage import Usage
from casecraft.wire import encode_body, find_dialect
from tests.wire.canonical import responses

DIALECT = find_dialect("ollama_chat")
PAYLOADS = json.loads((Path(__file__).parent / "ollama_payloads.json").read_text())
STREAMS = {
    it["name"]: b"".join(json.dumps(line).encode() + b"\n" for line in it["lines"]) for it in PAYLOADS["streams"]
}


def ask_sdk(body: bytes, *, stream: bool = False, status: int = 200):
    transport = httpx.MockTransport(lambda _: httpx.Response(status, content=body))
    with ollama.Client("http://x", transport=transport) as client:
        answer = client.chat("m", [{"role": "user", "content": "Hi"}], stream=stream)
        return list(answer) if stream else answer


def read(*chunks: bytes):
    """The events of these chunks, and the error that ended them, if one did."""
    decoder = DIALECT.stream_decoder("p", {})
    events = []
    try:
        for chunk in chunks:
            events += decoder.feed(chunk)
        events += decoder.finish()
    except errors.ProviderError as error:
        return events, error
    return events, None


def calls_of(messages) -> list:
    return [(it.function.name, it.function.arguments) for message in messages for it in message.tool_calls or []]


def our_calls(response: ChatResponse) -> list:
    return [(call.name, json.loads(call.arguments)) for call in response.tool_calls]


@pytest.mark.parametrize("answer", PAYLOADS["answers"], ids=lambda it: it["name"])
def test_we_read_what_the_client_reads(answer):
    body = json.dumps(answer["body"]).encode()
    ours, theirs = DIALECT.decode_response(body), ask_sdk(body)
    assert (ours.text, ours.model) == (theirs.message.content, theirs.model)
    assert our_calls(ours) == calls_of([theirs.message])
    assert ours.usage == Usage(*answer["usage"]) == Usage(theirs.prompt_eval_count, theirs.eval_count)
    assert ours.stop_reason == answer["stop_reason"]
    assert DIALECT.decode_usage(body) == ours.usage


@pytest.mark.parametrize("stream", PAYLOADS["streams"], ids=lambda it: it["name"])
def test_we_read_streams_as_the_client_does(stream):
    body = STREAMS[stream["name"]]
    events, error = read(body)
    assert error is None
    ours, theirs = events[-1].response, ask_sdk(body, stream=True)
    assert ours.text == "".join(it.message.content or "" for it in theirs) == stream["text"]
    assert ours.reasoning == "".join(it.message.thinking or "" for it in theirs) == stream["thinking"]
    assert our_calls(ours) == calls_of([it.message for it in theirs]) == [tuple(call) for call in stream["calls"]]
    assert len({call.id for call in ours.tool_calls}) == len(ours.tool_calls)
    assert (ours.stop_reason, ours.usage) == (stream["stop_reason"], Usage(*stream["usage"]))
    assert DIALECT.decode_usage(body) == ours.usage


@given(st.data())
def test_any_chunking_gives_the_same_events(data):
    body = data.draw(st.sampled_from(list(STREAMS.values())))
    if data.draw(st.booleans()):
        body = body[: data.draw(st.integers(0, len(body)))]
    whole, whole_error = read(body)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=12)))
    events, error = read(*(body[start:end] for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True)))
    assert events == whole
    assert (type(error), str(error)) == (type(whole_error), str(whole_error))


@pytest.mark.parametrize("body", STREAMS.values(), ids=STREAMS)
def test_a_stream_cut_at_any_byte_is_an_error_or_whole(body):
    whole, _ = read(body)
    for end in range(len(body)):
        events, error = read(body[:end])
        assert isinstance(error, errors.BadAnswerError) or events[:-1] == whole[:-1]


def test_the_last_usage_that_a_stream_states_counts():
    lines = b'{"eval_count": 1}\n{"eval_count": 2}\n{"done": true}\n{"cut'
    assert DIALECT.decode_usage(lines) == Usage(0, 2)
    assert DIALECT.decode_usage(b'{\n "eval_count": 3\n}') == Usage(0, 3)


def test_a_cut_stream_says_how_far_it_came():
    lines = STREAMS["text, the last line without a message"].splitlines(keepends=True)
    _, error = read(*lines[:2])
    assert "cut after 2 events and 10 characters" in str(error)


def test_an_error_in_the_middle_of_a_stream_is_raised_after_what_came():
    lines = STREAMS["text, the last line without a message"].splitlines(keepends=True)
    events, error = read(lines[0] + b'{"error":"an error was encountered while running the model"}\n')
    assert [event.text for event in events] == ["The"]
    assert type(error) is errors.BadAnswerError
    assert "while running the model" in str(error)


def body_of(message=None, **more) -> bytes:
    return json.dumps({"model": "m", "message": message, "done": True, **more}).encode()


@pytest.mark.parametrize(
    ("body", "kind", "says"),
    [
        (b"", errors.BadAnswerError, "an empty body"),
        (b"<html><title>502</title>", errors.BadAnswerError, "an HTML page titled '502'"),
        (b"{}", errors.BadAnswerError, "without a message"),
        (body_of(), errors.BadAnswerError, "without a message"),
        (body_of({"content": None}), errors.BadAnswerError, "empty message"),
        (body_of({"content": ""}, done_reason="load"), errors.BadAnswerError, "empty message"),
        (body_of({"content": "", "thinking": "hm"}, done_reason="length"), errors.OutputLimitError, "output limit"),
        (body_of({"content": "x"}, done=False), errors.BadAnswerError, "in part"),
        (b'{"error": "model \'x\' not found"}', errors.ModelNotFoundError, "'x'"),
        (b'{"error": "boom"}', errors.BadAnswerError, "boom"),
    ],
)
def test_what_is_no_answer_is_a_typed_error(body, kind, says):
    with pytest.raises(errors.ProviderError) as caught:
        DIALECT.decode_response(body, provider="p")
    assert type(caught.value) is kind
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("body", "says"),
    [(b"", "an empty body instead of a stream"), (b"<html>\n</html>", "an HTML page"), (b"[]\n", "no object")],
)
def test_what_is_no_stream_is_a_typed_error(body, says):
    _, error = read(body)
    assert type(error) is errors.BadAnswerError
    assert says in str(error)


@pytest.mark.parametrize("reason", ["abort", 7, ["x"], {}])
def test_an_unknown_stop_reason_is_no_error(reason):
    assert DIALECT.decode_response(body_of({"content": "x"}, done_reason=reason)).stop_reason == "other"


def test_calls_without_ids_always_get_the_same_and_others_in_other_answers():
    call = {"function": {"name": "", "arguments": "{oops"}}
    first, again, other = (
        DIALECT.decode_response(body_of({"tool_calls": [call, call]}, created_at=at)).tool_calls
        for at in ("2025", "2025", "2026")
    )
    assert first == again
    assert len({each.id for each in (*first, *other)}) == 4
    assert (first[0].name, first[0].arguments) == ("", "{oops")


@given(
    st.binary(max_size=60)
    | st.lists(st.sampled_from([b'{"message":', b'{"content":"x"}', b"}", b"\n", b"null"])).map(b"".join)
)
def test_any_bytes_are_an_answer_or_a_provider_error(body):
    with contextlib.suppress(errors.ProviderError):
        DIALECT.decode_response(body, provider="p")
    events, error = read(body)
    assert error is not None or isinstance(events[-1], StreamEnd)
    DIALECT.decode_usage(body)


@given(response=responses())
@settings(max_examples=60, deadline=None)
def test_the_client_reads_the_answers_and_streams_that_we_write(response: ChatResponse) -> None:
    whole = ask_sdk(encode_body(DIALECT.encode_response(response, created=7).body))
    encoder = DIALECT.stream_encoder(model=response.model, request_id="r", created=7)
    lines = ask_sdk(b"".join(map(encoder.encode, events_of(response))), stream=True)
    for messages, last in (([whole.message], whole), ([line.message for line in lines], lines[-1])):
        assert "".join(message.content or "" for message in messages) == response.text
        assert "".join(message.thinking or "" for message in messages) == response.reasoning
        assert calls_of(messages) == our_calls(response)
        assert (last.model, last.done, last.created_at) == (response.model, True, "1970-01-01T00:00:07Z")
        assert (last.prompt_eval_count, last.eval_count) == (response.usage.input, response.usage.output)
        assert last.done_reason == ("length" if response.stop_reason == "length" else "stop")


def test_what_an_answer_cannot_say_is_named():
    parts = (Reasoning("hm", "sig"), Text("x"), ToolCall("a", "t", "oops"))
    response = ChatResponse(parts, stop_reason="other", usage=Usage(5, 5, 1), request_id="r")
    losses = DIALECT.encode_response(response).losses
    assert {loss.field for loss in losses} == {"request_id", "stop_reason", "usage", "signature", "tool_call.arguments"}
    assert [loss.field for loss in losses if not loss.harmless] == ["tool_call.arguments"]


@pytest.mark.parametrize(
    ("error", "status"), [(errors.ModelNotFoundError("who"), 404), (errors.NetworkError("gone"), 502)]
)
def test_the_client_raises_the_errors_that_we_write(error, status):
    told, body = DIALECT.encode_error(error)
    assert told == status
    with pytest.raises(ollama.ResponseError, match=str(error)) as raised:
        ask_sdk(encode_body(body), status=told)
    assert raised.value.status_code == status
    with pytest.raises(ollama.ResponseError, match=str(error)):
        ask_sdk(DIALECT.stream_encoder(model="m", request_id="r").fail(error), stream=True)
    assert str(error) in str(DIALECT.decode_error(told, {}, encode_body(body), "p"))
