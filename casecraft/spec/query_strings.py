"""`in: querystring` of 3.2: a whole query as a form, brought to a parameter for each of its fields."""

from collections.abc import Iterator
from typing import Any, Final

from casecraft.spec.operation import Operation, mapping, read_examples, strings

_FORM: Final = "application/x-www-form-urlencoded"
_JSON: Final = "application/json"
_OF_FIELDS: Final = frozenset(
    {"type", "properties", "required", "additionalProperties", "title", "description", "example", "examples"}
)
"""What a schema may say so that each field of the query stands for itself."""


def query_fields(raw: dict[str, Any], operation: Operation) -> Iterator[dict[str, Any]]:
    """The parameters, as a document writes those of a query. There are none, but a note, where the query is no form,
    or its fields do not stand for themselves.
    """
    what = f"the parameter {raw['name']!r}"
    content_type, media_type = next(iter(mapping(raw, "content").items()), ("", {}))
    media = operation.resolve(media_type, f"the content of {what}")
    schema = operation.resolve(media.get("schema", {}), f"the schema of {what}") if media is not None else None
    if media is None or schema is None:
        return
    reason = _reason(raw, str(content_type), schema)
    if reason is not None:
        operation.notes.append(f"{what} was passed over: {reason}")
        return
    given = (*read_examples(raw, operation.context.references), *read_examples(media, operation.context.references))
    examples = [each for each in given if isinstance(each, dict)]
    for name, field in mapping(schema, "properties").items():
        yield {
            **_form_of(field, mapping(mapping(media, "encoding"), name), operation),
            "name": name,
            "required": name in strings(schema.get("required")),
            "examples": {str(number): {"value": it[name]} for number, it in enumerate(examples) if name in it},
        }


def _reason(raw: dict[str, Any], content_type: str, schema: dict[str, Any]) -> str | None:
    """Why a query has no fields that stand for themselves."""
    beyond = [key for key in schema if key not in _OF_FIELDS and not key.startswith("x-")]
    if content_type != _FORM:
        return f"no query of type {content_type!r} is made, only one of {_FORM}"
    if beyond:
        return f"`{'`, `'.join(sorted(beyond))}` of its schema bind fields of the query to each other"
    if not mapping(schema, "properties"):
        return "its schema has no fields"
    if schema.get("required") and raw.get("required") is not True:
        return "it may be left out, but not its required fields alone"
    return None


def _form_of(field: Any, encoding: dict[str, Any], operation: Operation) -> dict[str, Any]:
    """How a field is written: as its style says, or as JSON where it is nested."""
    style: dict[str, Any] = {key: encoding[key] for key in ("style", "explode") if key in encoding}
    plain = operation.context.references.resolve(field)[0]
    if style or not isinstance(plain, dict) or not _is_nested(plain, operation):
        return {"schema": field, **style}
    return {"content": {_JSON: {"schema": field}}}


def _is_nested(schema: dict[str, Any], operation: Operation) -> bool:
    items = operation.context.references.resolve(schema.get("items"))[0]
    return any(isinstance(each, dict) and each.get("type") == "object" for each in (schema, items))
