"""Chat Completions: errors as its clients expect them."""

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

# Type and code, as OpenAI pairs them.
WORDS: tuple[tuple[type[ProviderError], str, str | None], ...] = (
    (AuthenticationError, "invalid_request_error", "invalid_api_key"),
    (RateLimitError, "requests", "rate_limit_exceeded"),
    (ModelNotFoundError, "invalid_request_error", "model_not_found"),
    (ContextTooLongError, "invalid_request_error", "context_length_exceeded"),
    (ContentFilteredError, "invalid_request_error", "content_filter"),
    (InvalidRequestError, "invalid_request_error", None),
    (ProviderTimeoutError, "server_error", None),
    (ServerError, "server_error", None),
)
OTHER = ("server_error", None)
NO_MONEY = ("insufficient_quota", "insufficient_quota")


def encode_error(error: ProviderError) -> ErrorBody:
    """The error in OpenAI's shape."""
    status = status_of(error)
    named = next((words[1:] for words in WORDS if isinstance(error, words[0])), OTHER)
    kind, code = NO_MONEY if status == NO_CREDIT else named
    return ErrorBody(status, {"error": {"message": str(error), "type": kind, "param": None, "code": code}})
