"""Triton: whole answers."""

from collections.abc import Iterator, Mapping
from typing import Any

from casecraft.core.chat import ChatResponse, Loss, StopReason
from casecraft.core.usage import Usage
from casecraft.errors import BadAnswerError
from casecraft.wire.answers import parse_answer, problem_of, string
from casecraft.wire.dialect import Encoded
from casecraft.wire.text_answers import text_losses
from casecraft.wire.vendor_error import NO_CODES, Codes, error_in_answer

# Only the vLLM backend says why it stopped, and only where the request has `return_finish_reason`.
STOP_REASONS: Mapping[str, StopReason] = {"stop": "stop", "length": "length", "": "stop"}


def decode_response(body: bytes, *, provider: str = "", codes: Codes = NO_CODES) -> ChatResponse:
    """The answer in a body that came with status 2xx.

    Raises `BadAnswerError` where it is none, and the fitting `ProviderError` where it is an error after all.
    """
    answer = parse_answer(body, provider)
    if answer.get("error"):
        raise error_in_answer(answer, body, provider, codes)
    if "text_output" not in answer:
        raise BadAnswerError(f"{provider!r} answered without a text", provider=provider, status=200, body=body)
    response = ChatResponse(
        content=read_text(answer["text_output"]),
        model=string(answer.get("model_name")),
        stop_reason=read_stop_reason(answer.get("finish_reason")),
        raw=body,
    )
    problem = problem_of(response, provider)
    if problem is not None:
        raise problem
    return response


def read_text(output: object) -> str:
    """The text of an output; the first of several beams."""
    return string(output[0] if isinstance(output, list) and output else output)


def read_stop_reason(value: object) -> StopReason:
    """The canonical stop reason; "stop" where the server does not say."""
    return STOP_REASONS.get(value, "other") if isinstance(value, str) else "stop"


def decode_usage(body: bytes) -> Usage | None:  # noqa: ARG001
    """None: the extension does not say how many tokens were used."""
    return None


def encode_response(response: ChatResponse, *, created: int = 0) -> Encoded:  # noqa: ARG001
    """The answer as `generate` gives it."""
    body: dict[str, Any] = {"model_name": response.model, "model_version": "1", "text_output": response.text}
    return Encoded(body, tuple(_not_said(response)))


def _not_said(response: ChatResponse) -> Iterator[Loss]:
    if response.usage is not None:
        yield Loss("usage", "Triton's answers do not say it", harmless=True)
    if response.request_id:
        yield Loss("request_id", "Triton's answers have no id", harmless=True)
    yield from text_losses(response)
