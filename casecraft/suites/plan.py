"""What a suite sends, in order, for formats that list their requests one by one.

The resources that cases share are made first and removed last; a case that wants its own has them made and removed
around it, and so has a scenario.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from casecraft.core.case import Binding, Case, Expectation
from casecraft.core.endpoint import Endpoint
from casecraft.core.scenario import Resource, Scenario, Step
from casecraft.suites.outgoing import Outgoing, bound_variable, find_obstacle, make_outgoing
from casecraft.suites.suite import Entry, Suite
from casecraft.suites.templating import group_by_tag

Role: TypeAlias = Literal["set-up", "case", "step", "clean-up"]


@dataclass(frozen=True, slots=True)
class Sending:
    """One request and what is done with its answer.

    Cases and steps of scenarios are checked; set-up and clean-up are not, as they are no tests. `keeps` are the
    variables that take a value from the answer, each with its source as in `Binding`. With an `obstacle` it cannot be
    sent; that is the reason.
    """

    id: str
    title: str
    role: Role
    endpoint: Endpoint
    outgoing: Outgoing
    expect: Expectation
    keeps: Mapping[str, str] = field(default_factory=dict)
    obstacle: str | None = None

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
        for case in sorted(entry.result.cases, key=lambda case: (not case.valid, case.priority, case.id)):
            yield self._case(case, entry.result.endpoint)

    def _case(self, case: Case, endpoint: Endpoint) -> Group:
        scope = case.id if case.fresh else ""
        outgoing = make_outgoing(case.request, endpoint, case.bindings, scope)
        obstacle = find_obstacle(outgoing, case.request, endpoint)
        sending = Sending(case.id, case.title, "case", endpoint, outgoing, case.expect, {}, obstacle)
        before, after = self.around(case.bindings, scope) if case.fresh else ((), ())
        return Group(case.id, case.title, (*before, sending, *after))

    def scenario(self, scenario: Scenario) -> Group:
        steps = [*scenario.steps, *scenario.cleanup]
        used = [binding for step in steps for binding in step.bindings]
        before, after = self.around(used, scenario.id)
        own = [self._step(step, "step", f"{scenario.id}--{step.id}", used, scenario.id) for step in scenario.steps]
        cleaned = [
            self._step(step, "clean-up", f"{scenario.id}--{step.id}", (), scenario.id) for step in scenario.cleanup
        ]
        return Group(scenario.id, scenario.title, (*before, *own, *cleaned, *after))

    def _step(self, step: Step, role: Role, name: str, used: Iterable[Binding], scope: str) -> Sending:
        endpoint = self._endpoints[step.endpoint_id]
        outgoing = make_outgoing(step.request, endpoint, step.bindings, scope)
        keeps = {bound_variable(one, scope): one.source for one in used if one.step == step.id}
        obstacle = find_obstacle(outgoing, step.request, endpoint)
        return Sending(name, step.title, role, endpoint, outgoing, step.expect, keeps, obstacle)
