"""JSON as it stands in a suite's files: two spaces, UTF-8, a newline at the end."""

import json
from collections.abc import Mapping
from typing import Any

import orjson


def to_json(value: Any) -> bytes:
    """Write a value as JSON text.

    What orjson cannot write (lone surrogates, integers of more than 64 bits) goes through the standard library,
    with lone surrogates as the escapes that JSON has for them.
    """
    try:
        return orjson.dumps(value, default=_plain, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    except TypeError:
        text = json.dumps(value, ensure_ascii=False, indent=2, default=_plain)
        return text.encode("utf-8", "backslashreplace") + b"\n"


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is no JSON value")
