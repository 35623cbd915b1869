"""Whole answers: vendors' payloads read by OpenAI's own SDK and by us, and ours read by it."""

import json
from pathlib import Path

import httpx
import openai
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.responses import Response

from casecraft import errors
from casecraft.core.chat import ChatResponse, Image, Loss, Reasoning, Text, ToolCall
from casecraft.core.usage import Usage
from casecraft.wire import encode_body, find_dialect
from casecraft.wire.openai_responses.response import decode_response, decode_usage, encode_response
from tests.wire.canonical import responses

ANSWERS = json.loads((Path(__file__).parent / "responses_answers.json").read_text())
STREAMS = json.loads((Path(__file__).parent / "responses_streams.json").read_text())


def ask_sdk(body: bytes, status: int = 200) -> Response:
    """What OpenAI's SDK makes of a body."""
    headers = {"content-type": "application/json"}
    transport = httpx.MockTransport(lambda _: httpx.Response(status, content=body, headers=headers))
    client = httpx.Client(transport=transport)
    with openai.OpenAI(api_key="k", base_url="http://x", http_client=client, max_retries=0) as sdk:
        return sdk.responses.create(model="m", input="Hi")


def calls_of(answer: Response):
    return [(it.call_id, it.name, it.arguments) for it in answer.output if it.type == "function_call"]


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer["name"])
def test_we_read_what_the_sdk_reads(answer):
    body = json.dumps(answer["body"], ensure_ascii=False).encode()
    ours, theirs = decode_response(body), ask_sdk(body)
    assert (ours.text, ours.model, ours.request_id) == (theirs.output_text, theirs.model, theirs.id)
    calls = [(it.id, it.name, it.arguments) for it in ours.tool_calls]
    assert calls == calls_of(theirs) == [tuple(it) for it in answer["calls"]]
    thoughts = [[it.text, it.signature] for it in ours.parts if isinstance(it, Reasoning)]
    assert thoughts == answer["reasoning"]
    assert ours.stop_reason == answer["stop_reason"]
    assert ours.usage == decode_usage(body) == Usage(*answer["usage"])
    assert (ours.usage.input, ours.usage.output) == (theirs.usage.input_tokens, theirs.usage.output_tokens)
    assert ours.raw == body


@given(response=responses())
@settings(max_examples=60, deadline=None)
def test_the_sdk_reads_the_answers_that_we_write(response: ChatResponse) -> None:
    body = encode_body(encode_response(response, created=7).body)
    Response.model_validate_json(body, strict=True)
    read = ask_sdk(body)
    assert (read.id, read.model, read.output_text, read.created_at) == (
        response.request_id, response.model, response.text, 7,
    )  # fmt: skip
    assert calls_of(read) == [(it.id, it.name, it.arguments) for it in response.tool_calls]
    summaries = [part.text for item in read.output if item.type == "reasoning" for part in item.summary]
    assert "".join(summaries) == response.reasoning
    assert read.status == ("incomplete" if response.stop_reason == "length" else "completed")
    assert read.usage.input_tokens_details.cached_tokens == response.usage.cached_input
    assert read.usage.total_tokens == response.usage.input + response.usage.output
    assert len({item.id for item in read.output}) == len(read.output)


def test_items_of_reasoning_are_written_as_they_were_read():
    item = {"id": "rs_68af", "type": "reasoning", "summary": [], "encrypted_content": "gAAA=="}
    body = body_of(output=[item, {"type": "message", "content": [{"type": "output_text", "text": "x"}]}])
    assert encode_response(decode_response(body)).body["output"][0] == item


def test_the_sdk_reads_why_an_answer_ended_early():
    filtered = encode_response(ChatResponse("x", "m", "content_filter", request_id="r")).body
    read = ask_sdk(encode_body(filtered))
    assert (read.status, read.incomplete_details.reason) == ("incomplete", "content_filter")
    assert read.usage is None


def test_what_an_answer_cannot_hold_is_named():
    parts = (Text("a"), Text("b"), Image(b"1", "image/png"), ToolCall("c", "f", signature="s"), Reasoning())
    body, losses = encode_response(ChatResponse(parts, "m", "other"))
    assert [item["type"] for item in body["output"]] == ["message", "function_call"]
    assert body["output"][0]["content"][0]["text"] == "ab"
    assert {loss.field: loss.harmless for loss in losses} == {
        "image": False, "tool_call.signature": True, "stop_reason": True,
    }  # fmt: skip
    assert isinstance(losses[0], Loss)


def body_of(**fields) -> bytes:
    return json.dumps({"id": "r", "object": "response", "model": "m", "status": "completed", **fields}).encode()


def said(*parts) -> list:
    return [{"type": "message", "role": "assistant", "content": list(parts)}]


TEXT = {"type": "output_text", "text": "x"}


@pytest.mark.parametrize(
    ("body", "kind", "says"),
    [
        (b"", errors.BadAnswerError, "an empty body"),
        (b"<title>502 Bad Gateway</title>", errors.BadAnswerError, "HTML page titled '502 Bad Gateway'"),
        (b"[]", errors.BadAnswerError, "JSON list"),
        (b"{}", errors.BadAnswerError, "without output"),
        (b'{"choices": [{"message": {"content": "x"}}]}', errors.BadAnswerError, "without output"),
        (body_of(output=None), errors.BadAnswerError, "without output"),
        (body_of(output=[]), errors.BadAnswerError, "empty message"),
        (body_of(output=[None, 7, {}]), errors.BadAnswerError, "empty message"),
        (body_of(output=said()), errors.BadAnswerError, "empty message"),
        (body_of(output=[{"type": "message", "content": None}]), errors.BadAnswerError, "empty message"),
        (body_of(output=said({"type": "refusal", "refusal": "No."})), errors.ContentFilteredError, "refused"),
        (
            body_of(status="incomplete", incomplete_details={"reason": "max_output_tokens"}, output=[]),
            errors.OutputLimitError,
            "output limit",
        ),
        (
            body_of(status="incomplete", incomplete_details={"reason": "content_filter"}, output=said(TEXT)),
            errors.ContentFilteredError,
            "filter",
        ),
        (body_of(status="failed", error={"code": "server_error", "message": "boom"}), errors.ServerError, "boom"),
        (body_of(status="failed", error={"code": "rate_limit_exceeded", "message": ""}), errors.RateLimitError, "slow"),
        (body_of(status="failed", error={"code": "invalid_prompt", "message": "b"}), errors.InvalidRequestError, "b"),
        (body_of(status="failed", error={"code": "bio_policy", "message": "b"}), errors.ContentFilteredError, "b"),
        (body_of(status="failed", error={"code": "own", "message": "b"}), errors.ModelNotFoundError, "b"),
        (body_of(status="failed", error=None), errors.ServerError, "broke off with 'failed'"),
        (body_of(status="cancelled", output=said(TEXT)), errors.ServerError, "broke off with 'cancelled'"),
        (body_of(status="queued", output=[]), errors.BadAnswerError, "before it had finished"),
        (b'{"error": {"message": "boom"}}', errors.BadAnswerError, "boom"),
        (b'{"error": "boom"}', errors.BadAnswerError, "boom"),
    ],
)
def test_what_is_no_answer_is_a_typed_error(body, kind, says):
    with pytest.raises(errors.ProviderError) as caught:
        decode_response(body, provider="p", codes={"own": "model_not_found"})
    assert type(caught.value) is kind
    assert says in str(caught.value)
    assert (caught.value.provider, caught.value.body) == ("p", body)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, "stop"),
        ({"status": None}, "stop"),
        ({"status": "sideways"}, "other"),
        ({"status": 7}, "other"),
        ({"status": "incomplete"}, "other"),
        ({"status": "incomplete", "incomplete_details": {"reason": "steered"}}, "other"),
        ({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}, "length"),
    ],
)
def test_an_unknown_stop_reason_is_no_error(fields, reason):
    assert decode_response(body_of(output=said(TEXT), **fields)).stop_reason == reason


def test_odd_items_are_read_as_far_as_they_make_sense():
    output = [
        {"type": "message", "content": "plain"},
        {"type": "function_call", "id": "fc_1", "name": "", "arguments": {"a": 1}},
        {"type": "function_call", "call_id": "b", "name": "f", "arguments": None},
        {"type": "custom_tool_call", "call_id": "c", "name": "patch", "input": "x"},
        {"type": "reasoning", "id": 7, "summary": None, "content": [{"type": "reasoning_text", "text": "Hm."}]},
    ]
    read = decode_response(body_of(output=output))
    assert read.parts == (
        Text("plain"), ToolCall("fc_1", "", '{"a":1}'), ToolCall("b", "f"), ToolCall("c", "patch", '{"input":"x"}'),
        Reasoning("Hm."),
    )  # fmt: skip
    assert read.stop_reason == "tool_use"


@pytest.mark.parametrize(
    ("stated", "read"),
    [
        ({"input_tokens": 5}, Usage(5, 0)),
        ({"input_tokens": None, "output_tokens": 3}, Usage(0, 3)),
        ({"input_tokens": 5, "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 9}}, Usage(5, 0, 4, 1)),
        ({"input_tokens": 5, "input_tokens_details": None, "output_tokens_details": []}, Usage(5, 0)),
        ({"total_tokens": 5}, None),
        ([], None),
        (None, None),
    ],
)
def test_odd_usage_is_read_as_far_as_it_makes_sense(stated, read):
    assert decode_response(body_of(output=said(TEXT), usage=stated)).usage == read


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream["name"])
def test_the_usage_of_a_stream_is_found_though_it_failed(stream):
    body = stream["body"].encode()
    assert decode_usage(body) == Usage(*stream["usage"])
    assert decode_usage(body.replace(b"response.completed", b"response.failed")) == Usage(*stream["usage"])
    assert decode_usage(body[: len(body) // 2]) is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["message", "reasoning", "function_call", "failed"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["output", "type", "content", "text", "summary", "status", "usage", "error", "id"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.binary(max_size=80) | json_values.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_an_answer_or_a_provider_error(body):
    try:
        result = decode_response(body, provider="p")
    except errors.ProviderError as error:
        result = error
    assert isinstance(result, ChatResponse) or (result.provider == "p" and str(result))
    decode_usage(body)


@pytest.mark.parametrize(
    ("error", "theirs"),
    [
        (errors.AuthenticationError("no"), openai.AuthenticationError),
        (errors.RateLimitError("slow"), openai.RateLimitError),
        (errors.NetworkError("gone"), openai.InternalServerError),
    ],
)
def test_the_sdk_raises_the_errors_that_we_write(error, theirs):
    status, body = find_dialect("openai_responses").encode_error(error)
    with pytest.raises(theirs, match=str(error)):
        ask_sdk(encode_body(body), status)
