"""How hard an endpoint is to test, as a number. `docs/complexity.md` explains the weights."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from casecraft.core.endpoint import Body, Complexity, Parameter, Response, SecurityScheme, tier_of
from casecraft.core.schema import Definitions, Schema, referenced_name

PARAMETER: Final = 1
BODY: Final = 2
PROPERTY: Final = 1
LEVEL: Final = 2
BRANCH: Final = 2
FORMAT: Final = 1
RESPONSE: Final = 1
SCHEME: Final = 1

MAX_PROPERTIES: Final = 30
MAX_LEVELS: Final = 10
MAX_BRANCHES: Final = 10
MAX_FORMATS: Final = 15
MAX_RESPONSES: Final = 10

_UNIONS: Final = ("oneOf", "anyOf")
_CONSTRAINTS: Final = ("format", "pattern", "enum")


@dataclass(frozen=True, slots=True)
class Shape:
    """What a schema holds itself: at what levels it refers to which definitions, and its counts."""

    properties: int = 0
    branches: int = 0
    formats: int = 0
    levels: int = 0
    references: tuple[tuple[str, int], ...] = ()


class Complexities:
    """Scores endpoints; the shape of each definition is taken once."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._shapes: dict[str, Shape] = {}

    def score(
        self,
        parameters: tuple[Parameter, ...],
        body: Body | None,
        responses: tuple[Response, ...],
        security: tuple[tuple[SecurityScheme, ...], ...],
    ) -> Complexity:
        """The score and tier of an endpoint with these parts."""
        shapes = [_measure(parameter.schema) for parameter in parameters]
        whole = self._measure_body(body)
        formats = whole.formats + sum(shape.formats for shape in shapes)
        branches = whole.branches + sum(shape.branches for shape in shapes)
        schemes = {scheme.name for alternative in security for scheme in alternative}
        score = (
            PARAMETER * len(parameters)
            + (BODY if body else 0)
            + PROPERTY * min(whole.properties, MAX_PROPERTIES)
            + LEVEL * min(whole.levels, MAX_LEVELS)
            + BRANCH * min(branches, MAX_BRANCHES)
            + FORMAT * min(formats, MAX_FORMATS)
            + RESPONSE * min(max(len(responses) - 1, 0), MAX_RESPONSES)
            + SCHEME * len(schemes)
        )
        return Complexity(score, tier_of(score))

    def _measure_body(self, body: Body | None) -> Shape:
        """The shape of the richest content type, with every definition that it reaches counted once.

        A definition stands at the level at which it is first met, level by level, so that recursion ends.
        """
        if body is None:
            return Shape()
        schemas = {id(each.schema): each.schema for each in body.media_types}.values()
        return max((self._measure_whole(schema) for schema in schemas), key=lambda shape: shape.properties)

    def _measure_whole(self, schema: Schema) -> Shape:
        own = _measure(schema)
        properties, branches, formats, levels = own.properties, own.branches, own.formats, own.levels
        waiting, seen = list(own.references), set[str]()
        for name, level in waiting:
            if name in seen or (properties >= MAX_PROPERTIES and levels >= MAX_LEVELS):
                continue
            seen.add(name)
            shape = self._shape_of(name)
            properties += shape.properties
            branches += shape.branches
            formats += shape.formats
            levels = max(levels, level + shape.levels)
            waiting.extend((inner, level + below) for inner, below in shape.references)
        return Shape(properties, branches, formats, levels)

    def _shape_of(self, name: str) -> Shape:
        shape = self._shapes.get(name)
        if shape is None:
            shape = self._shapes[name] = _measure(self._definitions[name])
        return shape


def _measure(schema: Schema) -> Shape:
    """The shape of a schema without the definitions that it refers to."""
    properties = branches = formats = levels = 0
    references: list[tuple[str, int]] = []
    waiting: list[tuple[Any, int]] = [(schema, 0)]
    while waiting:
        node, level = waiting.pop()
        if not isinstance(node, Mapping):
            continue
        name = referenced_name(node)
        if name is not None:
            references.append((name, level))
        properties += len(node.get("properties", ()))
        branches += sum(len(node[union]) - 1 for union in _UNIONS if union in node)
        formats += sum(keyword in node for keyword in _CONSTRAINTS)
        below = [(child, level + step) for child, step in _iterate_children(node)]
        levels = max(levels, level, *(inner for _, inner in below)) if below else max(levels, level)
        waiting.extend(below)
    return Shape(properties, branches, formats, levels, tuple(references))


def _iterate_children(node: Mapping[str, Any]) -> Iterator[tuple[Any, int]]:
    """The schemas inside a schema; those for a value inside the value stand one level lower."""
    for child in (*node.get("properties", {}).values(), *node.get("patternProperties", {}).values()):
        yield child, 1
    for child in (*node.get("prefixItems", ()), node.get("items"), node.get("additionalProperties")):
        if child is not None and not isinstance(child, bool):
            yield child, 1
    for keyword in ("allOf", *_UNIONS):
        for child in node.get(keyword, ()):
            yield child, 0
