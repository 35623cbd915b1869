"""Triton's generate extension, held against its published description, as there is no client for it."""

import contextlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casecraft import errors
from casecraft.core.chat import ChatRequest, ChatResponse, Message, StreamEnd, Text, TextDelta, Tool, ToolCall
from casecraft.core.usage import Usage
from casecraft.wire import encode_body, find_dialect
from tests.wire.canonical import requests

DIALECT = find_dialect("triton")
PAYLOADS = json.loads((Path(__file__).parent / "triton_payloads.json").read_text())
STREAMS = {it["name"]: it["body"].encode() for it in PAYLOADS["streams"]}
ASK = Message("user", "client input")


def encode(request: ChatRequest, structured_output="prompt", *, stream=False):
    return DIALECT.encode_request(request, stream=stream, structured_output=structured_output)


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


def test_the_published_request_is_ours_but_for_the_echo():
    body, losses = encode(ChatRequest((ASK,), "mymodel", temperature=0))
    assert losses == ()
    assert body["parameters"].pop("exclude_input_in_output") is True
    assert body == PAYLOADS["request"]["body"]
    assert DIALECT.chat_path("mymodel", False) == PAYLOADS["request"]["path"]
    assert DIALECT.chat_path("mymodel", True) == PAYLOADS["request"]["path"] + "_stream"


@given(request=requests())
@settings(max_examples=60, deadline=None)
def test_any_request_is_as_described(request: ChatRequest) -> None:
    for stream in (False, True):
        body = json.loads(encode_body(encode(replace(request, extra={}), stream=stream).body))
        assert set(body) == {"text_input", "parameters"}
        assert isinstance(body["text_input"], str)
        assert all(isinstance(value, str | int | float | bool) for value in body["parameters"].values())
        assert body["parameters"]["stream"] is stream
        assert body["parameters"]["max_tokens"] == request.max_output_tokens


@pytest.mark.parametrize("model", ["", ".", ".."])
def test_what_is_no_model_is_refused(model):
    with pytest.raises(errors.InvalidRequestError, match="no model of Triton"):
        DIALECT.chat_path(model, False)


def test_names_cannot_leave_their_place_in_the_path():
    assert DIALECT.chat_path("../repository?x", False) == "/v2/models/..%2Frepository%3Fx/generate"


def test_parameters_of_a_model_go_beside_ours_or_the_text():
    extra = {"parameters": {"ignore_eos": True}, "bad_words": "x"}
    body = encode(ChatRequest((ASK,), "m", max_output_tokens=7, extra=extra)).body
    assert body["bad_words"] == "x"
    assert body["parameters"] == {
        "stream": False,
        "exclude_input_in_output": True,
        "max_tokens": 7,
        "ignore_eos": True,
    }
    read_ = DIALECT.decode_request(body, model="m").request
    assert (read_.extra, read_.max_output_tokens) == (extra, 7)


def test_parameters_beside_the_text_are_read_too():
    read_ = DIALECT.decode_request({"text_input": "Hi", "max_tokens": 20, "stop": "x"}, model="m", stream=True)
    assert read_ == (ChatRequest((Message("user", "Hi"),), "m", max_output_tokens=20, stop=("x",)), True, ())


@pytest.mark.parametrize(
    ("changes", "lost"),
    [
        ({"stop": ("a",)}, {}),
        ({"stop": ("a", "b")}, {"stop": False}),
        ({"tools": (Tool("t"),)}, {"tools": False}),
        ({"reasoning_effort": "low", "reasoning_budget": 9}, {"reasoning_effort": True, "reasoning_budget": True}),
        ({"messages": (Message("system", "S"), ASK)}, {"messages": True}),
    ],
)
def test_what_cannot_be_said_is_named(changes, lost):
    body, losses = encode(ChatRequest(**{"messages": (ASK,), "model": "m", **changes}))
    assert body["parameters"].get("stop") == ("a" if changes == {"stop": ("a",)} else None)
    assert {loss.field: loss.harmless for loss in losses} == lost


@pytest.mark.parametrize(("how", "lost"), [("prompt", {"messages"}), ("json_object", {"json_schema", "messages"})])
def test_a_schema_is_asked_for_in_words(how, lost):
    body, losses = encode(ChatRequest((ASK,), "m", json_schema={"type": "object"}), how)
    assert body["text_input"].endswith('{"type":"object"}\n\nclient input')
    assert {loss.field for loss in losses} == lost


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, "body.text_input"),
        ({"text_input": ["x"]}, "body.text_input"),
        ({"text_input": "x", "parameters": []}, "parameters"),
        ({"text_input": "x", "parameters": {"max_tokens": "7"}}, "max_tokens"),
        ({"text_input": "x", "stop": ["x"]}, "stop"),
    ],
)
def test_what_is_no_request_says_where(body, where):
    with pytest.raises(errors.InvalidRequestError) as raised:
        DIALECT.decode_request(body)
    assert repr(where) in str(raised.value)


def test_the_published_answer_is_read_and_written():
    body = PAYLOADS["answer"]["body"]
    answer = DIALECT.decode_response(json.dumps(body).encode())
    assert (answer.text, answer.model, answer.stop_reason, answer.usage) == ("model output", "mymodel", "stop", None)
    assert DIALECT.encode_response(answer) == (body, ())


def test_the_published_error_is_read_and_written():
    published = PAYLOADS["error"]
    error = DIALECT.decode_error(published["status"], {}, json.dumps(published["body"]).encode(), "p")
    assert type(error) is errors.InvalidRequestError
    assert "error message" in str(error)
    assert DIALECT.encode_error(errors.InvalidRequestError("error message")) == (400, published["body"])


@pytest.mark.parametrize("stream", PAYLOADS["streams"], ids=lambda it: it["name"])
def test_streams_are_read(stream):
    events, error = read(stream["body"].encode())
    assert error is None
    answer = events[-1].response
    assert "".join(it.text for it in events if isinstance(it, TextDelta)) == answer.text == stream["text"]
    assert (answer.model, answer.stop_reason) == ("vllm_model", stream["stop_reason"])


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


def test_a_stream_cut_within_an_event_is_an_error():
    body = STREAMS["vLLM backend"]
    start = body.rindex(b"data: {") + len(b"data: {")
    for end in range(start, len(body) - 3):
        _, error = read(body[:end])
        assert type(error) is errors.BadAnswerError
        assert "after 2 events and 3 characters" in str(error)


def sse(*events: dict) -> bytes:
    return b"".join(b"data: %s\n\n" % json.dumps(event).encode() for event in events)


@pytest.mark.parametrize(
    ("body", "kind", "says"),
    [
        (b"", errors.BadAnswerError, "an empty body instead of a stream"),
        (b"<html>", errors.BadAnswerError, "an HTML page"),
        (sse({"text_output": "x"}, {"error": "boom"}), errors.BadAnswerError, "boom"),
        (sse({"error": "Request for unknown model: 'x' is not found"}), errors.ModelNotFoundError, "'x'"),
        (sse({"text_output": ""}), errors.BadAnswerError, "empty message"),
        (sse({"text_output": "", "finish_reason": "length"}), errors.OutputLimitError, "output limit"),
    ],
)
def test_what_is_no_stream_is_a_typed_error(body, kind, says):
    _, error = read(body)
    assert type(error) is kind
    assert says in str(error)


@pytest.mark.parametrize(
    ("body", "kind", "says"),
    [
        (b"", errors.BadAnswerError, "an empty body"),
        (b"<html><title>502</title>", errors.BadAnswerError, "an HTML page titled '502'"),
        (b"{}", errors.BadAnswerError, "without a text"),
        (b'{"text_output": null}', errors.BadAnswerError, "empty message"),
        (b'{"text_output": []}', errors.BadAnswerError, "empty message"),
        (b'{"text_output": {}}', errors.BadAnswerError, "empty message"),
        (b'{"error": "boom"}', errors.BadAnswerError, "boom"),
    ],
)
def test_what_is_no_answer_is_a_typed_error(body, kind, says):
    with pytest.raises(errors.ProviderError) as caught:
        DIALECT.decode_response(body, provider="p")
    assert type(caught.value) is kind
    assert says in str(caught.value)


def test_the_first_of_several_beams_counts():
    assert DIALECT.decode_response(b'{"text_output": ["a", "b"]}').text == "a"


@pytest.mark.parametrize(("reason", "read_"), [("abort", "other"), ("length", "length"), (None, "stop"), (7, "stop")])
def test_stop_reasons_are_read_where_there_are_any(reason, read_):
    body = json.dumps({"text_output": "x", "finish_reason": reason}).encode()
    assert DIALECT.decode_response(body).stop_reason == read_


@given(
    st.binary(max_size=60)
    | st.lists(st.sampled_from([b"data: ", b"\n\n", b"{}", b'{"text_output":"x"}'])).map(b"".join)
)
def test_any_bytes_are_an_answer_or_a_provider_error(body):
    with contextlib.suppress(errors.ProviderError):
        DIALECT.decode_response(body, provider="p")
    events, error = read(body)
    assert error is not None or isinstance(events[-1], StreamEnd)
    assert DIALECT.decode_usage(body) is None


def test_streams_are_written_as_they_are_read():
    encoder = DIALECT.stream_encoder(model="mymodel", request_id="r")
    made = [TextDelta("model "), TextDelta("output"), StreamEnd(ChatResponse("model output"))]
    body = b"".join(map(encoder.encode, made))
    pieces = [json.loads(line.removeprefix(b"data: ")) for line in body.splitlines() if line]
    assert [it.pop("text_output") for it in pieces] == ["model ", "output"]
    assert all({**it, "text_output": "model output"} == PAYLOADS["answer"]["body"] for it in pieces)
    _, error = read(body + encoder.fail(errors.ServerError("boom")))
    assert "boom" in str(error)


def test_what_an_answer_cannot_say_is_named():
    answer = ChatResponse((Text("x"), ToolCall("a", "t")), "m", "tool_use", Usage(1, 1), "r")
    losses = DIALECT.encode_response(answer).losses
    assert {loss.field: loss.harmless for loss in losses} == {
        "usage": True,
        "request_id": True,
        "stop_reason": False,
        "tool_call": False,
    }
