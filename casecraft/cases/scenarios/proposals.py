"""What a model proposes between endpoints: where values come from, and sequences that business needs. Data only."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from casecraft.cases.extraction import LONGEST_TEXT, decode, first_value
from casecraft.cases.outcomes import OUTCOMES, Outcome
from casecraft.core.case import Scalar

MOST_EDGES, MOST_SCENARIOS, MOST_STEPS = 12, 5, 12
"""What is read of one answer; no prompt asks for so many."""

_MOST_VALUES = 8
_LONGEST_NAME = 300
_LONGEST_TITLE = 120


@dataclass(frozen=True, slots=True)
class Edge:
    """The answer of the endpoint `producer` has at `source` the value of the field `field` of the endpoint `consumer`.

    Endpoints are named by their ids, fields as targets name them (`path.petId`, `body.owner.id`), the source is that of
    a binding.
    """

    producer: str
    source: str
    consumer: str
    field: str


@dataclass(frozen=True, slots=True)
class ProposedValue:
    """A field that takes its value from the answer to an earlier step, which is counted from 1."""

    field: str
    step: int
    source: str


@dataclass(frozen=True, slots=True)
class ProposedStep:
    """An endpoint in a sequence, and which kind of answer it must give there. `settings` are values that the meaning of
    the step hangs on, by their fields.
    """

    endpoint: str
    expect: Outcome
    values: tuple[ProposedValue, ...] = ()
    settings: tuple[tuple[str, Scalar], ...] = ()


@dataclass(frozen=True, slots=True)
class ProposedScenario:
    """A sequence that business needs."""

    title: str
    steps: tuple[ProposedStep, ...]


@dataclass(frozen=True, slots=True)
class Proposals:
    """What the answers for one endpoint propose. Nothing of it is checked."""

    edges: tuple[Edge, ...] = ()
    scenarios: tuple[ProposedScenario, ...] = ()


def read_proposals(endpoint_id: str, *texts: str) -> Proposals:
    """The proposals in a model's answers for one endpoint, whatever stands around them; what is none is passed over."""
    edges = (_edge(endpoint_id, each) for text in texts for each in _listed(text, "sources"))
    scenarios = (_scenario(each) for text in texts for each in _listed(text, "scenarios"))
    return Proposals(
        tuple(dict.fromkeys(each for each in edges if each is not None))[:MOST_EDGES],
        tuple(dict.fromkeys(each for each in scenarios if each is not None))[:MOST_SCENARIOS],
    )


def _listed(text: str, name: str) -> list[Any]:
    """The list of this name in an answer, also in one that is no JSON as a whole."""
    text = text[:LONGEST_TEXT]
    if f'"{name}"' not in text and f"'{name}'" not in text:
        return []
    try:
        value = decode(text.strip())
        listed = value.get(name) if isinstance(value, Mapping) else None
    except ValueError:
        found = re.search(rf"""["']{name}["']\s*+:\s*+(?=\[)""", text)
        listed = None if found is None else first_value(text, found.end())
    return listed if isinstance(listed, list) else []


def _edge(consumer: str, value: Any) -> Edge | None:
    if not isinstance(value, Mapping):
        return None
    field, named, source = (_text(value.get(name)) for name in ("field", "endpoint", "at"))
    producer = _endpoint(named)
    return Edge(producer, source, consumer, field) if field and producer and source else None


def _scenario(value: Any) -> ProposedScenario | None:
    if not isinstance(value, Mapping) or not isinstance(value.get("steps"), list):
        return None
    title = " ".join(_text(value.get("title")).split())[:_LONGEST_TITLE]
    steps = [_step(each) for each in value["steps"][: MOST_STEPS + 1]]
    known = tuple(step for step in steps if step is not None)
    shown = "".join(character if character.isprintable() else " " for character in title)
    return ProposedScenario(shown, known) if shown.strip() and known and len(known) == len(steps) else None


def _step(value: Any) -> ProposedStep | None:
    if not isinstance(value, Mapping):
        return None
    endpoint = _endpoint(_text(value.get("endpoint")))
    expect = next((each for each in OUTCOMES if each == value.get("expect")), None)
    listed, settings = value.get("values", []), value.get("set", [])
    if not endpoint or expect is None or not isinstance(listed, list) or not isinstance(settings, list):
        return None
    values, constants = _values(listed[:_MOST_VALUES]), _settings(settings[:_MOST_VALUES])
    return ProposedStep(endpoint, expect, tuple(values), tuple(constants))


def _values(listed: list[Any]) -> Iterator[ProposedValue]:
    for each in listed:
        if not isinstance(each, Mapping):
            continue
        field, source, step = _text(each.get("field")), _text(each.get("at")), each.get("step")
        if field and source and isinstance(step, int) and not isinstance(step, bool):
            yield ProposedValue(field, step, source)


def _settings(listed: list[Any]) -> Iterator[tuple[str, Scalar]]:
    for each in listed:
        field, value = (_text(each.get("field")), each.get("value")) if isinstance(each, Mapping) else ("", None)
        if field and (value is None or isinstance(value, str | int | float)):
            yield field, value


def _text(value: Any) -> str:
    return value if isinstance(value, str) and len(value) <= _LONGEST_NAME else ""


def _endpoint(text: str) -> str:
    """An endpoint's id, its method in capitals as ids have it."""
    method, _, path = text.strip().partition(" ")
    return f"{method.upper()} {path.strip()}" if path else ""
