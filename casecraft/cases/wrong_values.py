"""Values that are wrong in one way."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from casecraft.cases.applying import APPLIED_GOALS, applying_values
from casecraft.cases.composition import check_length, fields_to_send, list_value, minimal, named, object_value, widened
from casecraft.cases.format_texts import format_texts
from casecraft.cases.nodes import Goal, Node
from casecraft.cases.numbers import ends_of, moved, nearest, off_grid
from casecraft.cases.shapes import Size, json_type
from casecraft.cases.surroundings import least_mapping
from casecraft.cases.texts import breaking_format, breaking_pattern, matching_texts, of_length


def invalid_values(node: Node, goal: Goal) -> Iterator[Any]:
    """Values that may break just the rule that an invalid goal is about; `missing` is not among them.

    Raises NoValueError where it is clear that there is none.
    """
    if goal.kind in APPLIED_GOALS:
        return applying_values(node, goal)
    return _BREAKERS[goal.kind](node, goal.argument)


def _wrong_types(node: Node, _: Any) -> Iterator[Any]:
    if node.carrier != "json":
        yield "not-a-value"
        return
    others = (["unexpected"], "not-a-value") if "object" in node.shape.types else ("not-a-value", 12345)
    for value in (*others, {"unexpected": True}, 12345, True, ["unexpected"]):
        if json_type(value) not in node.shape.types:
            yield value


def _no_members(node: Node, _: Any) -> Iterator[Any]:
    members = node.shape.members or ()
    if "string" in node.shape.types or not node.shape.types:
        yield from ("not-a-listed-value", "NOT_LISTED", "zzz")
    numbers = [member for member in members if json_type(member) in ("integer", "number")]
    if numbers:
        yield moved(max(numbers), 1, 1)
        yield moved(max(numbers), 1, 1000)
    if "boolean" in node.shape.types:
        yield from (True, False)
    if "object" in node.shape.types:
        yield {"unexpected": True}
    if "array" in node.shape.types:
        yield ["unexpected"]


def _wrong_length(node: Node, length: int) -> Iterator[Any]:
    check_length(node, length)
    for pattern in node.shape.patterns:
        yield from (text for text in matching_texts(pattern, Size(length, length)) if len(text) == length)
    yield from format_texts(node.shape.format, Size(length, length))
    yield of_length(named(node), length)
    yield "a" * length


def _between_multiples(node: Node) -> Iterator[Any]:
    for wish in (1, 12.5, ends_of(node.shape)[0] or 0):
        yield off_grid(node.shape, nearest(node.shape, wish))


def _repeated_items(node: Node, _: Any) -> Iterator[Any]:
    count = max(node.shape.size.least, 2)
    items = list_value(node, count - 1)
    yield [*items, items[0]]


def _other_count(node: Node, count: int) -> Iterator[Any]:
    if node.shape.items is False and count > len(node.shape.prefix):
        yield [*list_value(node, len(node.shape.prefix)), "unexpected"]
    else:
        yield list_value(node, count)


def _other_width(node: Node, count: int) -> Iterator[Any]:
    value = dict(object_value(node))
    if count > len(value):
        filled = {name: minimal(node.child(name)) for name in fields_to_send(node) if not node.child(name).is_recursive}
        yield widened(node, {**value, **dict(list(filled.items())[: count - len(value)])}, count)
    optional = [name for name in value if name not in node.shape.required]
    yield {name: each for name, each in value.items() if name not in optional[count - len(value) :]}
    yield {}


def _extra_field(node: Node, _: Any) -> Iterator[Any]:
    yield {**least_mapping(node), "unexpectedField": "unexpected"}


_BREAKERS: Mapping[str, Callable[[Node, Any], Iterator[Any]]] = {
    "wrong-type": _wrong_types,
    "unexpected-null": lambda _node, _: iter((None,)),
    "not-in-enum": _no_members,
    "too-short": _wrong_length,
    "too-long": _wrong_length,
    "wrong-pattern": lambda node, _: breaking_pattern(node.shape.length),
    "wrong-format": lambda node, name: breaking_format(name, node.shape.length),
    "below-minimum": lambda _, bound: iter((bound,)),
    "above-maximum": lambda _, bound: iter((bound,)),
    "not-multiple": lambda node, _: _between_multiples(node),
    "too-few-items": _other_count,
    "too-many-items": _other_count,
    "duplicate-items": _repeated_items,
    "too-few-properties": _other_width,
    "too-many-properties": _other_width,
    "extra-field": _extra_field,
}
