"""Cases for relations: one that keeps each, one on its boundary, one that breaks it."""

from collections.abc import Iterator
from typing import Any

from casecraft.cases.composition import NoValueError
from casecraft.cases.nodes import Goal
from casecraft.cases.relations import Relation, State, is_given, value_at
from casecraft.cases.request_values import Mender, RequestValues, values_beside
from casecraft.cases.rich_values import conforming
from casecraft.core.case import Priority

RELATION_PRIORITY: Priority = "P2"

_WORDS = {
    "ordered": "{0} is below {1}",
    "exclusive": "only one of {0} is given",
    "together": "{0} are given together",
    "requires": "{0} is given with {1}",
}
_BROKEN = {
    "ordered": "{0} is above {1}",
    "exclusive": "{0} are given together",
    "together": "{0} without the others",
    "requires": "{0} is given without {1}",
}


def relation_goals(relation: Relation) -> Iterator[Goal]:
    """A target for each way to meet a relation. All conform to the schemas: only the meaning is at stake."""
    for state in relation_states(relation):
        kind = f"relation-{state}"
        description = describe_state(relation, state)
        yield Goal(relation.target(state), kind, True, "decision_table_testing", description, None, relation)


def relation_states(relation: Relation) -> tuple[State, ...]:
    """The ways to meet a relation: only what is ordered has a boundary."""
    return ("kept", "equal", "broken") if relation.kind == "ordered" else ("kept", "broken")


def describe_state(relation: Relation, state: State) -> str:
    """One line for people: `query.since is above query.until`."""
    if state == "equal":
        return f"{relation.places[0]} equals {relation.places[1]}"
    first, others = relation.places[0], ", ".join(relation.places[1:])
    if relation.kind in ("exclusive", "together") and (relation.kind, state) != ("together", "broken"):
        first = ", ".join(relation.places)
    return (_BROKEN if state == "broken" else _WORDS)[relation.kind].format(first, others)


def title_of(relation: Relation, state: State) -> str:
    """The title of a case: what is doubtful is named by what a service may do."""
    verb = "Accepts a request where" if state == "kept" else "Answers without an error of its own where"
    return f"{verb} {describe_state(relation, state)}"


def values_for(mender: Mender, base: RequestValues, relation: Relation, state: State) -> Iterator[RequestValues]:
    """Values of requests that may be in this state of the relation and keep all others.

    Raises NoValueError where no value can be made for a place.
    """
    for values in _in_state(mender, base, relation, state):
        yield mender.mended(values, besides=relation)


def _in_state(mender: Mender, base: RequestValues, relation: Relation, state: State) -> Iterator[RequestValues]:
    filled = _with_all(mender, base, relation.places)
    if relation.kind == "ordered":
        yield from _ordered(mender, filled, relation, state)
    elif (relation.kind in ("together", "requires")) == (state == "kept"):
        yield filled
    else:
        for place in relation.places[1:] if relation.kind != "exclusive" else relation.places:
            lacking = mender.without(filled, place)
            if lacking is not None:
                yield lacking


def _with_all(mender: Mender, base: RequestValues, places: tuple[str, ...]) -> RequestValues:
    for place in places:
        if is_given(mender.given(base), place):
            continue
        filled = mender.put(_with_holders(mender, base, place), place, conforming(mender.node(place)))
        if filled is None:
            raise NoValueError(f"{place}: no request can hold a value there")
        base = filled
    return base


def _with_holders(mender: Mender, base: RequestValues, place: str) -> RequestValues:
    """The values with the objects that a place lies in."""
    names = place.split(".")
    for depth in range(1 if place.startswith("body") else len(names), len(names)):
        holder = ".".join(names[:depth])
        if holder == "body":
            base = mender.with_body(base)
        elif not is_given(mender.given(base), holder):
            base = mender.put(base, holder, conforming(mender.node(holder))) or base
    return base


def _ordered(mender: Mender, filled: RequestValues, relation: Relation, state: State) -> Iterator[RequestValues]:
    low, high = relation.places
    given = mender.given(filled)
    first, second = value_at(given, low), value_at(given, high)
    candidates: list[tuple[str, Any]] = []
    sign = {"kept": 1, "broken": -1}.get(state, 0)
    if sign:
        candidates.extend((high, value) for value in values_beside(mender.node(high), first, sign))
        candidates.extend((low, value) for value in values_beside(mender.node(low), second, -sign))
    else:
        candidates.extend(((high, first), (low, second)))
    yield filled
    for place, value in candidates:
        changed = mender.put(filled, place, value)
        if changed is not None:
            yield changed
