"""How much work a schema may make a validator do, known before it is asked: documents are not trusted."""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, NamedTuple

from casecraft.core.schema import Schema, referenced_name

MOST_PATHS = 100_000
"""A schema with more ways through its unions and conditions for one value is never checked against."""

MOST_DEPTH = 100
"""Schemas that lie one in another for one value, over references: deeper ones are neither read nor checked against."""

EXPLAINED_PATHS = 512
"""With more of them, what is wrong with a value is said with respect to a sample of each union's branches."""

_LISTS = ("allOf", "anyOf", "oneOf")
_SINGLE = ("not", "if", "then", "else")
_INSIDE = ("items", "contains", "additionalProperties", "unevaluatedProperties", "unevaluatedItems", "propertyNames")
_NAMED_INSIDE = ("properties", "patternProperties")


class Cost(NamedTuple):
    """The schemas that one value may be held against, and how many of them lie one in another."""

    paths: int
    depth: int

    def or_worse(self, other: "Cost") -> "Cost":
        """The greater of each."""
        return Cost(max(self.paths, other.paths), max(self.depth, other.depth))


_ONE = Cost(1, 1)


class SchemaCosts:
    """Counts the ways through the schemas of one document; named definitions are looked at once."""

    def __init__(self, definition: Callable[[str], Schema]) -> None:
        self._definition = definition
        self._named: dict[str, Cost] = {}
        self._worst: dict[str, Cost] = {}
        self._entered: dict[str, int] = {}

    def worst(self, schema: Schema, reached: Collection[str]) -> Cost:
        """The cost of one value at the worst place of a schema and of the definitions that it reaches."""
        for name in reached:
            if name not in self._worst:
                self._worst[name] = self._worst_in(self._definition(name))
        costs = [self._worst_in(schema), *map(self._worst.__getitem__, reached)]
        return Cost(max(each[0] for each in costs), max(each[1] for each in costs))

    def _worst_in(self, schema: Any) -> Cost:
        worst, waiting = _ONE, [schema]
        while waiting:
            each = waiting.pop()
            if isinstance(each, Mapping):
                worst = worst.or_worse(self._cost(each))
                waiting.extend(_beside(each))
                waiting.extend(_inside(each))
        return worst

    def _cost(self, schema: Any) -> Cost:
        """The cost of a value of the schema itself."""
        if not isinstance(schema, Mapping):
            return _ONE
        parts = [self._cost(each) for each in _beside(schema)]
        name = referenced_name(schema)
        if name is not None:
            parts.append(self._cost_of_named(name))
        return Cost(1 + sum(part.paths for part in parts), 1 + max((part.depth for part in parts), default=0))

    def _cost_of_named(self, name: str) -> Cost:
        if name in self._entered:  # what leads back to itself adds nothing but the way round
            return Cost(1, len(self._entered) - self._entered[name])
        if name not in self._named:
            self._settle(name)
        return self._named[name]

    def _settle(self, name: str) -> None:
        """Find the cost of a definition, after those that it leads to: they may lie deeper than Python calls."""
        waiting = [name]
        while waiting:
            name = waiting[-1]
            if name in self._named:
                waiting.pop()
            elif name in self._entered:
                self._named[name] = self._cost(self._definition(name))
                del self._entered[name]
            else:
                self._entered[name] = len(self._entered)
                names = _references_beside(self._definition(name))
                waiting.extend(each for each in names if each not in self._named and each not in self._entered)


def _references_beside(schema: Any) -> Iterator[str]:
    waiting = [schema]
    while waiting:
        each = waiting.pop()
        if isinstance(each, Mapping):
            name = referenced_name(each)
            if name is not None:
                yield name
            waiting.extend(_beside(each))


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
