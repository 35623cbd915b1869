"""Whether a conforming value hits a goal."""

from collections.abc import Callable, Mapping
from typing import Any

from casecraft.cases.nodes import Goal, Node
from casecraft.cases.shapes import is_sent, json_type, same_value
from casecraft.core.schema import Schema


def is_hit(goal: Goal, value: Any) -> bool:
    """Whether a value that conforms hits a valid goal of its node; branches are judged by their validators."""
    return _HITS[goal.kind](value, goal.argument, goal.node)


_Predicate = Callable[[Any, Any, Any], bool]


_HITS: dict[str, _Predicate] = {
    "enum": lambda value, member, _: same_value(value, member),
    "type": lambda value, name, _: json_type(value) == name or (name == "number" and json_type(value) == "integer"),
    "example": lambda value, number, node: same_value(value, node.samples[number - 1]),
    "branch": lambda *_: False,
    "valid": lambda *_: True,
    "null": lambda value, *_: value is None,
    "true": lambda value, *_: value is True,
    "false": lambda value, *_: value is False,
    "min-length": lambda value, length, _: isinstance(value, str) and len(value) == length,
    "max-length": lambda value, length, _: isinstance(value, str) and len(value) == length,
    "valid-format": lambda value, *_: isinstance(value, str),
    "non-ascii": lambda value, *_: isinstance(value, str) and not value.isascii(),
    "valid-pattern": lambda value, *_: isinstance(value, str),
    "minimum": lambda value, bound, _: is_number(value) and value == bound,
    "maximum": lambda value, bound, _: is_number(value) and value == bound,
    "min-items": lambda value, count, _: isinstance(value, list) and len(value) == count,
    "max-items": lambda value, count, _: isinstance(value, list) and len(value) == count,
    "min-properties": lambda value, count, _: isinstance(value, Mapping) and len(value) == count,
    "max-properties": lambda value, count, _: isinstance(value, Mapping) and len(value) == count,
    "minimal": lambda value, _, node: isinstance(value, Mapping) and value.keys() <= node.shape.required,
    "all-fields": lambda value, _, node: isinstance(value, Mapping) and fields_of(node) <= value.keys(),
}


_HITS |= {
    "then": lambda value, applied, node: _accepts(node, applied.schema, value),
    "else": lambda value, applied, node: not _accepts(node, applied.schema, value),
    "with-dependents": lambda value, name, _: isinstance(value, Mapping) and name in value,
    "named-field": lambda value, applied, node: not _accepts(node, _no_name_like(applied.name), value),
    "min-matching-items": lambda value, count, node: count in _matching_counts(node, value),
    "max-matching-items": lambda value, count, node: count in _matching_counts(node, value),
}


def _accepts(node: Node, schema: Schema, value: Any) -> bool:
    return node.context.validators.validator(schema).accepts(value)


def _no_name_like(pattern: str) -> Schema:
    return {"propertyNames": {"not": {"pattern": pattern}}}


def _matching_counts(node: Node, value: Any) -> list[int]:
    if not isinstance(value, list):
        return []
    schemas = [applied.schema for applied in node.shape.applied if applied.keyword == "contains"]
    return [sum(_accepts(node, schema, each) for each in value) for schema in schemas]


def is_number(value: Any) -> bool:
    """Whether a JSON value is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def fields_of(node: Node) -> set[str]:
    """The declared properties that may be sent."""
    return {name for name, schema in node.shape.properties.items() if is_sent(schema)}.difference(node.containers())
