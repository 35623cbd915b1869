"""Schemas in draft 7 of JSON Schema, for checkers that know no later one."""

from collections.abc import Mapping
from typing import Any

_ONE = ("additionalProperties", "not", "if", "then", "else", "contains", "propertyNames", "items", "additionalItems")
_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
_MAPS = ("properties", "patternProperties", "$defs", "dependentSchemas")
_UNKNOWN = {"$schema", "$id", "$anchor", "$dynamicRef", "$dynamicAnchor", "$comment", "$vocabulary", "nullable", "id"}
_UNCHECKED = {"unevaluatedProperties", "unevaluatedItems", "minContains", "maxContains"}
_FORMATS = {"date", "email", "ipv4", "ipv6", "uuid"}


def as_draft7(schema: Any) -> Any:
    """The schema, which is of draft 2020-12, as draft 7 says it.

    What that cannot say is left out: `unevaluatedProperties`, `unevaluatedItems`, `minContains`, `maxContains` and
    dynamic references. So are formats that not every checker knows alike. References stay as they are.
    """
    if not isinstance(schema, Mapping):
        return schema
    left_out = _UNKNOWN | _UNCHECKED | ({"contains"} if schema.get("minContains") == 0 else set())
    kept = {key: _value(key, value) for key, value in schema.items() if key not in left_out}
    if kept.get("format", "date") not in _FORMATS:
        del kept["format"]
    return _reference_alone(_dependencies(_tuple(kept)))


def _value(key: str, value: Any) -> Any:
    if key in _ONE:
        return as_draft7(value)
    if key in _LISTS and isinstance(value, list):
        return [as_draft7(one) for one in value]
    if key in _MAPS and isinstance(value, Mapping):
        return {name: as_draft7(one) for name, one in value.items()}
    return value


def _tuple(schema: dict[str, Any]) -> dict[str, Any]:
    if "prefixItems" not in schema:
        return schema
    first = {"items": schema.pop("prefixItems")}
    rest = {"additionalItems": schema.pop("items")} if "items" in schema else {}
    return schema | first | rest


def _dependencies(schema: dict[str, Any]) -> dict[str, Any]:
    required, schemas = schema.pop("dependentRequired", {}), schema.pop("dependentSchemas", {})
    if not required and not schemas:
        return schema
    both = {name: {"allOf": [{"required": required[name]}, schemas[name]]} for name in required if name in schemas}
    return schema | {"dependencies": {**required, **schemas, **both}}


def _reference_alone(schema: dict[str, Any]) -> dict[str, Any]:
    """In draft 7 nothing beside a reference counts."""
    if "$ref" not in schema or len(schema) == 1:
        return schema
    beside = {key: value for key, value in schema.items() if key not in ("$ref", "$defs")}
    definitions = {"$defs": schema["$defs"]} if "$defs" in schema else {}
    return {"allOf": [{"$ref": schema["$ref"]}, beside], **definitions}
