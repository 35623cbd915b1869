"""What a server that follows the schema understands when it reads text off the wire."""

import json
from collections.abc import Iterator
from typing import Any

from casecraft.cases.nodes import Node
from casecraft.cases.styles import PRIMITIVES, Raw, is_repeated, is_split, scalar_readings, split, wire_text
from casecraft.cases.xml_scalars import xml_scalars
from casecraft.core.endpoint import Parameter


def coerce(parameter: Parameter, node: Node, raw: Raw) -> Any:
    """The JSON value that a raw one stands for: the first reading that conforms, or else the likeliest one."""
    if parameter.content_type is not None and isinstance(raw, str):
        return _loaded(raw)
    if isinstance(raw, list):
        return _list_or_text(parameter, node, raw)
    if isinstance(raw, dict):
        return {name: coerce(parameter, node.locate(name), each) for name, each in raw.items()}
    readings = list(_readings(parameter, node, raw)) or [raw]
    if len(readings) == 1:
        return readings[0]
    return next((each for each in readings if node.validator.accepts(each)), readings[0])


def is_ambiguous(node: Node, text: str) -> bool:
    """Whether a text, read as one type or as another, fits several branches of the node's `oneOf`."""
    if not node.shape.choices or node.shape.choices[0].keyword != "oneOf":
        return False
    return sum(_fits(branch, text) for branch in node.branches()) > 1


def _fits(branch: Node, text: str) -> bool:
    readings = xml_scalars(branch, text) if branch.carrier == "xml" else _scalars(branch, text)
    return any(branch.validator.accepts(reading) for reading in readings)


def _items(parameter: Parameter, node: Node, raw: list[Any]) -> list[Any]:
    return [coerce(parameter, node.locate(index), each) for index, each in enumerate(raw)]


def _list_or_text(parameter: Parameter, node: Node, raw: list[Any]) -> Any:
    """The list; or its text, where it is sent as one text alone and only that conforms."""
    items = _items(parameter, node, raw)
    if len(raw) != 1 or not is_repeated(parameter) or not (node.shape.typed and node.shape.types & PRIMITIVES):
        return items
    if node.validator.accepts(items):
        return items
    text = coerce(parameter, node, raw[0])
    return text if node.validator.accepts(text) else items


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _readings(parameter: Parameter, node: Node, text: str) -> Iterator[Any]:
    yield from _scalars(node, text)
    if node.shape.typed and is_split(parameter, node.shape.types):
        parts = split(parameter, node.shape, text)
        yield _items(parameter, node, parts) if isinstance(parts, list) else coerce(parameter, node, parts)


def _scalars(node: Node, text: str) -> Iterator[Any]:
    types = node.shape.types
    if node.shape.members is not None:
        yield from (member for member in node.shape.members if wire_text(member) == text)
    if types & PRIMITIVES or not types & {"array", "object"}:
        yield from scalar_readings(text, types if node.shape.typed or node.shape.members else frozenset({"string"}))
