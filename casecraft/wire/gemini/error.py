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

RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo"

# HTTP status and Google's word for it.
WORDS: tuple[tuple[type[ProviderError], int, str], ...] = (
    (AuthenticationError, 401, "UNAUTHENTICATED"),
    (RateLimitError, 429, "RESOURCE_EXHAUSTED"),
    (ModelNotFoundError, 404, "NOT_FOUND"),
    (ContextTooLongError, 400, "INVALID_ARGUMENT"),
    (ContentFilteredError, 400, "INVALID_ARGUMENT"),
    (InvalidRequestError, 400, "INVALID_ARGUMENT"),
    (ProviderTimeoutError, 504, "DEADLINE_EXCEEDED"),
    (ServerError, 500, "INTERNAL"),
)
OTHER = (502, "UNAVAILABLE")


def encode_error(error: ProviderError) -> ErrorBody:
    """The error in Google's shape."""
    status, word = next((words[1:] for words in WORDS if isinstance(error, words[0])), OTHER)
    said: dict[str, Any] = {"code": status, "message": str(error), "status": word}
    if error.retry_after is not None:
        said["details"] = [
            {"@type": RETRY_INFO, "retryDelay": f"{error.retry_after:.3f}".rstrip("0").rstrip(".") + "s"}
        ]
    return ErrorBody(status, {"error": said})
