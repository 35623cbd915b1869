"""What a text of XML may mean by its schema: XML Schema writes numbers and booleans in more ways than JSON."""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from casecraft.cases.nodes import Node
from casecraft.cases.styles import wire_text

LONGEST_NUMBER: Final = 300
"""Digits of a number that is read, at most."""

BLANK: Final = " \t\r\n"
"""What XML counts as space."""

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(\.[0-9]*)?|(\.[0-9]+))([eE][+-]?[0-9]+)?")
_BOOLEANS: Final[Mapping[str, bool]] = {"true": True, "false": False, "1": True, "0": False}


def xml_scalars(node: Node, text: str) -> Iterator[Any]:
    """The values of the node's types that a text stands for, likeliest first; itself at last."""
    shape, plain = node.shape, text.strip(BLANK)
    types = shape.types if shape.typed or shape.members is not None else frozenset({"string"})
    for member in shape.members or ():
        if member is not None and not isinstance(member, list | Mapping) and wire_text(member) == text:
            yield member
    number = _number(plain) if types & {"integer", "number"} else None
    if number is not None and ("number" in types or isinstance(number, int)):
        yield number
    if "boolean" in types and plain in _BOOLEANS:
        yield _BOOLEANS[plain]
    yield text


def is_too_large(node: Node, text: str) -> bool:
    """Whether a text is a number that is too large to be read, where a number is meant."""
    plain = text.strip(BLANK)
    if not node.shape.types & {"integer", "number"} or not (node.shape.typed or node.shape.members is not None):
        return False
    return _NUMBER.fullmatch(plain) is not None and _number(plain) is None


def _number(text: str) -> int | float | None:
    found = _NUMBER.fullmatch(text)
    if found is None or len(text) > LONGEST_NUMBER or not math.isfinite(float(text)):
        return None
    return float(text) if any(found.groups()) else int(text)
