"""Edges that a model proposes, checked: both ends exist, the types agree, and nothing would need itself."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from casecraft.cases.scenarios.accepted import AcceptedEdge
from casecraft.cases.scenarios.fields import SchemaShapes
from casecraft.cases.scenarios.graph import Operation, bindable_places
from casecraft.cases.scenarios.paths import words_of
from casecraft.cases.scenarios.places import SCALARS, RequestField, request_fields, source_shape
from casecraft.cases.scenarios.proposals import Edge
from casecraft.cases.scenarios.registry import READING, Registry
from casecraft.cases.shapes import Shape
from casecraft.cases.texts import matching_texts
from casecraft.core.endpoint import Endpoint

NO_ENDPOINT = "no such endpoint is among those of the run"
NO_CASE = "the endpoint that gives the value has no valid case"
NO_FIELD = "the request has no such field"
NO_SOURCE = "the success that is documented has no such place"
NO_FIT = "the values do not fit: their types, formats, patterns or lists of values differ"
KNOWN = "rules know it already"
TAKEN = "another proposal fills the field"
UNMADE = "what gives the value cannot be made itself"
BORROWED = "what is not made there is neither changed nor removed"
LOOP = "it would need itself"
REMOVES = "the endpoint that gives the value removes something"


@dataclass(frozen=True, slots=True)
class Refused:
    """A proposal that is not kept, and why: one of a few sentences, so that they can be counted."""

    kind: str
    reason: str


def check_edges(registry: Registry, proposed: Iterable[Edge]) -> tuple[list[AcceptedEdge], list[Refused]]:
    """The edges that hold against the document and against each other, and why the others do not.

    `registry` is what rules know alone.
    """
    accepted: list[AcceptedEdge] = []
    refused: list[Refused] = []
    for edge in proposed:
        judged = _judge(registry, edge, accepted)
        if isinstance(judged, str):
            refused.append(Refused("edge", judged))
        else:
            accepted.append(judged)
    return accepted, refused


def _judge(registry: Registry, edge: Edge, accepted: Sequence[AcceptedEdge]) -> AcceptedEdge | str:
    graph = registry.graph
    consumer, producer = graph.endpoints.get(edge.consumer), graph.by_id.get(edge.producer)
    if consumer is None or edge.producer not in graph.endpoints:
        return NO_ENDPOINT
    if producer is None:
        return NO_CASE
    field = request_fields(graph.shapes, consumer).get(edge.field)
    if field is None:
        return NO_FIELD
    shape = next((place.shape for place in bindable_places(consumer) if edge.field == f"path.{place.name}"), None)
    borrowed = is_borrowed(graph.shapes, producer.endpoint, edge.source)
    made = AcceptedEdge(edge.consumer, field.place, shape, producer, edge.source, borrowed)
    return (
        flow_problem(graph.shapes, producer.endpoint, edge.source, consumer, field)
        or _conflict(registry, made, consumer, accepted)
        or made
    )


def is_borrowed(shapes: SchemaShapes, producer: Endpoint, source: str) -> bool:
    """Whether an answer may name something that it did not make: one that is read, or that the request named itself."""
    if producer.method.upper() == "GET":
        return True
    name = words_of(source.rpartition("/")[2])
    return any(words_of(field.place.rpartition("/")[2]) == name for field in request_fields(shapes, producer).values())


def _conflict(
    registry: Registry, edge: AcceptedEdge, consumer: Endpoint, accepted: Sequence[AcceptedEdge]
) -> str | None:
    """What else is known that an edge cannot stand beside."""
    if edge.producer.endpoint.method.upper() == "DELETE":
        return REMOVES
    if edge.shape is not None and edge.borrowed and consumer.method.upper() not in READING:
        return BORROWED
    if _is_known(registry, edge, consumer):
        return KNOWN
    if any(each.fills == edge.fills for each in accepted):
        return TAKEN
    return LOOP if _loops(registry, edge, accepted) else None


def flow_problem(
    shapes: SchemaShapes, producer: Endpoint, source: str, consumer: Endpoint, field: RequestField
) -> str | None:
    """Why a value cannot flow from an endpoint's success into a field of another endpoint's request, if so."""
    held = source_shape(shapes, producer, source)
    if held is None:
        return NO_SOURCE
    return None if _fits(shapes, held, consumer, field) else NO_FIT


def _fits(shapes: SchemaShapes, held: Shape, consumer: Endpoint, field: RequestField) -> bool:
    wanted = field.shape
    common = held.types & wanted.types & SCALARS
    if not common and not (field.is_text and "string" in wanted.types and held.types & SCALARS):
        return False
    if held.format != wanted.format and None not in (held.format, wanted.format):
        return False
    if wanted.members is not None:
        return held.members is not None and set(map(repr, held.members)) <= set(map(repr, wanted.members))
    return _matches(shapes, held, consumer, field)


def _matches(shapes: SchemaShapes, held: Shape, consumer: Endpoint, field: RequestField) -> bool:
    """Whether values that the answer is known to have are right where a pattern is asked for."""
    if not field.shape.patterns or held.patterns == field.shape.patterns:
        return True
    known = [*(held.members or held.samples)]
    known += [text for pattern in held.patterns[:1] if not known for text in matching_texts(pattern, held.length)]
    written = [str(value) if field.is_text and isinstance(value, int) else value for value in known]
    return not known or any(shapes.accepts(consumer.definitions, field.schema, value) for value in written)


def _is_known(registry: Registry, edge: AcceptedEdge, consumer: Endpoint) -> bool:
    if edge.shape is None:
        operation = registry.graph.by_id.get(edge.consumer)
        if operation is None:
            return False
        bindings = registry.reference_bindings(consumer, operation.least.request)
        return any(binding.place == edge.place for binding in bindings)
    known = registry.producers.get(edge.shape)
    if known is not None:
        return not known.listed or edge.borrowed
    return any(binding.place == edge.place for binding in registry.path_bindings(consumer))


def _loops(registry: Registry, new: AcceptedEdge, accepted: Sequence[AcceptedEdge]) -> bool:
    """Whether what gives the value needs, in the end, a request that takes it."""
    waiting, seen = [new.producer], set[str]()
    while waiting:
        operation = waiting.pop()
        endpoint = operation.endpoint
        if endpoint.id in seen:
            continue
        seen.add(endpoint.id)
        if new.is_taken_by(endpoint):
            return True
        waiting += [each.producer for each in accepted if each.is_taken_by(endpoint)]
        waiting += _needed(registry, operation)
    return False


def _needed(registry: Registry, operation: Operation) -> list[Operation]:
    """The operations that make what an operation's request takes, as rules know it."""
    endpoint = operation.endpoint
    creations: Mapping[str, str] = {it.id: it.create.endpoint_id for it in registry.in_order}
    bindings = [
        *registry.path_bindings(endpoint),
        *registry.reference_bindings(endpoint, operation.least.request),
    ]
    found = (registry.graph.by_id.get(creations.get(binding.step, "")) for binding in bindings)
    return [it for it in found if it is not None]
