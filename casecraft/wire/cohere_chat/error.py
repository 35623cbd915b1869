"""Cohere's chat: errors as its clients expect them."""

from casecraft.errors import ProviderError
from casecraft.wire.dialect import ErrorBody
from casecraft.wire.error_status import status_of


def encode_error(error: ProviderError) -> ErrorBody:
    """The error in Cohere's shape."""
    return ErrorBody(status_of(error), {"message": str(error)})
