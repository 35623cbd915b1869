"""Chat Completions: whole answers."""

from collections.abc import Mapping
from typing import Any

import orjson

from casecraft.core.chat import ChatResponse, Content, Loss, Part, Reasoning, StopReason, Text, ToolCall
from casecraft.core.usage import Usage
from casecraft.errors import BadAnswerError, ContextTooLongError, ProviderError, ServerError
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
from casecraft.wire.body import encode_body
from casecraft.wire.dialect import Encoded
from casecraft.wire.openai_chat.request import note_proofs
from casecraft.wire.turns import note_order
from casecraft.wire.vendor_error import NO_CODES, Codes, error_in_answer, has_error

STOP_REASONS: Mapping[str, StopReason] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "content_filter",
    "sensitive": "content_filter",  # GLM
    "model_context_window_exceeded": "length",  # GLM
}
FINISH_REASONS: Mapping[StopReason, str] = {
    "stop": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "tool_use": "tool_calls",
    "content_filter": "content_filter",
    "other": "stop",
}

# Ends of an answer that mean a failure of the vendor: GLM's and DeepSeek's words for it.
SERVER_FAILURES = ("network_error", "insufficient_system_resource")


def decode_response(body: bytes, *, provider: str = "", codes: Codes = NO_CODES) -> ChatResponse:
    """The answer in a body that came with status 2xx.

    Raises `BadAnswerError` where it is none, and the fitting `ProviderError` where it is an error after all.
    """
    answer = parse_answer(body, provider)
    if has_error(answer):
        raise error_in_answer(answer, body, provider, codes)
    choice = _first_choice(answer, body, provider)
    message = choice.get("message")
    if not isinstance(message, dict):
        raise BadAnswerError(f"{provider!r} answered without a message", provider=provider, status=200, body=body)
    content = _read_content(message)
    response = ChatResponse(
        content=content,
        model=string(answer.get("model")),
        stop_reason=read_stop_reason(choice.get("finish_reason"), called=has_calls(content)),
        usage=read_usage(answer.get("usage")),
        request_id=string(answer.get("id")) or string(answer.get("request_id")) or None,
        raw=body,
    )
    problem = problem_with(response, choice.get("finish_reason"), provider, refusal=read_text(message.get("refusal")))
    if problem is not None:
        raise problem
    return response


def problem_with(
    response: ChatResponse, finish_reason: object, provider: str, *, refusal: str = ""
) -> ProviderError | None:
    """What makes an answer unusable, or None. Shared by whole and streamed answers."""
    body = response.raw
    if finish_reason in SERVER_FAILURES:
        return ServerError(f"{provider!r} broke off with {finish_reason!r}", provider=provider, status=200, body=body)
    problem = problem_of(response, provider, refusal=refusal)
    if isinstance(problem, BadAnswerError) and finish_reason == "model_context_window_exceeded":
        message = f"the context of {provider!r} had no room for an answer"
        return ContextTooLongError(message, provider=provider, status=200, body=body)
    return problem


def decode_usage(body: bytes) -> Usage | None:
    """The usage that a body states, be it an answer or not: a failed answer may have been billed."""
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return read_usage(answer.get("usage")) if isinstance(answer, dict) else None


def encode_response(response: ChatResponse, *, created: int = 0) -> Encoded:
    """The answer as `POST /chat/completions` gives it."""
    losses: list[Loss] = []
    choice = {
        "index": 0,
        "message": _message(response, losses),
        "logprobs": None,
        "finish_reason": write_finish_reason(response),
    }
    body: dict[str, Any] = {
        "id": response.request_id or "",
        "object": "chat.completion",
        "created": created,
        "model": response.model,
        "choices": [choice],
    }
    if response.usage is not None:
        body["usage"] = write_usage(response.usage)
    if response.stop_reason in ("stop_sequence", "other"):
        losses.append(Loss("stop_reason", "Chat Completions has no such reason", harmless=True))
    return Encoded(body, tuple(losses))


def _message(response: ChatResponse, losses: list[Loss]) -> dict[str, Any]:
    calls = [write_call(call) for call in response.tool_calls]
    message: dict[str, Any] = {"role": "assistant", "content": response.text or None, "refusal": None}
    if response.reasoning:
        message["reasoning_content"] = response.reasoning
    if calls:
        message["tool_calls"] = calls
    note_order(response.parts, "", losses)
    note_proofs(response.parts, "", losses)
    return message


def write_finish_reason(response: ChatResponse) -> str:
    """Why the answer ended. Clients run the tools of an answer that says `tool_calls` alone."""
    return FINISH_REASONS[reason_with_calls(response.stop_reason, called=bool(response.tool_calls))]


def write_call(call: ToolCall) -> dict[str, Any]:
    """A tool call, whole."""
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _first_choice(answer: dict[str, Any], body: bytes, provider: str) -> dict[str, Any]:
    choices = mappings(answer.get("choices"))
    if not choices:
        raise BadAnswerError(f"{provider!r} answered without choices", provider=provider, status=200, body=body)
    return next(filter(is_first, choices), choices[0])


def is_first(choice: Mapping[str, Any]) -> bool:
    """Whether a choice is the one that counts: we ask for one, and take the first should a server send more."""
    return choice.get("index") in (0, None)


def _read_content(message: Mapping[str, Any]) -> Content:
    text, thought = read_text(message.get("content")), read_reasoning(message)
    calls = mappings(message.get("tool_calls"))
    if not thought and not calls:
        return text
    parts: list[Part] = [Reasoning(thought)] if thought else []
    if text:
        parts.append(Text(text))
    parts += map(_read_call, calls)
    return content_of(parts)


def _read_call(call: dict[str, Any]) -> ToolCall:
    function = mapping(call.get("function"))
    return ToolCall(string(call.get("id")), string(function.get("name")), read_arguments(function.get("arguments")))


def read_arguments(value: object) -> str:
    """Arguments as JSON text. Some servers send the object itself."""
    if isinstance(value, dict):
        return encode_body(value).decode()
    return string(value) or "{}"


def read_stop_reason(value: object, *, called: bool) -> StopReason:
    """The canonical stop reason; what nobody has documented is "other". Some servers say "stop" after calls too."""
    return reason_with_calls(STOP_REASONS.get(value, "other") if isinstance(value, str) else "other", called=called)


def read_text(content: object) -> str:
    """The text of a `content` field: a string, or a list of parts of which some are text."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(part["text"] for part in content if isinstance(part, dict) and isinstance(part.get("text"), str))
    return ""


def read_reasoning(message: Mapping[str, Any]) -> str:
    """What the model thought aloud, under either of the names that vendors use."""
    return string(message.get("reasoning_content")) or string(message.get("reasoning"))


def read_usage(usage: object) -> Usage | None:
    """The tokens that an answer states, or None where it states none."""
    if not isinstance(usage, dict) or not ("prompt_tokens" in usage or "completion_tokens" in usage):
        return None
    given, made = count(usage.get("prompt_tokens")), count(usage.get("completion_tokens"))
    input_details = mapping(usage.get("prompt_tokens_details"))
    output_details = mapping(usage.get("completion_tokens_details"))
    # In this order: OpenAI and most others; Kimi; DeepSeek.
    cached = (
        count(input_details.get("cached_tokens"))
        or count(usage.get("cached_tokens"))
        or count(usage.get("prompt_cache_hit_tokens"))
    )
    written = count(input_details.get("cache_write_tokens")) or count(
        input_details.get("cache_creation_input_tokens")  # DashScope
    )
    cached = min(cached, given)
    return Usage(
        input=given,
        output=made,
        cached_input=cached,
        cache_write=min(written, given - cached),
        reasoning=min(count(output_details.get("reasoning_tokens")), made),
    )


def write_usage(usage: Usage) -> dict[str, Any]:
    """Usage as Chat Completions states it."""
    return {
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "total_tokens": usage.input + usage.output,
        "prompt_tokens_details": {"cached_tokens": usage.cached_input, "cache_write_tokens": usage.cache_write},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning},
    }
