"""From the cases of single endpoints to cases that meet what they ask for, and to scenarios."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from casecraft.cases.scenarios.attachment import attach
from casecraft.cases.scenarios.disturbance import lone_cases
from casecraft.cases.scenarios.duplicates import duplicates_of
from casecraft.cases.scenarios.edges import UNMADE, Refused, check_edges
from casecraft.cases.scenarios.graph import Graph, build_graph
from casecraft.cases.scenarios.huge import TECHNIQUE as HUGE_TECHNIQUE
from casecraft.cases.scenarios.huge import huge_bodies
from casecraft.cases.scenarios.listings import listings_of
from casecraft.cases.scenarios.lives import scenarios_of
from casecraft.cases.scenarios.preconditions import part_preconditions
from casecraft.cases.scenarios.proposals import Proposals, ProposedScenario
from casecraft.cases.scenarios.registry import Registry
from casecraft.cases.scenarios.removals import removals_of
from casecraft.cases.scenarios.stories import build_stories
from casecraft.cases.scenarios.unknown import unknown_case
from casecraft.cases.scenarios.xml_values import mark_case, mark_resource, mark_scenario
from casecraft.cases.techniques import ALL_TECHNIQUES
from casecraft.core.case import Source, Technique
from casecraft.core.job import JobResult
from casecraft.core.scenario import Listing, Removal, Resource, Scenario

RULES = "rules"


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of the proposals of models: how many were kept, and why the others were not."""

    edges: int = 0
    scenarios: int = 0
    refused: tuple[Refused, ...] = ()


@dataclass(frozen=True, slots=True)
class Chained:
    """Results whose cases use resources, those resources (each after the ones that it needs), the scenarios,
    the endpoints that answer with lists, how what cases make is removed, and the ids of the cases that are run alone.
    """

    results: tuple[JobResult, ...]
    resources: tuple[Resource, ...]
    scenarios: tuple[Scenario, ...]
    listings: Mapping[str, Listing]
    removals: tuple[Removal, ...]
    alone: frozenset[str]
    judged: Judged = Judged()


def chain(
    results: Sequence[JobResult],
    *,
    fill: bool = True,
    techniques: Collection[Technique] = ALL_TECHNIQUES,
    proposed: Mapping[str, Proposals] = MappingProxyType({}),
    max_cases: int | None = None,
) -> Chained:
    """Find who makes what, and let the cases of all endpoints use it.

    `proposed` is what models propose, by the endpoint that they were asked about; what does not hold against the
    document is left out, and `judged` counts it.

    The same results give the same, to the byte. `fill` adds cases that ask for what does not exist, and one huge body
    for each tag, where their technique is one of `techniques` and an endpoint has fewer than `max_cases`; scenarios
    come only where theirs is. Only the endpoints of these results are looked at: one that is left out makes nothing.
    """
    parted = [part_preconditions(result) for result in results]
    registry, edges, refused = _registry(build_graph(parted), results, proposed)
    extra = dict(huge_bodies(registry, parted)) if fill and HUGE_TECHNIQUE in techniques else {}
    chained = []
    for result in parted:
        attached = attach(registry, result)
        operation = registry.graph.operation_of(result.endpoint) if fill else None
        unknown = unknown_case(registry, operation) if operation is not None else None
        more = [unknown] if unknown is not None and unknown.technique in techniques else []
        more += [extra[result.endpoint.id]] if result.endpoint.id in extra else []
        room = None if max_cases is None else max(0, max_cases - len(attached.cases))
        if more[:room]:
            attached = replace(attached, cases=(*attached.cases, *more[:room]))
        cases = tuple(mark_case(result.endpoint, case) for case in attached.cases)
        chained.append(attached if cases == attached.cases else replace(attached, cases=cases))
    used = {binding.step for result in chained for case in result.cases for binding in case.bindings}
    wanted = "scenario_testing" in techniques
    scenarios = (*scenarios_of(registry), *duplicates_of(registry)) if wanted else ()
    stories, unfit = build_stories(registry, _stories(results, proposed), scenarios) if wanted else ([], [])
    scenarios = (*scenarios, *stories)
    listings = listings_of(registry.graph.shapes, (result.endpoint for result in results))
    judged = Judged(edges, len(stories), (*refused, *unfit))
    endpoints = {result.endpoint.id: result.endpoint for result in results}
    needed = _needed(registry.in_order, used, scenarios)
    return Chained(
        tuple(chained),
        tuple(mark_resource(endpoints, resource) for resource in needed),
        tuple(mark_scenario(endpoints, scenario) for scenario in scenarios),
        listings,
        removals_of(registry),
        lone_cases(registry.graph, chained),
        judged,
    )


def _registry(
    graph: Graph, results: Sequence[JobResult], proposed: Mapping[str, Proposals]
) -> tuple[Registry, int, list[Refused]]:
    """The resources by rules and by those edges of models that hold, how many these are, and the others."""
    registry = Registry(graph)
    edges = [edge for result in results for edge in proposed.get(result.endpoint.id, Proposals()).edges]
    if not edges:
        return registry, 0, []
    accepted, refused = check_edges(registry, edges)
    registry = Registry(graph, accepted)
    kept = sum(map(registry.fills, accepted))
    return registry, kept, refused + [Refused("edge", UNMADE)] * (len(accepted) - kept)


def _stories(
    results: Sequence[JobResult], proposed: Mapping[str, Proposals]
) -> Iterator[tuple[ProposedScenario, Source]]:
    for result in results:
        source = Source(result.provider or RULES, result.model)
        for scenario in proposed.get(result.endpoint.id, Proposals()).scenarios:
            yield scenario, source


def _needed(resources: tuple[Resource, ...], used: set[str], scenarios: tuple[Scenario, ...]) -> tuple[Resource, ...]:
    """The resources that anything of the suite uses."""
    steps = [step for scenario in scenarios for step in (*scenario.steps, *scenario.cleanup)]
    used = used | {binding.step for step in steps for binding in step.bindings}
    kept: list[Resource] = []
    for resource in reversed(resources):
        if resource.id in used:
            kept.append(resource)
            used |= {binding.step for binding in resource.create.bindings}
    return tuple(reversed(kept))
