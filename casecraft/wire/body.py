"""Bodies of requests as bytes."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson


def encode_body(body: Mapping[str, Any]) -> bytes:
    """A body, or a part of one, as JSON. Raises `TypeError` for what JSON cannot say."""
    return orjson.dumps(body, default=_plain)


def _plain(value: object) -> object:
    """Mappings and sequences of any kind, as the kinds that the encoder knows."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence | set | frozenset):
        return list(value)
    raise TypeError(f"JSON cannot hold a {type(value).__name__}")
