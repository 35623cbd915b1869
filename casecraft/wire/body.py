"""Values as JSON, in bodies of requests and in texts within them."""

import json
from collections.abc import Mapping, Sequence

import orjson

from casecraft.errors import InvalidRequestError


def encode_body(body: object) -> bytes:
    """A body, or a part of one, as JSON.

    Raises `TypeError` for what JSON cannot say, and `InvalidRequestError` for what is nested too deeply to be written.
    """
    try:
        return orjson.dumps(body, default=_plain)
    except TypeError:  # numbers beyond 64 bits, and what is nested deeper than this encoder goes
        return _encode_slowly(body)


def _encode_slowly(body: object) -> bytes:
    try:
        return json.dumps(body, default=_plain, separators=(",", ":")).encode()
    except RecursionError as error:
        raise InvalidRequestError("a value is nested too deeply to be written as JSON", status=400) from error


def _plain(value: object) -> object:
    """Mappings and sequences of any kind, as the kinds that the encoder knows."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence | set | frozenset):
        return list(value)
    raise TypeError(f"JSON cannot hold a {type(value).__name__}")
