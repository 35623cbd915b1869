"""`resources.json` and `scenarios.json`: what cases need to exist, and requests that belong together."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from casecraft.core.scenario import Removal, Resource, Scenario, Step
from casecraft.suites.cases import written_expectation, written_request
from casecraft.suites.suite import Entry

RESOURCES_FILE = "resources.json"
SCENARIOS_FILE = "scenarios.json"


def files_by_endpoint(entries: Iterable[Entry]) -> dict[str, str]:
    """The slug of the cases file of each endpoint, by the endpoint's id: what a step needs to know is there."""
    return {entry.result.endpoint.id: entry.slug for entry in entries}


def endpoints_of_steps(
    resources: Iterable[Resource], removals: Iterable[Removal], scenarios: Iterable[Scenario]
) -> set[str]:
    """The ids of the endpoints that steps name: each needs its file, even one without cases."""
    steps = [step for resource in resources for step in (resource.create, resource.remove) if step is not None]
    steps += [removal.step for removal in removals]
    steps += [step for scenario in scenarios for step in (*scenario.steps, *scenario.cleanup)]
    return {step.endpoint_id for step in steps}


def resources_file(
    resources: Iterable[Resource], removals: Iterable[Removal], files: Mapping[str, str]
) -> dict[str, Any]:
    """The content of `resources.json`: each resource after those that it needs, and how what cases make is removed."""
    return {
        "generator": "casecraft",
        "resources": [_resource(resource, files) for resource in resources],
        "removals": [
            {"endpoint": it.endpoint_id, "status": it.statuses, "remove": _step(it.step, files)} for it in removals
        ],
    }


def scenarios_file(scenarios: Iterable[Scenario], files: Mapping[str, str]) -> dict[str, Any]:
    """The content of `scenarios.json`."""
    return {"generator": "casecraft", "scenarios": [_scenario(scenario, files) for scenario in scenarios]}


def _resource(resource: Resource, files: Mapping[str, str]) -> dict[str, Any]:
    return {
        "id": resource.id,
        "create": _step(resource.create, files),
        "remove": _step(resource.remove, files) if resource.remove is not None else None,
    }


def _scenario(scenario: Scenario, files: Mapping[str, str]) -> dict[str, Any]:
    return {
        "id": scenario.id,
        "title": scenario.title,
        "priority": scenario.priority,
        "targets": scenario.targets,
        "steps": [_step(step, files) for step in scenario.steps],
        "cleanup": [_step(step, files) for step in scenario.cleanup],
        "source": asdict(scenario.source),
    }


def _step(step: Step, files: Mapping[str, str]) -> dict[str, Any]:
    return {
        "id": step.id,
        "title": step.title,
        "endpoint": step.endpoint_id,
        "file": files[step.endpoint_id],
        "request": written_request(step.request),
        "expect": {**written_expectation(step.expect), **({"values": step.values} if step.values else {})},
        "bindings": [asdict(binding) for binding in step.bindings],
    }
