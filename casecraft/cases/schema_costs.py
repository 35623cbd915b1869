"""How much work a schema may make a validator do, known before it is asked: documents are not trusted."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from casecraft.core.schema import Definitions, Schema, referenced_name

MOST_PATHS = 100_000
"""A schema with more ways through its unions and conditions for one value is never checked against."""

EXPLAINED_PATHS = 512
"""With more of them, what is wrong with a value is said with respect to a sample of each union's branches."""

_LISTS = ("allOf", "anyOf", "oneOf")
_SINGLE = ("not", "if", "then", "else")
_INSIDE = ("items", "contains", "additionalProperties", "unevaluatedProperties", "unevaluatedItems", "propertyNames")
_NAMED_INSIDE = ("properties", "patternProperties")


class SchemaCosts:
    """Counts the ways through the schemas of one document; named definitions are looked at once."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._named: dict[str, tuple[int, int]] = {}

    def paths(self, schema: Schema) -> int:
        """The most schemas that one value may be held against, at the worst place of a schema."""
        return self._count(schema)[1]

    def _count(self, schema: Any) -> tuple[int, int]:
        """The ways for a value of the schema itself, and the most of any place in it."""
        if not isinstance(schema, Mapping):
            return 1, 1
        own, worst = 1, 1
        for each in _beside(schema):
            paths, inner = self._count(each)
            own, worst = own + paths, max(worst, inner)
        for each in _inside(schema):
            worst = max(worst, self._count(each)[1])
        name = referenced_name(schema)
        if name is not None:
            paths, inner = self._count_named(name)
            own, worst = own + paths, max(worst, inner)
        return own, max(own, worst)

    def _count_named(self, name: str) -> tuple[int, int]:
        known = self._named.get(name)
        if known is None:
            self._named[name] = 1, 1  # what leads back to itself adds nothing
            try:
                known = self._named[name] = self._count(self._definitions[name])
            except KeyError:  # a dangling reference, of which the loader has told
                known = self._named[name] = 1, 1
        return known


def _beside(schema: Mapping[str, Any]) -> Iterator[Any]:
    """The schemas that the same value is held against."""
    for key in _LISTS:
        if isinstance(schema.get(key), list):
            yield from schema[key]
    yield from (schema[key] for key in _SINGLE if key in schema)
    if isinstance(schema.get("dependentSchemas"), Mapping):
        yield from schema["dependentSchemas"].values()


def _inside(schema: Mapping[str, Any]) -> Iterator[Any]:
    """The schemas for what is inside of the value."""
    yield from (schema[key] for key in _INSIDE if key in schema)
    for key in _NAMED_INSIDE:
        if isinstance(schema.get(key), Mapping):
            yield from schema[key].values()
    if isinstance(schema.get("prefixItems"), list):
        yield from schema["prefixItems"]


def sampled(schema: Any, indexes: Callable[[int], list[int]]) -> Any:
    """A copy of a schema in which each union has only the branches at `indexes(count)`."""
    if isinstance(schema, list):
        return [sampled(each, indexes) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    copy = {key: sampled(value, indexes) for key, value in schema.items()}
    for key in ("anyOf", "oneOf"):
        branches = schema.get(key)
        if isinstance(branches, list):
            copy[key] = [copy[key][index] for index in indexes(len(branches))]
    return copy
