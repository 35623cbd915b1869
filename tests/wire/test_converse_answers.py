"""Converse: whole answers and errors, as botocore's client reads them and as AWS documents them."""

import base64
import json
from pathlib import Path

import botocore.exceptions
import orjson
import pytest
from hypothesis import given, settings

from casecraft import errors
from casecraft.core.chat import ChatResponse, Image, Reasoning, Text, ToolCall
from casecraft.core.usage import Usage
from casecraft.wire import encode_body, find_dialect
from tests.wire.aws_service import ask
from tests.wire.canonical import responses

DIALECT = find_dialect("bedrock_converse")
ANSWERS = json.loads((Path(__file__).parent / "converse_answers.json").read_text("utf-8"))
NOTHING_ASKED = {"modelId": "m", "messages": []}


def ask_converse(body: bytes, status: int = 200, **headers: str):
    return ask("bedrock-runtime", "Converse", status, headers, body, **NOTHING_ASKED).answer


def answer(*content: dict, **more) -> bytes:
    return orjson.dumps(
        {"output": {"message": {"role": "assistant", "content": content}}, "stopReason": "end_turn", **more}
    )


def decode(body: bytes) -> ChatResponse:
    return DIALECT.decode_response(body, provider="p")


@pytest.mark.parametrize("case", ANSWERS, ids=lambda case: case["name"])
def test_we_read_what_botocore_reads(case) -> None:
    body = json.dumps(case["body"]).encode()
    ours, theirs = decode(body), ask_converse(body)
    content = theirs["output"]["message"]["content"]
    assert ours.text == case["text"] == "".join(block.get("text", "") for block in content)
    calls = [(call.id, call.name, json.loads(call.arguments)) for call in ours.tool_calls]
    uses = [block["toolUse"] for block in content if "toolUse" in block]
    assert (
        calls == [tuple(call) for call in case["calls"]] == [(it["toolUseId"], it["name"], it["input"]) for it in uses]
    )
    assert ours.reasoning == case["reasoning"]
    assert ours.stop_reason == case["stop_reason"]
    assert ours.usage == Usage(*case["usage"]) == DIALECT.decode_usage(body)
    assert ours.usage.output == theirs["usage"]["outputTokens"]
    assert ours.raw == body


def test_redacted_reasoning_and_signatures_are_kept_as_they_came() -> None:
    signed, redacted, _ = decode(json.dumps(ANSWERS[2]["body"]).encode()).parts
    assert signed == Reasoning("Let me see.", "c2lnbmVk")
    assert redacted == Reasoning(signature="cmVkYWN0ZWQ=", redacted=True)


@given(response=responses())
@settings(max_examples=60, deadline=None)
def test_botocore_reads_the_answers_that_we_write(response: ChatResponse) -> None:
    theirs = ask_converse(encode_body(DIALECT.encode_response(response).body))
    content = theirs["output"]["message"]["content"]
    assert "".join(block.get("text", "") for block in content) == response.text
    uses = [block["toolUse"] for block in content if "toolUse" in block]
    assert [(it["toolUseId"], it["name"], it["input"]) for it in uses] == [
        (call.id, call.name, json.loads(call.arguments)) for call in response.tool_calls
    ]
    thoughts = [block["reasoningContent"] for block in content if "reasoningContent" in block]
    said = [it.get("reasoningText") or {"text": it["redactedContent"]} for it in thoughts]
    assert [(it["text"], it.get("signature", "")) for it in said] == [
        (base64.b64decode(part.signature), "") if part.redacted else (part.text, part.signature)
        for part in response.parts
        if isinstance(part, Reasoning) and not (part.redacted and part.signature == "not base64")
    ]
    usage, said = response.usage, theirs["usage"]
    assert said["inputTokens"] + said["cacheReadInputTokens"] + said["cacheWriteInputTokens"] == usage.input
    assert (said["cacheReadInputTokens"], said["cacheWriteInputTokens"]) == (usage.cached_input, usage.cache_write)
    assert (said["outputTokens"], said["totalTokens"]) == (usage.output, usage.input + usage.output)


def test_a_turn_with_text_and_calls_ends_with_tool_use() -> None:
    parts = (Text("Adding."), ToolCall("a", "add", "oops"), Reasoning(signature="?", redacted=True))
    body, losses = DIALECT.encode_response(ChatResponse(parts, stop_reason="stop"))
    assert body["stopReason"] == "tool_use"
    assert body["output"]["message"]["content"][1]["toolUse"]["input"] == {"arguments": "oops"}
    assert {loss.field: loss.harmless for loss in losses} == {"tool_call.arguments": False, "reasoning": True}
    read = decode(answer({"text": "x"}, {"toolUse": {"toolUseId": "a", "name": "", "input": "{"}}))
    assert (read.stop_reason, read.tool_calls) == ("tool_use", (ToolCall("a", "", "{"),))


def test_images_and_cited_text_are_read_and_unknown_blocks_passed_over() -> None:
    cited = {"citationsContent": {"content": [{"text": "Cited."}], "citations": []}}
    image = {"image": {"format": "png", "source": {"bytes": "eA=="}}}
    read = decode(answer(cited, image, {"image": {"error": {}}}, {"newBlock": {}}))
    assert read.parts == (Text("Cited."), Image(b"x", "image/png"))
    assert read.usage is None


@pytest.mark.parametrize(
    ("reason", "expected"),
    [("max_tokens", "length"), ("stop_sequence", "stop_sequence"), ("new_reason", "other"), (None, "other")],
)
def test_reasons_to_stop(reason, expected) -> None:
    assert decode(answer({"text": "x"}, stopReason=reason)).stop_reason == expected


@pytest.mark.parametrize(
    ("body", "kind", "says"),
    [
        (b"", errors.BadAnswerError, "an empty body"),
        (b"<html><title>Login</title>", errors.BadAnswerError, "titled 'Login'"),
        (b"[]", errors.BadAnswerError, "JSON list"),
        (b"{}", errors.BadAnswerError, "without a message"),
        (b'{"output": {"message": null}, "usage": 3}', errors.BadAnswerError, "without a message"),
        (answer(), errors.BadAnswerError, "empty message"),
        (answer(None, 3, {"text": None}), errors.BadAnswerError, "empty message"),
        (answer({"text": "x"}, stopReason="guardrail_intervened"), errors.ContentFilteredError, "filter"),
        (answer({"text": "x"}, stopReason="content_filtered"), errors.ContentFilteredError, "filter"),
        (answer({"text": "x"}, stopReason="malformed_tool_use"), errors.BadAnswerError, "'malformed_tool_use'"),
        (answer(stopReason="model_context_window_exceeded"), errors.ContextTooLongError, "no room"),
        (answer(stopReason="max_tokens"), errors.OutputLimitError, "output limit"),
        (b'{"message": "Too many requests", "__type": "a.b#ThrottlingException"}', errors.RateLimitError, "slow"),
        (b'{"Message": "Input is too long for requested model.", "__type": "ValidationException"}',
         errors.ContextTooLongError, "too long"),
        (b'{"message": "something else"}', errors.BadAnswerError, "something else"),
    ],
)  # fmt: skip
def test_what_is_no_answer_is_a_typed_error(body, kind, says) -> None:
    with pytest.raises(errors.ProviderError) as caught:
        decode(body)
    assert type(caught.value) is kind
    assert says in str(caught.value)
    assert caught.value.body == body


@pytest.mark.parametrize(
    ("status", "code", "message", "kind"),
    [
        (403, "AccessDeniedException", "User is not authorized to perform this", errors.AuthenticationError),
        (403, "AccessDeniedException", "You don't have access to the model with the specified model ID.",
         errors.ModelNotFoundError),
        (403, "ExpiredTokenException", "The security token included in the request is expired",
         errors.AuthenticationError),
        (403, "UnrecognizedClientException", "The security token is invalid.", errors.AuthenticationError),
        (403, "InvalidSignatureException", "The request signature does not match", errors.AuthenticationError),
        (429, "ThrottlingException", "Too many requests, please wait before trying again.", errors.RateLimitError),
        (400, "ServiceQuotaExceededException", "Your request exceeds the quota", errors.RateLimitError),
        (429, "ModelNotReadyException", "Model is not ready for inference", errors.ServerError),
        (408, "ModelTimeoutException", "The request took too long", errors.ProviderTimeoutError),
        (424, "ModelErrorException", "The model failed", errors.ServerError),
        (500, "InternalServerException", "Internal error", errors.ServerError),
        (503, "ServiceUnavailableException", "Bedrock is unable to process your request.", errors.ServerError),
        (404, "ResourceNotFoundException", "Could not resolve the foundation model", errors.ModelNotFoundError),
        (404, "UnknownOperationException", None, errors.ProviderConfigurationError),
        (400, "ValidationException", "The provided model identifier is invalid.", errors.ModelNotFoundError),
        (400, "ValidationException", "Invocation of model ID x with on-demand throughput isn\u2019t supported.",
         errors.ModelNotFoundError),
        (400, "ValidationException", "Input is too long for requested model.", errors.ContextTooLongError),
        (400, "ValidationException", "messages.0.content is empty", errors.InvalidRequestError),
        (418, "SomethingNew", "?", errors.InvalidRequestError),
    ],
)  # fmt: skip
@pytest.mark.parametrize("where", ["header", "type"])
def test_errors_of_the_service(status, code, message, kind, where) -> None:
    said = {"message": message}
    headers = {}
    if where == "header":
        headers["x-amzn-errortype"] = f"{code}:http://internal.amazon.com/coral/com.amazon.bedrock/"
    else:
        said = {"__type": f"com.amazon.coral.service#{code}", "Message": message}
    body = json.dumps(said).encode()
    error = DIALECT.decode_error(status, headers, body, "p")
    assert type(error) is kind
    assert (error.status, error.body, error.provider) == (status, body, "p")
    assert code in str(error)
    assert (message or "") in str(error)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"null", b'{"message": 3}', b'{"error": {"message": "m"}}'])
def test_errors_in_other_shapes_go_by_their_status(body) -> None:
    assert type(DIALECT.decode_error(502, {}, body, "p")) is errors.ServerError
    throttled = DIALECT.decode_error(429, {"retry-after": "7"}, body, "p")
    assert (type(throttled), throttled.retry_after) == (errors.RateLimitError, 7.0)


def test_a_row_may_give_codes_a_meaning_of_its_own() -> None:
    body = b'{"__type": "ThrottlingException", "message": "m"}'
    error = DIALECT.decode_error(429, {}, body, "p", codes={"ThrottlingException": "quota"})
    assert type(error) is errors.AuthenticationError


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.RateLimitError("m"), "ThrottlingException"),
        (errors.AuthenticationError("m"), "AccessDeniedException"),
        (errors.ContextTooLongError("m"), "ValidationException"),
        (errors.ModelNotFoundError("m"), "ResourceNotFoundException"),
        (errors.ProviderTimeoutError("m"), "ModelTimeoutException"),
        (errors.ServerError("m"), "InternalServerException"),
        (errors.NetworkError("m"), "ServiceUnavailableException"),
    ],
)
def test_botocore_raises_the_errors_that_we_write(error, code) -> None:
    status, body = DIALECT.encode_error(error)
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        ask_converse(orjson.dumps(body), status)
    assert caught.value.response["Error"] == {"Code": code, "Message": "m"}
    assert type(caught.value).__name__ == code


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"usage": []}', b"\x00\x00\x00\x10", b'{"usage": {"a": 1}}'])
def test_no_usage_is_none(body) -> None:
    assert DIALECT.decode_usage(body) is None
