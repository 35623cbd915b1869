"""Values that are bound into XML bodies: a text is no place of a JSON pointer, so a mark stands in it for each."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeAlias, TypeVar

from casecraft.cases.bodies import BodyForm
from casecraft.cases.requests import request_model
from casecraft.cases.scenarios.fields import escape
from casecraft.cases.xml_bodies import is_xml
from casecraft.cases.xml_reading import read_xml
from casecraft.core.case import Binding, Case, CaseRequest
from casecraft.core.endpoint import Endpoint
from casecraft.core.scenario import Resource, Scenario, Step

BODY = "/body/"
MARKED = "/body#"
"""How a place begins that is a part of the body's text: the mark that the value takes the place of follows."""

_SENT = "request:"

Holder = TypeVar("Holder", Case, Step)
Places: TypeAlias = Mapping[str, str]


def body_value(endpoint: Endpoint, request: CaseRequest) -> Any:
    """The body of a request as a value: what an XML document stands for, None where that is not clear."""
    if not _is_document(request):
        return request.body if request.raw_body is None else None
    form = _form(endpoint, request)
    read = read_xml(form.node, request.body) if form is not None else None
    return read.value if read is not None and read.fault is None else None


def mark_case(endpoint: Endpoint, case: Case) -> Case:
    """The case with marks in its XML body for what its bindings put there."""
    return _marked(endpoint, case)[0]


def mark_resource(endpoints: Mapping[str, Endpoint], resource: Resource) -> Resource:
    """The same of the step that makes a resource; nothing is bound into the body of one that removes."""
    return replace(resource, create=_marked(endpoints[resource.create.endpoint_id], resource.create)[0])


def mark_scenario(endpoints: Mapping[str, Endpoint], scenario: Scenario) -> Scenario:
    """The same of a scenario's steps; those that take what an earlier one sent look for it at its mark."""
    marks: dict[str, Places] = {}
    steps = []
    for step in scenario.steps:
        bindings = tuple(_from_mark(binding, marks) for binding in step.bindings)
        marked, marks[step.id] = _marked(endpoints[step.endpoint_id], replace(step, bindings=bindings))
        steps.append(marked)
    return replace(scenario, steps=tuple(steps))


def _from_mark(binding: Binding, marks: Mapping[str, Places]) -> Binding:
    place = marks.get(binding.step, {}).get(binding.source.removeprefix(_SENT))
    is_sent = place is not None and binding.source.startswith(_SENT)
    return replace(binding, source=f"{_SENT}{place}") if is_sent else binding


def _marked(endpoint: Endpoint, holder: Holder) -> tuple[Holder, Places]:
    """The holder with marks for its bindings, and their places by the pointers that they had."""
    inside = [binding for binding in holder.bindings if binding.place.startswith(BODY)]
    if not inside or not _is_document(holder.request):
        return holder, {}
    form, value = _form(endpoint, holder.request), body_value(endpoint, holder.request)
    marks = {binding.place: f"[bound-{number}]" for number, binding in enumerate(inside, 1)}
    written = None
    if form is not None and value is not None and "[bound-" not in holder.request.body:
        written = form.write(_with_marks(value, marks))
    if written is None:  # no mark can stand there, so nothing is bound into it
        return replace(holder, bindings=tuple(it for it in holder.bindings if it not in inside)), {}
    places = {place: f"{MARKED}{mark}" for place, mark in marks.items()}
    bindings = tuple(replace(it, place=places.get(it.place, it.place)) for it in holder.bindings)
    return replace(holder, request=replace(holder.request, body=written[0]), bindings=bindings), places


def _with_marks(value: Any, marks: Places, place: str = BODY.rstrip("/")) -> Any:
    if isinstance(value, Mapping):
        return {key: _with_marks(each, marks, f"{place}/{escape(key)}") for key, each in value.items()}
    if isinstance(value, list):
        return [_with_marks(each, marks, f"{place}/{number}") for number, each in enumerate(value)]
    return marks.get(place, value)


def _is_document(request: CaseRequest) -> bool:
    return request.raw_body is None and isinstance(request.body, str) and is_xml(request.content_type or "")


def _form(endpoint: Endpoint, request: CaseRequest) -> BodyForm | None:
    form = request_model(endpoint).body_for(request.content_type or "")
    return form if form is not None and form.kind == "xml" else None
