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
from casecraft.wire.error_status import NO_CREDIT, status_of

OVERLOADED = 529

# The type, as Anthropic says it.
WORDS: tuple[tuple[type[ProviderError], str], ...] = (
    (AuthenticationError, "authentication_error"),
    (RateLimitError, "rate_limit_error"),
    (ModelNotFoundError, "not_found_error"),
    (ContextTooLongError, "invalid_request_error"),
    (ContentFilteredError, "invalid_request_error"),
    (InvalidRequestError, "invalid_request_error"),
    (ProviderTimeoutError, "timeout_error"),
    (ServerError, "api_error"),
)
OTHER = "api_error"

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
    return status_of(error), next((word for kind, word in WORDS if isinstance(error, kind)), OTHER)
