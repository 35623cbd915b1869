"""Gemini: names of fields, which clients may write in either of the two ways of Google's JSON.

Source: https://protobuf.dev/programming-guides/json/ (parsers accept `lowerCamelCase` and the original `snake_case`).
"""

import re
from collections.abc import Mapping
from typing import Any

UNDERSCORED = re.compile(r"(?<=[a-z0-9])_([a-z0-9])")


def with_camel_names(source: Mapping[str, Any]) -> dict[str, Any]:
    """An object with its own fields in `lowerCamelCase`; what they hold stays as it is."""
    return {UNDERSCORED.sub(lambda found: found[1].upper(), name): value for name, value in source.items()}
