"""Small documents about shops, and what scenarios make of them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from casecraft.cases import generate
from casecraft.cases.scenarios import Chained, chain
from casecraft.core.case import Case
from casecraft.core.job import JobResult
from casecraft.core.scenario import Resource, Scenario, Step
from casecraft.spec import load, split

Json = dict[str, Any]
TEXT: Json = {"type": "string"}
PET: Json = {"type": "object", "properties": {"id": {"type": "integer"}, "name": TEXT, "sold": {"type": "boolean"}}}


def operation(answers: Mapping[str, Json | None], body: Json | None = None, **more: Any) -> Json:
    """An operation with answers by status (a schema, or None for an empty one) and a JSON body."""
    responses: Json = {}
    for status, schema in answers.items():
        content = {"content": {"application/json": {"schema": schema}}} if schema is not None else {}
        responses[status] = {"description": "An answer.", **content}
    sent = {"requestBody": {"required": True, "content": {"application/json": {"schema": body}}}} if body else {}
    return {"responses": responses, **sent, **more}


def named(name: str, schema: Json | None = None, **more: Any) -> Json:
    """A path parameter."""
    return {"name": name, "in": "path", "required": True, "schema": schema or TEXT, **more}


def item(name: str = "petId", schema: Json | None = None, **operations: Json) -> Json:
    """A path item whose path ends in a parameter."""
    return {"parameters": [named(name, schema)], **operations}


def pets(**more: Json) -> Json:
    """Pets that can be made, listed, read, changed and removed. `more` are other paths."""
    new = {"type": "object", "required": ["name"], "properties": {"name": TEXT, "sold": {"type": "boolean"}}}
    return {
        "/pets": {"post": operation({"201": PET}, new), "get": operation({"200": {"type": "array", "items": PET}})},
        "/pets/{petId}": item(
            schema={"type": "integer"},
            get=operation({"200": PET, "404": None}),
            put=operation({"200": PET, "404": None}, new),
            delete=operation({"204": None, "404": None}),
        ),
        **more,
    }


def results_of(tmp_path: Path, paths: Json, **more: Any) -> list[JobResult]:
    """What rules make of a document with these paths."""
    document = {"openapi": "3.1.0", "info": {"title": "Shop", "version": "1"}, "paths": paths, **more}
    path = tmp_path / "shop.json"
    path.write_text(json.dumps(document))
    return [JobResult(each, "done", "rules", cases=generate(each)) for each in split(load(str(path)))]


def chained(tmp_path: Path, paths: Json, **more: Any) -> Chained:
    return chain(results_of(tmp_path, paths, **more))


def resources_of(made: Chained) -> dict[str, Resource]:
    return {resource.id: resource for resource in made.resources}


def scenarios_of(made: Chained) -> dict[str, Scenario]:
    return {scenario.id: scenario for scenario in made.scenarios}


def cases_of(made: Chained, endpoint: str) -> tuple[Case, ...]:
    return next(result.cases for result in made.results if result.endpoint.id == endpoint)


def bound(case: Case | Step) -> dict[str, tuple[str, str]]:
    """Where each value of a case comes from, by its place."""
    return {binding.place: (binding.step, binding.source) for binding in case.bindings}


def find_source(tmp_path: Path, made: Json, name: str = "petId", **more: Any) -> str | None:
    """Where the id of `/pets/{petId}` comes from when POST /pets is this operation; None where nothing gives it."""
    paths = {"/pets": {"post": made}, f"/pets/{{{name}}}": item(name, get=operation({"200": PET})), **more}
    first = cases_of(chained(tmp_path, paths), f"GET /pets/{{{name}}}")[0]
    return bound(first)[f"/path_params/{name}"][1] if first.bindings else None
