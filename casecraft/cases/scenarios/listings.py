"""Lists: where an answer has its items, and which parameters of the query say how many and which."""

from collections.abc import Iterable, Iterator

from casecraft.cases.scenarios.fields import SchemaShapes, escape, successes
from casecraft.cases.scenarios.paths import words_of
from casecraft.cases.shapes import Shape
from casecraft.core.endpoint import Endpoint, Parameter
from casecraft.core.scenario import Listing
from casecraft.core.schema import Schema

_LIMITS = frozenset({"limit", "pagesize", "perpage", "maxresults", "top", "pagelimit"})


def listings_of(shapes: SchemaShapes, endpoints: Iterable[Endpoint]) -> dict[str, Listing]:
    """The lists that can be checked against the query, by the endpoint's id."""
    found = {it.id: find_listing(shapes, it) for it in endpoints if it.method.upper() == "GET"}
    return {name: listing for name, listing in found.items() if listing is not None}


def find_listing(shapes: SchemaShapes, endpoint: Endpoint) -> Listing | None:
    """How the endpoint's answer is a list; None where nothing can be checked about it."""
    for response in successes(endpoint):
        answer = shapes.of_answer(endpoint, response)
        if answer is None:
            continue
        for pointer, items in arrays_of(shapes, endpoint, answer):
            limit = next((it.name for it in _queries(endpoint) if "".join(words_of(it.name)) in _LIMITS), None)
            filters = tuple(_filters(shapes, endpoint, items))
            if limit is not None or filters:
                return Listing(pointer, limit, filters)
    return None


def arrays_of(shapes: SchemaShapes, endpoint: Endpoint, answer: Shape) -> list[tuple[str, Schema]]:
    """The list that an answer is, or the only one that it has."""
    if "array" in answer.types:
        return [("", answer.items)]
    found = []
    for name, schema in answer.properties.items():
        shape = shapes.read(endpoint.response_definitions, schema)
        if shape.types == {"array"}:
            found.append((f"/{escape(name)}", shape.items))
    return found if len(found) == 1 else []


def _filters(shapes: SchemaShapes, endpoint: Endpoint, items: Schema) -> Iterator[str]:
    """Parameters that are called like a field of the items and have no other values than it."""
    fields = shapes.read(endpoint.response_definitions, items).properties
    for parameter in _queries(endpoint):
        if parameter.name in fields:
            asked = shapes.read(endpoint.definitions, parameter.schema)
            held = shapes.read(endpoint.response_definitions, fields[parameter.name])
            if asked.members and held.members and {*map(str, asked.members)} <= {*map(str, held.members)}:
                yield parameter.name


def _queries(endpoint: Endpoint) -> Iterator[Parameter]:
    return (it for it in endpoint.parameters if it.location == "query" and it.content_type is None)
