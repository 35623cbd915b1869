"""Replicate: errors as its clients expect them."""

from casecraft.errors import ProviderError
from casecraft.wire.dialect import ErrorBody
from casecraft.wire.error_status import status_of


def encode_error(error: ProviderError) -> ErrorBody:
    """The error as problem details (RFC 9457)."""
    status = status_of(error)
    return ErrorBody(status, {"title": "The prediction failed", "detail": str(error), "status": status})
