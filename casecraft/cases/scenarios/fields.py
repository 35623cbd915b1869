"""Fields of answers and requests that hold ids: which one a path parameter means."""

from collections.abc import Iterator, Mapping

from casecraft.cases.scenarios.paths import noun_of, words_of
from casecraft.cases.shape_reader import ShapeReader
from casecraft.cases.shapes import Shape
from casecraft.cases.styles import is_json
from casecraft.cases.validators import ValidatorCache
from casecraft.core.endpoint import Endpoint, Response
from casecraft.core.schema import Definitions, Schema

ID_WORDS: tuple[str, ...] = ("id", "uuid", "guid", "key", "name", "slug", "number", "code")
_IDENTIFIERS = frozenset({"id", "uuid", "guid"})
_WRAPPERS = frozenset({"data", "result", "item", "object", "resource", "response", "attributes", "metadata"})


class SchemaShapes:
    """Reads the schemas of many endpoints, those that they share once."""

    def __init__(self) -> None:
        self._readers: dict[int, tuple[Definitions, ShapeReader, ValidatorCache]] = {}

    def read(self, definitions: Definitions, schema: Schema) -> Shape:
        """The shape of a schema."""
        return self._held(definitions)[1].read(schema)

    def accepts(self, definitions: Definitions, schema: Schema, *values: object) -> bool:
        """Whether all values conform to a schema."""
        validator = self._held(definitions)[2].validator(schema)
        return all(validator.accepts(value) for value in values)

    def _held(self, definitions: Definitions) -> tuple[Definitions, ShapeReader, ValidatorCache]:
        held = self._readers.get(id(definitions))
        if held is None:
            held = definitions, ShapeReader(definitions), ValidatorCache(definitions)
            self._readers[id(definitions)] = held
        return held

    def of_answer(self, endpoint: Endpoint, response: Response) -> Shape | None:
        """The shape of a response's JSON body."""
        schema = json_schema(response)
        return None if schema is None else self.read(endpoint.response_definitions, schema)

    def of_body(self, endpoint: Endpoint) -> Shape | None:
        """The shape of the request's JSON or form body: of the first that has fields."""
        for media in endpoint.body.media_types if endpoint.body else ():
            shape = self.read(endpoint.definitions, media.schema)
            if shape.properties:
                return shape
        return None


def successes(endpoint: Endpoint) -> list[Response]:
    """The documented answers to a request that was carried out, creation first."""
    found = [response for response in endpoint.responses if response.status.upper().startswith("2")]
    return sorted(found, key=lambda response: (response.status != "201", response.status))


def json_schema(response: Response) -> Schema | None:
    """The schema of a response's JSON body."""
    types = (media for media in response.media_types if is_json(media.content_type) or media.content_type == "*/*")
    return next((media.schema for media in types), None)


def id_pointer(shapes: SchemaShapes, endpoint: Endpoint, answer: Shape, name: str, item: str, wanted: Shape) -> str:
    """Where an answer has the value of the path parameter `name` of the item path `item`; "" where it has none.

    `wanted` is the parameter's shape, which the field's must not contradict.
    """
    noun = noun_of(item)
    candidates = list(names_of_id(name, noun))
    for prefix, properties in objects_in(shapes, endpoint, answer, noun):
        spelled = spellings_of(properties)
        for candidate in candidates:
            held = spelled.get(candidate)
            if held is not None and _may_be(shapes.read(endpoint.response_definitions, properties[held]), wanted):
                return f"{prefix}/{escape(held)}"
    return ""


def objects_in(
    shapes: SchemaShapes, endpoint: Endpoint, answer: Shape, noun: tuple[str, ...]
) -> Iterator[tuple[str, Mapping[str, Schema]]]:
    """The fields of an answer and of the objects that may be wrapped in it, with the pointers that lead to them."""
    yield "", answer.properties
    for wrapper, schema in answer.properties.items():
        if wrapper.lower() in _WRAPPERS or words_of(wrapper) == noun:
            yield f"/{escape(wrapper)}", shapes.read(endpoint.response_definitions, schema).properties


def spellings_of(properties: Mapping[str, Schema]) -> dict[str, str]:
    """Names of fields by their bare lower case, the first of each."""
    spelled: dict[str, str] = {}
    for key in properties:
        spelled.setdefault("".join(words_of(key)), key)
    return spelled


def names_of_id(name: str, noun: tuple[str, ...]) -> Iterator[str]:
    """How an object may call what a path parameter calls `name`, likeliest first, in bare lower case."""
    words = words_of(name)
    yield "".join(words)
    rest = list(words)
    while rest and rest[0] in noun:
        rest.pop(0)
    if not rest:
        yield from ID_WORDS
        return
    yield "".join(rest)
    if rest == ["id"] or rest[-1] in _IDENTIFIERS:
        yield from ("id", "uuid", "guid", "".join((*noun, "id")))
    elif words == (rest[-1],):
        yield "".join((*noun, rest[-1]))
        if rest == ["username"]:
            yield "login"


def _may_be(held: Shape, wanted: Shape) -> bool:
    scalars = {"string", "integer", "number"}
    if not held.typed:
        return True
    if not held.types & scalars:
        return False
    return not wanted.typed or "string" in wanted.types or bool(held.types & wanted.types & {"integer", "number"})


def escape(name: str) -> str:
    """A name as a JSON pointer writes it."""
    return name.replace("~", "~0").replace("/", "~1")
