"""Cases that ask for what does not exist: a right id that nothing has."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from casecraft.cases.identity import endpoint_slug
from casecraft.cases.scenarios.graph import Operation, path_parameter
from casecraft.cases.scenarios.registry import Registry, path_place
from casecraft.cases.shapes import Shape
from casecraft.cases.texts import matching_texts
from casecraft.core.case import Case, Expectation, Source
from casecraft.core.endpoint import Endpoint, Parameter

ENDING = ":unknown"
"""How the targets of these cases end, after the place of the id."""

_CREATES = "PUT"


def unknown_case(registry: Registry, operation: Operation) -> Case | None:
    """The case that names an unknown object, where the document has an answer to that; its parents exist if they can.

    The path's last parameter is the one that names nothing.
    """
    places = operation.places
    if not places or not operation.not_found or _would_create(operation):
        return None
    place, endpoint = places[-1], operation.endpoint
    parameter = path_parameter(endpoint, place.name)
    value = unknown_value(registry, endpoint, parameter)
    if value is None:
        return None
    target = f"path.{place.name}{ENDING}"
    request = operation.least.request
    return Case(
        id=f"{endpoint_slug(endpoint)}--{target}",
        title=f"Finds nothing under a {place.name} that nothing has",
        valid=True,
        technique="equivalence_partitioning",
        priority="P1",
        targets=(target,),
        request=replace(request, path_params={**request.path_params, place.name: value}),
        expect=Expectation(operation.not_found, operation.least.expect.check_schema),
        source=Source("rules"),
        bindings=tuple(it for it in registry.path_bindings(endpoint) if it.place != path_place(place.name)),
    )


def _would_create(operation: Operation) -> bool:
    return operation.endpoint.method.upper() == _CREATES and bool(operation.documents(201))


def unknown_value(registry: Registry, endpoint: Endpoint, parameter: Parameter) -> Any:
    """A value that conforms and that hardly anything has; the same one each time. None where none is found."""
    definitions, schema, shapes = endpoint.definitions, parameter.schema, registry.graph.shapes
    candidates = _candidates(endpoint, shapes.read(definitions, schema))
    return next((value for value in candidates if shapes.accepts(definitions, schema, value)), None)


def _candidates(endpoint: Endpoint, shape: Shape) -> Iterator[Any]:
    digest = hashlib.sha256(endpoint.path.encode("utf-8", "surrogatepass")).hexdigest()
    if "string" in shape.types:
        yield f"unknown-{digest[:8]}"
        yield f"{digest[:8]}-{digest[8:12]}-4{digest[12:15]}-8{digest[15:18]}-{digest[18:30]}"
        yield digest[:24]
        yield str(10**8 + int(digest[:6], 16))
        for pattern in shape.patterns[:1]:
            yield from reversed(matching_texts(pattern, shape.length))
    if shape.types & {"integer", "number"}:
        yield 10**9 + int(digest[:6], 16)
