"""Which change of a resource a scenario makes, and what must be read back after it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from casecraft.cases.scenarios.fields import escape, successes
from casecraft.cases.scenarios.fractions import is_fraction, with_fractions
from casecraft.cases.scenarios.graph import Graph, Operation
from casecraft.cases.scenarios.producers import Producer
from casecraft.cases.shapes import Shape, same_value
from casecraft.core.case import Case, CaseRequest, Scalar
from casecraft.core.scenario import Step

_FIXED = frozenset({"apiversion", "etag", "id", "kind", "object", "revision", "type", "version"})
"""Fields that say what something is; services keep their own."""

_PLAIN_TEXT = re.compile(r"[A-Za-z0-9]+(?:[ _.-][A-Za-z0-9]+)*")
_MOST_VALUES = 5
_LONGEST_TEXT = 100


@dataclass(frozen=True, slots=True)
class Change:
    """A case that changes a resource, and what it changes: the values by their pointers into the resource."""

    operation: Operation
    case: Case
    values: dict[str, Scalar]


def telling_creation(graph: Graph, producer: Producer, create: Step) -> tuple[Step, dict[str, Scalar]]:
    """The step that makes a resource with fractions where it may have some, and these by their pointers."""
    read = graph.find("GET", producer.item)
    if read is None:
        return create, {}
    request = _with_fractions(graph, producer.operation, read, create.request, {})
    body = request.body if isinstance(request.body, dict) else {}
    shown = _properties_shown(graph, read)
    sent = {name: value for name, value in body.items() if is_fraction(value)}
    return replace(create, request=request), {
        f"/{escape(name)}": value for name, value in sent.items() if name in shown and _is_kept(shown[name], value)
    }


def choose_changes(graph: Graph, producer: Producer, body: Any, *operations: Operation | None) -> list[Change]:
    """For each of these operations the first case that changes what can be read back, as it is by then; fractions are
    put into it where it may have some.

    `body` is what the resource was made with. Where no case of any does, the least case of the first.
    """
    read = graph.find("GET", producer.item)
    there = [operation for operation in operations if operation is not None]
    state: dict[str, Any] = dict(body) if isinstance(body, dict) else {}
    chosen = []
    for operation in there:
        if read is None:
            break
        telling = (case for case in operation.cases if _changed(graph, operation, read, case, state))
        case = next(telling, operation.least)
        case = replace(case, request=_with_fractions(graph, operation, read, case.request, state))
        values = _changed(graph, operation, read, case, state)
        if values:
            chosen.append(Change(operation, case, values))
            state |= case.request.body
    return chosen or [Change(it, it.least, {}) for it in there[:1]]


def _with_fractions(
    graph: Graph, operation: Operation, read: Operation, request: CaseRequest, state: Mapping[str, Any]
) -> CaseRequest:
    sent, shown = _properties_sent(graph, operation), _properties_shown(graph, read)
    names = [name for name in sent if name in shown and name.lower() not in _FIXED and "number" in shown[name].types]
    return with_fractions(operation, request, sent, names, state)


def _changed(
    graph: Graph, operation: Operation, read: Operation | None, case: Case, state: dict[str, Any]
) -> dict[str, Scalar]:
    """The plain values that a case sends, that are others than before, and that reading gives back."""
    body = case.request.body
    if read is None or not isinstance(body, dict):
        return {}
    sent, shown = _properties_sent(graph, operation), _properties_shown(graph, read)
    found = {
        f"/{escape(name)}": value
        for name, value in body.items()
        if name in sent
        and name in shown
        and name.lower() not in _FIXED
        and not same_value(state.get(name, ...), value)
        and _is_kept(sent[name], value)
        and _is_kept(shown[name], value)
    }
    first = sorted(found.items(), key=lambda item: not isinstance(item[1], float))
    return dict(first[:_MOST_VALUES])


def _properties_sent(graph: Graph, operation: Operation) -> dict[str, Shape]:
    shape, definitions = graph.shapes.of_body(operation.endpoint), operation.endpoint.definitions
    return {name: graph.shapes.read(definitions, schema) for name, schema in shape.properties.items()} if shape else {}


def _properties_shown(graph: Graph, read: Operation) -> dict[str, Shape]:
    definitions = read.endpoint.response_definitions
    for response in successes(read.endpoint):
        answer = graph.shapes.of_answer(read.endpoint, response)
        if answer is not None:
            return {name: graph.shapes.read(definitions, schema) for name, schema in answer.properties.items()}
    return {}


def _is_kept(shape: Shape, value: Any) -> bool:
    """Whether a value is of a kind that services give back as it came: no dates, no numbers with many digits."""
    if isinstance(value, bool):
        return shape.types == {"boolean"}
    if isinstance(value, int):
        return bool(shape.types) and shape.types <= {"integer", "number"}
    if is_fraction(value):
        return "number" in shape.types and shape.types <= {"integer", "number", "null"}
    if not isinstance(value, str) or "string" not in shape.types or shape.format is not None or not shape.typed:
        return False
    return len(value) <= _LONGEST_TEXT and _PLAIN_TEXT.fullmatch(value) is not None
