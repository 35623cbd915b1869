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

# Status, type and code, as OpenAI pairs them.
WORDS: tuple[tuple[type[ProviderError], int, str, str | None], ...] = (
    (AuthenticationError, 401, "invalid_request_error", "invalid_api_key"),
    (RateLimitError, 429, "requests", "rate_limit_exceeded"),
    (ModelNotFoundError, 404, "invalid_request_error", "model_not_found"),
    (ContextTooLongError, 400, "invalid_request_error", "context_length_exceeded"),
    (ContentFilteredError, 400, "invalid_request_error", "content_filter"),
    (InvalidRequestError, 400, "invalid_request_error", None),
    (ProviderTimeoutError, 504, "server_error", None),
    (ServerError, 500, "server_error", None),
)
OTHER = (502, "server_error", None)


def encode_error(error: ProviderError) -> ErrorBody:
    """The error in OpenAI's shape."""
    found = next((words[1:] for words in WORDS if isinstance(error, words[0])), OTHER)
    status, kind, code = found
    return ErrorBody(status, {"error": {"message": str(error), "type": kind, "param": None, "code": code}})
