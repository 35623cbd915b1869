"""What the keywords of a schema may hold, and what to make of those that hold something else."""

from collections.abc import Callable, Mapping
from typing import Any, Final

TYPES: Final = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})

_MEANT_TYPES: Final[Mapping[str, str | None]] = {
    "int": "integer",
    "int32": "integer",
    "int64": "integer",
    "long": "integer",
    "short": "integer",
    "byte": "integer",
    "float": "number",
    "double": "number",
    "decimal": "number",
    "numeric": "number",
    "bool": "boolean",
    "str": "string",
    "text": "string",
    "char": "string",
    "uuid": "string",
    "uri": "string",
    "url": "string",
    "email": "string",
    "date": "string",
    "datetime": "string",
    "date-time": "string",
    "timestamp": "string",
    "enum": "string",
    "file": "string",
    "binary": "string",
    "dict": "object",
    "map": "object",
    "hash": "object",
    "json": "object",
    "list": "array",
    "none": "null",
}

SCHEMA_KEYWORDS: Final = frozenset(
    [
        "additionalProperties",
        "contains",
        "contentSchema",
        "else",
        "if",
        "items",
        "not",
        "propertyNames",
        "then",
        "unevaluatedItems",
        "unevaluatedProperties",
    ]
)
"""Keywords that hold one schema."""

LIST_KEYWORDS: Final = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
"""Keywords that hold a list of schemas, which may not be empty."""

MAP_KEYWORDS: Final = frozenset({"dependentSchemas", "patternProperties", "properties"})
"""Keywords that hold schemas by name."""

DROPPED_KEYWORDS: Final = frozenset(
    [
        "$anchor",
        "$comment",
        "$defs",
        "$dynamicAnchor",
        "$id",
        "$schema",
        "$vocabulary",
        "$recursiveAnchor",
        "definitions",
        "example",
        "externalDocs",
        "id",
        "nullable",
    ]
)
"""Keywords that mean nothing once a schema stands for itself; what they say is said in other words."""


def read_types(value: Any) -> list[str]:
    """The JSON types that a `type` means: those of other vocabularies ("int", "float") are understood."""
    named = value if isinstance(value, list) else [value]
    types = [_read_type(name) for name in named]
    return [] if None in types else list(dict.fromkeys(name for name in types if name is not None))


def _read_type(name: Any) -> str | None:
    if not isinstance(name, str):
        return "null" if name is None else None
    return name if name in TYPES else _MEANT_TYPES.get(name.lower(), _in_lower_case(name))


def _in_lower_case(name: str) -> str | None:
    return name.lower() if name.lower() in TYPES else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return _is_number(value) and value >= 0 and value == int(value)


def _is_step(value: Any) -> bool:
    return _is_number(value) and value > 0


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_dependencies(value: Any) -> bool:
    return isinstance(value, dict) and all(_is_names(names) for names in value.values())


_CHECKS: Final[dict[str, Callable[[Any], bool]]] = {
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), _is_number),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems", "minProperties"), _is_count),
    **dict.fromkeys(("maxProperties", "minContains", "maxContains"), _is_count),
    **dict.fromkeys(("pattern", "format", "title", "description", "contentMediaType", "contentEncoding"), _is_text),
    **dict.fromkeys(("uniqueItems", "readOnly", "writeOnly", "deprecated"), _is_flag),
    "multipleOf": _is_step,
    "required": _is_names,
    "enum": lambda value: isinstance(value, list) and bool(value),
    "examples": lambda value: isinstance(value, list),
    "dependentRequired": _is_dependencies,
}
_XML_FIELDS: Final[Mapping[str, Callable[[Any], bool]]] = {
    **dict.fromkeys(("name", "namespace", "prefix", "nodeType"), _is_text),
    **dict.fromkeys(("attribute", "wrapped"), _is_flag),
}
_ANY_VALUE: Final = frozenset({"const", "default"})
_NUMERIC: Final = frozenset(name for name, check in _CHECKS.items() if check in (_is_number, _is_count, _is_step))


def read_keyword(name: str, value: Any) -> Any:
    """The value as the keyword takes it, or None where it, or the keyword, makes no sense: `"3"` for a number is 3."""
    check = _CHECKS.get(name)
    if check is None:
        return value if name in _ANY_VALUE else None
    if name in _NUMERIC and isinstance(value, str):
        value = _read_number(value)
    return value if check(value) else None


def read_xml(value: Any) -> dict[str, Any] | None:
    """The fields of an XML Object that make sense, None where there are none."""
    fields = value.items() if isinstance(value, dict) else ()
    kept = {name: each for name, each in fields if name in _XML_FIELDS and _XML_FIELDS[name](each)}
    return kept or None


def _read_number(text: str) -> int | float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    if value in (float("inf"), float("-inf")) or value != value:  # noqa: PLR0124  (only NaN differs from itself)
        return None
    return int(value) if value == int(value) else value
