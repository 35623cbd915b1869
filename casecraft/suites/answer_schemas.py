"""The schemas of answers as checkers can use them: without what would keep one busy for ever.

That is a pattern which backtracks without end, and a definition that is itself again before it says anything.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from casecraft.core.endpoint import Endpoint, MediaType
from casecraft.core.schema import Definitions, Schema, direct_references, referenced_name
from casecraft.suites.patterns import is_slow

_IN_PLACE: Final = ("allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas")
_STRICTER: Final = {
    "not": ("not",),
    "if": ("if", "then", "else"),
    "contains": ("contains", "minContains", "maxContains"),
}
"""Keywords under which a schema that allows more makes the whole allow less, and what goes with each."""

_VALUES: Final = frozenset({"const", "enum", "default", "example", "examples"})


def answer_schema(endpoint: Endpoint, media: MediaType) -> Schema:
    """The schema of an answer's body, without what no checker can finish."""
    return usable(endpoint.response_definitions).loosened(media.schema)


def unchecked_notes(endpoint: Endpoint) -> list[str]:
    """What of the schemas of the endpoint's answers is not checked, and why."""
    known = usable(endpoint.response_definitions)
    schemas = (media.schema for response in endpoint.responses for media in response.media_types)
    return list(dict.fromkeys(fault for schema in schemas for fault in known.faults(schema)))


@lru_cache(maxsize=8)
def usable(definitions: Definitions) -> "UsableSchemas":
    """All endpoints of a document share their definitions, and what is known of them."""
    return UsableSchemas(definitions)


class UsableSchemas:
    """What is wrong with the definitions of a document, found as it is asked for."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._sound: set[str] = set()

    def faults(self, schema: Schema) -> list[str]:
        """What of the schema and of all that it reaches no checker can finish; sentences."""
        found = list(map(_of_pattern, _slow_patterns(schema)))
        reached: set[str] = set()
        waiting = set(direct_references(schema)) - self._sound
        while waiting:
            name = waiting.pop()
            reached.add(name)
            definition = self._definitions[name]
            found += map(_of_pattern, _slow_patterns(definition))
            found += [f"answers are not held to the schema {name!r}: it never ends"] if self._is_endless(name) else []
            waiting.update(each for each in direct_references(definition) if each not in reached | self._sound)
        if not found:
            self._sound |= reached
        return sorted(found)

    def definition(self, name: str) -> Schema:
        """A definition; one that never ends allows everything."""
        return True if self._is_endless(name) else self.loosened(self._definitions[name])

    def loosened(self, schema: Schema) -> Schema:
        """The schema, allowing more where it has faults."""
        return schema if isinstance(schema, bool) or not self.faults(schema) else self._without(schema)

    def _is_endless(self, name: str) -> bool:
        waiting, seen = [name], set[str]()
        while waiting:
            following = set(_references_in_place(self._definitions[waiting.pop()]))
            if name in following:
                return True
            waiting += following - seen
            seen |= following
        return False

    def _without(self, node: Any) -> Any:
        if isinstance(node, list):
            return [self._without(each) for each in node]
        if not isinstance(node, Mapping):
            return node
        copy = {key: value if key in _VALUES else self._without(value) for key, value in node.items()}
        if isinstance(pattern := copy.get("pattern"), str) and is_slow(pattern):
            del copy["pattern"]
        self._allow_names(copy)
        for keyword, together in _STRICTER.items():
            if keyword in node and self.faults(node[keyword]):
                copy = {key: value for key, value in copy.items() if key not in together}
        if isinstance(branches := node.get("oneOf"), list) and any(map(self.faults, branches)):
            some = {"anyOf": copy.pop("oneOf")}
            copy["allOf"] = [*copy.get("allOf", ()), some]
        return copy

    @staticmethod
    def _allow_names(copy: dict[str, Any]) -> None:
        """Fields whose names only a slow pattern would allow are allowed."""
        patterns = copy.get("patternProperties")
        if isinstance(patterns, dict) and any(map(is_slow, patterns)):
            copy["patternProperties"] = {name: each for name, each in patterns.items() if not is_slow(name)}
            for keyword in ("additionalProperties", "unevaluatedProperties"):
                copy.pop(keyword, None)


def _of_pattern(pattern: str) -> str:
    return f"answers are not held to the pattern {pattern!r}: on some texts a checker would never end"


def _slow_patterns(schema: Any) -> Iterator[str]:
    waiting = [schema]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, Mapping):
            patterns = node.get("patternProperties")
            named: Iterable[Any] = patterns if isinstance(patterns, Mapping) else ()
            yield from (each for each in (node.get("pattern"), *named) if isinstance(each, str) and is_slow(each))
            waiting += (each for key, each in node.items() if isinstance(each, dict | list) and key not in _VALUES)


def _references_in_place(schema: Any) -> Iterator[str]:
    """The definitions that a schema applies to the very value that it is applied to."""
    waiting = [schema]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, Mapping):
            if (name := referenced_name(node)) is not None:
                yield name
            for keyword in _IN_PLACE:
                below = node.get(keyword)
                waiting += below.values() if keyword == "dependentSchemas" and isinstance(below, Mapping) else [below]
