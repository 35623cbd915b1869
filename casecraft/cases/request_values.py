"""The values of a request before it is written, and how they are made to keep the relations between them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from casecraft.cases.bodies import BodyForm, Field
from casecraft.cases.composition import NoValueError
from casecraft.cases.nodes import Node
from casecraft.cases.numbers import moved, nearest, step_of
from casecraft.cases.relations import Relation, is_given, rank, value_at
from casecraft.cases.rich_values import conforming

MENDINGS = 3
"""How often all relations are looked at: what mends one may break another."""

_STEPS = (1, 10, 100)


@dataclass(frozen=True, slots=True)
class RequestValues:
    """Values of parameters, by the numbers of their fields, and of the body, where there is one."""

    values: Mapping[int, Any]
    body: BodyForm | None = None
    body_value: Any = None

    def with_field(self, number: int, value: Any) -> "RequestValues":
        """The same with another value of one parameter."""
        return replace(self, values={**self.values, number: value})


class Mender:
    """Changes values of an endpoint's requests so that its relations are kept."""

    def __init__(self, fields: Sequence[Field], body: BodyForm | None, relations: Sequence[Relation]) -> None:
        self._fields = {field.node.id: number for number, field in enumerate(fields)}
        self._nodes = {field.node.id: field.node for field in fields}
        self._body = body
        self.relations = tuple(relations)

    def given(self, values: RequestValues) -> dict[str, Any]:
        """The values by their places."""
        numbers = {number: place for place, number in self._fields.items()}
        given = {numbers[number]: value for number, value in values.values.items()}
        return given if values.body is not self._body or self._body is None else given | {"body": values.body_value}

    def mended(self, values: RequestValues, pinned: str = "", besides: Relation | None = None) -> RequestValues:
        """The values with as few changed as keeps every relation, where that can be; what is `pinned` stays, and how
        it stands with the relation `besides` is left alone.
        """
        relations = [each for each in self.relations if each != besides]
        for _ in range(MENDINGS if relations else 0):
            wrong = [each for each in relations if each.state(self.given(values)) in ("broken", "equal")]
            if not wrong:
                break
            for relation in wrong:
                values = self._mend(relation, values, pinned)
        return values

    def _mend(self, relation: Relation, values: RequestValues, pinned: str) -> RequestValues:
        for changed in self._changes(relation, values, pinned):
            if relation.state(self.given(changed)) in ("kept", None):
                return changed
        return values

    def _changes(self, relation: Relation, values: RequestValues, pinned: str) -> Iterator[RequestValues]:
        """Values with one place changed, the least change first."""
        if relation.kind == "ordered":
            yield from self._reordered(relation, values, pinned)
        given = self.given(values)
        if relation.kind in ("together", "requires"):
            filled = values
            for place in relation.places:
                if not is_given(given, place):
                    filled = self._filled(filled, place) or filled
            yield filled
        last = relation.kind in ("ordered", "exclusive")
        lacking = values
        for place in reversed(relation.places) if last else relation.places:
            if not self._is_pinned(place, pinned) and is_given(given, place):
                lacking = self.without(lacking, place) or lacking
                yield lacking

    def _reordered(self, relation: Relation, values: RequestValues, pinned: str) -> Iterator[RequestValues]:
        low, high = relation.places
        given = self.given(values)
        first, second = value_at(given, low), value_at(given, high)
        for place, start, sign in ((high, first, 1), (low, second, -1)):
            if not self._is_pinned(place, pinned):
                for value in values_beside(self.node(place), start, sign):
                    changed = self.put(values, place, value)
                    if changed is not None:
                        yield changed

    def _is_pinned(self, place: str, pinned: str) -> bool:
        return bool(pinned) and (place == pinned or place.startswith((f"{pinned}.", f"{pinned}[")))

    def _filled(self, values: RequestValues, place: str) -> RequestValues | None:
        try:
            return self.put(values, place, conforming(self.node(place)))
        except NoValueError:
            return None

    def node(self, place: str) -> Node:
        """The node of a place."""
        if place in self._nodes or self._body is None:
            return self._nodes[place]
        node = self._body.node
        for name in place.split(".")[1:]:
            node = node.child(name)
        return node

    def put(self, values: RequestValues, place: str, value: Any) -> RequestValues | None:
        """The values with this one at a place, None where it does not conform or has nothing to stand in."""
        if not self.node(place).validator.accepts(value):
            return None
        if place in self._fields:
            return values.with_field(self._fields[place], value)
        if self._body is None:
            return None
        changed = _changed(values.body_value, place.split(".")[1:], (value,))
        return None if changed is None else replace(values, body_value=changed)

    def with_body(self, values: RequestValues) -> RequestValues:
        """The values with a body. Raises NoValueError where none can be made."""
        if self._body is None or values.body is self._body:
            return values
        return replace(values, body=self._body, body_value=conforming(self._body.node))

    def without(self, values: RequestValues, place: str) -> RequestValues | None:
        """The values without the one at a place, None where it is required."""
        if self.node(place).required:
            return None
        if place in self._fields:
            kept = {number: value for number, value in values.values.items() if number != self._fields[place]}
            return replace(values, values=kept)
        changed = _changed(values.body_value, place.split(".")[1:], ())
        return None if changed is None else replace(values, body_value=changed)


def _changed(body: Any, names: Sequence[str], value: tuple[Any, ...]) -> Any:
    """A body with the value put where the names lead, or taken away; None where they lead nowhere."""
    if not isinstance(body, Mapping):
        return None
    name = names[0]
    if len(names) == 1:
        kept = {key: each for key, each in body.items() if key != name or value}
        return kept | ({name: value[0]} if value else {})
    inner = _changed(body.get(name), names[1:], value)
    return None if inner is None else {**body, name: inner}


def values_beside(node: Node, value: Any, sign: int) -> Iterator[Any]:
    """Values a little above another one, or below it."""
    if isinstance(value, str):
        yield from _moments_beside(value, sign)
    elif rank(value) is not None:
        for count in _STEPS:
            yield moved(value, step_of(node.shape), sign * count)
        yield nearest(node.shape, value + sign)


def _moments_beside(text: str, sign: int) -> Iterator[str]:
    known = rank(text)
    if known is None:
        return
    for days in _STEPS:
        try:
            shift = timedelta(days=sign * days)
            if known[0] == "date":
                yield (date.fromisoformat(text) + shift).isoformat()
            else:
                yield (datetime.fromisoformat(text) + shift).isoformat().replace("+00:00", "Z")
        except OverflowError:
            return
