"""Triton: errors as its clients expect them."""

from casecraft.errors import ProviderError
from casecraft.wire.dialect import ErrorBody
from casecraft.wire.error_status import status_of


def encode_error(error: ProviderError) -> ErrorBody:
    """The error in Triton's shape: its words alone."""
    return ErrorBody(status_of(error), {"error": str(error)})
