"""What is wrong with a value, as targets: which rule of which place it breaks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from casecraft.cases.nodes import Node
from casecraft.cases.schema_paths import Path
from casecraft.cases.validators import Violation


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with a request: the target that it hits, and the message of the check."""

    target: str
    message: str


KINDS: Mapping[str, str] = {
    "required": "missing",
    "type": "wrong-type",
    "enum": "not-in-enum",
    "const": "not-in-enum",
    "minimum": "below-minimum",
    "exclusiveMinimum": "below-minimum",
    "maximum": "above-maximum",
    "exclusiveMaximum": "above-maximum",
    "multipleOf": "not-multiple",
    "minLength": "too-short",
    "maxLength": "too-long",
    "pattern": "wrong-pattern",
    "format": "wrong-format",
    "minItems": "too-few-items",
    "maxItems": "too-many-items",
    "uniqueItems": "duplicate-items",
    "minProperties": "too-few-properties",
    "maxProperties": "too-many-properties",
    "additionalProperties": "extra-field",
    "unevaluatedProperties": "extra-field",
    "anyOf": "no-branch",
    "oneOf": "several-branches",
    "falseSchema": "forbidden",
    "propertyNames": "wrong-name",
    "patternProperties": "wrong-named-field",
    "dependentRequired": "missing-dependent",
    "dependentSchemas": "wrong-dependent",
    "then": "wrong-then",
    "else": "wrong-else",
    "not": "not-allowed",
    "minContains": "too-few-matching-items",
    "maxContains": "too-many-matching-items",
}
"""The kinds of targets that broken keywords hit; others are named as the keyword is."""

RANKS: Mapping[str, int] = {
    "unexpected-null": 0,
    "wrong-type": 0,
    "not-in-enum": 1,
    "too-short": 2,
    "too-long": 2,
    "wrong-pattern": 3,
    "wrong-format": 4,
}
"""What is wrong at one place in two of these ways is one thing: the broader rule, of the lower rank, was broken, and
a server need not look at the narrower one."""

MESSAGE_LIMIT = 300


def findings_of(root: Node, value: Any, violations: Iterable[Violation]) -> tuple[Finding, ...]:
    """The things that are wrong with the value of a root node, each once."""
    by_place: dict[Path, dict[str, Finding]] = {}
    for violation in _independent(root, tuple(violations)):
        kind = _kind(violation, _at(value, violation.path))
        target = f"{_place(root, violation)}:{kind}"
        kinds = by_place.setdefault(violation.path, {})
        key = f"{kind} {violation.name}" if kind in ("extra-field", "missing-dependent") else kind
        kinds.setdefault(key, Finding(target, violation.message[:MESSAGE_LIMIT]))
    return tuple(finding for kinds in by_place.values() for finding in _broadest(kinds))


def _independent(root: Node, violations: tuple[Violation, ...]) -> tuple[Violation, ...]:
    """The violations without those that only follow from others.

    Where a schema fails, JSON Schema drops what it says of the value's properties, and `unevaluatedProperties` takes
    them for undeclared ones. A property of the node's own shape is declared by a schema that has to hold in any case.
    """
    kept = tuple(
        each
        for each in violations
        if each.keyword != "unevaluatedProperties" or each.name not in _node_at(root, each.path).shape.properties
    )
    return kept or violations


def _node_at(root: Node, path: Path) -> Node:
    for step in path:
        root = root.locate(step)
    return root


def _broadest(kinds: Mapping[str, Finding]) -> list[Finding]:
    ranked = [kind for kind in kinds if kind in RANKS]
    if not ranked:
        return list(kinds.values())
    lowest = min(RANKS[kind] for kind in ranked)
    first = next(kind for kind in ranked if RANKS[kind] == lowest)
    if lowest <= 1:
        return [kinds[first]]
    return [finding for kind, finding in kinds.items() if kind == first or kind not in RANKS]


def _kind(violation: Violation, value: Any) -> str:
    if value is None and violation.keyword in ("type", "enum", "const"):
        return "unexpected-null"
    return KINDS.get(violation.keyword, violation.keyword)


_NOWHERE = object()


def _at(value: Any, path: Path) -> Any:
    for step in path:
        if isinstance(value, Mapping):
            value = value.get(step, _NOWHERE)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return _NOWHERE
    return value


def _place(root: Node, violation: Violation) -> str:
    """The id of the place; a property that is missing keeps its name, declared or not."""
    node = _node_at(root, violation.path[:-1])
    if violation.keyword == "dependentRequired":
        return f"{(node.locate(violation.path[-1]) if violation.path else node).id}.{violation.name}"
    if not violation.path:
        return node.id
    last = violation.path[-1]
    return f"{node.id}.{last}" if violation.keyword == "required" else node.locate(last).id
