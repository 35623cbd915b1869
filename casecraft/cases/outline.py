"""An endpoint as a model gets to see it: what a request needs, in few characters.

Everything here comes from an untrusted document, so the work is bounded by the budget and not by the document: a
schema is cut below a depth and after a number of nodes, and definitions are taken nearest first for as long as there
is room. What is cut becomes `{}`, which in a schema means "anything", and a note says so.
"""

import json
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from casecraft.cases.xml_bodies import is_xml
from casecraft.core.endpoint import Body, Endpoint, Parameter, SecurityScheme
from casecraft.core.schema import Definitions, direct_references

ENDPOINT_BUDGET = 24_000
"""Characters of JSON that one endpoint may take, about 7,000 tokens."""

_CHARACTERS_PER_NODE = 40
_LONGEST_DESCRIPTION, _LONGEST_NOTE = 1_000, 160
_DEEPEST = 8
_MOST_MEMBERS, _MOST_PARAMETERS, _MOST_RESPONSES = 40, 100, 30

_NAMED_SCHEMAS = frozenset({"properties", "patternProperties", "dependentSchemas", "$defs"})
_SCHEMA_LISTS = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_ONE_SCHEMA = frozenset({"items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames"})
_LEFT_OUT = frozenset({"title", "externalDocs", "example", "examples", "discriminator", "$comment", "$id"})

_CUT_NOTE = "This outline is shortened: {} stands for a schema that is not shown."


def compact(value: Any) -> str:
    """The value as JSON without blanks, safe to stand between tags: no string in it can hold a `<`."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    return text.replace("<", "\\u003c").encode("utf-8", "replace").decode()


def one_line(text: str, most: int) -> str:
    """The text without line breaks, cut to `most` characters."""
    line = " ".join(text[: 2 * most].split())
    return line if len(line) <= most else line[: most - 1] + "…"


def outline(endpoint: Endpoint, budget: int = ENDPOINT_BUDGET) -> dict[str, Any]:
    """The endpoint as plain values whose compact JSON has at most about `budget` characters.

    Its request's schemas come with the definitions that they reach, nearest first, while there is room. Where a body
    may be XML they keep the keyword that says how it looks.
    """
    sends_xml = any(is_xml(media.content_type) for media in (endpoint.body.media_types if endpoint.body else ()))
    nodes = max(budget // _CHARACTERS_PER_NODE, 1)
    while True:
        pruner = _Pruner(nodes, sends_xml=sends_xml)
        outlined = _request(endpoint, pruner)
        used = len(compact(outlined))
        if used <= budget or nodes <= 1:
            break
        nodes //= 2
    definitions = _definitions(endpoint.definitions, outlined, pruner, budget - used)
    if definitions:
        outlined["$defs"] = definitions
    if pruner.cut:
        outlined["note"] = _CUT_NOTE
    return outlined


class _Pruner:
    """Copies schemas for as long as nodes are left, and remembers whether anything was cut."""

    __slots__ = ("cut", "nodes", "sends_xml")

    def __init__(self, nodes: int, *, sends_xml: bool = False) -> None:
        self.nodes = nodes
        self.sends_xml = sends_xml
        self.cut = False

    def schema(self, schema: Any, depth: int = 0) -> Any:
        """The schema without what says nothing about values, nor what is too deep."""
        if not isinstance(schema, Mapping):
            return schema if isinstance(schema, bool) else {}
        if self.nodes <= 0 or depth > _DEEPEST:
            self.cut = self.cut or bool(schema)
            return {}
        self.nodes -= 1
        pruned = {key: self._keyword(key, value, depth + 1) for key, value in schema.items() if self._tells(key)}
        return pruned | self._example(schema)

    def _tells(self, key: Any) -> bool:
        """Whether a keyword says something about values."""
        if not isinstance(key, str) or key.startswith("x-"):
            return False
        return self.sends_xml if key == "xml" else key not in _LEFT_OUT

    def value(self, value: Any) -> Any:
        """A value, with long texts and long lists shortened."""
        if isinstance(value, str):
            return self._text(value)
        if not isinstance(value, Mapping | list):
            return value
        if self.nodes <= 0:
            self.cut = True
            return None
        self.nodes -= 1
        if isinstance(value, Mapping):
            return {str(key): self.value(each) for key, each in self._first(value.items(), _MOST_MEMBERS)}
        return [self.value(each) for each in self._first(value, _MOST_MEMBERS)]

    def parameters(self, parameters: tuple[Parameter, ...]) -> list[dict[str, Any]]:
        """Parameters, required ones first."""
        ordered = sorted(parameters, key=lambda parameter: not parameter.required)
        return [self._parameter(parameter) for parameter in self._first(ordered, _MOST_PARAMETERS)]

    def body(self, body: Body) -> dict[str, Any]:
        """The body's media types with their schemas."""
        contents = [
            _present({"content_type": media.content_type, "schema": self.schema(media.schema)})
            | self._example({"examples": list(media.examples)})
            for media in self._first(body.media_types, _MOST_MEMBERS)
        ]
        described = {"description": one_line(body.description, _LONGEST_NOTE), "required": body.required}
        return _present(described) | {"content": contents}

    def _parameter(self, parameter: Parameter) -> dict[str, Any]:
        return _present(
            {
                "name": parameter.name,
                "in": parameter.location,
                "required": parameter.required,
                "description": one_line(parameter.description, _LONGEST_NOTE),
                "schema": self.schema(parameter.schema),
            }
        ) | self._example({"examples": list(parameter.examples)})

    def _keyword(self, key: str, value: Any, depth: int) -> Any:
        if key in _NAMED_SCHEMAS and isinstance(value, Mapping):
            return {str(name): self.schema(each, depth) for name, each in self._first(value.items(), self.nodes)}
        if key in _SCHEMA_LISTS and isinstance(value, list):
            return [self.schema(each, depth) for each in self._first(value, self.nodes)]
        if key in _ONE_SCHEMA:
            return self.schema(value, depth)
        if key == "description" and isinstance(value, str):
            return one_line(value, _LONGEST_NOTE)
        return value if key == "$ref" else self.value(value)

    def _example(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        examples = schema.get("examples")
        example = examples[0] if isinstance(examples, list) and examples else schema.get("example")
        return {} if example is None else {"example": self.value(example)}

    def _text(self, text: str) -> str:
        if len(text) <= _LONGEST_NOTE:
            return text
        self.cut = True
        return text[: _LONGEST_NOTE - 1] + "…"

    def _first(self, entries: Iterable[Any], most: int) -> list[Any]:
        taken = list(islice(entries, max(most, 0) + 1))
        if len(taken) > most:
            self.cut = True
        return taken[: max(most, 0)]


def _present(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if value not in ("", None)}


def _request(endpoint: Endpoint, pruner: _Pruner) -> dict[str, Any]:
    outlined: dict[str, Any] = _present(
        {
            "method": endpoint.method,
            "path": endpoint.path,
            "summary": one_line(endpoint.summary, _LONGEST_NOTE),
            "description": one_line(endpoint.description, _LONGEST_DESCRIPTION),
        }
    )
    outlined["security"] = [[_scheme(scheme) for scheme in together] for together in endpoint.security]
    outlined["responses"] = {
        response.status: one_line(response.description, _LONGEST_NOTE)
        for response in endpoint.responses[:_MOST_RESPONSES]
    }
    outlined["parameters"] = pruner.parameters(endpoint.parameters)
    if endpoint.body is not None:
        outlined["body"] = pruner.body(endpoint.body)
    return outlined


def _scheme(scheme: SecurityScheme) -> str:
    if scheme.kind == "apiKey":
        return f"apiKey in {scheme.location} {scheme.parameter}"
    return f"{scheme.kind} {scheme.http_scheme}".strip()


def _definitions(named: Definitions, outlined: Mapping[str, Any], pruner: _Pruner, room: int) -> dict[str, Any]:
    """The definitions that the outline reaches, breadth first; `{}` for each that there is no room for."""
    found: dict[str, Any] = {}
    waiting = list(dict.fromkeys(direct_references(outlined)))
    while waiting:
        reached: dict[str, None] = {}
        for name in waiting:
            pruned = pruner.schema(named[name]) if room > 0 else {}
            room -= len(compact(pruned)) + len(name) + len('"":,')
            pruner.cut = pruner.cut or room < 0
            found[name] = pruned if room >= 0 else {}
            reached.update(dict.fromkeys(direct_references(found[name])))
        waiting = [name for name in reached if name not in found]
    return dict(sorted(found.items()))
