"""What a suite sends, in order, for formats that list their requests one by one.

The resources that cases share are made first and removed last; a case that wants its own has them made and removed
around it, and so has a scenario.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, TypeAlias

from casecraft.core.case import RUN, Binding, Case, CaseRequest, Expectation, Scalar, read_request
from casecraft.core.endpoint import Endpoint
from casecraft.core.scenario import Listing, Resource, Scenario, Step
from casecraft.suites.cases import find_read_only
from casecraft.suites.outgoing import (
    Outgoing,
    Slot,
    bound_variable,
    find_obstacle,
    make_outgoing,
    put_value,
    unique_variable,
    value_at,
)
from casecraft.suites.suite import Entry, Suite
from casecraft.suites.templating import group_by_tag

_REQUEST = "request:"
Role: TypeAlias = Literal["set-up", "case", "step", "clean-up"]


@dataclass(frozen=True, slots=True)
class Sending:
    """One request and what is done with its answer.

    Cases and steps of scenarios are checked; set-up and clean-up are not, as they are no tests. `keeps` are the
    variables that take a value from the answer, each with its source as in `Binding`; `uniques` those that get a value
    that nothing has yet before it is sent, each with its kind ("text", "email", "uuid", "integer"). `values` are what
    must stand in the answer's body, by JSON pointer. `query` is what the query asks of a list, with slots for values
    that are known later. Of a case there are `valid`, `targets` and `read_only`: what it sets of fields that only the
    server may set. With an `obstacle` it cannot be sent; that is the reason.
    """

    id: str
    title: str
    role: Role
    endpoint: Endpoint
    outgoing: Outgoing
    expect: Expectation
    keeps: Mapping[str, str] = field(default_factory=dict)
    uniques: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Scalar] = field(default_factory=dict)
    query: Mapping[str, Scalar | list[Scalar] | Slot] = field(default_factory=dict)
    valid: bool = True
    targets: tuple[str, ...] = ()
    read_only: Mapping[str, Any] = field(default_factory=dict)
    obstacle: str | None = None

    @property
    def needs(self) -> tuple[Slot, ...]:
        """The slots whose variables must have a value before it is sent."""
        return tuple(slot for slot in self.outgoing.slots if slot.name not in self.uniques)

    @property
    def is_test(self) -> bool:
        """Whether its answer is checked."""
        return self.role in ("case", "step")


@dataclass(frozen=True, slots=True)
class Group:
    """Requests that belong together: a case, alone or with what is made for it, or a scenario."""

    id: str
    title: str
    sendings: tuple[Sending, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a suite sends. `tags` has the groups of each endpoint (by its id), by the name of its first tag."""

    set_up: tuple[Sending, ...]
    tags: Mapping[str, Mapping[str, tuple[Group, ...]]]
    scenarios: tuple[Group, ...]
    clean_up: tuple[Sending, ...]

    def groups(self) -> Iterator[Group]:
        """All cases and scenarios, in order."""
        for endpoints in self.tags.values():
            for groups in endpoints.values():
                yield from groups
        yield from self.scenarios

    def left_out(self, find_obstacle: Callable[[Sending], str | None]) -> list[tuple[str, str]]:
        """The ids of the cases and scenarios that cannot be sent, with the reasons that `find_obstacle` gives."""
        reasons = ((group, find_obstacle(one)) for group in self.groups() for one in group.sendings)
        return [(group.id, reason) for group, reason in reasons if reason]


def status_pattern(expect: Expectation) -> str:
    """A regular expression, which all languages read alike, for the statuses that are expected."""
    return f"^({'|'.join(re.sub('[^0-9]', '[0-9]', str(status)) for status in expect.status)})$"


def make_plan(suite: Suite, entries: tuple[Entry, ...]) -> Plan:
    """The plan of a suite. Requests to endpoints that it does not have are left out."""
    planner = _Planner(suite)
    shared = [one for entry in entries for case in entry.result.cases if not case.fresh for one in case.bindings]
    set_up, clean_up = planner.around(shared)
    tags = {
        tag: {entry.result.endpoint.id: tuple(planner.cases(entry)) for entry in group}
        for tag, group in group_by_tag(entries).items()
    }
    return Plan(set_up, tags, tuple(map(planner.scenario, suite.scenarios)), clean_up)


class _Planner:
    def __init__(self, suite: Suite) -> None:
        self._resources = {resource.id: resource for resource in suite.resources}
        self._listings = suite.listings
        self._endpoints = {result.endpoint.id: result.endpoint for result in suite.results}

    def _needed(self, bindings: Iterable[Binding]) -> list[Resource]:
        """The resources that bindings name and all that those need, what is needed first."""
        found: dict[str, Resource] = {}
        for binding in bindings:
            self._find(binding.step, found, set())
        return list(found.values())

    def _find(self, name: str, found: dict[str, Resource], waiting: set[str]) -> None:
        resource = self._resources.get(name)
        if resource is None or name in found or name in waiting:
            return
        for binding in resource.create.bindings:
            self._find(binding.step, found, waiting | {name})
        found[name] = resource

    def around(self, bindings: Sequence[Binding], scope: str = "") -> tuple[tuple[Sending, ...], tuple[Sending, ...]]:
        """What makes the resources for those who have these bindings, and what removes them, the last made first."""
        made = self._needed(bindings)
        removals = [(resource.id, resource.remove) for resource in reversed(made) if resource.remove]
        steps = [*(resource.create for resource in made), *(step for _, step in removals)]
        used = [*bindings, *(binding for step in steps for binding in step.bindings)]
        creations = [self._step(one.create, "set-up", f"make-{one.id}", used, scope) for one in made]
        removed = [self._step(step, "clean-up", f"remove-{name}", (), scope) for name, step in removals]
        return tuple(creations), tuple(removed)

    def cases(self, entry: Entry) -> Iterator[Group]:
        """The groups of an endpoint's cases: valid ones first, then by priority and id."""
        read_only = find_read_only(entry.result.endpoint, entry.result.cases)
        for case in sorted(entry.result.cases, key=lambda case: (not case.valid, case.priority, case.id)):
            yield self._case(case, entry.result.endpoint, read_only)

    def _case(self, case: Case, endpoint: Endpoint, read_only: Sequence[str]) -> Group:
        before, after = self.around(case.bindings, case.id) if case.fresh else ((), ())
        scope = case.id if case.fresh else ""
        step = Step(case.id, case.title, endpoint.id, case.request, case.expect, case.bindings)
        body = case.request.body if isinstance(case.request.body, Mapping) else {}
        sending = replace(
            self._step(step, "case", case.id, (), scope),
            valid=case.valid,
            targets=case.targets,
            read_only={name: body[name] for name in read_only if name in body},
        )
        return Group(case.id, case.title, (*before, sending, *after))

    def scenario(self, scenario: Scenario) -> Group:
        """The group of a scenario's steps, its clean-up and the resources that are made for it."""
        steps = [*scenario.steps, *scenario.cleanup]
        own = {step.id: step for step in steps}
        used = [binding for step in steps for binding in step.bindings]
        before, after = self.around(used, scenario.id)
        sendings = [
            self._step(step, "step" if number < len(scenario.steps) else "clean-up", "", used, scenario.id, own)
            for number, step in enumerate(steps)
        ]
        return Group(scenario.id, scenario.title, (*before, *sendings, *after))

    def _step(
        self,
        step: Step,
        role: Role,
        name: str,
        used: Iterable[Binding],
        scope: str,
        own: Mapping[str, Step] | None = None,
    ) -> Sending:
        """What sends a step; `used` are the bindings of all that may need its answer, `own` a scenario's steps."""
        endpoint = self._endpoints[step.endpoint_id]
        steps = {resource.id: resource.create for resource in self._resources.values()} | dict(own or {})
        request, variables = _resolve(step, steps, scope)
        outgoing = make_outgoing(request, endpoint, variables)
        kept = [one for one in used if one.step == step.id and not one.source.startswith(_REQUEST)]
        return Sending(
            id=name or f"{scope}--{step.id}",
            title=step.title,
            role=role,
            endpoint=endpoint,
            outgoing=outgoing,
            expect=step.expect,
            keeps={bound_variable(one, scope): one.source for one in kept},
            uniques={_unique(one, step, scope): _kind(one.source) for one in step.bindings if one.step == RUN},
            values=step.values,
            query=_query(request, variables, self._listings.get(step.endpoint_id)) if role in ("case", "step") else {},
            obstacle=find_obstacle(outgoing, request, endpoint),
        )


def _resolve(step: Step, steps: Mapping[str, Step], scope: str) -> tuple[CaseRequest, dict[str, str]]:
    """The step's request with what is known now put in its places, and the variables for what is not.

    A value that another step sent is that step's variable, or stands in its request already.
    """
    request, variables = asdict(step.request), {}
    for binding in step.bindings:
        origin, found = _origin(binding, step, steps)
        if found is None:
            put_value(request, binding.place, value_at(asdict(origin.request), binding.source.removeprefix(_REQUEST)))
        else:
            variables[binding.place] = (
                _unique(found, origin, scope) if found.step == RUN else bound_variable(found, scope)
            )
    return replace(read_request({**request, "raw_body": None}), raw_body=step.request.raw_body), variables


def _query(
    request: CaseRequest, variables: Mapping[str, str], listing: Listing | None
) -> dict[str, Scalar | list[Scalar] | Slot]:
    """What the query asks of a list, with a slot for each value that is known later."""
    if listing is None:
        return {}
    later = {place: Slot(name) for place, name in variables.items()}
    return {
        name: later.get("/query/" + name.replace("~", "~0").replace("/", "~1"), value)
        for name, value in request.query.items()
        if name in (listing.limit, *listing.filters)
    }


def _origin(binding: Binding, step: Step, steps: Mapping[str, Step]) -> tuple[Step, Binding | None]:
    """The step whose binding says where a value comes from, and that binding; None where that step's request has it."""
    if binding.source.startswith(_REQUEST) and binding.step in steps:
        sender = steps[binding.step]
        place = binding.source.removeprefix(_REQUEST)
        found = next((one for one in sender.bindings if one.place == place), None)
        return _origin(found, sender, steps) if found else (sender, None)
    return step, binding


def _unique(binding: Binding, step: Step, scope: str) -> str:
    return unique_variable(f"unique {_kind(binding.source)}", f"{scope} {step.id}", binding.place)


def _kind(source: str) -> str:
    return source.partition(":")[2] or "text"
