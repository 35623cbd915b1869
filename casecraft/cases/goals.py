"""The goals of a node: what a value at this place may exercise, on the right and on the wrong side of each rule."""

from collections.abc import Iterator
from typing import Any

from casecraft.cases.applied_kinds import applied_invalid_kinds, applied_valid_kinds, kind_number
from casecraft.cases.nodes import Goal, Node
from casecraft.cases.numbers import beyond, ends_of
from casecraft.cases.patterns import is_readable
from casecraft.cases.shapes import Applied
from casecraft.cases.spreading import BRANCH_SAMPLE, spread
from casecraft.cases.wording import describe, short_text, technique_of
from casecraft.cases.xml_markup import node_type
from casecraft.core.schema import BEYOND_INT32

MEMBER_SAMPLE = 20
"""Members of one enum that get a target."""

EXAMPLE_LIMIT = 3
"""The document's own bodies that get a target, for one endpoint."""

ITEM_LIMIT = 1024
"""No list longer and no mapping wider than this is ever made."""


def sampling_notes(node: Node) -> list[str]:
    """What of a long list of values or branches is left out."""
    members = len(node.shape.members or ())
    branches = len(node.shape.choices[0].branches) if node.shape.choices else 0
    counts = ((members, MEMBER_SAMPLE, "listed values"), (branches, BRANCH_SAMPLE, "branches"))
    return [
        f"{node.id}: {limit} of {count} {what} have a target, evenly spread"
        for count, limit, what in counts
        if count > limit
    ]


def node_goals(node: Node) -> list[Goal]:
    """All goals of one node, valid ones first."""
    goals = [_goal(node, kind, True, argument) for kind, argument in _valid_kinds(node)]
    goals.extend(_goal(node, kind, False, argument) for kind, argument in _invalid_kinds(node))
    return goals


def _goal(node: Node, kind: str, valid: bool, argument: Any) -> Goal:
    shown = _shown(argument)
    return Goal(
        _goal_id(node, kind, argument), kind, valid, technique_of(kind), describe(node, kind, shown), node, argument
    )


def _shown(argument: Any) -> Any:
    if isinstance(argument, Applied):
        return argument.name or None
    return " without ".join(argument) if isinstance(argument, tuple) else argument


def _goal_id(node: Node, kind: str, argument: Any) -> str:
    if kind == "branch":
        return f"{node.id}/{node.shape.choices[0].keyword}:{argument}"
    if kind in ("enum", "type", "example"):
        return f"{node.id}:{kind}={short_text(argument)}"
    if kind in ("with-dependents", "named-field"):
        return f"{node.id}:{kind}={short_text(_shown(argument))}"
    if kind == "missing-dependent":
        return f"{node.id}.{argument[1]}:{kind}"
    number = kind_number(node, kind, argument)
    return f"{node.id}:{kind}" + (f"={number}" if number else "")


def _valid_kinds(node: Node) -> list[tuple[str, Any]]:
    shape = node.shape
    if shape.members is not None:
        members = [shape.members[index] for index in spread(len(shape.members), MEMBER_SAMPLE)]
        return [("enum", member) for member in members if member is not None or node.carrier == "json"]
    kinds: list[tuple[str, Any]] = []
    if node.parent is None and node.carrier in ("json", "form", "xml"):
        kinds.extend(("example", number + 1) for number in range(min(len(node.samples), EXAMPLE_LIMIT)))
    kinds.extend(("branch", number) for number, _ in node.sampled_branches())
    kinds.extend(_kinds_of_type(node))
    kinds.extend(applied_valid_kinds(node))
    if "null" in shape.types and shape.typed and node.carrier == "json":
        kinds.append(("null", None))
    return kinds or [("valid", None)]


def _kinds_of_type(node: Node) -> Iterator[tuple[str, Any]]:
    shape = node.shape
    if shape.typed and not shape.choices:
        named = sorted(shape.types - {"null"} - ({"integer"} if "number" in shape.types else set()))
        if len(named) > 1 and node.carrier in ("json", "query"):
            yield from (("type", name) for name in named)
    if not shape.typed and shape.likely_type == "string" and not _speaks_of_text(node):
        return
    yield from _text_kinds(node)
    yield from _number_kinds(node)
    if shape.types - {"null"} == {"boolean"}:
        yield from (("true", None), ("false", None))
    yield from _array_kinds(node)
    yield from _object_kinds(node)


def _speaks_of_text(node: Node) -> bool:
    shape = node.shape
    return bool(shape.patterns or shape.format or shape.length.least or shape.length.most is not None)


def _text_kinds(node: Node) -> Iterator[tuple[str, Any]]:
    shape = node.shape
    if "string" not in shape.types:
        return
    if shape.length.least:
        yield "min-length", shape.length.least
    if shape.length.most is not None:
        yield "max-length", shape.length.most
    if shape.format in CHECKED_FORMATS:
        yield "valid-format", shape.format
    if shape.patterns:
        yield from (("valid-pattern", pattern) for pattern in shape.patterns[:1] if is_readable(pattern))
    elif node.carrier in ("json", "xml") and shape.format is None and shape.typed and shape.length.most != 0:
        yield "non-ascii", None


CHECKED_FORMATS = frozenset(
    [
        "date",
        "date-time",
        "time",
        "duration",
        "email",
        "idn-email",
        "hostname",
        "idn-hostname",
        "ipv4",
        "ipv6",
        "uri",
        "uri-reference",
        "iri",
        "iri-reference",
        "uri-template",
        "uuid",
        "json-pointer",
        "relative-json-pointer",
        "regex",
    ]
)
"""The formats that the validator checks."""


def _number_kinds(node: Node) -> Iterator[tuple[str, Any]]:
    shape = node.shape
    if not shape.types & {"integer", "number"}:
        return
    lowest, highest = ends_of(shape)
    bounds = shape.bounds
    # What a format alone allows is seldom meant: that it is refused beyond says enough.
    if lowest is not None and not (bounds.open_below and bounds.minimum == BEYOND_INT32[0]):
        yield "minimum", lowest
    if highest is not None and not (bounds.open_above and bounds.maximum == BEYOND_INT32[1]):
        yield "maximum", highest


def _array_kinds(node: Node) -> Iterator[tuple[str, Any]]:
    size = node.shape.size
    if "array" not in node.shape.types:
        return
    if size.least:
        yield "min-items", size.least
    if size.most is not None and (size.most or node.carrier == "json"):
        yield "max-items", size.most


def _object_kinds(node: Node) -> Iterator[tuple[str, Any]]:
    shape = node.shape
    if "object" not in shape.types:
        return
    if any(name not in shape.required for name in shape.properties):
        may_be_minimal = shape.width.least <= len(shape.required)
        if may_be_minimal and (shape.required or node.carrier in ("json", "xml") or node.parent is None):
            yield "minimal", None
        yield "all-fields", None
    if shape.width.least:
        yield "min-properties", shape.width.least
    if shape.width.most is not None:
        yield "max-properties", shape.width.most


def _invalid_kinds(node: Node) -> Iterator[tuple[str, Any]]:
    shape = node.shape
    if node.required and _may_be_missing(node):
        yield "missing", None
    if shape.members is not None and shape.types:
        yield "not-in-enum", None
    if shape.members is None:
        yield from _broken_text(node)
        yield from _broken_number(node)
        yield from _broken_container(node)
        yield from applied_invalid_kinds(node)
    if shape.typed and _may_have_wrong_type(node):
        yield "wrong-type", None
    if shape.typed and "null" not in shape.types and node.carrier == "json" and node.required:
        yield "unexpected-null", None


def _may_be_missing(node: Node) -> bool:
    """Fields and parameters may, but not one of the path; that the whole body is missing is no affair of its node."""
    return isinstance(node.step, str) or (node.parent is None and node.carrier in ("query", "header", "cookie"))


def _may_have_wrong_type(node: Node) -> bool:
    """Optional places deep inside are left out: a suite of wrong types says little more with them."""
    types = node.shape.types
    if node.depth > 1 and not node.required:
        return False
    if node.carrier == "json":
        return bool({"string", "integer", "object"} - types)
    return "string" not in types and not types & {"array", "object"} and node.shape.members is None


def _broken_text(node: Node) -> Iterator[tuple[str, Any]]:
    shape = node.shape
    if "string" not in shape.types:
        return
    if shape.length.least:
        yield "too-short", shape.length.least - 1
    if shape.length.most is not None:
        yield "too-long", shape.length.most + 1
    if shape.patterns and is_readable(shape.patterns[0]):
        yield "wrong-pattern", shape.patterns[0]
    if shape.format in CHECKED_FORMATS:
        yield "wrong-format", shape.format


def _broken_number(node: Node) -> Iterator[tuple[str, Any]]:
    shape = node.shape
    if not shape.types & {"integer", "number"}:
        return
    below, above = beyond(shape)
    if below is not None:
        yield "below-minimum", below
    if above is not None:
        yield "above-maximum", above
    if shape.multiple_of is not None and not (shape.multiple_of == 1 and "number" not in shape.types):
        yield "not-multiple", shape.multiple_of


def _shows_emptiness(node: Node) -> bool:
    """Whether an empty list looks otherwise than none at all."""
    in_element = node.required or node.parent is None or node_type(node.shape) == "element"
    return node.carrier == "json" or (node.carrier == "xml" and in_element)


def _broken_container(node: Node) -> Iterator[tuple[str, Any]]:
    shape = node.shape
    if "array" in shape.types:
        if shape.size.least > (not _shows_emptiness(node)):
            yield "too-few-items", shape.size.least - 1
        if shape.size.most is not None:
            yield "too-many-items", shape.size.most + 1
        if shape.unique and shape.size.most != 1:
            yield "duplicate-items", None
    if "object" in shape.types:
        if shape.width.least:
            yield "too-few-properties", shape.width.least - 1
        if shape.width.most is not None:
            yield "too-many-properties", shape.width.most + 1
        if shape.additional is False and node.carrier in ("json", "form", "xml"):
            yield "extra-field", None
