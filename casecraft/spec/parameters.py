"""Parameters of an operation, those of 2.0 brought to the form of 3.x."""

import re
from collections.abc import Iterator
from typing import Any, Final, cast

from casecraft.core.endpoint import Location, Parameter
from casecraft.core.schema import Schema
from casecraft.spec.operation import Operation, mapping, read_examples, text
from casecraft.spec.query_strings import query_fields
from casecraft.spec.schemas import Schemas

_TEMPLATE = re.compile(r"\{([^{}/]+)\}")
_LOCATIONS: Final = ("path", "query", "header", "cookie")
_STYLES: Final = {"path": "simple", "query": "form", "header": "simple", "cookie": "form"}
_SENT_BY_CLIENT: Final = frozenset({"accept", "content-type", "authorization"})
_COLLECTION_STYLES: Final = {"ssv": "spaceDelimited", "tsv": "tabDelimited", "pipes": "pipeDelimited"}
_BODY_PLACES: Final = ("body", "formData")


def read_parameters(operation: Operation) -> tuple[Parameter, ...]:
    """The parameters that a request for the operation takes, in the document's order.

    Every variable of the path's template has one, declared or not; none stands for a variable that is not there.
    """
    read = [parameter for raw in operation.raw_parameters() for parameter in _read(raw, operation)]
    return tuple(_fit_path(read, operation))


def _read(raw: dict[str, Any], operation: Operation) -> Iterator[Parameter]:
    name, location = raw["name"], raw["in"]
    if operation.context.version == "2.0" and location in _BODY_PLACES:
        return
    if location == "querystring" and operation.context.version == "3.2":
        for field in query_fields(raw, operation):
            yield read_parameter(field, field["name"], "query", operation, operation.context.requests)
    elif location not in _LOCATIONS:
        operation.notes.append(f"the parameter {name!r} was passed over: {location!r} is no place for one")
    elif location != "header" or name.lower() not in _SENT_BY_CLIENT:
        yield read_parameter(raw, name, cast("Location", location), operation, operation.context.requests)


def read_parameter(
    raw: dict[str, Any], name: str, location: Location, operation: Operation, schemas: Schemas
) -> Parameter:
    """One parameter, or a header of a response, which has the same form."""
    legacy = operation.context.version == "2.0" and "schema" not in raw
    content_type, schema = (None, _inline_schema(raw, schemas)) if legacy else _schema_of(raw, schemas, operation)
    style, explode = _collection_style(raw, location) if legacy else _style(raw, location)
    return Parameter(
        name=name,
        location=location,
        required=location == "path" or raw.get("required") is True,
        schema=schema,
        style=style,
        explode=explode,
        content_type=content_type,
        description=text(raw, "description"),
        deprecated=raw.get("deprecated") is True,
        allow_empty=raw.get("allowEmptyValue") is True,
        examples=read_examples(raw, operation.context.references),
    )


def _inline_schema(raw: dict[str, Any], schemas: Schemas) -> Schema:
    """In 2.0 a parameter is its own schema; `required` there says something else."""
    apart = ("name", "in", "required", "description", "collectionFormat", "example")
    return schemas.convert({key: value for key, value in raw.items() if key not in apart})


def _schema_of(raw: dict[str, Any], schemas: Schemas, operation: Operation) -> tuple[str | None, Schema]:
    content = mapping(raw, "content")
    if "schema" in raw or not content:
        return None, schemas.convert(raw.get("schema", {}))
    content_type, media_type = next(iter(content.items()))
    resolved = operation.resolve(media_type, f"the content of parameter {raw.get('name')!r}") or {}
    return str(content_type), schemas.convert(resolved.get("schema", {}))


def _style(raw: dict[str, Any], location: Location) -> tuple[str, bool]:
    style = text(raw, "style") or _STYLES[location]
    explode = raw.get("explode")
    return style, explode if isinstance(explode, bool) else style in ("form", "cookie")


def _collection_style(raw: dict[str, Any], location: Location) -> tuple[str, bool]:
    kind = raw.get("collectionFormat", "csv")
    if kind == "multi":
        return "form", True
    default = _STYLES[location]
    return (_COLLECTION_STYLES.get(kind, default) if isinstance(kind, str) else default), False


def _fit_path(parameters: list[Parameter], operation: Operation) -> Iterator[Parameter]:
    variables = list(dict.fromkeys(_TEMPLATE.findall(operation.path)))
    declared = {parameter.name for parameter in parameters if parameter.location == "path"}
    moved = {
        parameter.name: parameter
        for parameter in parameters
        if parameter.location == "query" and parameter.name in variables and parameter.name not in declared
    }
    for parameter in parameters:
        if parameter.location == "path" and parameter.name not in variables:
            operation.notes.append(f"the path parameter {parameter.name!r} was passed over: the path has no such part")
        elif moved.get(parameter.name) is not parameter:
            yield parameter
    for name in variables:
        if name not in declared:
            yield _complete(name, moved.get(name), operation)


def _complete(name: str, query: Parameter | None, operation: Operation) -> Parameter:
    if query is None:
        operation.notes.append(f"the path parameter {name!r} is not declared; taken as a string")
        return Parameter(name=name, location="path", required=True, schema={"type": "string", "minLength": 1})
    operation.notes.append(f"the query parameter {name!r} is written in the path; taken as a path parameter")
    return Parameter(
        name=name,
        location="path",
        required=True,
        schema=query.schema,
        description=query.description,
        deprecated=query.deprecated,
        examples=query.examples,
    )
