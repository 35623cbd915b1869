"""Pairs of options: what is left out or chosen of two parameters or fields together, and requests that meet many."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from casecraft.cases.bodies import BodyForm, Field
from casecraft.cases.composition import fields_to_send
from casecraft.cases.nodes import Goal, Node
from casecraft.cases.relations import is_given, value_at
from casecraft.cases.shapes import same_value
from casecraft.cases.spreading import spread
from casecraft.cases.wording import short_text

LEVEL_LIMIT = 4
"""Listed values of one option that are paired, evenly spread."""

PAIR_LIMIT = 120
"""Pairs of one endpoint that get a target."""

ROW_LIMIT = 16
"""Requests of one endpoint that are made for its pairs."""

ABSENT, PRESENT = "absent", "present"

Row = tuple[int, ...]
"""A level of each option, by their numbers."""


@dataclass(frozen=True, slots=True)
class Option:
    """A parameter or a top-level field of the body that a request may have in several ways, its levels.

    `field` is the number of the parameter, None for a field of the body. A level is a label and, where it stands for
    one value, that in a tuple.
    """

    place: str
    node: Node
    field: int | None
    levels: tuple[tuple[str, tuple[Any, ...]], ...]

    def level_of(self, given: Mapping[str, Any]) -> int | None:
        """The level that the values of a request have here, by their places; None where it is none of them."""
        if not is_given(given, self.place):
            return self._labelled(ABSENT)
        for number, (_, value) in enumerate(self.levels):
            if value and same_value(value[0], value_at(given, self.place)):
                return number
        return self._labelled(PRESENT)

    def _labelled(self, label: str) -> int | None:
        found = (number for number, (each, value) in enumerate(self.levels) if each == label and not value)
        return next(found, None)

    def text(self, level: int) -> str:
        """The option at a level, as ids have it."""
        return f"{self.place}={self.levels[level][0]}"


class PairTable:
    """The pairs of an endpoint's options, by their ids. `note` says what was left out."""

    def __init__(self, fields: Sequence[Field], body: BodyForm | None) -> None:
        found = [option for option in _options(fields, body) if len(option.levels) > 1]
        # What has values of its own says more than what is only there or not.
        found.sort(key=lambda option: not any(value for _, value in option.levels))
        self.options = tuple(_few_enough(found))
        self.note = ""
        if len(self.options) < len(found):
            self.note = (
                f"{len(self.options)} of {len(found)} options are tested in pairs, those with listed values first"
            )
        self._ids: dict[tuple[int, int, int, int], str] = {}
        for (one, first), (other, second) in combinations(enumerate(self.options), 2):
            for i in range(len(first.levels)):
                for j in range(len(second.levels)):
                    self._ids[one, i, other, j] = f"pair:{first.text(i)}+{second.text(j)}"

    def goals(self) -> Iterator[Goal]:
        """A valid target for each pair."""
        for (one, i, other, j), id_ in self._ids.items():
            shown = f"{self.options[one].text(i)} together with {self.options[other].text(j)}"
            yield Goal(id_, "pair", True, "pairwise_testing", shown, None, ((one, i), (other, j)))

    def row_of(self, given: Mapping[str, Any]) -> tuple[int | None, ...]:
        """The levels of a request's values, by their places."""
        return tuple(option.level_of(given) for option in self.options)

    def hit_by(self, given: Mapping[str, Any]) -> Iterator[str]:
        """The ids of the pairs that a request's values meet."""
        levels = [(number, level) for number, level in enumerate(self.row_of(given)) if level is not None]
        for (one, i), (other, j) in combinations(levels, 2):
            yield self._ids[one, i, other, j]

    def rows(self, tested: Iterable[tuple[int | None, ...]]) -> Iterator[Row]:
        """Rows that meet the pairs which those tested leave, few of them."""
        from allpairspy import AllPairs  # noqa: PLC0415  # few endpoints need it, and `--help` must not pay for it

        whole = list(dict.fromkeys(row for row in tested if None not in row))
        found = AllPairs([list(range(len(option.levels))) for option in self.options], previously_tested=whole)
        for _, row in zip(range(ROW_LIMIT), found, strict=False):
            yield tuple(row)


def _options(fields: Sequence[Field], body: BodyForm | None) -> Iterator[Option]:
    for number, field in enumerate(fields):
        if field.parameter.location != "path":
            levels = _levels(field.node, required=field.parameter.required)
            yield Option(field.node.id, field.node, number, levels)
    if body is None or body.node.shape.choices or body.node.shape.likely_type != "object":
        return
    for name in fields_to_send(body.node):
        node = body.node.child(name)
        if not node.is_recursive and "." not in name:
            yield Option(node.id, node, None, _levels(node, required=node.required))


def _levels(node: Node, *, required: bool) -> tuple[tuple[str, tuple[Any, ...]], ...]:
    members = node.shape.members
    if members is None and node.shape.types - {"null"} == {"boolean"}:
        members = (True, False)
    if members is None:
        chosen: tuple[tuple[str, tuple[Any, ...]], ...] = ((PRESENT, ()),)
    else:
        chosen = tuple((short_text(members[index]), (members[index],)) for index in spread(len(members), LEVEL_LIMIT))
    return chosen if required else (*chosen, (ABSENT, ()))


def _few_enough(options: Iterable[Option]) -> Iterator[Option]:
    """The options, as long as their pairs are not too many."""
    pairs = levels = 0
    for option in options:
        pairs += levels * len(option.levels)
        if pairs > PAIR_LIMIT:
            return
        levels += len(option.levels)
        yield option
