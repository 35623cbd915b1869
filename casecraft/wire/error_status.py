"""The HTTP status with which a client is told of an error."""

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

STATUSES: tuple[tuple[type[ProviderError], int], ...] = (
    (AuthenticationError, 401),
    (RateLimitError, 429),
    (ModelNotFoundError, 404),
    (ContextTooLongError, 400),
    (ContentFilteredError, 400),
    (InvalidRequestError, 400),
    (ProviderTimeoutError, 504),
    (ServerError, 500),
)
BAD_GATEWAY = 502
NO_CREDIT = 402


def status_of(error: ProviderError) -> int:
    """The status that fits; 502 where the provider alone is to blame in some other way.

    That no money is left keeps its own: at 401 clients ask their users for another key.
    """
    if isinstance(error, AuthenticationError) and error.status == NO_CREDIT:
        return NO_CREDIT
    return next((status for kind, status in STATUSES if isinstance(error, kind)), BAD_GATEWAY)
