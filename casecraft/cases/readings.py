"""What a server that follows the schema understands when it reads text off the wire."""

import json
from collections.abc import Iterator
from typing import Any

from casecraft.cases.nodes import Node
from casecraft.cases.styles import PRIMITIVES, Raw, is_split, scalar_readings, split, wire_text
from casecraft.core.endpoint import Parameter


def coerce(parameter: Parameter, node: Node, raw: Raw) -> Any:
    """The JSON value that a raw one stands for: the first reading that conforms, or else the likeliest one."""
    if parameter.content_type is not None and isinstance(raw, str):
        return _loaded(raw)
    if isinstance(raw, list):
        return [coerce(parameter, node.locate(index), each) for index, each in enumerate(raw)]
    if isinstance(raw, dict):
        return {name: coerce(parameter, node.locate(name), each) for name, each in raw.items()}
    readings = list(_readings(parameter, node, raw)) or [raw]
    if len(readings) == 1:
        return readings[0]
    return next((each for each in readings if node.validator.accepts(each)), readings[0])


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _readings(parameter: Parameter, node: Node, text: str) -> Iterator[Any]:
    types = node.shape.types
    if node.shape.members is not None:
        yield from (member for member in node.shape.members if wire_text(member) == text)
    if types & PRIMITIVES or not types & {"array", "object"}:
        yield from scalar_readings(text, types if node.shape.typed or node.shape.members else frozenset({"string"}))
    if node.shape.typed and is_split(parameter, types):
        yield coerce(parameter, node, split(parameter, node.shape, text))
