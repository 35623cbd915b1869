"""Keys of JSON values: equal for equal values, whatever the order of their fields."""

import json
from typing import Any

import orjson


def stable_key(value: Any) -> bytes:
    """The value as JSON with sorted fields. Numbers beyond 64 bits and lone surrogates are taken too."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        return json.dumps(value, sort_keys=True, default=repr).encode()
