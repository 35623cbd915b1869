"""Text Generation Inference, bare and behind SageMaker: judged by `huggingface_hub` and botocore."""

import json
from dataclasses import fields, replace

import botocore.exceptions
import orjson
import pytest
from huggingface_hub import TextGenerationInput, TextGenerationInputGenerateParameters, TextGenerationOutput
from huggingface_hub.errors import OverloadedError, ValidationError
from huggingface_hub.inference._common import _stream_text_generation_response
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from casecraft import errors
from casecraft.core.chat import (
    ChatRequest,
    ChatResponse,
    Image,
    Message,
    Reasoning,
    StreamEnd,
    Text,
    TextDelta,
    Tool,
    ToolCall,
    ToolResult,
    events_of,
)
from casecraft.core.usage import Usage
from casecraft.wire import encode_body, find_dialect
from casecraft.wire.aws_event_stream import write_event, write_exception
from tests.wire.aws_service import ask, path_asked
from tests.wire.canonical import requests, responses

TGI, SAGEMAKER = find_dialect("tgi"), find_dialect("sagemaker")
PUBLISHED = TypeAdapter(TextGenerationInput)
USER = Message("user", "Hi")
# Shortened from https://huggingface.github.io/text-generation-inference/ (the examples of `/generate`).
WHOLE = {
    "generated_text": "test",
    "details": {
        "finish_reason": "length",
        "generated_tokens": 1,
        "prefill": [{"id": 0, "logprob": -0.34, "text": "te"}, {"id": 1, "logprob": -0.3, "text": "s"}],
        "tokens": [{"id": 0, "logprob": -0.34, "special": False, "text": "test"}],
        "seed": 42,
        "best_of_sequences": None,
    },
}


def event(text: str = "", *, special: bool = False, **more) -> bytes:
    token = {"id": 1, "text": text, "logprob": -0.1, "special": special}
    said = {"index": 1, "token": token, "generated_text": None, "details": None, **more}
    return b"data:" + json.dumps(said).encode() + b"\n\n"


# As the server streams: no blank after the colon, the end's token special, the whole text with it.
STREAM = b"".join(
    [
        event("Deep"),
        event(" learning — ü"),
        event(
            "</s>",
            special=True,
            generated_text="Deep learning — ü",
            details={"finish_reason": "eos_token", "generated_tokens": 3, "input_length": 7, "seed": None},
        ),
    ]
)


def in_parts(body: bytes, size: int = 11) -> bytes:
    """The stream as SageMaker gives it: cut anywhere."""
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(write_event("PayloadPart", part, "application/octet-stream") for part in parts)


STREAMS = {"tgi": STREAM, "sagemaker": in_parts(STREAM)}


def check(body: dict) -> None:
    known = {field.name for field in fields(TextGenerationInputGenerateParameters)}
    assert set(body) <= {"inputs", "parameters", "stream"}
    assert set(body["parameters"]) <= known
    PUBLISHED.validate_json(encode_body(body), strict=True)


def encode(*messages: Message, how: str = "json_schema", **more):
    body, losses = TGI.encode_request(ChatRequest(messages or (USER,), **more), stream=False, structured_output=how)
    check(body)
    return body, {loss.field: loss.harmless for loss in losses}


def read(name: str, *chunks: bytes):
    decoder = find_dialect(name).stream_decoder("p", {})
    events = []
    try:
        for chunk in chunks:
            events += decoder.feed(chunk)
        events += decoder.finish()
    except errors.ProviderError as error:
        return events, error
    return events, None


@pytest.mark.parametrize("dialect", [TGI, SAGEMAKER], ids=lambda it: it.name)
@given(request=requests(), stream=st.booleans())
@settings(max_examples=60, deadline=None)
def test_any_request_conforms_to_the_published_types(dialect, request: ChatRequest, stream) -> None:
    body = dialect.encode_request(replace(request, extra={}), stream=stream, structured_output="json_schema").body
    check(body)
    assert body.get("stream", False) is (stream and dialect is SAGEMAKER)


def test_the_published_types_do_refuse() -> None:
    with pytest.raises(AssertionError):
        check({"inputs": "x", "parameters": {"max_tokens": 3}})
    with pytest.raises(ValueError, match="seed"):
        check({"inputs": "x", "parameters": {"seed": "x"}})


def test_a_lone_question_goes_as_it_is_and_turns_under_their_speakers() -> None:
    body, lost = encode()
    assert body == {"inputs": "Hi", "parameters": {"return_full_text": False, "details": True}}
    assert lost == {}
    body, lost = encode(Message("system", "Be brief."), USER, Message("assistant", "Yes?"), USER)
    assert body["inputs"] == "System: Be brief.\n\nUser: Hi\n\nAssistant: Yes?\n\nUser: Hi\n\nAssistant:"
    assert lost == {"messages": True}


def test_parameters_and_what_of_them_cannot_be_said() -> None:
    body, lost = encode(
        temperature=0.0, top_p=1.0, top_k=3, seed=0, stop=("END",), max_output_tokens=9, frequency_penalty=0.5,
        presence_penalty=0.5, reasoning_effort="low", extra={"parameters": {"top_k": 4, "typical_p": 0.5}},
    )  # fmt: skip
    assert body["parameters"] == {
        "do_sample": False, "top_k": 4, "seed": 0, "stop": ["END"], "max_new_tokens": 9, "frequency_penalty": 0.5,
        "return_full_text": False, "details": True, "typical_p": 0.5,
    }  # fmt: skip
    assert lost == {"top_p": True, "presence_penalty": True, "reasoning_effort": True}
    asked = TGI.decode_request({**body, "stream": True}, model="m")
    assert asked.stream
    assert (asked.request.temperature, asked.request.extra) == (0.0, {"parameters": {"typical_p": 0.5}})


@pytest.mark.parametrize(("how", "in_prompt"), [("json_schema", False), ("json_object", True), ("prompt", True)])
def test_a_schema_is_a_grammar_or_in_the_prompt(how, in_prompt) -> None:
    body, _ = encode(how=how, json_schema={"type": "object"})
    assert ("JSON Schema" in body["inputs"]) is in_prompt
    assert body["parameters"].get("grammar") == (None if in_prompt else {"type": "json", "value": {"type": "object"}})


@pytest.mark.parametrize(
    ("more", "lost"),
    [
        ({"tools": (Tool("a"),)}, {"tools": False}),
        ({"tools": (Tool("a"),), "tool_choice": "none"}, {"tools": True, "tool_choice": True}),
        ({"tools": (Tool("a"),), "tool_choice": "required"}, {"tools": False, "tool_choice": False}),
    ],
)
def test_tools_are_lost(more, lost) -> None:
    assert encode(**more)[1] == lost


def test_parts_that_are_no_text_are_lost() -> None:
    _, lost = encode(
        Message("user", (Text("a"), Image(b"x", "image/png"), Image(b"y", "image/png"))),
        Message("assistant", (Reasoning("b"), ToolCall("c", "d"))),
        Message("user", (ToolResult("c", "e"),)),
    )
    assert lost == {
        "messages[0].image": False, "messages[1].reasoning": True, "messages[1].tool_call": False,
        "messages[2].tool_result": False, "messages": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, "body.inputs"),
        ({"inputs": ["a"]}, "body.inputs"),
        ({"inputs": "a", "parameters": []}, "parameters"),
        ({"inputs": "a", "parameters": {"stop": "x"}}, "parameters.stop"),
        ({"inputs": "a", "parameters": {"seed": 1.5}}, "seed"),
    ],
)
def test_what_is_no_request_says_where(body, where) -> None:
    with pytest.raises(errors.InvalidRequestError, match=f"'{where}'"):
        TGI.decode_request(body)


@pytest.mark.parametrize("body", [WHOLE, [WHOLE]], ids=["alone", "in a list"])
def test_we_read_what_the_published_parser_reads(body) -> None:
    raw = json.dumps(body).encode()
    read_ = TGI.decode_response(raw, provider="p")
    theirs = TextGenerationOutput.parse_obj_as_list(raw)[0] if isinstance(body, list) else (
        TextGenerationOutput.parse_obj_as_instance(raw)
    )  # fmt: skip
    assert read_ == ChatResponse(theirs.generated_text, stop_reason="length", usage=Usage(2, 1), raw=raw)
    assert TGI.decode_usage(raw) == SAGEMAKER.decode_usage(raw) == Usage(2, 1)


def test_an_answer_without_details_or_with_few_has_no_usage() -> None:
    read_ = TGI.decode_response(b'[{"generated_text": "x", "new": 1}]')
    assert (read_.stop_reason, read_.usage) == ("other", None)
    body = b'{"generated_text": "x", "details": {"generated_tokens": 3, "finish_reason": "odd", "prefill": null}}'
    assert (TGI.decode_response(body).usage, TGI.decode_usage(body)) == (None, None)


@given(response=responses())
@settings(max_examples=60, deadline=None)
def test_the_published_parsers_read_what_we_write(response: ChatResponse) -> None:
    theirs = TextGenerationOutput.parse_obj_as_instance(encode_body(TGI.encode_response(response).body))
    assert theirs.generated_text == response.text
    assert theirs.details.generated_tokens == response.usage.output
    encoder = TGI.stream_encoder(model="m", request_id="r")
    lines = b"".join(map(encoder.encode, events_of(response))).decode().split("\n")
    tokens = list(_stream_text_generation_response(lines, details=True))
    assert "".join(token.token.text for token in tokens) == response.text == tokens[-1].generated_text
    assert tokens[-1].details.input_length == response.usage.input
    assert [token.index for token in tokens] == list(range(1, len(tokens) + 1))


@pytest.mark.parametrize(
    ("error", "kind"),
    [(errors.RateLimitError("m"), OverloadedError), (errors.ContextTooLongError("m"), ValidationError)],
)
def test_the_published_parser_raises_where_an_answer_breaks_off(error, kind) -> None:
    encoder = TGI.stream_encoder(model="m", request_id="r")
    with pytest.raises(kind, match="m"):
        list(_stream_text_generation_response(encoder.fail(error).decode().split("\n"), details=True))


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_is_read_whole(name) -> None:
    events, error = read(name, STREAMS[name])
    assert error is None
    assert events[:-1] == [TextDelta("Deep"), TextDelta(" learning — ü")]
    usage = Usage(7, 3)
    assert events[-1] == StreamEnd(ChatResponse("Deep learning — ü", usage=usage, raw=STREAMS[name]))
    assert find_dialect(name).decode_usage(STREAMS[name]) == usage
    whole = in_parts(STREAM.removesuffix(b"\n\n")) if name == "sagemaker" else STREAM.removesuffix(b"\n\n")
    assert read(name, whole)[0][:-1] == events[:-1]
    theirs = list(_stream_text_generation_response(STREAM.decode().split("\n"), details=True))
    assert theirs[-1].generated_text == "Deep learning — ü"


@pytest.mark.parametrize("name", STREAMS)
@given(st.data())
def test_any_chunking_gives_the_same_events(name, data) -> None:
    body = STREAMS[name]
    body = body[: data.draw(st.integers(0, len(body)))] if data.draw(st.booleans()) else body
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=12)))
    chunks = [body[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    found, wanted = read(name, *chunks), read(name, body)
    assert (found[0], str(found[1])) == (wanted[0], str(wanted[1]))


@pytest.mark.parametrize("name", STREAMS)
def test_a_cut_at_any_byte_is_an_error_or_the_whole_answer(name) -> None:
    for length in range(len(STREAMS[name])):
        events, error = read(name, STREAMS[name][:length])
        assert type(error) is errors.BadAnswerError or events[-1].response.text == "Deep learning — ü"


def test_text_that_only_the_last_event_has_is_not_lost() -> None:
    events, _ = read("tgi", event("Deep"), event("!", special=True, generated_text="Deep down"))
    assert events[:-1] == [TextDelta("Deep"), TextDelta(" down")]
    assert events[-1].response.text == "Deep down"


TOO_LONG = "Input validation error: `inputs` must have less than 1024 tokens. Given: 2000"
TOO_MUCH = "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 2048. Given: 9 `inputs` tokens"


@pytest.mark.parametrize(
    ("status", "said", "kind"),
    [
        (422, {"error": TOO_LONG, "error_type": "validation"}, errors.ContextTooLongError),
        (422, {"error": TOO_MUCH, "error_type": "validation"}, errors.ContextTooLongError),
        (422, {"error": "`top_p` must be > 0.0 and < 1.0", "error_type": "validation"}, errors.InvalidRequestError),
        (429, {"error": "Model is overloaded", "error_type": "overloaded"}, errors.RateLimitError),
        (424, {"error": "Request failed during generation", "error_type": "generation"}, errors.ServerError),
        (500, {"error": "Incomplete generation", "error_type": "incomplete_generation"}, errors.ServerError),
        (503, {"error": "Loading"}, errors.ServerError),
        (502, "<html>", errors.ServerError),
        (404, [], errors.ProviderConfigurationError),
    ],
)
def test_errors_of_the_server(status, said, kind) -> None:
    body = said.encode() if isinstance(said, str) else json.dumps(said).encode()
    error = TGI.decode_error(status, {}, body, "p")
    assert (type(error), error.status, error.body) == (kind, status, body)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", errors.BadAnswerError),
        (b"<html>", errors.BadAnswerError),
        (b"[]", errors.BadAnswerError),
        (b"[3]", errors.BadAnswerError),
        (b'{"generated_text": null}', errors.BadAnswerError),
        (b'{"generated_text": "  "}', errors.BadAnswerError),
        (b'{"error": "Model is overloaded", "error_type": "overloaded"}', errors.RateLimitError),
        (b'[{"error": "no"}]', errors.BadAnswerError),
    ],
)
def test_what_is_no_answer_is_a_typed_error(body, kind) -> None:
    with pytest.raises(errors.ProviderError) as caught:
        TGI.decode_response(body, provider="p")
    assert type(caught.value) is kind


def test_errors_in_a_stream() -> None:
    said = b'data:{"error":"Request failed","error_type":"generation"}\n\n'
    assert type(read("tgi", event("x"), said)[1]) is errors.ServerError
    assert type(read("sagemaker", in_parts(said))[1]) is errors.ServerError
    failure = write_exception("InternalStreamFailure", b'{"Message": "Oops"}')
    events, error = read("sagemaker", in_parts(event("x")) + failure)
    assert events == [TextDelta("x")]
    assert type(error) is errors.ServerError
    assert "Oops" in str(error)
    assert "sent a message" in str(read("sagemaker", in_parts(event("x")) + b"\0" * 30)[1])
    assert "HTML" in str(read("sagemaker", b"<html>" * 9)[1])


def test_the_one_model_of_a_server_is_its_list() -> None:
    assert TGI.models_path == "/info"
    assert TGI.read_models({"model_id": "bigscience/bloom", "max_concurrent_requests": 1}) == ("bigscience/bloom",)
    assert TGI.read_models([]) is TGI.read_models({}) is None
    assert [TGI.chat_path("m", stream) for stream in (False, True)] == ["/generate", "/generate_stream"]


# SageMaker


@pytest.mark.parametrize("operation", ["InvokeEndpoint", "InvokeEndpointWithResponseStream"])
def test_the_path_is_the_one_that_botocore_asks(operation) -> None:
    path = path_asked("sagemaker-runtime", operation, EndpointName="my-endpoint", Body=b"{}")
    assert path == SAGEMAKER.chat_path("my-endpoint", operation.endswith("Stream"))
    assert SAGEMAKER.models_path == ""


@given(response=responses())
@settings(max_examples=30, deadline=None)
def test_botocore_takes_out_of_streams_what_we_put_in(response: ChatResponse) -> None:
    encoder, plain = (dialect.stream_encoder(model="m", request_id="r") for dialect in (SAGEMAKER, TGI))
    events = events_of(response)
    body = b"".join(map(encoder.encode, events))
    parts = list(ask_stream(body))
    assert b"".join(part["PayloadPart"]["Bytes"] for part in parts) == b"".join(map(plain.encode, events))


def ask_stream(body: bytes):
    operation = "InvokeEndpointWithResponseStream"
    return ask("sagemaker-runtime", operation, 200, {}, body, EndpointName="e", Body=b"{}").answer["Body"]


def test_botocore_raises_where_an_answer_breaks_off() -> None:
    encoder = SAGEMAKER.stream_encoder(model="m", request_id="r")
    with pytest.raises(botocore.exceptions.EventStreamError) as caught:
        list(ask_stream(encoder.fail(errors.ServerError("m"))))
    assert caught.value.response["Error"] == {"Code": "ModelStreamError", "Message": "m"}


@pytest.mark.parametrize(
    ("status", "code", "said", "kind"),
    [
        (424, "ModelError", {"OriginalStatusCode": 422, "Message": f'Received client error (422): "{TOO_LONG}"'},
         errors.ContextTooLongError),
        (424, "ModelError", {"OriginalStatusCode": 429, "Message": "Received client error (429)"},
         errors.RateLimitError),
        (424, "ModelError", {"OriginalStatusCode": 500, "Message": "Received server error (500)"}, errors.ServerError),
        (400, "ValidationError", {"message": "Endpoint x of account 1 not found."}, errors.ModelNotFoundError),
        (400, "ValidationError", {"message": "1 validation error detected"}, errors.InvalidRequestError),
        (503, "ServiceUnavailable", {"Message": "m"}, errors.ServerError),
        (429, "ModelNotReadyException", {"Message": "m"}, errors.ServerError),
        (403, "ExpiredTokenException", {"message": "m"}, errors.AuthenticationError),
    ],
)  # fmt: skip
def test_errors_of_sagemaker(status, code, said, kind) -> None:
    body = orjson.dumps(said)
    error = SAGEMAKER.decode_error(status, {"x-amzn-errortype": code}, body, "p")
    assert (type(error), error.status, error.body) == (kind, status, body)
    assert (said.get("Message") or said["message"]) in str(error)
