"""Text Generation Inference: errors, `{"error": …, "error_type": …}`."""

from collections.abc import Mapping
from typing import Any

import orjson

from casecraft.errors import (
    ContextTooLongError,
    InvalidRequestError,
    ProviderError,
    RateLimitError,
)
from casecraft.wire import vendor_error
from casecraft.wire.answers import string
from casecraft.wire.dialect import ErrorBody
from casecraft.wire.vendor_error import NO_CODES, Codes

# What a type of error means. Of "validation" the message says more.
CODES: Codes = {
    "overloaded": "rate_limit",
    "generation": "server",
    "incomplete_generation": "server",
    "incomplete_generation_stream": "server",
    "request failed during generation": "server",
}
WORDS: tuple[tuple[type[ProviderError], int, str], ...] = (
    (RateLimitError, 429, "overloaded"),
    (InvalidRequestError, 422, "validation"),
    (ContextTooLongError, 422, "validation"),
)
OTHER = (424, "generation")


def decode_error(
    status: int, headers: Mapping[str, str], body: bytes, provider: str, *, codes: Codes = NO_CODES
) -> ProviderError:
    """The error that a status other than 2xx means. `headers` has lower-case names. Never raises."""
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        said = None
    if not isinstance(said, dict) or not isinstance(said.get("error"), str):
        return vendor_error.decode_error(status, headers, body, provider, codes=codes)
    plain = orjson.dumps(_plain(said))
    error = vendor_error.decode_error(status, headers, plain, provider, codes={**CODES, **codes})
    error.body = body
    return error


def error_in_answer(said: Mapping[str, Any], body: bytes, provider: str, codes: Codes) -> ProviderError:
    """The error that came with status 200, whole or as an event of a stream."""
    return vendor_error.error_in_answer(_plain(said), body, provider, {**CODES, **codes})


def encode_error(error: ProviderError) -> ErrorBody:
    """The error as clients of the API expect it."""
    status, kind = next(((status, kind) for of, status, kind in WORDS if isinstance(error, of)), OTHER)
    return ErrorBody(status, {"error": str(error), "error_type": kind})


def _plain(said: Mapping[str, Any]) -> dict[str, Any]:
    """The error with its type where all vendors' codes are looked for."""
    code = string(said.get("error_type"))
    return {"error": said["error"], **({"code": code} if code else {})}
