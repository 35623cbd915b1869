"""Cohere's chat: whole answers."""

from collections.abc import Iterator, Mapping
from typing import Any

from casecraft.core.chat import ChatResponse, Loss, Message, Part, Reasoning, StopReason, Text, ToolCall
from casecraft.core.usage import Usage
from casecraft.errors import BadAnswerError, ProviderError, ProviderTimeoutError, ServerError
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
from casecraft.wire.cohere_chat.request import write_parts
from casecraft.wire.dialect import Encoded
from casecraft.wire.sse import EventReader
from casecraft.wire.stated_usage import find_usage
from casecraft.wire.tool_arguments import arguments_text
from casecraft.wire.vendor_error import NO_CODES, Codes, clean, error_in_answer

STOP_REASONS: Mapping[str, StopReason] = {
    "COMPLETE": "stop",
    "STOP_SEQUENCE": "stop_sequence",
    "MAX_TOKENS": "length",
    "TOOL_CALL": "tool_use",
    "ERROR_TOXIC": "content_filter",
}
FINISH_REASONS: Mapping[StopReason, str] = {
    "stop": "COMPLETE",
    "stop_sequence": "STOP_SEQUENCE",
    "length": "MAX_TOKENS",
    "tool_use": "TOOL_CALL",
    "content_filter": "ERROR_TOXIC",
    "other": "COMPLETE",
}
FAILURES: Mapping[str, type[ProviderError]] = {"ERROR": ServerError, "TIMEOUT": ProviderTimeoutError}
"""Ends of an answer that mean a failure of Cohere."""


def decode_response(body: bytes, *, provider: str = "", codes: Codes = NO_CODES) -> ChatResponse:
    """The answer in a body that came with status 2xx.

    Raises `BadAnswerError` where it is none, and the fitting `ProviderError` where it is an error after all.
    """
    answer = parse_answer(body, provider)
    message = answer.get("message")
    if answer.get("error") or isinstance(message, str):
        raise error_in_answer(answer, body, provider, codes)
    if not isinstance(message, dict):
        raise BadAnswerError(f"{provider!r} answered without a message", provider=provider, status=200, body=body)
    parts = list(_parts(message))
    response = ChatResponse(
        content=content_of(parts),
        stop_reason=read_stop_reason(answer.get("finish_reason"), called=has_calls(parts)),
        usage=read_usage(answer.get("usage")),
        request_id=string(answer.get("id")) or None,
        raw=body,
    )
    problem = problem_with(response, answer, provider)
    if problem is not None:
        raise problem
    return response


def problem_with(response: ChatResponse, end: Mapping[str, Any], provider: str) -> ProviderError | None:
    """What makes an answer unusable, or None. `end` has the finish reason. Shared by whole and streamed answers."""
    reason = string(end.get("finish_reason"))
    failure = FAILURES.get(reason)
    if failure is None:
        return problem_of(response, provider)
    said = clean(string(end.get("error")))
    message = f"{provider!r} broke off with {reason!r}" + (f": {said}" if said else "")
    return failure(message, provider=provider, status=200, body=response.raw)


def _parts(message: Mapping[str, Any]) -> Iterator[Part]:
    plan = string(message.get("tool_plan"))
    if plan:
        yield Reasoning(plan)
    content = message.get("content")
    for block in [{"text": content}] if isinstance(content, str) else mappings(content):
        thought, text = string(block.get("thinking")), string(block.get("text"))
        if thought:
            yield Reasoning(thought)
        if text:
            yield Text(text)
    for call in mappings(message.get("tool_calls")):
        function = mapping(call.get("function"))
        arguments = arguments_text(function.get("arguments"))
        yield ToolCall(string(call.get("id")), string(function.get("name")), arguments)


def read_stop_reason(value: object, *, called: bool) -> StopReason:
    """The canonical stop reason; what nobody has documented is "other"."""
    return reason_with_calls(STOP_REASONS.get(value, "other") if isinstance(value, str) else "other", called=called)


def read_usage(usage: object) -> Usage | None:
    """The tokens that an answer states, or None where it states none.

    Those that are billed come first: `tokens` also counts what Cohere adds to every prompt, which nobody pays.
    """
    stated = mapping(usage)
    counts = mapping(stated.get("billed_units")) or mapping(stated.get("tokens"))
    if not ("input_tokens" in counts or "output_tokens" in counts):
        return None
    given = _count(counts.get("input_tokens"))
    cached = min(_count(stated.get("cached_tokens")), given)
    return Usage(given, _count(counts.get("output_tokens")), cached)


def _count(value: object) -> int:
    """Cohere's published types make numbers of tokens floats."""
    return count(int(value) if isinstance(value, float) and value.is_integer() else value)


def decode_usage(body: bytes) -> Usage | None:
    """The usage that a body states, be it a whole answer or the events of a stream."""
    return find_usage(body, EventReader, _usage_in)


def _usage_in(event: dict[str, Any]) -> Usage | None:
    return read_usage(event.get("usage")) or read_usage(mapping(event.get("delta")).get("usage"))


def encode_response(response: ChatResponse, *, created: int = 0) -> Encoded:  # noqa: ARG001
    """The answer as `POST /v2/chat` gives it."""
    losses = list(_not_said(response))
    message = {"role": "assistant", **write_parts(Message("assistant", response.parts), "", losses)}
    body = {"id": response.request_id or "", "message": message, **write_end(response)}
    return Encoded(body, tuple(losses))


def _not_said(response: ChatResponse) -> Iterator[Loss]:
    usage = response.usage
    if response.model:
        yield Loss("model", "Cohere's answers do not say it", harmless=True)
    if response.stop_reason == "other":
        yield Loss("stop_reason", "Cohere has no such reason", harmless=True)
    if usage is not None and (usage.cache_write or usage.reasoning):
        yield Loss("usage", "Cohere does not tell cache writes and reasoning apart", harmless=True)


def write_end(response: ChatResponse) -> dict[str, Any]:
    """The fields that end an answer."""
    reason = reason_with_calls(response.stop_reason, called=bool(response.tool_calls))
    end: dict[str, Any] = {"finish_reason": FINISH_REASONS[reason]}
    usage = response.usage
    if usage is not None:
        counts = {"input_tokens": usage.input, "output_tokens": usage.output}
        end["usage"] = {"billed_units": counts, "tokens": counts, "cached_tokens": usage.cached_input}
    return end
