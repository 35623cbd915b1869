"""The shape of the answer that a model is asked for, as a JSON Schema.

It keeps to what every vendor's strict mode and llama.cpp's grammars understand: closed objects with all properties
required, no bounds, no patterns, no recursion. Free-form maps do not fit there, so parameters are lists of names and
values and a JSON body is text. `parse` takes plain mappings and plain bodies too, from models that nothing constrains.
"""

from collections.abc import Mapping
from typing import Any, get_args

from casecraft.cases.outcomes import OUTCOMES
from casecraft.cases.relations import KINDS
from casecraft.core.case import Priority

PARAMETER_FIELDS = ("path_params", "query", "headers", "cookies")

ASKED_TECHNIQUES = ("equivalence_partitioning", "boundary_value_analysis", "error_guessing", "security")
"""The techniques of the cases that a model is asked for."""

_SCALARS: list[dict[str, Any]] = [{"type": kind} for kind in ("string", "number", "boolean", "null")]


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


_VALUES = {"anyOf": [*_SCALARS, {"type": "array", "items": {"anyOf": _SCALARS}}]}
_PARAMETERS = {"type": "array", "items": _closed({"name": {"type": "string"}, "value": _VALUES})}
_OPTIONAL_TEXT = {"anyOf": [{"type": "string"}, {"type": "null"}]}

_CASE = _closed(
    {
        "title": {"type": "string"},
        "valid": {"type": "boolean"},
        "violates": _OPTIONAL_TEXT,
        "technique": {"type": "string", "enum": list(ASKED_TECHNIQUES)},
        "priority": {"type": "string", "enum": list(get_args(Priority))},
        "authenticated": {"type": "boolean"},
        **dict.fromkeys(PARAMETER_FIELDS, _PARAMETERS),
        "content_type": _OPTIONAL_TEXT,
        "body": _OPTIONAL_TEXT,
        "expect_status": {"type": "array", "items": {"type": "string"}},
    }
)

CASE_FIELDS: tuple[str, ...] = tuple(_CASE["properties"])

_RULE = _closed(
    {
        "kind": {"type": "string", "enum": list(KINDS)},
        "fields": {"type": "array", "items": {"type": "string"}},
    }
)

_SOURCE = _closed({name: {"type": "string"} for name in ("field", "endpoint", "at")})

_STEP = _closed(
    {
        "endpoint": {"type": "string"},
        "expect": {"type": "string", "enum": list(OUTCOMES)},
        "values": {
            "type": "array",
            "items": _closed({"field": {"type": "string"}, "step": {"type": "integer"}, "at": {"type": "string"}}),
        },
        "set": {"type": "array", "items": _closed({"field": {"type": "string"}, "value": {"anyOf": _SCALARS}})},
    }
)

_SCENARIO = _closed({"title": {"type": "string"}, "steps": {"type": "array", "items": _STEP}})

_ANSWER = {"cases": {"type": "array", "items": _CASE}, "rules": {"type": "array", "items": _RULE}}

ANSWER_SCHEMA: Mapping[str, Any] = _closed(_ANSWER)


def answer_schema(*, sources: bool, scenarios: bool) -> Mapping[str, Any]:
    """The schema of an answer that says beside its cases where values come from, or which sequences business needs."""
    asked = {"sources": _SOURCE} if sources else {}
    asked |= {"scenarios": _SCENARIO} if scenarios else {}
    more = {name: {"type": "array", "items": schema} for name, schema in asked.items()}
    return _closed(_ANSWER | more) if more else ANSWER_SCHEMA
