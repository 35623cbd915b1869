"""Cohere's chat: its answers read by its own client and by us, and ours read by its client."""

import contextlib
import json
from pathlib import Path

import cohere
import httpx
import pytest
from cohere.errors import NotFoundError, TooManyRequestsError
from hypothesis import given, settings
from hypothesis import strategies as st

from casecraft import errors
from casecraft.core.chat import ChatResponse, Reasoning, StreamEnd, Text, ToolCallDelta, ToolCallStart, events_of
from casecraft.core.usage import Usage
from casecraft.wire import encode_body, find_dialect
from tests.wire.canonical import responses

DIALECT = find_dialect("cohere_chat")
PAYLOADS = json.loads((Path(__file__).parent / "cohere_payloads.json").read_text())


def sse(*events: dict) -> bytes:
    return b"".join(b"event: %s\ndata: %s\n\n" % (it["type"].encode(), json.dumps(it).encode()) for it in events)


STREAMS = {it["name"]: sse(*it["events"]) for it in PAYLOADS["streams"]}


def ask_sdk(body: bytes, *, stream: bool = False, status: int = 200):
    kind = "text/event-stream" if stream else "application/json"
    transport = httpx.MockTransport(lambda _: httpx.Response(status, content=body, headers={"content-type": kind}))
    with httpx.Client(transport=transport) as http:
        client = cohere.ClientV2("k", base_url="http://x", httpx_client=http)
        if stream:
            return list(client.chat_stream(model="m", messages=[]))
        return client.chat(model="m", messages=[], request_options={"max_retries": 0})


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


def texts(message, kind: str) -> str:
    return "".join(getattr(block, kind) for block in message.content or [] if block.type == kind)


def calls_of(message) -> list:
    return [(it.id, it.function.name, it.function.arguments) for it in message.tool_calls or []]


def our_calls(response: ChatResponse) -> list:
    return [(call.id, call.name, call.arguments) for call in response.tool_calls]


@pytest.mark.parametrize("answer", PAYLOADS["answers"], ids=lambda it: it["name"])
def test_we_read_what_the_client_reads(answer):
    body = json.dumps(answer["body"]).encode()
    ours, theirs = DIALECT.decode_response(body), ask_sdk(body)
    assert ours.request_id == theirs.id
    assert ours.text == texts(theirs.message, "text")
    assert ours.reasoning == (theirs.message.tool_plan or "") + texts(theirs.message, "thinking")
    assert our_calls(ours) == calls_of(theirs.message)
    assert ours.stop_reason == answer["stop_reason"]
    assert ours.usage == Usage(*answer["usage"]) == DIALECT.decode_usage(body)
    billed = theirs.usage.billed_units
    assert (ours.usage.input, ours.usage.output) == (billed.input_tokens, billed.output_tokens)


def streamed_texts(events, kind: str) -> str:
    return "".join(getattr(it.delta.message.content, kind) or "" for it in events if it.type == "content-delta")


def streamed_calls(events) -> list:
    """What a client of Cohere's puts together."""
    calls = {}
    for event in events:
        if event.type == "tool-call-start":
            call = event.delta.message.tool_calls
            calls[event.index] = [call.id, call.function.name, call.function.arguments]
        elif event.type == "tool-call-delta":
            calls[event.index][2] += event.delta.message.tool_calls.function.arguments
    return [tuple(call) for call in calls.values()]


@pytest.mark.parametrize("stream", PAYLOADS["streams"], ids=lambda it: it["name"])
def test_we_read_streams_as_the_client_does(stream):
    body = STREAMS[stream["name"]]
    events, error = read(body)
    assert error is None
    ours, theirs = events[-1].response, ask_sdk(body, stream=True)
    assert ours.text == streamed_texts(theirs, "text") == stream["text"]
    plan = "".join(it.delta.message.tool_plan for it in theirs if it.type == "tool-plan-delta")
    assert ours.reasoning == plan + streamed_texts(theirs, "thinking") == stream["reasoning"]
    assert our_calls(ours) == streamed_calls(theirs)
    assert [[call.id, call.arguments] for call in ours.tool_calls] == stream["calls"]
    assert ours.request_id == theirs[0].id
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


def start(index, call_id, arguments="") -> dict:
    call = {"id": call_id, "type": "function", "function": {"name": "add", "arguments": arguments}}
    return {"type": "tool-call-start", "index": index, "delta": {"message": {"tool_calls": call}}}


def more(index, arguments) -> dict:
    call = {"function": {"arguments": arguments}}
    return {"type": "tool-call-delta", "index": index, "delta": {"message": {"tool_calls": call}}}


END = {"type": "message-end", "delta": {"finish_reason": "TOOL_CALL"}}
PARALLEL = {
    "one after the other": [start(0, "a"), more(0, "{"), more(0, "}"), start(1, "b"), more(1, "[]")],
    "side by side": [start(0, "a"), start(1, "b"), more(0, "{"), more(1, "[]"), more(0, "}")],
    "all at index 0": [start(0, "a"), more(0, "{}"), start(0, "b"), more(0, "[]")],
    "whole at the start": [start(0, "a", "{}"), start(1, "b", "[]")],
    "no index": [start(None, "a"), more(None, "{}"), start(None, "b"), more(None, "[]")],
}


@pytest.mark.parametrize("pieces", PARALLEL.values(), ids=PARALLEL)
def test_parallel_calls_are_all_kept(pieces):
    events, error = read(sse(*pieces, END))
    assert error is None
    assert our_calls(events[-1].response) == [("a", "add", "{}"), ("b", "add", "[]")]
    assert [it.index for it in events if isinstance(it, ToolCallStart)] == [0, 1]
    assert {it.index for it in events if isinstance(it, ToolCallDelta)} == {0, 1}


def body_of(message=None, **fields) -> bytes:
    return json.dumps({"id": "1", "finish_reason": "COMPLETE", "message": message, **fields}).encode()


@pytest.mark.parametrize(
    ("body", "kind", "says"),
    [
        (b"", errors.BadAnswerError, "an empty body"),
        (b"<html><title>502</title>", errors.BadAnswerError, "an HTML page titled '502'"),
        (b"{}", errors.BadAnswerError, "without a message"),
        (body_of(), errors.BadAnswerError, "without a message"),
        (body_of({"content": None}), errors.BadAnswerError, "empty message"),
        (body_of({"content": [None, {"type": "text"}]}), errors.BadAnswerError, "empty message"),
        (body_of({"content": []}, finish_reason="MAX_TOKENS"), errors.OutputLimitError, "output limit"),
        (body_of({"content": "x"}, finish_reason="ERROR"), errors.ServerError, "broke off with 'ERROR'"),
        (body_of({"content": "x"}, finish_reason="TIMEOUT"), errors.ProviderTimeoutError, "TIMEOUT"),
        (body_of({"content": "x"}, finish_reason="ERROR_TOXIC"), errors.ContentFilteredError, "filter"),
        (b'{"message": "model \'x\' not found"}', errors.ModelNotFoundError, "'x'"),
        (b'{"message": "boom"}', errors.BadAnswerError, "boom"),
    ],
)
def test_what_is_no_answer_is_a_typed_error(body, kind, says):
    with pytest.raises(errors.ProviderError) as caught:
        DIALECT.decode_response(body, provider="p")
    assert type(caught.value) is kind
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("body", "kind", "says"),
    [
        (b"<html>", errors.BadAnswerError, "an HTML page instead of a stream"),
        (sse({"type": "message-start"}), errors.BadAnswerError, "cut after 1 events"),
        (
            sse({"type": "message-end", "delta": {"finish_reason": "ERROR", "error": "boom"}}),
            errors.ServerError,
            "'ERROR': boom",
        ),
        (b'data: {"message": "model x not found"}\n\n', errors.ModelNotFoundError, "model x"),
        (sse({"type": "message-end"}), errors.BadAnswerError, "empty message"),
    ],
)
def test_what_is_no_stream_is_a_typed_error(body, kind, says):
    _, error = read(body)
    assert type(error) is kind
    assert says in str(error)


@pytest.mark.parametrize("reason", ["USER_CANCEL", "", None, 7, []])
def test_an_unknown_stop_reason_is_no_error(reason):
    assert DIALECT.decode_response(body_of({"content": "x"}, finish_reason=reason)).stop_reason == "other"


def test_text_and_arguments_may_come_in_other_forms():
    call = {"id": None, "function": {"name": "", "arguments": {"a": 1}}}
    read_ = DIALECT.decode_response(body_of({"content": "x", "tool_calls": [call, None]}, finish_reason="TOOL_CALL"))
    assert read_.text == "x"
    assert our_calls(read_) == [("", "", '{"a":1}')]


@pytest.mark.parametrize(
    ("stated", "usage"),
    [
        ({"tokens": {"input_tokens": 9}}, Usage(9, 0)),
        ({"billed_units": {}, "tokens": {"output_tokens": 2}}, Usage(0, 2)),
        ({"billed_units": {"input_tokens": -1, "output_tokens": 1.5}}, Usage(0, 0)),
        ({"billed_units": {"input_tokens": 5}, "cached_tokens": 9}, Usage(5, 0, 5)),
        ({"billed_units": {"search_units": 1}}, None),
        ([], None),
    ],
)
def test_odd_usage_is_read_as_far_as_it_makes_sense(stated, usage):
    assert DIALECT.decode_usage(body_of({"content": "x"}, usage=stated)) == usage


PIECES = [
    b"data: ",
    b"\n\n",
    b"{}",
    b'{"type":"content-delta"}',
    b'{"type":"message-end"}',
    b'{"type":"tool-call-delta"}',
]


@given(st.binary(max_size=60) | st.lists(st.sampled_from(PIECES), max_size=10).map(b"".join))
def test_any_bytes_are_an_answer_or_a_provider_error(body):
    with contextlib.suppress(errors.ProviderError):
        DIALECT.decode_response(body, provider="p")
    events, error = read(body)
    assert error is not None or isinstance(events[-1], StreamEnd)
    DIALECT.decode_usage(body)


@given(response=responses())
@settings(max_examples=60, deadline=None)
def test_the_client_reads_the_answers_that_we_write(response: ChatResponse) -> None:
    theirs = ask_sdk(encode_body(DIALECT.encode_response(response).body))
    assert theirs.id == response.request_id
    assert texts(theirs.message, "text") == response.text
    assert (theirs.message.tool_plan or "") + texts(theirs.message, "thinking") == response.reasoning
    assert calls_of(theirs.message) == our_calls(response)
    reason = "stop" if response.stop_reason == "other" else response.stop_reason  # Cohere has no other word
    assert DIALECT.decode_response(theirs.model_dump_json().encode()).stop_reason == reason
    assert theirs.usage.billed_units.input_tokens == response.usage.input


@given(response=responses())
@settings(max_examples=40, deadline=None)
def test_the_client_reads_the_streams_that_we_write(response: ChatResponse) -> None:
    encoder = DIALECT.stream_encoder(model=response.model, request_id="r")
    theirs = ask_sdk(b"".join(map(encoder.encode, events_of(response))), stream=True)
    assert (theirs[0].type, theirs[0].id, theirs[-1].type) == ("message-start", "r", "message-end")
    assert streamed_texts(theirs, "text") == response.text
    assert streamed_texts(theirs, "thinking") == response.reasoning
    assert streamed_calls(theirs) == our_calls(response)
    assert theirs[-1].delta.usage.billed_units.output_tokens == response.usage.output
    started = [it.index for it in theirs if it.type == "content-start"]
    assert started == [it.index for it in theirs if it.type == "content-end"] == list(range(len(started)))


def test_what_an_answer_cannot_say_is_named():
    response = ChatResponse((Reasoning("hm", "sig"), Text("x")), "m", "other", Usage(5, 5, 1, 1))
    losses = DIALECT.encode_response(response).losses
    assert {loss.field for loss in losses} == {"model", "stop_reason", "usage", "signature"}
    assert all(loss.harmless for loss in losses)


@pytest.mark.parametrize(
    ("error", "theirs"),
    [
        (errors.ModelNotFoundError("model x not found"), NotFoundError),
        (errors.RateLimitError("slow"), TooManyRequestsError),
    ],
)
def test_the_client_raises_the_errors_that_we_write(error, theirs):
    status, body = DIALECT.encode_error(error)
    with pytest.raises(theirs, match=str(error)):
        ask_sdk(encode_body(body), status=status)
    assert type(DIALECT.decode_error(status, {}, encode_body(body), "p")) is type(error)
    events = ask_sdk(DIALECT.stream_encoder(model="m", request_id="r").fail(error), stream=True)
    assert (events[-1].delta.finish_reason, events[-1].delta.error) == ("ERROR", str(error))
