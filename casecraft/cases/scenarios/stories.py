"""Sequences that a model says business needs, checked and built of verified requests."""

import copy
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from casecraft.cases.requests import request_model
from casecraft.cases.scenarios.attachment import CONFLICT
from casecraft.cases.scenarios.edges import BORROWED, NO_ENDPOINT, NO_FIELD, Refused, flow_problem, is_borrowed
from casecraft.cases.scenarios.graph import Operation, is_given
from casecraft.cases.scenarios.places import request_fields
from casecraft.cases.scenarios.proposals import MOST_STEPS, ProposedScenario, ProposedStep
from casecraft.cases.scenarios.registry import READING, Registry, holds, path_place
from casecraft.cases.scenarios.uniqueness import unique_bindings
from casecraft.core.case import RUN, Binding, Case, CaseRequest, Expectation, Scalar, Source
from casecraft.core.endpoint import Endpoint
from casecraft.core.scenario import Resource, Scenario, Step

FEW = "it has fewer than two steps, or too many"
NO_VALID_CASE = "a step's endpoint has no valid case"
NO_ANSWER = "the document has no answer of the kind that a step expects"
NO_STEP = "a value comes from no earlier step that succeeds"
UNBOUND = "nothing gives an id that a step's path needs"
WRONG_VALUE = "a request with the values that a step sets does not conform"
SAME = "the suite has the same already"

_NOT_BY_STATE = frozenset({"401", "403", "404", "405", "406", "410", "413", "414", "415", "429", "431"})
"""Refusals that have other reasons than the state that business is in."""


class _RefusedError(Exception):
    """The scenario is not kept; the message is one of the reasons above."""


def build_stories(
    registry: Registry, proposed: Iterable[tuple[ProposedScenario, Source]], known: Sequence[Scenario]
) -> tuple[list[Scenario], list[Refused]]:
    """The scenarios of those proposed that can be carried out as the document has it, and why the others cannot.

    `known` are scenarios that the suite has already.
    """
    taken = {_outline(scenario.steps) for scenario in known}
    made: list[Scenario] = []
    refused: list[Refused] = []
    for proposal, source in proposed:
        try:
            scenario = _Story(registry, proposal).build(source, {each.id for each in made})
        except _RefusedError as error:
            refused.append(Refused("scenario", str(error)))
            continue
        if _outline(scenario.steps) in taken:
            refused.append(Refused("scenario", SAME))
            continue
        taken.add(_outline(scenario.steps))
        made.append(scenario)
    return made, refused


def _outline(steps: Sequence[Step]) -> tuple[tuple[str, tuple[int | str, ...]], ...]:
    return tuple((step.endpoint_id, step.expect.status) for step in steps)


@dataclass(slots=True)
class _Story:
    """One scenario on its way. `moved` are resources that its steps make for themselves, by the steps that do."""

    registry: Registry
    proposal: ProposedScenario
    steps: list[Step] = field(default_factory=list)
    succeeding: set[str] = field(default_factory=set)
    moved: dict[str, str] = field(default_factory=dict)
    own: list[tuple[Resource, str]] = field(default_factory=list)

    def build(self, source: Source, names: set[str]) -> Scenario:
        """The scenario; _RefusedError where it cannot be carried out."""
        if not 1 < len(self.proposal.steps) <= MOST_STEPS:
            raise _RefusedError(FEW)
        for number, step in enumerate(self.proposal.steps, start=1):
            self._add(number, step)
        cleanup = tuple(
            replace(_moved(resource.remove, {**self.moved, resource.id: step}), id=f"cleanup-{step}-{resource.id}")
            for resource, step in reversed(self.own)
            if resource.remove is not None
        )
        name = _unused(f"story-{_slug(self.proposal.title)}", names)
        return Scenario(name, self.proposal.title, "P1", (f"scenario:{name}",), tuple(self.steps), source, cleanup)

    def _add(self, number: int, proposed: ProposedStep) -> None:
        if proposed.endpoint not in self.registry.graph.endpoints:
            raise _RefusedError(NO_ENDPOINT)
        operation = self.registry.graph.by_id.get(proposed.endpoint)
        if operation is None:
            raise _RefusedError(NO_VALID_CASE)
        case = self._with_settings(operation, _fitting_case(self.registry, operation, proposed), proposed)
        given = tuple(self._given(operation, case, proposed))
        places = {binding.place for binding in given}
        others = [each for each in self._usual(operation, case, proposed) if each.place not in places]
        self._own_what_is_changed(operation, others)
        bindings = (*given, *(self._turned(each) for each in others))
        _refuse_unbound(operation, case, bindings)
        name = f"step-{number}"
        expect = _expected(operation, case, proposed)
        self.steps.append(Step(name, _title(proposed), operation.endpoint.id, case.request, expect, bindings))
        if proposed.expect == "success":
            self._succeeded(operation, name)

    def _succeeded(self, operation: Operation, name: str) -> None:
        self.succeeding.add(name)
        for resource in self.registry.in_order:
            if resource.create.endpoint_id == operation.endpoint.id:
                self.moved[resource.id] = name
                self.own.append((resource, name))

    def _with_settings(self, operation: Operation, case: Case, proposed: ProposedStep) -> Case:
        """The case with the values that the step's meaning hangs on, which must conform as well."""
        if not proposed.settings:
            return case
        fields = request_fields(self.registry.graph.shapes, operation.endpoint)
        request = case.request
        for name, value in proposed.settings:
            wanted = fields.get(name)
            changed = with_value(request, wanted.place, value) if wanted is not None else None
            if changed is None:
                raise _RefusedError(NO_FIELD)
            request = changed
        inspection = request_model(operation.endpoint).inspect(request)
        if inspection.findings or inspection.unclear or inspection.doubtful:
            raise _RefusedError(WRONG_VALUE)
        return replace(case, request=request)

    def _given(self, operation: Operation, case: Case, proposed: ProposedStep) -> Iterator[Binding]:
        """The values that the proposal says where to take from."""
        fields = request_fields(self.registry.graph.shapes, operation.endpoint)
        for value in proposed.values:
            wanted, name = fields.get(value.field), f"step-{value.step}"
            if wanted is None or not holds(case.request, wanted.place):
                raise _RefusedError(NO_FIELD)
            if name not in self.succeeding:
                raise _RefusedError(NO_STEP)
            giving = next(step.endpoint_id for step in self.steps if step.id == name)
            producer = self.registry.graph.endpoints[giving]
            problem = flow_problem(self.registry.graph.shapes, producer, value.source, operation.endpoint, wanted)
            if problem is not None:
                raise _RefusedError(problem)
            if self._changes_what_was_there(operation, wanted.place, producer, value.source):
                raise _RefusedError(BORROWED)
            yield Binding(wanted.place, name, value.source)

    def _changes_what_was_there(self, operation: Operation, place: str, producer: Endpoint, source: str) -> bool:
        is_change = operation.endpoint.method.upper() not in READING and place.startswith("/path_params/")
        return is_change and is_borrowed(self.registry.graph.shapes, producer, source)

    def _usual(self, operation: Operation, case: Case, proposed: ProposedStep) -> list[Binding]:
        """The bindings that the request has in any scenario."""
        registry, endpoint = self.registry, operation.endpoint
        found = {binding.place: binding for binding in registry.path_bindings(endpoint)}
        creations = {resource.create.endpoint_id: resource for resource in registry.in_order}
        made = creations.get(endpoint.id)
        if made is not None and case.id == operation.least.id:
            found = {binding.place: binding for binding in made.create.bindings}
        elif made is not None or any(str(response.status) == CONFLICT for response in endpoint.responses):
            for binding in unique_bindings(registry.graph.shapes, endpoint, case.request):
                found.setdefault(binding.place, binding)
        for binding in registry.reference_bindings(endpoint, case.request):
            found.setdefault(binding.place, binding)
        fields = request_fields(registry.graph.shapes, endpoint)
        fixed = {fields[name].place for name, _ in proposed.settings if name in fields}
        return [binding for binding in found.values() if binding.place not in fixed]

    def _own_what_is_changed(self, operation: Operation, bindings: list[Binding]) -> None:
        """Let the scenario make for itself what a step changes: nobody else may need that as it was."""
        if operation.endpoint.method.upper() in READING:
            return
        changed = all(each.create.endpoint_id != operation.endpoint.id for each in self.registry.in_order)
        names = {each.step for each in bindings if each.place.startswith("/path_params/")} - {RUN, *self.moved}
        for resource in self.registry.in_order if changed else ():
            if resource.id in names and resource.id not in self.registry.borrowed:
                step = f"make-{resource.id}"
                made = replace(_moved(resource.create, self.moved), id=step, expect=_success(resource.create.expect))
                self.steps.append(made)
                self.moved[resource.id] = step
                self.own.append((resource, step))

    def _turned(self, binding: Binding) -> Binding:
        return replace(binding, step=self.moved.get(binding.step, binding.step))


def _fitting_case(registry: Registry, operation: Operation, proposed: ProposedStep) -> Case:
    """The valid case whose request has all fields that values go to: of a model where there is one, else the least."""
    fields = request_fields(registry.graph.shapes, operation.endpoint)
    places = [fields[value.field].place for value in proposed.values if value.field in fields]
    fitting = [case for case in operation.cases if all(holds(case.request, place) for place in places)]
    made = (case for case in fitting if case.source.provider != "rules")
    return next(made, None) or next(iter(fitting), operation.least)


def with_value(request: CaseRequest, place: str, value: Scalar) -> CaseRequest | None:
    """The request with another value at a place of its query or body; None where that has no such place."""
    section, *names = (name.replace("~1", "/").replace("~0", "~") for name in place.split("/")[1:])
    if section not in ("query", "body") or request.raw_body is not None:
        return None
    content = copy.deepcopy(getattr(request, section))
    holder = content
    for name in names[:-1]:
        holder = holder.get(name) if isinstance(holder, dict) else None
    if not isinstance(holder, dict) or not names:
        return None
    holder[names[-1]] = value
    return replace(request, body=content) if section == "body" else replace(request, query=content)


def _refuse_unbound(operation: Operation, case: Case, bindings: Sequence[Binding]) -> None:
    bound = {binding.place for binding in bindings}
    for place in operation.places:
        if path_place(place.name) not in bound and not is_given(
            operation.endpoint, place.name, case.request.path_params.get(place.name)
        ):
            raise _RefusedError(UNBOUND)


def _expected(operation: Operation, case: Case, proposed: ProposedStep) -> Expectation:
    """The documented answers of the kind that a step expects."""
    listed = [response.status.upper() for response in operation.endpoint.responses]
    if proposed.expect == "not_found":
        status: tuple[int | str, ...] = operation.not_found
    elif proposed.expect == "refused":
        wanted = [each for each in listed if each.startswith("4") and each not in _NOT_BY_STATE]
        status = tuple(int(each) if each.isdecimal() else each for each in wanted)
    else:
        status = _success(case.expect).status if any(each.startswith(("2", "3")) for each in listed) else ()
    if not status:
        raise _RefusedError(NO_ANSWER)
    return replace(case.expect, status=status)


def _success(expect: Expectation) -> Expectation:
    return replace(expect, status=tuple(each for each in expect.status if str(each)[0] in "23"))


def _title(proposed: ProposedStep) -> str:
    said = {"success": "is carried out", "refused": "is refused", "not_found": "finds nothing"}
    return f"{proposed.endpoint} {said[proposed.expect]}"


def _moved(step: Step, moved: dict[str, str]) -> Step:
    bindings = (replace(each, step=moved.get(each.step, each.step)) for each in step.bindings)
    return replace(step, bindings=tuple(bindings))


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:60].strip("-") or "x"


def _unused(name: str, taken: set[str]) -> str:
    candidate, number = name, 1
    while candidate in taken:
        number += 1
        candidate = f"{name}-{number}"
    return candidate
