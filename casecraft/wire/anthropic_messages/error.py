"""Anthropic Messages: errors as its clients expect them.

Source: https://platform.claude.com/docs/en/api/errors.
"""

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

OVERLOADED = 529
NO_CREDIT = 402

# Status and type, as Anthropic pairs them.
WORDS: tuple[tuple[type[ProviderError], int, str], ...] = (
    (AuthenticationError, 401, "authentication_error"),
    (RateLimitError, 429, "rate_limit_error"),
    (ModelNotFoundError, 404, "not_found_error"),
    (ContextTooLongError, 400, "invalid_request_error"),
    (ContentFilteredError, 400, "invalid_request_error"),
    (InvalidRequestError, 400, "invalid_request_error"),
    (ProviderTimeoutError, 504, "timeout_error"),
    (ServerError, 500, "api_error"),
)
OTHER = (502, "api_error")

# Coding clients shorten the conversation when they read these words of Anthropic's.
TOO_LONG = "prompt is too long"


def encode_error(error: ProviderError) -> ErrorBody:
    """The error in Anthropic's shape."""
    status, kind = _words(error)
    message = f"{TOO_LONG}: {error}" if isinstance(error, ContextTooLongError) else str(error)
    return ErrorBody(status, {"type": "error", "error": {"type": kind, "message": message}})


def _words(error: ProviderError) -> tuple[int, str]:
    if isinstance(error, ServerError) and error.status == OVERLOADED:
        return OVERLOADED, "overloaded_error"
    if isinstance(error, AuthenticationError) and error.status == NO_CREDIT:
        return NO_CREDIT, "billing_error"
    return next((words[1:] for words in WORDS if isinstance(error, words[0])), OTHER)
