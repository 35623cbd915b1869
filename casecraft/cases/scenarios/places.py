"""Where values stand: the fields of requests by the names that models use, and the sources in answers."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from casecraft.cases.scenarios.fields import ID_WORDS, SchemaShapes, escape, successes
from casecraft.cases.scenarios.graph import bindable_places
from casecraft.cases.scenarios.paths import words_of
from casecraft.cases.shapes import Shape
from casecraft.core.endpoint import Endpoint, Parameter
from casecraft.core.schema import Definitions, Schema

SCALARS = frozenset({"string", "integer", "number"})

_SECTIONS = {"path": "path_params", "query": "query", "header": "headers", "cookie": "cookies"}
_DEEPEST = 3
_MOST_FIELDS = 200
_LONGEST_POINTER = 8
_ID_ENDINGS = frozenset({*ID_WORDS, "ids", "ref", "reference", "login", "username", "sku", "sha"})
_HEADER, _LAST = "header:", "#last"


@dataclass(frozen=True, slots=True)
class RequestField:
    """One value of a request. `name` is what targets call it (`body.owner.id`, `query.ids[]`), `place` what bindings
    do (`/body/owner/id`). `words` are those of its name, led by its object's where it has but one.
    """

    name: str
    place: str
    words: tuple[str, ...]
    schema: Schema
    shape: Shape

    @property
    def is_text(self) -> bool:
        """Whether it is written as text, whatever its type."""
        return not self.place.startswith("/body")


def request_fields(shapes: SchemaShapes, endpoint: Endpoint) -> dict[str, RequestField]:
    """The plain values that requests of an endpoint have, by their names; in a list of values, the first."""
    bindable = {place.name for place in bindable_places(endpoint)}
    found: dict[str, RequestField] = {}
    for parameter in endpoint.parameters:
        if parameter.content_type is None and (parameter.location != "path" or parameter.name in bindable):
            for each in _of_parameter(shapes, endpoint.definitions, parameter):
                found[each.name] = each
    body = shapes.of_body(endpoint)
    for each in _inside(shapes, endpoint.definitions, body) if body is not None else ():
        if len(found) >= _MOST_FIELDS:
            break
        found.setdefault(each.name, each)
    return found


def _of_parameter(shapes: SchemaShapes, definitions: Definitions, parameter: Parameter) -> Iterator[RequestField]:
    name = f"{parameter.location}.{parameter.name}"
    place = f"/{_SECTIONS[parameter.location]}/{escape(parameter.name)}"
    for each in _plain(shapes, definitions, parameter.schema, name, place, words_of(parameter.name)):
        if each.place == place or parameter.location == "query":
            yield each


def _inside(shapes: SchemaShapes, definitions: Definitions, body: Shape) -> Iterator[RequestField]:
    waiting: deque[tuple[str, str, tuple[str, ...], Shape, int]] = deque([("body", "/body", (), body, 1)])
    while waiting:
        name, place, above, shape, depth = waiting.popleft()
        for key, schema in shape.properties.items():
            here, there, words = f"{name}.{key}", f"{place}/{escape(key)}", words_of(key)
            yield from _plain(shapes, definitions, schema, here, there, (*above, *words) if len(words) == 1 else words)
            held = shapes.read(definitions, schema) if depth < _DEEPEST else Shape()
            if held.properties:
                waiting.append((here, there, words, held, depth + 1))


def _plain(
    shapes: SchemaShapes, definitions: Definitions, schema: Schema, name: str, place: str, words: tuple[str, ...]
) -> Iterator[RequestField]:
    shape = shapes.read(definitions, schema)
    if shape.types - {"null"} == {"array"}:
        name, place, schema, shape = f"{name}[]", f"{place}/0", shape.items, shapes.read(definitions, shape.items)
    if shape.typed and shape.types & (SCALARS | {"boolean"}):
        yield RequestField(name, place, words, schema, shape)


def source_shape(shapes: SchemaShapes, endpoint: Endpoint, source: str) -> Shape | None:
    """The shape of what an endpoint's documented success has at a binding's source; None where it has no plain value
    there.
    """
    for response in successes(endpoint):
        if source.startswith(_HEADER):
            name = source.removeprefix(_HEADER).removesuffix(_LAST).lower()
            header = next((it for it in response.headers if it.name.lower() == name), None)
            if header is not None:
                is_part = source.endswith(_LAST)
                return Shape() if is_part else shapes.read(endpoint.response_definitions, header.schema)
            continue
        answer = shapes.of_answer(endpoint, response)
        held = _follow(shapes, endpoint.response_definitions, answer, source) if answer is not None else None
        if held is not None and held.typed and held.types & SCALARS:
            return held
    return None


def _follow(shapes: SchemaShapes, definitions: Definitions, shape: Shape, pointer: str) -> Shape | None:
    head, *segments = pointer.split("/")
    if head or not segments or len(segments) > _LONGEST_POINTER:
        return None
    for segment in segments:
        name = segment.replace("~1", "/").replace("~0", "~")
        if name in shape.properties:
            shape = shapes.read(definitions, shape.properties[name])
        elif name.isdecimal() and name.isascii() and "array" in shape.types and shape.items is not True:
            shape = shapes.read(definitions, shape.items)
        else:
            return None
    return shape


def id_sources(shapes: SchemaShapes, endpoint: Endpoint, most: int) -> list[str]:
    """Where an endpoint's success has what looks like an id or a name, the outermost first, as sources of bindings."""
    found: dict[str, None] = {}
    for response in successes(endpoint):
        if any(header.name.lower() == "location" for header in response.headers):
            found["header:Location#last"] = None
        answer = shapes.of_answer(endpoint, response)
        for source in _ids_in(shapes, endpoint.response_definitions, answer) if answer is not None else ():
            found[source] = None
            if len(found) >= most:
                return list(found)
    return list(found)


def _ids_in(shapes: SchemaShapes, definitions: Definitions, answer: Shape) -> Iterator[str]:
    waiting: deque[tuple[str, Shape, int]] = deque([("", answer, 0)])
    seen = 0
    while waiting and seen < _MOST_FIELDS:
        place, shape, depth = waiting.popleft()
        if shape.types - {"null"} == {"array"}:
            waiting.append((f"{place}/0", shapes.read(definitions, shape.items), depth))
            seen += 1
            continue
        for key, schema in shape.properties.items():
            seen += 1
            held, here, words = shapes.read(definitions, schema), f"{place}/{escape(key)}", words_of(key)
            if held.typed and held.types & SCALARS and held.members is None and words and words[-1] in _ID_ENDINGS:
                yield here
            elif depth + 1 < _DEEPEST and (held.properties or held.types - {"null"} == {"array"}):
                waiting.append((here, held, depth + 1))
