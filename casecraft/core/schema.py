"""JSON Schemas of a document, and the named definitions that they refer to."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

Schema: TypeAlias = Mapping[str, Any] | bool
"""A JSON Schema, draft 2020-12, whatever version the document has. References are `#/$defs/NAME`."""

REFERENCE_PREFIX = "#/$defs/"

BEYOND_INT32 = (-(2**31) - 1, 2**31)
"""The integers next to those of 32 bits, as the excluded bounds that `format: int32` stands for in a request."""


class Definitions:
    """The named schemas of a document, each converted when it is first asked for.

    A `$ref` of `#/$defs/Pet` in any schema of an endpoint means `definitions["Pet"]`. Definitions may refer to
    themselves. They are shared by all endpoints of a document and never copied into them.
    """

    __slots__ = ("_direct", "_load", "_loaded")

    def __init__(self, load: Callable[[str], Schema]) -> None:
        self._load = load
        self._loaded: dict[str, Schema] = {}
        self._direct: dict[str, frozenset[str]] = {}

    def __getitem__(self, name: str) -> Schema:
        schema = self._loaded.get(name)
        if schema is None:
            schema = self._loaded[name] = self._load(name)
        return schema

    def resolve(self, schema: Schema) -> Schema:
        """Follow a bare `$ref` to the schema that it names; any other schema is returned as it is.

        A loop of bare references, which no value satisfies or violates, ends in `True`.
        """
        seen: set[str] = set()
        while isinstance(schema, Mapping) and (name := referenced_name(schema)) is not None:
            if name in seen:
                return True
            seen.add(name)
            schema = self[name]
        return schema

    def closure(self, *schemas: Schema) -> dict[str, Schema]:
        """Every definition that the schemas reach, by name, sorted."""
        waiting = {name for schema in schemas for name in direct_references(schema)}
        reached: set[str] = set()
        while waiting:
            name = waiting.pop()
            reached.add(name)
            waiting |= self._references_of(name) - reached
        return {name: self[name] for name in sorted(reached)}

    def self_contained(self, schema: Schema) -> Schema:
        """The schema with all that it reaches under `$defs`, ready for a validator."""
        reached = self.closure(schema)
        if isinstance(schema, bool) or not reached:
            return schema
        return {**schema, "$defs": reached}

    def _references_of(self, name: str) -> frozenset[str]:
        direct = self._direct.get(name)
        if direct is None:
            direct = self._direct[name] = frozenset(direct_references(self[name]))
        return direct


def referenced_name(schema: Mapping[str, Any]) -> str | None:
    """The definition's name where the schema has a `$ref`, else None."""
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference.startswith(REFERENCE_PREFIX):
        return reference[len(REFERENCE_PREFIX) :]
    return None


def direct_references(schema: Any) -> Iterator[str]:
    """The names of the definitions that a schema refers to itself, at any depth, with repetition."""
    waiting = [schema]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Mapping):
            name = referenced_name(node)
            if name is not None:
                yield name
            waiting.extend(value for value in node.values() if isinstance(value, Mapping | list))
        elif isinstance(node, list):
            waiting.extend(node)
