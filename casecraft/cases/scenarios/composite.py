"""Ids of several parts: `/repos/{owner}/{repo}` takes two fields of the one answer that made the repository."""

from collections.abc import Iterator, Mapping

from casecraft.cases.scenarios.fields import (
    ID_WORDS,
    escape,
    names_of_id,
    objects_in,
    spellings_of,
    successes,
)
from casecraft.cases.scenarios.graph import Graph, Operation
from casecraft.cases.scenarios.paths import collection_of, is_item, noun_of, words_of
from casecraft.cases.shapes import Shape
from casecraft.core.endpoint import Endpoint
from casecraft.core.schema import Schema

_WORDS_OF_OBJECTS = ("login", "username", *ID_WORDS)
"""What the object that a part is called after may call its own id, beside the usual."""


def parts_of(item: str) -> tuple[str, ...]:
    """The shapes of the path up to each part of an item's id: `/repos/{}`, `/repos/{}/{}`."""
    parts = []
    while is_item(item):
        parts.append(item)
        item = collection_of(item)
    return tuple(reversed(parts))


def root_of(item: str) -> str:
    """The path before the first part."""
    return collection_of(parts_of(item)[0])


def composite_sources(graph: Graph, operation: Operation, item: str) -> dict[str, str] | None:
    """Where an operation's answer has each part of an item's id, by the shape of the path up to it; all or None."""
    endpoint = operation.endpoint
    for response in successes(endpoint):
        answer = graph.shapes.of_answer(endpoint, response)
        if answer is None:
            continue
        found = {part: _find_part(graph, endpoint, answer, part, item) for part in parts_of(item)}
        sources = {part: pointer for part, pointer in found.items() if pointer}
        if len({*sources.values()}) == len(found):
            return sources
    return None


def _find_part(graph: Graph, endpoint: Endpoint, answer: Shape, part: str, item: str) -> str:
    for name in graph.names[part]:
        wanted = graph.wanted(part, name)
        for prefix, properties in objects_in(graph.shapes, endpoint, answer, noun_of(item)):
            for pointer in _pointers(graph, endpoint, properties, name, item if part == item else None):
                held = _shape_at(graph, endpoint, properties, pointer)
                if held is not None and _is_alike(held, wanted):
                    return prefix + "".join(f"/{escape(each)}" for each in pointer)
    return ""


def _pointers(
    graph: Graph, endpoint: Endpoint, properties: Mapping[str, Schema], name: str, item: str | None
) -> Iterator[tuple[str, ...]]:
    """The names of fields that may be what a path calls `name`, likeliest first. `item` is set for the last part."""
    spelled = spellings_of(properties)
    bare = "".join(words_of(name))
    own = spelled.get(bare)
    if own is not None:
        yield (own,)
        inner = spellings_of(graph.shapes.read(endpoint.response_definitions, properties[own]).properties)
        yield from ((own, inner[word]) for word in _WORDS_OF_OBJECTS if word in inner)
    yield from ((spelled[bare + word],) for word in _WORDS_OF_OBJECTS if bare + word in spelled)
    if item is not None:
        yield from ((spelled[word],) for word in names_of_id(name, noun_of(item)) if word in spelled)


def _shape_at(
    graph: Graph, endpoint: Endpoint, properties: Mapping[str, Schema], pointer: tuple[str, ...]
) -> Shape | None:
    shape = None
    for name in pointer:
        shape = graph.shapes.read(endpoint.response_definitions, properties[name])
        properties = shape.properties
    return shape


def _is_alike(held: Shape, wanted: Shape) -> bool:
    """Whether a field is of the very type that a parameter has: a part has no name of its own to go by."""
    if not held.typed:
        return False
    types = held.types & wanted.types & {"string", "integer"}
    return bool(types) and (not wanted.typed or held.format == wanted.format or None in (held.format, wanted.format))
