"""Text Generation Inference: whole answers."""

from collections.abc import Mapping
from typing import Any

import orjson

from casecraft.core.chat import ChatResponse, Loss, Reasoning, StopReason
from casecraft.core.usage import Usage
from casecraft.errors import BadAnswerError
from casecraft.wire.answers import count, mapping, parse_answer, problem_of
from casecraft.wire.dialect import Encoded
from casecraft.wire.tgi.error import error_in_answer
from casecraft.wire.vendor_error import NO_CODES, Codes

STOP_REASONS: Mapping[str, StopReason] = {"eos_token": "stop", "stop_sequence": "stop_sequence", "length": "length"}
FINISH_REASONS: Mapping[StopReason, str] = {theirs: ours for ours, theirs in STOP_REASONS.items()}


def decode_response(body: bytes, *, provider: str = "", codes: Codes = NO_CODES) -> ChatResponse:
    """The answer in a body that came with status 2xx, in a list or not.

    Raises `BadAnswerError` where it is none, and the fitting `ProviderError` where it is an error after all.
    """
    answer = _first(body, provider)
    text = answer.get("generated_text")
    if not isinstance(text, str):
        if answer.get("error"):
            raise error_in_answer(answer, body, provider, codes)
        raise BadAnswerError(f"{provider!r} answered without a text", provider=provider, status=200, body=body)
    details = mapping(answer.get("details"))
    response = ChatResponse(
        content=text,
        stop_reason=read_stop_reason(details.get("finish_reason")),
        usage=read_usage(details),
        raw=body,
    )
    problem = problem_of(response, provider)
    if problem is not None:
        raise problem
    return response


def _first(body: bytes, provider: str) -> dict[str, Any]:
    """The answer; SageMaker and Hugging Face's endpoints put it in a list."""
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        parsed = None
    if isinstance(parsed, list) and parsed and isinstance(parsed[0], dict):
        return parsed[0]
    return parsed if isinstance(parsed, dict) else parse_answer(body, provider)


def read_stop_reason(value: object) -> StopReason:
    """The canonical stop reason; what nobody has documented is "other"."""
    return STOP_REASONS.get(value, "other") if isinstance(value, str) else "other"


def read_usage(details: Mapping[str, Any]) -> Usage | None:
    """The tokens that an answer states, or None: whole answers count those of the prompt only where they list them."""
    prefill = details.get("prefill")
    given = count(details.get("input_length")) or (len(prefill) if isinstance(prefill, list) else 0)
    return Usage(given, count(details.get("generated_tokens"))) if given else None


def encode_response(response: ChatResponse, *, created: int = 0) -> Encoded:  # noqa: ARG001
    """The answer as `POST /generate` gives it."""
    details: dict[str, Any] = {"finish_reason": write_stop_reason(response), "prefill": [], "tokens": [], "seed": None}
    if response.usage is not None:
        details["generated_tokens"] = response.usage.output
    return Encoded({"generated_text": response.text, "details": details}, tuple(_losses(response)))


def write_stop_reason(response: ChatResponse) -> str:
    """The server's word for it."""
    return FINISH_REASONS.get(response.stop_reason, "eos_token")


def _losses(response: ChatResponse) -> list[Loss]:
    reason = "a bare completion is of text alone"
    losses = [Loss(name, "the body has no such field", harmless=True) for name in ("model", "request_id", "usage")]
    losses = [loss for loss in losses if getattr(response, loss.field)]
    if response.stop_reason not in FINISH_REASONS:
        losses.append(Loss("stop_reason", "there is no such reason", harmless=True))
    if response.tool_calls:
        losses.append(Loss("tool_call", reason))
    if any(isinstance(part, Reasoning) for part in response.parts):
        losses.append(Loss("reasoning", reason, harmless=True))
    return losses
