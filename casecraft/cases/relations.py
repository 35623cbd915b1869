"""Rules between parameters and fields, here called relations: checkable expressions as data.

`Relation("ordered", ("query.since", "query.until"))` says that the first is not above the second. Its id is also its
text: `relation:query.since<=query.until`, from which it is read back.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, TypeAlias, get_args

Kind: TypeAlias = Literal["ordered", "exclusive", "together", "requires"]
State: TypeAlias = Literal["kept", "equal", "broken"]

KINDS: tuple[Kind, ...] = get_args(Kind)
STATES: tuple[State, ...] = get_args(State)
PREFIX = "relation:"

OPERATORS: Mapping[Kind, str] = {"ordered": "<=", "exclusive": "|", "together": "&", "requires": "->"}
_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Relation:
    """One rule between two or more places of a request, named by the ids that their targets begin with.

    - `ordered`: the first value is not above the second one;
    - `exclusive`: at most one of the places has a value;
    - `together`: all have one, or none;
    - `requires`: where the first has one, the others do.
    """

    kind: Kind
    places: tuple[str, ...]

    @property
    def id(self) -> str:
        """`relation:query.since<=query.until`."""
        return PREFIX + OPERATORS[self.kind].join(self.places)

    def target(self, state: State) -> str:
        """The id of the target of a request that keeps the relation, or breaks it."""
        return f"{self.id}:{state}"

    def state(self, given: Mapping[str, Any]) -> State | None:
        """Whether a request's values keep the relation, by their places; None where they do not speak of it."""
        values = [value_at(given, place) for place in self.places]
        present = [value is not _ABSENT for value in values]
        if self.kind == "ordered":
            return _order(values[0], values[1]) if all(present) else None
        if self.kind == "requires":
            return None if not present[0] else "kept" if all(present) else "broken"
        if not any(present):
            return None
        if self.kind == "together":
            return "kept" if all(present) else "broken"
        return "kept" if sum(present) == 1 else "broken"


def relation_of(target: str) -> Relation | None:
    """The relation that a target's id is about, None where it is about none."""
    if not target.startswith(PREFIX):
        return None
    text = target[len(PREFIX) :].rpartition(":")[0]
    for kind, operator in OPERATORS.items():
        if operator in text:
            return Relation(kind, tuple(text.split(operator)))
    return None


def value_at(given: Mapping[str, Any], place: str) -> Any:
    """The value at a place; what is inside of the body is found there."""
    if place in given or not place.startswith("body."):
        return given.get(place, _ABSENT)
    value = given.get("body", _ABSENT)
    for name in place.split(".")[1:]:
        value = value.get(name, _ABSENT) if isinstance(value, Mapping) else _ABSENT
    return value


def is_given(given: Mapping[str, Any], place: str) -> bool:
    """Whether a request has a value at a place."""
    return value_at(given, place) is not _ABSENT


def rank(value: Any) -> tuple[str, float] | None:
    """What values are compared by: numbers among themselves, dates and moments among themselves."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return "number", value
    if not isinstance(value, str):
        return None
    try:
        if _DATE.fullmatch(value):
            return "date", float(date.fromisoformat(value).toordinal())
        moment = datetime.fromisoformat(value) if _MOMENT.match(value) else None
        return None if moment is None or moment.tzinfo is None else ("moment", moment.timestamp())
    except (ValueError, OverflowError):
        return None


_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]", re.ASCII)


def _order(first: Any, second: Any) -> State | None:
    one, other = rank(first), rank(second)
    if one is None or other is None or one[0] != other[0]:
        return None
    if one[1] == other[1]:
        return "equal"
    return "kept" if one[1] < other[1] else "broken"
