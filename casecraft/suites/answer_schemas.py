"""The schemas of answers as checkers can use them: without what would keep one busy for ever.

That is a pattern which backtracks without end, and a definition that is itself again before it says anything.
"""

from collections.abc import Iterator, Mapping
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

_NESTED: Final = (dict, list)
_VALUES: Final = frozenset({"const", "enum", "default", "example", "examples"})
_MAPS: Final = frozenset({"properties", "patternProperties", "dependentSchemas", "$defs"})


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
        self._found: dict[int, tuple[Schema, list[str]]] = {}

    def faults(self, schema: Schema) -> list[str]:
        """What of the schema and of all that it reaches no checker can finish; sentences."""
        known = self._found.get(id(schema))
        if known is None:
            known = self._found[id(schema)] = (schema, self._faults(schema))  # which keeps the schema, and so its id
        return known[1]

    def _faults(self, schema: Schema) -> list[str]:
        patterns = _slow_patterns(schema)
        reached: set[str] = set()
        waiting = {*direct_references(schema)} - self._sound
        endless = []
        while waiting:
            name = waiting.pop()
            reached.add(name)
            definition = self._definitions[name]
            patterns += _slow_patterns(definition)
            endless += [name] if self._is_endless(name) else []
            waiting |= {*direct_references(definition)} - reached - self._sound
        if not patterns and not endless:
            self._sound |= reached
        return sorted({*map(_of_pattern, patterns), *map(_of_endless, endless)})

    def definition(self, name: str) -> Schema:
        """A definition; one that never ends allows everything."""
        if name in self._sound:
            return self._definitions[name]
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

    def _without(self, node: Any, *, of_names: bool = False) -> Any:
        """A copy that allows more; `of_names` says that the keys are names of schemas and no keywords."""
        if isinstance(node, list):
            return [self._without(each) for each in node]
        if not isinstance(node, Mapping):
            return node
        if of_names:
            return {name: self._without(each) for name, each in node.items()}
        copy = {
            key: value if key in _VALUES else self._without(value, of_names=key in _MAPS) for key, value in node.items()
        }
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


def _of_endless(name: str) -> str:
    return f"answers are not held to the schema {name!r}: it never ends"


def _slow_patterns(schema: Any) -> list[str]:
    """The patterns in a schema, those of names among them, that a checker may never end with."""
    patterns: list[Any] = []
    waiting = [schema]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, dict):
            patterns += [node["pattern"]] if "pattern" in node else []
            if isinstance(named := node.get("patternProperties"), dict):
                patterns += named
            waiting += [each for each in node.values() if isinstance(each, _NESTED)]
    return [each for each in patterns if isinstance(each, str) and is_slow(each)]


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
