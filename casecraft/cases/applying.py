"""Goals and values of the keywords that apply other schemas: `not`, `if`, `contains`, names of fields, dependents."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from casecraft.cases.composition import (
    NoValueError,
    different_values,
    fields_to_send,
    minimal,
    named_field,
    object_value,
    with_other_members,
)
from casecraft.cases.nodes import Goal, Node
from casecraft.cases.shapes import Applied, Size
from casecraft.cases.texts import matching_texts
from casecraft.core.schema import Schema

_ANY_LENGTH = Size()

PAIRS_OF_BRANCHES = 6
"""Pairs of a union's branches that are tried to find a value that fits both."""


def is_applied(node: Node, keyword: str) -> bool:
    """Whether a keyword applies a schema to the node's values."""
    return any(applied.keyword == keyword for applied in node.shape.applied)


def applying_values(node: Node, goal: Goal) -> Iterator[Any]:
    """Values that may meet a goal about an applied schema, or break just that. Raises NoValueError."""
    return _MAKERS[goal.kind](node, goal.argument)


# What conforms


def _where_it_holds(node: Node, applied: Applied) -> Iterator[Any]:
    yield from _values(node.variant({"allOf": [applied.schema, applied.then]}))
    others = [each.then for each in node.shape.applied if each.keyword == "if" and each is not applied]
    if others:
        yield from _values(node.variant({"allOf": [applied.schema, applied.then, *others]}))


def _where_it_does_not(node: Node, applied: Applied) -> Iterator[Any]:
    yield minimal(node)
    yield from _values(node.variant({"allOf": [{"not": applied.schema}, applied.otherwise]}))
    yield from _values(node.variant(applied.otherwise))


def _with_dependents(node: Node, name: str) -> Iterator[Any]:
    schemas = [each.schema for each in node.shape.applied if each.keyword == "dependentSchemas" and each.name == name]
    place = node.variant({"required": [name, *node.shape.dependent.get(name, ())], "allOf": schemas})
    yield from _values(place)


def _with_named_field(node: Node, applied: Applied) -> Iterator[Any]:
    value = minimal(node.child("named").variant(applied.schema)) if node.shape.additional is not False else None
    for name in matching_texts(applied.name, _ANY_LENGTH):
        place = named_field(node, applied, name)
        yield {**object_value(node), name: minimal(place) if value is None else value}


def _matching(node: Node, count: int) -> Iterator[Any]:
    for applied in _contains(node):
        place = node.item().variant(applied.schema)
        items = different_values(place, count) if node.shape.unique and count else [minimal(place)] * count
        room = max(node.shape.size.least - count, 0)
        yield [*items, *_others(node, applied, room)]


# What is wrong


def _without_condition(node: Node, applied: Applied) -> Iterator[Any]:
    """The condition holds and what follows from it does not."""
    yield from _broken(node.variant(applied.schema), applied.then, applied.schema)


def _with_condition_off(node: Node, applied: Applied) -> Iterator[Any]:
    yield from _broken(node.variant({}), applied.otherwise, {"not": applied.schema})


def _wrong_dependent(node: Node, applied: Applied) -> Iterator[Any]:
    holds = {"required": [applied.name]}
    yield from _broken(node.variant(holds), applied.schema, holds)


def _missing_dependent(node: Node, names: tuple[str, str]) -> Iterator[Any]:
    name, dependent = names
    value = dict(object_value(node))
    value[name] = minimal(node.child(name))
    for other in node.shape.dependent.get(name, ()):
        value.setdefault(other, minimal(node.child(other)))
    value.pop(dependent, None)
    yield value


def _forbidden(node: Node, applied: Applied) -> Iterator[Any]:
    """Values of the schema that `not` holds which fit all else."""
    yield from _values(node.variant(applied.schema, alone=True))
    yield from node.context.reader.read(applied.schema).members or ()


def _wrong_name(node: Node, _: Any) -> Iterator[Any]:
    filler = minimal(node.child("extra"))
    for name in ("not an allowed name", "###", "A", "a", "0", "x" * 300, ""):
        yield {**object_value(node), name: filler}


def _wrong_named_field(node: Node, applied: Applied) -> Iterator[Any]:
    for name in matching_texts(applied.name, _ANY_LENGTH):
        for wrong in ("not-a-value", 12345, None, ["unexpected"], {"unexpected": True}, "", -1):
            yield {**object_value(node), name: wrong}


def _fewer_matching(node: Node, count: int) -> Iterator[Any]:
    for applied in _contains(node):
        place = node.item().variant(applied.schema)
        items = different_values(place, count) if node.shape.unique and count else [minimal(place)] * count
        yield [*items, *_others(node, applied, max(node.shape.size.least - count, 1 - count, 0))]


def _fitting_two(node: Node, _: Any) -> Iterator[Any]:
    branches = node.branches()
    pairs = [(one, other) for index, one in enumerate(branches) for other in branches[index + 1 :]]
    for one, other in pairs[:PAIRS_OF_BRANCHES]:
        yield from _values(one.variant(other.schema))


# Parts


def _contains(node: Node) -> Iterator[Applied]:
    return (applied for applied in node.shape.applied if applied.keyword == "contains")


def _others(node: Node, applied: Applied, count: int) -> list[Any]:
    """Items that do not match what a list has to contain."""
    if count <= 0:
        return []
    place = node.item().variant({"not": applied.schema})
    for candidate in (*_plain_candidates(place), *_plain_candidates(node.item())):
        if place.validator.accepts(candidate):
            return [candidate] * count if not node.shape.unique or count == 1 else different_values(place, count)
    raise NoValueError(f"{node.id}: every item matches what the list has to contain")


def _plain_candidates(node: Node) -> Iterator[Any]:
    yield from _values(node)
    if isinstance(node.shape.members, tuple):
        yield from node.shape.members
    yield from (0, 1, 2, -1, 12345, "other", "a", "", True, False, {}, [])


def _broken(place: Node, schema: Schema, condition: Schema) -> Iterator[Any]:
    """Values for which the condition holds, and such with one thing changed of what the schema speaks of."""
    holds = place.context.validators.validator(condition)
    shape = place.context.reader.read(schema)
    for value in [each for each in _values(place) if holds.accepts(each)][:CHANGED]:
        yield value
        if isinstance(value, Mapping):
            for name in shape.required:
                yield {key: each for key, each in value.items() if key != name}
            for name in shape.properties:
                yield from ({**value, name: wrong} for wrong in _ODD)


CHANGED = 4
"""Values for which a condition holds that are changed to break what follows from it."""

_ODD = ("not-a-value", 12345, True, "", 0, -1, 10**6, "x" * 100)


def _values(place: Node) -> Iterator[Any]:
    """The least value of a place, one with all that may be sent, and such with other listed values."""
    try:
        values = [minimal(place)]
    except NoValueError:
        return
    if "object" in place.shape.types and place.shape.properties and isinstance(values[0], dict):
        names = [name for name in fields_to_send(place) if not place.child(name).is_recursive]
        try:
            values.append({name: minimal(place.child(name)) for name in names})
        except NoValueError:
            values = values[:1]
    yield from values
    for value in values:
        if isinstance(value, dict):
            yield from with_other_members(place, value)


_Maker = Callable[[Node, Any], Iterator[Any]]


_MAKERS: Mapping[str, _Maker] = {
    "then": _where_it_holds,
    "else": _where_it_does_not,
    "with-dependents": _with_dependents,
    "named-field": _with_named_field,
    "min-matching-items": _matching,
    "max-matching-items": _matching,
    "wrong-then": _without_condition,
    "wrong-else": _with_condition_off,
    "wrong-dependent": _wrong_dependent,
    "missing-dependent": _missing_dependent,
    "not-allowed": _forbidden,
    "wrong-name": _wrong_name,
    "wrong-named-field": _wrong_named_field,
    "too-few-matching-items": _fewer_matching,
    "too-many-matching-items": _matching,
    "several-branches": _fitting_two,
}


APPLIED_GOALS = frozenset(_MAKERS)
"""The sorts of targets that are about applied schemas."""
