"""What goals are called, for people."""

import json
from typing import Any

from casecraft.cases.nodes import Node
from casecraft.core.case import Technique

SHOWN = 60
"""Characters of a value that an id or a description shows."""


def short_text(value: Any) -> str:
    """A value for people: strings bare, long ones cut."""
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}..."


_BOUNDARIES = frozenset(
    [
        "minimum",
        "maximum",
        "min-length",
        "max-length",
        "min-items",
        "max-items",
        "min-properties",
        "max-properties",
        "below-minimum",
        "above-maximum",
        "too-short",
        "too-long",
        "too-few-items",
        "too-many-items",
        "too-few-properties",
        "too-many-properties",
        "min-matching-items",
        "max-matching-items",
        "too-few-matching-items",
        "too-many-matching-items",
    ]
)


_GUESSES = frozenset({"wrong-type", "unexpected-null", "extra-field", "duplicate-items", "null", "non-ascii"})


_DECISIONS = frozenset(
    ["then", "else", "with-dependents", "wrong-then", "wrong-else", "wrong-dependent", "missing-dependent"]
)
"""Where what one field has decides what another may have."""


def technique_of(kind: str) -> Technique:
    """The technique that a sort of target belongs to."""
    if kind in _DECISIONS:
        return "decision_table_testing"
    if kind in _BOUNDARIES:
        return "boundary_value_analysis"
    return "error_guessing" if kind in _GUESSES else "equivalence_partitioning"


def describe(node: Node, kind: str, argument: Any) -> str:
    """One line for people about a goal."""
    place = node.id
    if argument is None or kind in ("branch", "type", "example"):
        return f"{place}: {_WORDS.get(kind, kind)}" + (f" {argument}" if argument is not None else "")
    return f"{place}: {_WORDS.get(kind, kind)} ({short_text(argument)})"


_WORDS = {
    "enum": "one of the listed values",
    "branch": "branch",
    "example": "the document's own example",
    "type": "a value of type",
    "valid": "a conforming value",
    "valid-format": "a value of the format",
    "valid-pattern": "a value that fits the pattern",
    "non-ascii": "text in other scripts",
    "null": "null, which is allowed",
    "minimal": "only what is required",
    "all-fields": "every field",
    "missing": "required, but missing",
    "wrong-type": "a value of another type",
    "unexpected-null": "null, which is not allowed",
    "not-in-enum": "none of the listed values",
    "wrong-format": "not of the format",
    "wrong-pattern": "does not fit the pattern",
    "not-multiple": "not a multiple",
    "extra-field": "a field that is not allowed",
    "duplicate-items": "the same item twice",
    "minimum": "the smallest value allowed",
    "maximum": "the largest value allowed",
    "min-length": "the shortest text allowed",
    "max-length": "the longest text allowed",
    "min-items": "as few items as allowed",
    "max-items": "as many items as allowed",
    "min-properties": "as few fields as allowed",
    "max-properties": "as many fields as allowed",
    "below-minimum": "below the minimum",
    "above-maximum": "above the maximum",
    "too-short": "shorter than allowed",
    "too-long": "longer than allowed",
    "too-few-items": "fewer items than allowed",
    "too-many-items": "more items than allowed",
    "too-few-properties": "fewer fields than allowed",
    "too-many-properties": "more fields than allowed",
    "then": "the condition of `if` holds",
    "else": "the condition of `if` does not hold",
    "with-dependents": "a field with those that have to stand beside it",
    "named-field": "a field whose name fits the pattern",
    "min-matching-items": "as few items as allowed that match `contains`",
    "max-matching-items": "as many items as allowed that match `contains`",
    "wrong-then": "the condition of `if` holds and what follows from it does not",
    "wrong-else": "the condition of `if` does not hold, nor does what then follows",
    "wrong-dependent": "a field without what its presence asks for",
    "missing-dependent": "a field without the one that has to stand beside it",
    "not-allowed": "a value that `not` excludes",
    "wrong-name": "a field with a name that is not allowed",
    "wrong-named-field": "a wrong value in a field whose name fits the pattern",
    "too-few-matching-items": "fewer items that match `contains` than needed",
    "too-many-matching-items": "more items that match `contains` than allowed",
    "several-branches": "a value that fits more than one branch",
    "true": "true",
    "false": "false",
}
