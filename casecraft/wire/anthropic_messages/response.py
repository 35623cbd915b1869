"""Anthropic Messages: whole answers."""

from collections.abc import Mapping
from typing import Any

import orjson

from casecraft.core.chat import ChatResponse, Image, Loss, Part, Reasoning, StopReason, Text, ToolCall
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
from casecraft.wire.anthropic_messages.blocks import write_call, write_reasoning, write_text
from casecraft.wire.dialect import Encoded
from casecraft.wire.sse import EventReader
from casecraft.wire.tool_arguments import arguments_text
from casecraft.wire.vendor_error import NO_CODES, Codes, error_in_answer, has_error

NO_ROOM = "model_context_window_exceeded"

STOP_REASONS: Mapping[str, StopReason] = {
    "end_turn": "stop",
    "max_tokens": "length",
    "stop_sequence": "stop_sequence",
    "tool_use": "tool_use",
    "refusal": "content_filter",
    NO_ROOM: "length",
    "pause_turn": "other",
}
WRITTEN_STOP_REASONS: Mapping[StopReason, str] = {
    "stop": "end_turn",
    "stop_sequence": "stop_sequence",
    "length": "max_tokens",
    "tool_use": "tool_use",
    "content_filter": "refusal",
    "other": "end_turn",
}


def decode_response(body: bytes, *, provider: str = "", codes: Codes = NO_CODES) -> ChatResponse:
    """The answer in a body that came with status 2xx.

    Raises `BadAnswerError` where it is none, and the fitting `ProviderError` where it is an error after all.
    """
    answer = parse_answer(body, provider)
    if has_error(answer):
        raise error_in_answer(answer, body, provider, codes)
    blocks = answer.get("content")
    if not isinstance(blocks, list):
        raise BadAnswerError(f"{provider!r} answered without content", provider=provider, status=200, body=body)
    parts = [part for block in mappings(blocks) if (part := _read_part(block)) is not None]
    response = ChatResponse(
        content=content_of(parts),
        model=string(answer.get("model")),
        stop_reason=read_stop_reason(answer.get("stop_reason"), called=has_calls(parts)),
        usage=read_usage(answer.get("usage")),
        request_id=string(answer.get("id")) or None,
        raw=body,
    )
    problem = problem_with(response, answer.get("stop_reason"), provider)
    if problem is not None:
        raise problem
    return response


def problem_with(response: ChatResponse, stop_reason: object, provider: str) -> ProviderError | None:
    """What makes an answer unusable, or None. Shared by whole and streamed answers."""
    problem = problem_of(response, provider)
    if isinstance(problem, BadAnswerError) and stop_reason == NO_ROOM:
        message = f"the context of {provider!r} had no room for an answer"
        return ContextTooLongError(message, provider=provider, status=200, body=response.raw)
    return problem


def _read_part(block: dict[str, Any]) -> Part | None:
    """The part that a block is. What the vendor's own tools did is passed over; the text tells of it."""
    match block.get("type"):
        case "text" if text := string(block.get("text")):
            return Text(text)
        case "tool_use":
            return ToolCall(string(block.get("id")), string(block.get("name")), arguments_text(block.get("input")))
        case "thinking":
            thought, signature = string(block.get("thinking")), string(block.get("signature"))
            return Reasoning(thought, signature) if thought or signature else None
        case "redacted_thinking":
            return Reasoning(signature=string(block.get("data")), redacted=True)
    return None


def read_stop_reason(value: object, *, called: bool) -> StopReason:
    """The canonical stop reason; what nobody has documented is "other"."""
    return reason_with_calls(STOP_REASONS.get(value, "other") if isinstance(value, str) else "other", called=called)


def decode_usage(body: bytes) -> Usage | None:
    """The usage that a body states, be it a whole answer or a stream, finished or cut."""
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return _usage_of_stream(body)
    return read_usage(answer.get("usage")) if isinstance(answer, dict) else None


def _usage_of_stream(body: bytes) -> Usage | None:
    reader = EventReader()
    stated: dict[str, Any] = {}
    for data in (*reader.feed(body), *reader.finish()):
        if b'"usage"' not in data:
            continue
        try:
            event = mapping(orjson.loads(data))
        except orjson.JSONDecodeError:
            continue
        update_usage(stated, event.get("usage"))
        update_usage(stated, mapping(event.get("message")).get("usage"))
    return read_usage(stated)


def update_usage(stated: dict[str, Any], usage: object) -> None:
    """Take in what an event of a stream states: totals so far, each only where it says any."""
    stated.update((name, value) for name, value in mapping(usage).items() if value is not None)


def read_usage(usage: object) -> Usage | None:
    """The tokens that an answer states, or None. What was read from caches or written to them is counted apart."""
    if not isinstance(usage, dict) or not ("input_tokens" in usage or "output_tokens" in usage):
        return None
    cached, written = count(usage.get("cache_read_input_tokens")), count(usage.get("cache_creation_input_tokens"))
    made = count(usage.get("output_tokens"))
    return Usage(
        input=count(usage.get("input_tokens")) + cached + written,
        output=made,
        cached_input=cached,
        cache_write=written,
        reasoning=min(count(mapping(usage.get("output_tokens_details")).get("thinking_tokens")), made),
    )


def encode_response(response: ChatResponse, *, created: int = 0) -> Encoded:  # noqa: ARG001 - Messages has no time
    """The answer as `POST /v1/messages` gives it."""
    losses: list[Loss] = []
    body: dict[str, Any] = {
        "id": response.request_id or "",
        "type": "message",
        "role": "assistant",
        "model": response.model,
        "content": [block for part in response.parts if (block := _block(part, losses)) is not None],
        "stop_reason": write_stop_reason(response),
        "stop_sequence": None,
        "usage": write_usage(response.usage),
    }
    if read_stop_reason(body["stop_reason"], called=bool(response.tool_calls)) != response.stop_reason:
        losses.append(Loss("stop_reason", f"it is said as {body['stop_reason']!r}", harmless=True))
    if response.usage is None:
        losses.append(Loss("usage", "Messages requires one: it says 0 tokens", harmless=True))
    return Encoded(body, tuple(losses))


def _block(part: Part, losses: list[Loss]) -> dict[str, Any] | None:
    if isinstance(part, Text):
        return write_text(part.text) if part.text else None
    if isinstance(part, Reasoning):
        return write_reasoning(part)
    if isinstance(part, ToolCall):
        if part.signature:
            losses.append(Loss("tool_call.signature", "Messages signs reasoning alone", harmless=True))
        return write_call(part, "tool_call", losses)
    name = "image" if isinstance(part, Image) else "tool_result"
    losses.append(Loss(name, "an answer has no such part"))
    return None


def write_stop_reason(response: ChatResponse) -> str:
    """Why the answer ended. Clients run the tools of an answer that says `tool_use` alone."""
    return WRITTEN_STOP_REASONS[reason_with_calls(response.stop_reason, called=bool(response.tool_calls))]


def write_usage(usage: Usage | None) -> dict[str, Any]:
    """Usage as Messages states it: input without what caches were read or written for."""
    usage = usage or Usage()
    stated: dict[str, Any] = {
        "input_tokens": max(usage.input - usage.cached_input - usage.cache_write, 0),
        "cache_creation_input_tokens": usage.cache_write,
        "cache_read_input_tokens": usage.cached_input,
        "output_tokens": usage.output,
    }
    if usage.reasoning:
        stated["output_tokens_details"] = {"thinking_tokens": usage.reasoning}
    return stated
