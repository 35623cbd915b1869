"""Gemini: errors as its clients expect them."""

from typing import Any

from casecraft.errors import (
    AuthenticationError,
    ContentFilteredError,
    ContextTooLongError,
    InvalidRequestError,
    ModelNotFoundError,
    ProviderError,
    ProviderTimeoutError,
    RateLimitError,
    ServerError,
)
from casecraft.wire.dialect import ErrorBody
from casecraft.wire.error_status import NO_CREDIT, status_of

RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo"

# Google's word for each.
WORDS: tuple[tuple[type[ProviderError], str], ...] = (
    (AuthenticationError, "UNAUTHENTICATED"),
    (RateLimitError, "RESOURCE_EXHAUSTED"),
    (ModelNotFoundError, "NOT_FOUND"),
    (ContextTooLongError, "INVALID_ARGUMENT"),
    (ContentFilteredError, "INVALID_ARGUMENT"),
    (InvalidRequestError, "INVALID_ARGUMENT"),
    (ProviderTimeoutError, "DEADLINE_EXCEEDED"),
    (ServerError, "INTERNAL"),
)
OTHER = "UNAVAILABLE"
NO_MONEY = "FAILED_PRECONDITION"


def encode_error(error: ProviderError) -> ErrorBody:
    """The error in Google's shape."""
    status = status_of(error)
    named = next((word for kind, word in WORDS if isinstance(error, kind)), OTHER)
    word = NO_MONEY if status == NO_CREDIT else named
    said: dict[str, Any] = {"code": status, "message": str(error), "status": word}
    if error.retry_after is not None:
        said["details"] = [
            {"@type": RETRY_INFO, "retryDelay": f"{error.retry_after:.3f}".rstrip("0").rstrip(".") + "s"}
        ]
    return ErrorBody(status, {"error": said})
