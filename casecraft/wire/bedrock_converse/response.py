"""Converse: whole answers."""

from collections.abc import Mapping
from typing import Any

from casecraft.core.chat import ChatResponse, Loss, Part, StopReason, Text
from casecraft.core.usage import Usage
from casecraft.errors import BadAnswerError, ContextTooLongError, ProviderError
from casecraft.wire.answers import (
    content_of,
    count,
    has_calls,
    mapping,
    mappings,
    parse_answer,
    problem_of,
    reason_with_calls,
    string,
)
from casecraft.wire.aws_errors import aws_error_in_answer, is_aws_error
from casecraft.wire.bedrock_converse.blocks import BlockWriter, read_call, read_image, read_reasoning
from casecraft.wire.dialect import Encoded
from casecraft.wire.vendor_error import NO_CODES, Codes

STOP_REASONS: Mapping[str, StopReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop_sequence",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_use",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
}
THEIR_REASONS: Mapping[StopReason, str] = {
    "stop": "end_turn",
    "stop_sequence": "stop_sequence",
    "length": "max_tokens",
    "tool_use": "tool_use",
    "content_filter": "content_filtered",
    "other": "end_turn",
}
NOT_IN_BODY = "Converse does not say it in the body"
# The model wrote what Bedrock could not make an answer of.
FAILURES = ("malformed_model_output", "malformed_tool_use")


def decode_response(body: bytes, *, provider: str = "", codes: Codes = NO_CODES) -> ChatResponse:
    """The answer in a body that came with status 2xx.

    Raises `BadAnswerError` where it is none, and the fitting `ProviderError` where it is an error after all.
    """
    answer = parse_answer(body, provider)
    message = mapping(answer.get("output")).get("message")
    if not isinstance(message, dict):
        if is_aws_error(answer):
            raise aws_error_in_answer(answer, body, provider, codes)
        raise BadAnswerError(f"{provider!r} answered without a message", provider=provider, status=200, body=body)
    parts = _read_parts(mappings(message.get("content")))
    reason = answer.get("stopReason")
    response = ChatResponse(
        content=content_of(parts),
        stop_reason=read_stop_reason(reason, called=has_calls(parts)),
        usage=read_usage(answer.get("usage")),
        raw=body,
    )
    problem = problem_with(response, reason, provider)
    if problem is not None:
        raise problem
    return response


def _read_parts(blocks: list[dict[str, Any]]) -> list[Part]:
    found = map(_read_part, blocks)
    return [part for part in found if part is not None]


def _read_part(block: dict[str, Any]) -> Part | None:
    if "text" in block:
        return Text(string(block["text"]))
    if "toolUse" in block:
        return read_call(mapping(block["toolUse"]))
    if "reasoningContent" in block:
        return read_reasoning(mapping(block["reasoningContent"]))
    if "citationsContent" in block:
        said = mappings(mapping(block["citationsContent"]).get("content"))
        return Text("".join(string(each.get("text")) for each in said))
    return _image(mapping(block["image"])) if "image" in block else None


def _image(block: dict[str, Any]) -> Part | None:
    try:
        return read_image(block)
    except ValueError:
        return None  # an image that could not be made; what else the answer has still counts


def read_stop_reason(value: object, *, called: bool) -> StopReason:
    """The canonical stop reason; what nobody has documented is "other". Some models end with "end_turn" after calls."""
    return reason_with_calls(STOP_REASONS.get(value, "other") if isinstance(value, str) else "other", called=called)


def problem_with(response: ChatResponse, reason: object, provider: str) -> ProviderError | None:
    """What makes an answer unusable, or None. Shared by whole and streamed answers."""
    body = response.raw
    if reason in FAILURES:
        message = f"the model of {provider!r} broke off with {reason!r}"
        return BadAnswerError(message, provider=provider, status=200, body=body)
    problem = problem_of(response, provider)
    if isinstance(problem, BadAnswerError) and reason == "model_context_window_exceeded":
        message = f"the context of {provider!r} had no room for an answer"
        return ContextTooLongError(message, provider=provider, status=200, body=body)
    return problem


def read_usage(usage: object) -> Usage | None:
    """The tokens that an answer states, or None. Converse counts what caches gave and took apart from the input."""
    if not isinstance(usage, dict) or not ("inputTokens" in usage or "outputTokens" in usage):
        return None
    cached, written = count(usage.get("cacheReadInputTokens")), count(usage.get("cacheWriteInputTokens"))
    return Usage(
        input=count(usage.get("inputTokens")) + cached + written,
        output=count(usage.get("outputTokens")),
        cached_input=cached,
        cache_write=written,
    )


def write_usage(usage: Usage) -> dict[str, int]:
    """Usage as Converse states it."""
    return {
        "inputTokens": max(usage.input - usage.cached_input - usage.cache_write, 0),
        "outputTokens": usage.output,
        "totalTokens": usage.input + usage.output,
        "cacheReadInputTokens": usage.cached_input,
        "cacheWriteInputTokens": usage.cache_write,
    }


def write_stop_reason(response: ChatResponse) -> str:
    """Converse's word for it; an answer with calls always stopped for them."""
    return THEIR_REASONS[reason_with_calls(response.stop_reason, called=bool(response.tool_calls))]


def encode_response(response: ChatResponse, *, created: int = 0) -> Encoded:  # noqa: ARG001
    """The answer as `POST /model/{model}/converse` gives it."""
    losses: list[Loss] = []
    body: dict[str, Any] = {
        "output": {"message": {"role": "assistant", "content": BlockWriter(losses).write(response.parts)}},
        "stopReason": write_stop_reason(response),
        "metrics": {"latencyMs": 0},
    }
    if response.usage is not None:
        body["usage"] = write_usage(response.usage)
        if response.usage.reasoning:
            losses.append(Loss("usage", "Converse does not count reasoning apart", harmless=True))
    if response.stop_reason == "other" and not response.tool_calls:
        losses.append(Loss("stop_reason", "Converse has no such reason", harmless=True))
    losses += [Loss(name, NOT_IN_BODY, harmless=True) for name in ("model", "request_id") if getattr(response, name)]
    return Encoded(body, tuple(losses))
