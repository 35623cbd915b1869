"""What there is to exercise about keywords that apply other schemas, on the right and on the wrong side."""

from collections.abc import Iterator
from typing import Any

from casecraft.cases.nodes import Node
from casecraft.cases.shapes import Applied, same_value

Kind = tuple[str, Any]
"""The sort of a target and what it is about."""


def applied_valid_kinds(node: Node) -> Iterator[Kind]:
    """Conforming values: each condition on and off, each field that others hang on, the counts of `contains`."""
    for applied in node.shape.applied:
        if applied.keyword == "if":
            yield "then", applied
            yield "else", applied
        elif applied.keyword == "contains":
            if applied.least:
                yield "min-matching-items", applied.least
            if applied.most is not None:
                yield "max-matching-items", applied.most
        elif applied.keyword == "patternProperties" and applied.schema is not False:
            yield "named-field", applied
    for name in _with_dependents(node):
        yield "with-dependents", name


def applied_invalid_kinds(node: Node) -> Iterator[Kind]:
    """Values that break such a keyword and nothing else."""
    for applied in node.shape.applied:
        yield from _broken(node, applied)
    for name, dependents in node.shape.dependent.items():
        for dependent in dependents:
            if dependent not in node.shape.required:
                yield "missing-dependent", (name, dependent)
    if _branches_may_overlap(node):
        yield "several-branches", None


def _broken(node: Node, applied: Applied) -> Iterator[Kind]:
    if applied.keyword == "if":
        if applied.then is not True:
            yield "wrong-then", applied
        if applied.otherwise is not True:
            yield "wrong-else", applied
    elif applied.keyword == "contains":
        if applied.least:
            yield "too-few-matching-items", applied.least - 1
        if applied.most is not None:
            yield "too-many-matching-items", applied.most + 1
    elif applied.keyword == "propertyNames":
        if node.shape.additional is not False:
            yield "wrong-name", None
    elif applied.schema is not True:
        yield _WRONG[applied.keyword], applied


_WRONG = {"not": "not-allowed", "patternProperties": "wrong-named-field", "dependentSchemas": "wrong-dependent"}


def _with_dependents(node: Node) -> list[str]:
    schemas = [applied.name for applied in node.shape.applied if applied.keyword == "dependentSchemas"]
    return list(dict.fromkeys([*node.shape.dependent, *schemas]))


def _branches_may_overlap(node: Node) -> bool:
    if not node.shape.choices or node.shape.choices[0].keyword != "oneOf":
        return False
    branches = node.branches()
    pairs = ((one, other) for index, one in enumerate(branches) for other in branches[index + 1 :])
    return any(one.shape.types & other.shape.types and not _are_told_apart(one, other) for one, other in pairs)


def _are_told_apart(one: Node, other: Node) -> bool:
    """Whether a required field, as one that a discriminator names, has other values in one branch than in the other."""
    if one.shape.types != {"object"} or other.shape.types != {"object"}:
        return False
    for name in sorted(one.shape.required & other.shape.required):
        here, there = one.child(name).shape.members, other.child(name).shape.members
        if here and there and not any(same_value(each, value) for each in here for value in there):
            return True
    return False


def kind_number(node: Node, kind: str, argument: Any) -> int:
    """Which of several conditions of one node a target is about, from 1; 0 where there is one alone."""
    if kind not in ("then", "else"):
        return 0
    conditions = [applied for applied in node.shape.applied if applied.keyword == "if"]
    return conditions.index(argument) + 1 if len(conditions) > 1 else 0
