"""Gemini: its older form of schemas, as JSON Schema.

Source: https://ai.google.dev/api/caching#Schema: a part of OpenAPI 3.0's, with types in capitals and with numbers that
may stand in strings.
"""

from collections.abc import Mapping
from typing import Any

from casecraft.wire.gemini.field_names import with_camel_names

LIMITS = frozenset({"minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"})
NOT_JSON_SCHEMA = frozenset({"nullable", "propertyOrdering"})
DEEPEST = 100


def read_schema(schema: Mapping[str, Any], depth: int = 0) -> dict[str, Any]:
    """The schema as JSON Schema; one that is so already stays as it is. What lies too deep is left out."""
    if depth > DEEPEST:
        return {}
    source = with_camel_names(schema)
    read = {name: _value(name, value, depth) for name, value in source.items() if name not in NOT_JSON_SCHEMA}
    if read.get("type") == "type_unspecified":
        del read["type"]
    if source.get("nullable") is True:
        _allow_null(read)
    return read


def _allow_null(schema: dict[str, Any]) -> None:
    if isinstance(schema.get("type"), str):
        schema["type"] = [schema["type"], "null"]
    if isinstance(schema.get("enum"), list):
        schema["enum"] = [*schema["enum"], None]


def _value(name: str, value: Any, depth: int) -> Any:
    if name == "type" and isinstance(value, str):
        return value.lower()
    if name in LIMITS and isinstance(value, str) and value.isdecimal() and value.isascii():
        return int(value[:18])
    if name == "items" and isinstance(value, dict):
        return read_schema(value, depth + 1)
    if name == "anyOf" and isinstance(value, list):
        return [read_schema(each, depth + 1) for each in value if isinstance(each, dict)]
    if name == "properties" and isinstance(value, dict):
        return {key: read_schema(each, depth + 1) for key, each in value.items() if isinstance(each, dict)}
    return value
