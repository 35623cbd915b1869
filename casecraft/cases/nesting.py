"""The probe of what OpenAPI leaves open: how lists and mappings inside the style `deepObject` are written."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from casecraft.cases.bodies import Field
from casecraft.cases.composition import minimal, object_value
from casecraft.cases.judgement import Reading
from casecraft.cases.nodes import Goal, Node
from casecraft.cases.styles import Raw

NESTED = "nested-deep-object"


def add_nesting_probe(field: Field) -> Iterator[Goal]:
    """The probe of a parameter, if it is one of that style and may have a list or a mapping inside."""
    node = field.node
    if _is_deep(field) and _nested(node):
        description = f"{node.id}: a list or a mapping inside `deepObject`, which OpenAPI leaves open"
        yield Goal(f"{node.id}:{NESTED}", NESTED, True, "error_guessing", description, node, probe=True)


def with_nesting_probe(reading: Reading, field: Field, raw: Raw) -> Reading:
    """The reading of a parameter, as a probe where its raw value has a list or a mapping inside."""
    if _is_deep(field) and isinstance(raw, dict) and any(isinstance(each, list | dict) for each in raw.values()):
        return replace(reading, hits=frozenset(), probes=frozenset({f"{field.node.id}:{NESTED}"}))
    return reading


def nested_values(node: Node) -> Iterator[tuple[Node, Any]]:
    """Values of a parameter, with its node, that have a list or a mapping inside. Raises NoValueError."""
    for name in _nested(node):
        yield node, {**object_value(node), name: minimal(node.child(name))}


def _is_deep(field: Field) -> bool:
    return field.parameter.style == "deepObject" and field.parameter.content_type is None


def _nested(node: Node) -> list[str]:
    return [name for name in node.shape.properties if node.child(name).shape.likely_type in ("array", "object")]
