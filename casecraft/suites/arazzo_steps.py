"""One scenario as a workflow of Arazzo: its steps, their inputs and outputs."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from casecraft.core.case import RUN, Binding
from casecraft.core.endpoint import Endpoint, SecurityScheme
from casecraft.core.scenario import Resource, Scenario, Step
from casecraft.suites.credential_variables import credential_variable

_PLACES = (("path_params", "path"), ("query", "query"), ("headers", "header"), ("cookies", "cookie"))
_MARKED = "/body#"  # and a mark in a text
_OTHER = re.compile(r"[^A-Za-z0-9_-]+")


@dataclass(slots=True)
class Outputs:
    """What a workflow's steps put out, by step and name, and the inputs that it takes."""

    by_step: dict[str, dict[str, str]] = field(default_factory=dict)
    inputs: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Workflow:
    """A scenario with the resources and endpoints that it speaks of."""

    scenario: Scenario
    resources: Mapping[str, Resource]
    endpoints: Mapping[str, Endpoint]
    outputs: Outputs

    @property
    def can_be_said(self) -> bool:
        """Whether Arazzo has words for all of it: it has none for the last part of a header."""
        return not any(binding.source.endswith("#last") for step in self._steps() for binding in step.bindings)

    def describe(self) -> dict[str, Any]:
        """The workflow object."""
        steps = [self._step(step) for step in self._steps()]
        for step in steps:
            if outputs := self.outputs.by_step.get(step["stepId"]):
                step["outputs"] = outputs
        described: dict[str, Any] = {
            "workflowId": _name(self.scenario.id),
            "summary": self.scenario.title,
            "steps": steps,
        }
        if self.outputs.inputs:
            names = sorted(self.outputs.inputs)
            properties = {name: self.outputs.inputs[name] for name in names}
            described["inputs"] = {"type": "object", "required": names, "properties": properties}
        return described

    def _steps(self) -> Iterator[Step]:
        """The steps with those that make the resources before and those that remove them after, newest first."""
        needed = list(self._needed(self.scenario.steps))
        yield from (resource.create for resource in needed)
        yield from self.scenario.steps
        yield from (resource.remove for resource in reversed(needed) if resource.remove is not None)

    def _needed(self, steps: tuple[Step, ...]) -> Iterator[Resource]:
        own = {step.id for step in self.scenario.steps}
        wanted = {binding.step for step in steps for binding in step.bindings} - own
        for resource in reversed([*self.resources.values()]):
            if resource.id in wanted:
                wanted |= {binding.step for binding in resource.create.bindings}
        yield from (resource for resource in self.resources.values() if resource.id in wanted)

    def _step(self, step: Step) -> dict[str, Any]:
        endpoint = self.endpoints[step.endpoint_id]
        described: dict[str, Any] = {"stepId": _name(step.id), "description": step.title, **_operation(endpoint)}
        bound = {binding.place: self._expression(step, binding) for binding in step.bindings}
        parameters = list(_parameters(step, bound)) + list(self._credentials(step, endpoint))
        if parameters:
            described["parameters"] = parameters
        if step.request.content_type is not None:
            described["requestBody"] = _body(step, bound)
        described["successCriteria"] = list(_criteria(step))
        return described

    def _expression(self, step: Step, binding: Binding) -> Any:
        """Where the value of a binding comes from, as a runtime expression; what was sent, where that came from."""
        if binding.step == RUN:
            name = _variable(step.id + re.sub("^/[^/]*", "", binding.place))
            self.outputs.inputs[name] = _unique_input(binding.source)
            return f"$inputs.{name}"
        source = self._find(binding.step)
        if binding.source.startswith("request:"):
            place = binding.source.removeprefix("request:")
            held = next((each for each in source.bindings if each.place == place), None)
            return self._expression(source, held) if held is not None else _sent(source, place)
        header = binding.source.removeprefix("header:")
        is_header = header != binding.source
        value = f"$response.header.{header}" if is_header else f"$response.body#{binding.source}"
        name = _variable(header if is_header else binding.source)
        self.outputs.by_step.setdefault(_name(source.id), {})[name] = value
        return f"$steps.{_name(source.id)}.outputs.{name}"

    def _find(self, name: str) -> Step:
        own = next((step for step in self.scenario.steps if step.id == name), None)
        return own if own is not None else self.resources[name].create

    def _credentials(self, step: Step, endpoint: Endpoint) -> Iterator[dict[str, Any]]:
        if step.request.credentials == "own" and endpoint.security:
            for scheme in endpoint.security[0]:
                name = credential_variable(scheme.name)
                self.outputs.inputs[name] = {"type": "string", "format": "password"}
                yield _credential(scheme, name)


def _operation(endpoint: Endpoint) -> dict[str, str]:
    if endpoint.operation_id:
        return {"operationId": endpoint.operation_id}
    path = endpoint.path.replace("~", "~0").replace("/", "~1")
    return {"operationPath": f"{{$sourceDescriptions.api.url}}#/paths/{path}/{endpoint.method.lower()}"}


def _parameters(step: Step, bound: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for section, location in _PLACES:
        for name, value in getattr(step.request, section).items():
            place = f"/{section}/{name.replace('~', '~0').replace('/', '~1')}"
            yield {"name": name, "in": location, "value": bound.get(place, value)}


def _body(step: Step, bound: Mapping[str, Any]) -> dict[str, Any]:
    inside = {place.removeprefix("/body"): value for place, value in bound.items() if place.startswith("/body/")}
    replacements = [{"target": target, "value": value} for target, value in inside.items()]
    payload = step.request.body
    for place, value in bound.items():
        if place.startswith(_MARKED):
            payload = payload.replace(place.removeprefix(_MARKED), f"{{{value}}}")
    described = {"contentType": step.request.content_type, "payload": payload}
    return described | ({"replacements": replacements} if replacements else {})


def _criteria(step: Step) -> Iterator[dict[str, str]]:
    yield {"condition": " || ".join(map(_status, step.expect.status))}
    for pointer, value in step.values.items():
        yield {"condition": f"$response.body#{pointer} == {_literal(value)}"}


def _status(status: int | str) -> str:
    if isinstance(status, int):
        return f"$statusCode == {status}"
    first = int(status[0]) * 100
    return f"$statusCode >= {first} && $statusCode < {first + 100}"


def _literal(value: Any) -> str:
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return json.dumps(value)


def _sent(step: Step, place: str) -> Any:
    value: Any = {"path_params": step.request.path_params, "query": step.request.query, "body": step.request.body}
    for name in place.split("/")[1:]:
        value = value[name.replace("~1", "/").replace("~0", "~")]
    return value


def _unique_input(source: str) -> dict[str, Any]:
    kind = source.removeprefix("unique").removeprefix(":")
    what = {"": "A text", "integer": "A number", "uuid": "A UUID", "email": "An e-mail address"}[kind]
    return {"type": "integer" if kind == "integer" else "string", "description": f"{what} that nothing has yet."}


def _credential(scheme: SecurityScheme, name: str) -> dict[str, Any]:
    if scheme.kind == "apiKey":
        return {"name": scheme.parameter, "in": scheme.location, "value": f"$inputs.{name}"}
    kind = (scheme.http_scheme or "bearer").capitalize()
    return {"name": "Authorization", "in": "header", "value": f"{kind} {{$inputs.{name}}}"}


def _variable(text: str) -> str:
    """A name that no expression takes for more than a name."""
    return re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_") or "x"


def _name(text: str) -> str:
    return _OTHER.sub("-", text).strip("-") or "x"
