"""Gemini: whole answers."""

from collections.abc import Mapping
from typing import Any

import orjson

from casecraft.core.chat import ChatResponse, Loss, Part, StopReason
from casecraft.errors import (
    AuthenticationError,
    BadAnswerError,
    ContentFilteredError,
    InvalidRequestError,
    ProviderError,
)
from casecraft.wire.answers import content_of, mapping, mappings, parse_answer, problem_of, reason_with_calls, string
from casecraft.wire.dialect import Encoded
from casecraft.wire.gemini.parts import write_parts
from casecraft.wire.gemini.parts_reading import add_text, read_call, read_media
from casecraft.wire.gemini.usage import read_usage, write_usage
from casecraft.wire.vendor_error import NO_CODES, Codes, clean, error_in_answer, has_error

# Source of both tables: https://ai.google.dev/api/generate-content#FinishReason
STOP_REASONS: Mapping[str, StopReason] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "CONTINUATION": "length",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "LANGUAGE": "content_filter",
    "BLOCKLIST": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "SPII": "content_filter",
    "IMAGE_SAFETY": "content_filter",
    "IMAGE_PROHIBITED_CONTENT": "content_filter",
    "IMAGE_RECITATION": "content_filter",
    "MODEL_ARMOR": "content_filter",
    "ESCALATION": "content_filter",
}
FAILURES: Mapping[str, type[ProviderError]] = {
    "MALFORMED_FUNCTION_CALL": BadAnswerError,
    "MALFORMED_RESPONSE": BadAnswerError,
    "UNEXPECTED_TOOL_CALL": BadAnswerError,
    "TOO_MANY_TOOL_CALLS": BadAnswerError,
    "MISSING_THOUGHT_SIGNATURE": InvalidRequestError,
    "PUP_LIMITED_DISABLED": AuthenticationError,
}
FINISH_REASONS: Mapping[StopReason, str] = {
    "stop": "STOP",
    "stop_sequence": "STOP",
    "tool_use": "STOP",
    "length": "MAX_TOKENS",
    "content_filter": "SAFETY",
    "other": "OTHER",
}


def decode_response(body: bytes, *, provider: str = "", codes: Codes = NO_CODES) -> ChatResponse:
    """The answer in a body that came with status 2xx.

    Raises `BadAnswerError` where it is none, and the fitting `ProviderError` where it is an error after all.
    """
    answer = _only_one(body) or parse_answer(body, provider)
    if has_error(answer):
        raise error_in_answer(answer, body, provider, codes)
    candidate = _first_candidate(answer, body, provider)
    parts, calls, losses = _read_parts(mappings(mapping(candidate.get("content")).get("parts")))
    response = ChatResponse(
        content=content_of(parts),
        model=string(answer.get("modelVersion")),
        stop_reason=read_stop_reason(candidate.get("finishReason"), called=calls > 0),
        usage=read_usage(answer.get("usageMetadata")),
        request_id=string(answer.get("responseId")) or None,
        losses=tuple(losses),
        raw=body,
    )
    problem = problem_with(response, candidate.get("finishReason"), candidate.get("finishMessage"), provider)
    if problem is not None:
        raise problem
    return response


def _only_one(body: bytes) -> dict[str, Any] | None:
    """The object that alone stands in a list: some of Google's endpoints wrap errors and short streams so."""
    if body.lstrip()[:1] != b"[":
        return None
    try:
        answers = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return answers[0] if len(answers) == 1 and isinstance(answers[0], dict) else None


def _first_candidate(answer: Mapping[str, Any], body: bytes, provider: str) -> dict[str, Any]:
    candidates = mappings(answer.get("candidates"))
    if candidates:
        return candidates[0]
    blocked = blocked_prompt(answer, body, provider)
    raise blocked or BadAnswerError(
        f"{provider!r} answered without candidates", provider=provider, status=200, body=body
    )


def blocked_prompt(answer: Mapping[str, Any], body: bytes, provider: str) -> ContentFilteredError | None:
    """The error where the filter took the prompt already, None where it did not."""
    reason = mapping(answer.get("promptFeedback")).get("blockReason")
    if not isinstance(reason, str):
        return None
    message = f"the content filter of {provider!r} refused the prompt ({clean(reason)})"
    return ContentFilteredError(message, provider=provider, status=200, body=body)


def _read_parts(sent: list[dict[str, Any]]) -> tuple[list[Part], int, list[Loss]]:
    """The parts, how many of them are calls, and what else there was."""
    parts: list[Part] = []
    losses: list[Loss] = []
    calls = 0
    for part in sent:
        if "text" in part:
            add_text(parts, part)
        elif "functionCall" in part:
            parts.append(read_call(part, f"call_{calls}"))
            calls += 1
        else:
            _add_other(parts, part, losses)
    return parts, calls, losses


def _add_other(parts: list[Part], part: dict[str, Any], losses: list[Loss]) -> None:
    try:
        image = read_media(part)
    except ValueError:
        image = None
    if image is None:
        losses.append(unread(part))
    else:
        parts.append(image)


def unread(part: Mapping[str, Any]) -> Loss:
    """What to say of a part of an answer that has no canonical form, such as code that ran on the vendor's side."""
    names = clean(", ".join(part)) or "nothing"
    return Loss("content", f"a part of the answer holds {names}, which has no place here")


def read_stop_reason(value: object, *, called: bool) -> StopReason:
    """The canonical stop reason. A turn that calls tools ends like any other, so that is told by the calls."""
    return reason_with_calls(STOP_REASONS.get(value, "other") if isinstance(value, str) else "other", called=called)


def problem_with(
    response: ChatResponse, finish_reason: object, finish_message: object, provider: str
) -> ProviderError | None:
    """What makes an answer unusable, or None. Shared by whole and streamed answers."""
    failure = FAILURES.get(finish_reason) if isinstance(finish_reason, str) else None
    if failure is None:
        return problem_of(response, provider)
    says = f": {clean(finish_message)}" if isinstance(finish_message, str) and finish_message else ""
    message = f"{provider!r} broke off with {finish_reason!r}{says}"
    return failure(message, provider=provider, status=200, body=response.raw)


def encode_response(response: ChatResponse, *, created: int = 0) -> Encoded:  # noqa: ARG001  # no such field
    """The answer as `generateContent` gives it."""
    losses: list[Loss] = []
    parts = write_parts(response.parts, "content", losses, {})
    finish_reason = write_finish_reason(response)
    if read_stop_reason(finish_reason, called=bool(response.tool_calls)) != response.stop_reason:
        losses.append(Loss("stop_reason", "Gemini has no such reason", harmless=True))
    body = write_answer(parts, finish_reason)
    if response.usage is not None:
        body["usageMetadata"] = write_usage(response.usage)
        if response.usage.cache_write:
            losses.append(Loss("usage.cache_write", "Gemini does not count it", harmless=True))
    if response.model:
        body["modelVersion"] = response.model
    if response.request_id:
        body["responseId"] = response.request_id
    return Encoded(body, tuple(losses))


def write_finish_reason(response: ChatResponse) -> str:
    """Why the answer ended. A turn that calls tools ends like any other."""
    return FINISH_REASONS[reason_with_calls(response.stop_reason, called=bool(response.tool_calls))]


def write_answer(parts: list[dict[str, Any]], finish_reason: str | None = None) -> dict[str, Any]:
    """An answer, or one event of a streamed one, that holds these parts."""
    candidate: dict[str, Any] = {"content": {"parts": parts, "role": "model"}, "index": 0}
    if finish_reason is not None:
        candidate["finishReason"] = finish_reason
    return {"candidates": [candidate]}
