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
from casecraft.wire.error_status import status_of

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


def encode_error(error: ProviderError) -> ErrorBody:
    """The error in OpenAI's shape."""
    kind, code = next((words[1:] for words in WORDS if isinstance(error, words[0])), OTHER)
    return ErrorBody(status_of(error), {"error": {"message": str(error), "type": kind, "param": None, "code": code}})
