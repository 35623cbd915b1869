"""Streamed answers: what the SDK reads of documented streams and of ours, any chunking, and cuts."""

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casecraft import errors
from casecraft.core.chat import (
    ChatResponse,
    Reasoning,
    ReasoningDelta,
    StreamEnd,
    Text,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    ToolCallStart,
    events_of,
)
from casecraft.core.usage import Usage
from casecraft.wire import find_dialect
from tests.wire.gemini_sdk import ask_stream, parts_of

GEMINI = find_dialect("gemini")
STREAMS = json.loads((Path(__file__).parent / "gemini_streams.json").read_text())
BODIES = [stream["body"].encode() for stream in STREAMS]


def read(*chunks: bytes):
    """The events of these chunks, and the error that ended them, if one did."""
    decoder = GEMINI.stream_decoder("p", {})
    events = []
    try:
        for chunk in chunks:
            events += decoder.feed(chunk)
        events += decoder.finish()
    except errors.ProviderError as error:
        return events, error
    return events, None


def chunk(parts=None, **more) -> bytes:
    candidate = {"content": {"parts": parts or [], "role": "model"}, **more}
    return b"data: " + json.dumps({"candidates": [candidate]}).encode() + b"\n\n"


def signed(parts) -> list[str]:
    return [part.signature for part in parts if isinstance(part, Reasoning | ToolCall) and part.signature]


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream["name"])
def test_we_read_what_the_sdk_reads(stream):
    body = stream["body"].encode()
    events, error = read(body)
    assert error is None
    chunks = ask_stream(body)
    theirs = parts_of(chunks)
    answer = events[-1].response
    text = "".join(part.text for part in theirs if part.text and not part.thought)
    assert "".join(it.text for it in events if isinstance(it, TextDelta)) == answer.text == text == stream["text"]
    assert answer.reasoning == "".join(part.text for part in theirs if part.thought) == stream["reasoning"]
    calls = [part.function_call for part in theirs if part.function_call]
    assert [(call.name, json.loads(call.arguments)) for call in answer.tool_calls] == [
        (call.name, call.args or {}) for call in calls
    ]
    signatures = [base64.b64encode(part.thought_signature).decode() for part in theirs if part.thought_signature]
    assert signed(answer.parts) == signatures == stream["signatures"]
    assert (answer.model, answer.request_id) == (chunks[0].model_version or "", chunks[0].response_id)
    assert answer.stop_reason == stream["stop_reason"]
    assert answer.usage == GEMINI.decode_usage(body) == Usage(*stream["usage"])
    assert answer.usage.input + answer.usage.output == chunks[-1].usage_metadata.total_token_count
    assert answer.raw == body


def test_parallel_calls_are_counted_and_named():
    events, _ = read(BODIES[1])
    assert events[:-1] == [
        ToolCallStart(0, "call_0", "f", "c2lnLWNhbGw="),
        ToolCallDelta(0, '{"a":1}'),
        ToolCallStart(1, "call_1", "f"),
        ToolCallDelta(1, '{"a":2}'),
        ToolCallStart(2, "x9", "g"),
        ToolCallDelta(2, "{}"),
    ]


def test_a_signature_on_text_is_not_that_of_the_thought_before():
    body = chunk([{"text": "hm", "thought": True}]) + chunk([{"text": "Hi", "thoughtSignature": "c2ln"}])
    events, _ = read(body + chunk(finishReason="STOP"))
    assert events[:-1] == [ReasoningDelta("hm"), ReasoningDelta("", "c2ln"), TextDelta("Hi")]
    assert events[-1].response.content == (Reasoning("hm"), Reasoning("", "c2ln"), Text("Hi"))


@given(st.data())
def test_any_chunking_gives_the_same_events(data):
    body = data.draw(st.sampled_from(BODIES))
    if data.draw(st.booleans()):
        body = body[: data.draw(st.integers(0, len(body)))]
    whole, whole_error = read(body)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=12)))
    chunks = [body[start:end] for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    events, error = read(*chunks)
    assert events == whole
    assert (type(error), str(error)) == (type(whole_error), str(whole_error))


@pytest.mark.parametrize("body", BODIES)
def test_a_cut_is_an_error_or_the_whole_answer(body):
    whole = read(body)[0][-1].response
    for end in range(len(body)):
        events, error = read(body[:end])
        GEMINI.decode_usage(body[:end])
        if error is None:
            assert (events[-1].response.content, events[-1].response.usage) == (whole.content, whole.usage)
        else:
            assert type(error) is errors.BadAnswerError
            assert not any(isinstance(event, StreamEnd) for event in events)


def test_a_cut_says_how_far_it_came_and_what_it_cost():
    body = BODIES[0][: BODIES[0].rindex(b"data:")]
    _, error = read(body)
    assert "cut after 3 events and 7 characters" in str(error)
    assert GEMINI.decode_usage(error.body) == Usage(7, 10, reasoning=9)


def test_the_last_usage_that_says_something_counts():
    stated = [{"promptTokenCount": 4}, {"promptTokenCount": 4, "candidatesTokenCount": 2}, {"trafficType": "ON_DEMAND"}]
    body = b"".join(event({"usageMetadata": each}) for each in stated)
    body += chunk([{"text": "a"}], finishReason="STOP")
    assert read(body)[0][-1].response.usage == GEMINI.decode_usage(body) == Usage(4, 2)


@given(st.lists(st.binary(max_size=20) | st.sampled_from([b"data: ", b"\n\n", b"{}", b"[]", b"\r"]), max_size=12))
def test_any_bytes_are_events_or_a_provider_error(chunks):
    events, error = read(*chunks)
    assert error is not None or isinstance(events[-1], StreamEnd)
    GEMINI.decode_usage(b"".join(chunks))


def event(value) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"


BUSY = {"error": {"code": 503, "status": "UNAVAILABLE", "message": "busy"}}


@pytest.mark.parametrize(
    ("body", "kind", "says"),
    [
        (b"", errors.BadAnswerError, "an empty body instead of a stream"),
        (b"<title>Oops</title>", errors.BadAnswerError, "HTML"),
        (json.dumps(BUSY).encode(), errors.ServerError, "busy"),
        (json.dumps([BUSY], indent=1).encode(), errors.ServerError, "busy"),
        (b"[1]", errors.BadAnswerError, "instead of a stream"),
        (event(BUSY), errors.ServerError, "busy"),
        (chunk([{"text": "a"}]) + event(BUSY), errors.ServerError, "busy"),
        (event({"promptFeedback": {"blockReason": "SAFETY"}}), errors.ContentFilteredError, "refused the prompt"),
        (chunk([{"text": "a"}]) + chunk(finishReason="SAFETY"), errors.ContentFilteredError, "filter"),
        (chunk(finishReason="MALFORMED_FUNCTION_CALL"), errors.BadAnswerError, "MALFORMED_FUNCTION_CALL"),
        (chunk(finishReason="STOP"), errors.BadAnswerError, "empty message"),
        (chunk([{"functionCall": {"name": "f", "partialArgs": []}}]), errors.BadAnswerError, "in pieces"),
        (event([]), errors.BadAnswerError, "no object"),
    ],
)
def test_what_is_no_stream_is_a_typed_error(body, kind, says):
    events, error = read(body)
    assert type(error) is kind
    assert says in str(error)
    assert not any(isinstance(each, StreamEnd) for each in events)


@pytest.mark.parametrize(
    "odd",
    [
        {"candidates": [None]},
        {"candidates": {"a": 1}},
        {"candidates": [{"content": []}]},
        {"candidates": [{"content": {"parts": {}}}]},
        {"candidates": [{"content": {"parts": [None, {"text": 3}, {"functionResponse": {}}]}}]},
        {"usageMetadata": 7, "modelVersion": [], "responseId": {}},
        {"promptFeedback": {}},
    ],
)
def test_odd_events_are_passed_over(odd):
    events, error = read(event(odd) + chunk([{"text": "a"}], finishReason="STOP"))
    assert error is None
    assert (events[-1].response.text, events[-1].response.model) == ("a", "")


def write(answer: ChatResponse) -> bytes:
    encoder = GEMINI.stream_encoder(model="m", request_id="r")
    return b"".join(encoder.encode(event) for event in events_of(answer))


ANSWER = ChatResponse(
    (
        Reasoning("hm", "dGhvdWdodA=="),
        Reasoning("", "dGV4dA=="),
        Text("Hi"),
        ToolCall("c1", "f", '{"a":1}', "Y2FsbA=="),
        ToolCall("c2", "g", "no json"),
    ),
    "m",
    "tool_use",
    Usage(9, 5, 3, 0, 2),
)


def test_the_sdk_reads_what_we_stream():
    chunks = ask_stream(write(ANSWER))
    parts = parts_of(chunks)
    assert [(part.text, part.thought, part.thought_signature) for part in parts] == [
        ("hm", True, b"thought"),
        ("", None, b"text"),
        ("Hi", None, None),
        (None, None, b"call"),
        (None, None, None),
    ]
    calls = [part.function_call for part in parts if part.function_call]
    assert [(call.id, call.name, call.args) for call in calls] == [
        ("c1", "f", {"a": 1}),
        ("c2", "g", {"arguments": "no json"}),
    ]
    assert {(each.model_version, each.response_id) for each in chunks} == {("m", "r")}
    last = chunks[-1]
    assert last.candidates[0].finish_reason == "STOP"
    assert (last.usage_metadata.thoughts_token_count, last.usage_metadata.total_token_count) == (2, 14)


def test_what_we_stream_comes_back():
    back = read(write(ANSWER))[0][-1].response
    assert back.parts[:4] == ANSWER.parts[:4]
    assert (back.stop_reason, back.usage, back.request_id) == ("tool_use", ANSWER.usage, "r")


def test_a_signature_that_follows_its_thought_stays_with_it():
    encoder = GEMINI.stream_encoder(model="m", request_id="r")
    deltas = [ReasoningDelta("a"), ReasoningDelta("b"), ReasoningDelta("", "c2ln"), ReasoningDelta("", "@")]
    parts = parts_of(ask_stream(b"".join(map(encoder.encode, deltas))))
    assert [(part.text, part.thought, part.thought_signature) for part in parts] == [
        ("a", True, None),
        ("b", True, None),
        ("", True, b"sig"),
    ]


@pytest.mark.parametrize("stop_reason", ["stop", "length"])
def test_text_alone_ends_with_its_reason(stop_reason):
    chunks = ask_stream(write(ChatResponse("Hi", "m", stop_reason)))
    assert "".join(part.text for part in parts_of(chunks)) == "Hi"
    assert read(write(ChatResponse("Hi", "m", stop_reason)))[0][-1].response.stop_reason == stop_reason
