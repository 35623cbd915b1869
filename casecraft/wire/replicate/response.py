"""Replicate: predictions that are finished."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from casecraft.core.chat import ChatResponse, Loss
from casecraft.core.usage import Usage
from casecraft.errors import BadAnswerError, ServerError
from casecraft.wire.answers import count, mapping, parse_answer, problem_of, string
from casecraft.wire.body import encode_body
from casecraft.wire.dialect import Encoded
from casecraft.wire.replicate.paths import UNFINISHED
from casecraft.wire.text_answers import text_losses
from casecraft.wire.vendor_error import NO_CODES, Codes, error_in_answer


def decode_response(body: bytes, *, provider: str = "", codes: Codes = NO_CODES) -> ChatResponse:
    """The output of a prediction in a body that came with status 2xx.

    Raises `ServerError` for one that is not finished or was stopped, `BadAnswerError` for what is none, and the
    fitting `ProviderError` for one that failed.
    """
    answer = parse_answer(body, provider)
    status = answer.get("status")
    if answer.get("error") or status == "failed" or ("output" not in answer and "detail" in answer):
        told = answer if answer.get("error") or "detail" in answer else {"error": "the prediction failed"}
        raise error_in_answer(told, body, provider, codes)
    if status in UNFINISHED:
        message = f"{provider!r} has not finished the prediction yet; it is still {status!r}"
        hint = "Models that nobody used lately take minutes to start: ask again later, or allow more time."
        raise ServerError(message, provider=provider, status=200, body=body, hint=hint)
    if status in ("canceled", "aborted"):
        raise ServerError(f"{provider!r} stopped: {status!r}", provider=provider, status=200, body=body)
    if "output" not in answer:
        raise BadAnswerError(f"{provider!r} answered without an output", provider=provider, status=200, body=body)
    response = ChatResponse(
        content=read_output(answer["output"]),
        model=string(answer.get("model")),
        usage=read_usage(answer),
        request_id=string(answer.get("id")) or None,
        raw=body,
    )
    problem = problem_of(response, provider)
    if problem is not None:
        raise problem
    return response


def read_output(output: object) -> str:
    """The text of an output: text, pieces of text, or JSON of whatever else the model gives."""
    if isinstance(output, str):
        return output
    if isinstance(output, list) and all(isinstance(piece, str) for piece in output):
        return "".join(output)
    return "" if output is None else encode_body(output).decode()


def read_usage(prediction: Mapping[str, Any]) -> Usage | None:
    """The tokens that the metrics of a prediction state, or None where they state none."""
    metrics = mapping(prediction.get("metrics"))
    if not ("input_token_count" in metrics or "output_token_count" in metrics):
        return None
    return Usage(count(metrics.get("input_token_count")), count(metrics.get("output_token_count")))


def decode_usage(body: bytes) -> Usage | None:
    """The usage that a prediction states, whatever became of it. Its stream states none."""
    try:
        return read_usage(mapping(orjson.loads(body)))
    except orjson.JSONDecodeError:
        return None


def encode_response(response: ChatResponse, *, created: int = 0) -> Encoded:  # noqa: ARG001
    """The answer as a finished prediction."""
    body: dict[str, Any] = {
        "id": response.request_id or "",
        "model": response.model,
        "version": "",
        "status": "succeeded",
        "input": {},
        "output": [response.text],
        "error": None,
        "logs": "",
        "urls": {},
    }
    usage = response.usage
    if usage is not None:
        body["metrics"] = {"input_token_count": usage.input, "output_token_count": usage.output}
    return Encoded(body, tuple(_not_said(response)))


def _not_said(response: ChatResponse) -> Iterator[Loss]:
    usage = response.usage
    if usage is not None and usage != Usage(usage.input, usage.output):
        yield Loss("usage", "a prediction does not tell cached tokens and reasoning apart", harmless=True)
    yield from text_losses(response)
