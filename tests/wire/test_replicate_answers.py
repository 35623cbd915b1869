"""Replicate: its predictions and streams read by its own client and by us, and ours read by its client."""

import contextlib
import json
from pathlib import Path

import httpx
import pytest
import replicate
from hypothesis import given, settings
from hypothesis import strategies as st
from replicate.exceptions import ReplicateError

from casecraft import errors
from casecraft.core.chat import ChatResponse, Reasoning, StreamEnd, Text, TextDelta, ToolCall, events_of
from casecraft.core.usage import Usage
from casecraft.wire import encode_body, find_dialect
from tests.wire.canonical import responses

DIALECT = find_dialect("replicate")
MODEL = "meta/meta-llama-3-8b-instruct"
PAYLOADS = json.loads((Path(__file__).parent / "replicate_payloads.json").read_text())
STARTED = PAYLOADS["started"]["body"]
STREAMS = {it["name"]: it["body"].encode() for it in PAYLOADS["streams"]}


def client_for(*answers: httpx.Response) -> replicate.Client:
    given_ = iter(answers)
    return replicate.Client("k", transport=httpx.MockTransport(lambda _: next(given_)))


def ask_sdk(body: bytes, status: int = 201):
    answer = httpx.Response(status, content=body, headers={"content-type": "application/json"})
    return client_for(answer).models.predictions.create(MODEL, input={"prompt": "Hi"})


def stream_from_sdk(body: bytes) -> list:
    stream = httpx.Response(200, content=body, headers={"content-type": "text/event-stream"})
    client = client_for(httpx.Response(201, json=STARTED), stream)
    return list(client.stream(MODEL, input={"prompt": "Hi"}))


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


@pytest.mark.parametrize("answer", PAYLOADS["finished"], ids=lambda it: it["name"])
def test_we_read_what_the_client_reads(answer):
    body = json.dumps(answer["body"]).encode()
    ours, theirs = DIALECT.decode_response(body), ask_sdk(body)
    assert ours.text == "".join(theirs.output) == answer["text"]
    assert (ours.model, ours.request_id) == (theirs.model, theirs.id)
    assert ours.usage == (answer["usage"] and Usage(*answer["usage"])) == DIALECT.decode_usage(body)
    assert DIALECT.follow(body, False) is None


@pytest.mark.parametrize("status", ["starting", "processing"])
def test_an_unfinished_prediction_says_where_it_goes_on(status):
    body = json.dumps(STARTED | {"status": status}).encode()
    theirs = ask_sdk(body)
    assert DIALECT.follow(body, False) == theirs.urls["get"]
    assert DIALECT.follow(body, True) == theirs.urls["stream"]
    with pytest.raises(errors.ServerError, match=f"still '{status}'") as raised:
        DIALECT.decode_response(body, provider="p")
    assert raised.value.retryable


def test_a_model_that_cannot_stream_is_asked_for_the_whole():
    urls = {"get": "https://api.replicate.com/v1/predictions/1"}
    unfinished = json.dumps(STARTED | {"urls": urls}).encode()
    assert DIALECT.follow(unfinished, True) == urls["get"]
    assert DIALECT.follow(json.dumps(STARTED | {"urls": urls, "status": "succeeded"}).encode(), True) is None


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"urls": 1}', b'{"status": "starting", "urls": {"get": 1}}'])
def test_where_nothing_is_said_nothing_is_followed(body):
    assert DIALECT.follow(body, False) is None
    assert DIALECT.follow(body, True) is None


@pytest.mark.parametrize("stream", PAYLOADS["streams"], ids=lambda it: it["name"])
def test_we_read_streams_as_the_client_does(stream):
    body = stream["body"].encode()
    events, error = read(body)
    assert error is None
    theirs = "".join(str(event) for event in stream_from_sdk(body))
    assert "".join(it.text for it in events if isinstance(it, TextDelta)) == theirs == stream["text"]
    assert events[-1].response.text == stream["text"]


@given(st.data())
def test_any_chunking_gives_the_same_events(data):
    body = data.draw(st.sampled_from(list(STREAMS.values())))
    body = data.draw(st.sampled_from([body, body.replace(b"\n", b"\r\n"), b"\xef\xbb\xbf" + body]))
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


def event(name: str, data: str) -> bytes:
    return f"event: {name}\nid: 1\ndata: {data}\n\n".encode()


@pytest.mark.parametrize(
    ("body", "kind", "says"),
    [
        (b"", errors.BadAnswerError, "an empty body"),
        (b"<html>", errors.BadAnswerError, "an HTML page"),
        (event("output", "x"), errors.BadAnswerError, "cut after 1 events and 1 characters"),
        (event("output", "x") + event("done", "{oops"), errors.BadAnswerError, "no JSON"),
        (event("output", "x") + event("done", '{"reason": "canceled"}'), errors.ServerError, "'canceled'"),
        (event("error", "out of memory"), errors.BadAnswerError, "out of memory"),
        (event("error", '{"detail": "model x not found"}'), errors.ModelNotFoundError, "model x"),
        (event("done", "{}"), errors.BadAnswerError, "empty message"),
        (b"event: error\n\ndata: x\n\n", errors.BadAnswerError, "cut after 1 events"),
    ],
)
def test_what_is_no_stream_is_a_typed_error(body, kind, says):
    _, error = read(body)
    assert type(error) is kind
    assert says in str(error)


def prediction(**fields) -> bytes:
    return json.dumps({"id": "1", "status": "succeeded", **fields}).encode()


@pytest.mark.parametrize(
    ("body", "kind", "says"),
    [
        (b"", errors.BadAnswerError, "an empty body"),
        (b"<html><title>502</title>", errors.BadAnswerError, "an HTML page titled '502'"),
        (b"{}", errors.BadAnswerError, "without an output"),
        (prediction(output=None), errors.BadAnswerError, "empty message"),
        (prediction(output=[]), errors.BadAnswerError, "empty message"),
        (prediction(status="failed", error="CUDA out of memory"), errors.BadAnswerError, "CUDA out of memory"),
        (prediction(status="failed", error=None, output=None), errors.BadAnswerError, "the prediction failed"),
        (prediction(status="failed", error="input violates our content policy"), errors.ContentFilteredError, "policy"),
        (prediction(status="canceled", output=None), errors.ServerError, "stopped: 'canceled'"),
        (b'{"title": "x", "detail": "model y not found"}', errors.ModelNotFoundError, "model y"),
    ],
)
def test_what_is_no_answer_is_a_typed_error(body, kind, says):
    with pytest.raises(errors.ProviderError) as caught:
        DIALECT.decode_response(body, provider="p")
    assert type(caught.value) is kind
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("output", "text"), [("a", "a"), (["a", "b"], "ab"), ({"a": [1]}, '{"a":[1]}'), (["a", 1], '["a",1]'), (7, "7")]
)
def test_outputs_of_any_kind_are_text(output, text):
    assert DIALECT.decode_response(prediction(output=output)).text == text


PIECES = [b"event: output\n", b"event: done\n", b"event: error\n", b"data: {}\n", b"data: x\n", b"\n", b"\r", b"\xff"]


@given(st.binary(max_size=60) | st.lists(st.sampled_from(PIECES), max_size=12).map(b"".join))
def test_any_bytes_are_an_answer_or_a_provider_error(body):
    with contextlib.suppress(errors.ProviderError):
        DIALECT.decode_response(body, provider="p")
    events, error = read(body)
    assert error is not None or isinstance(events[-1], StreamEnd)
    DIALECT.decode_usage(body)
    DIALECT.follow(body, True)


@given(response=responses())
@settings(max_examples=40, deadline=None)
def test_the_client_reads_the_answers_that_we_write(response: ChatResponse) -> None:
    theirs = ask_sdk(encode_body(DIALECT.encode_response(response).body))
    assert "".join(theirs.output) == response.text
    assert (theirs.id, theirs.model, theirs.status) == (response.request_id, response.model, "succeeded")
    assert theirs.metrics == {"input_token_count": response.usage.input, "output_token_count": response.usage.output}


@pytest.mark.parametrize("pieces", [["Hi"], [" a", "\n", "b\n\n", "é😀 "], ["x\r\ny\rz"]])
def test_the_client_reads_the_streams_that_we_write(pieces):
    encoder = DIALECT.stream_encoder(model="m", request_id="r")
    made = [*map(TextDelta, pieces), StreamEnd(ChatResponse("".join(pieces)))]
    body = b"".join(map(encoder.encode, made))
    theirs = stream_from_sdk(body)
    text = "".join(pieces).replace("\r\n", "\n").replace("\r", "\n")
    assert "".join(map(str, theirs)) == text == read(body)[0][-1].response.text
    assert [it.event.value for it in theirs] == ["output"] * len(pieces) + ["done"]
    assert len({it.id for it in theirs}) == len(theirs)


def test_what_an_answer_cannot_say_is_named():
    parts = (Reasoning("hm"), Text("x"), ToolCall("a", "t"))
    losses = DIALECT.encode_response(ChatResponse(parts, "m", "tool_use", Usage(5, 5, 1))).losses
    assert {loss.field: loss.harmless for loss in losses} == {
        "usage": True,
        "stop_reason": False,
        "reasoning": True,
        "tool_call": False,
    }
    streamed = b"".join(map(DIALECT.stream_encoder(model="m", request_id="r").encode, events_of(ChatResponse(parts))))
    assert read(streamed)[0][-1].response.content == "x"


@pytest.mark.parametrize(
    ("error", "status"), [(errors.ModelNotFoundError("model x not found"), 404), (errors.RateLimitError("slow"), 429)]
)
def test_the_client_raises_the_errors_that_we_write(error, status):
    told, body = DIALECT.encode_error(error)
    with pytest.raises(ReplicateError) as raised:
        ask_sdk(encode_body(body), told)
    assert (raised.value.status, raised.value.detail) == (status, str(error))
    assert type(DIALECT.decode_error(told, {}, encode_body(body), "p")) is type(error)
    with pytest.raises(RuntimeError, match=str(error)):
        stream_from_sdk(DIALECT.stream_encoder(model="m", request_id="r").fail(error))
