"""Request bodies and responses of an operation, those of 2.0 brought to the form of 3.x."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from casecraft.core.endpoint import Body, Link, MediaType, Parameter, Response
from casecraft.spec.operation import Operation, mapping, read_examples, strings, text
from casecraft.spec.parameters import read_parameter
from casecraft.spec.schemas import Schemas

_BODILESS: Final = frozenset({"GET", "HEAD", "DELETE", "TRACE"})
_FORM_TYPES: Final = ("multipart/form-data", "application/x-www-form-urlencoded")
_JSON: Final = "application/json"
_STATUS: Final = re.compile(r"default|[1-5](?:[0-9]{2}|XX)", re.ASCII)


def read_body(operation: Operation) -> Body | None:
    """The request body; one on GET, HEAD, DELETE or TRACE is kept and noted."""
    body = _read_legacy_body(operation) if operation.context.version == "2.0" else _read_body(operation)
    if body is not None and operation.method in _BODILESS:
        operation.notes.append(f"a body on {operation.method} has no defined meaning; kept as declared")
    return body


def read_responses(operation: Operation) -> tuple[Response, ...]:
    """The documented responses, in the document's order."""
    declared = operation.content.get("responses")
    if not isinstance(declared, dict) or not declared:
        operation.notes.append("no responses are documented")
        return ()
    read = (_read_response(str(status), raw, operation) for status, raw in declared.items())
    return tuple(response for response in read if response is not None)


def _read_body(operation: Operation) -> Body | None:
    if "requestBody" not in operation.content:
        return None
    raw = operation.resolve(operation.content["requestBody"], "the request body")
    if raw is None:
        return None
    media_types = _read_content(raw, operation, operation.context.requests)
    if not media_types:
        operation.notes.append("the request body was passed over: it has no content")
        return None
    return Body(required=raw.get("required") is True, media_types=media_types, description=text(raw, "description"))


def _read_content(raw: Mapping[str, Any], operation: Operation, schemas: Schemas) -> tuple[MediaType, ...]:
    held = ((str(name), operation.resolve(value, f"the content {name!r}")) for name, value in _content(raw))
    return tuple(_read_media_type(name, value, operation, schemas) for name, value in held if value is not None)


def _content(raw: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return list(mapping(raw, "content").items())


def _read_media_type(name: str, raw: Mapping[str, Any], operation: Operation, schemas: Schemas) -> MediaType:
    schema = raw.get("schema", {})
    if "schema" not in raw and "itemSchema" in raw:  # 3.2 describes each item of a stream.
        schema = {"type": "array", "items": raw["itemSchema"]}
    return MediaType(
        content_type=name,
        schema=schemas.convert(schema),
        examples=read_examples(raw, operation.context.references),
        encoding=mapping(raw, "encoding"),
    )


def _read_legacy_body(operation: Operation) -> Body | None:
    parameters = list(replace(operation, notes=[]).raw_parameters())
    body = next((raw for raw in parameters if raw["in"] == "body"), None)
    if body is not None:
        media_types = _read_legacy_media_types(body, operation)
        return Body(body.get("required") is True, media_types, text(body, "description"))
    fields = [raw for raw in parameters if raw["in"] == "formData"]
    return _read_form(fields, operation) if fields else None


def _read_legacy_media_types(body: Mapping[str, Any], operation: Operation) -> tuple[MediaType, ...]:
    schema = operation.context.requests.convert(body.get("schema", {}))
    examples = read_examples(body, operation.context.references)
    content_types = _listed(operation, "consumes") or (_JSON,)
    return tuple(MediaType(content_type, schema, examples) for content_type in content_types)


def _read_form(fields: list[dict[str, Any]], operation: Operation) -> Body:
    schemas = operation.context.requests
    read = {raw["name"]: read_parameter(raw, raw["name"], "query", operation, schemas) for raw in fields}
    required = [name for name, field in read.items() if field.required]
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {name: _describe(field) for name, field in read.items()},
    }
    if required:
        schema["required"] = required
    encoding = {
        name: {"style": field.style, "explode": field.explode}
        for name, field in read.items()
        if isinstance(field.schema, Mapping) and field.schema.get("type") == "array"
    }
    has_file = any(raw.get("type") == "file" for raw in fields)
    content_types = tuple(name for name in _listed(operation, "consumes") if name in _FORM_TYPES)
    if has_file or not content_types:
        content_types = _FORM_TYPES[:1] if has_file else _FORM_TYPES[1:]
    media_types = tuple(MediaType(name, schema, encoding=encoding) for name in content_types)
    return Body(required=bool(required), media_types=media_types)


def _describe(field: Parameter) -> Any:
    schema = field.schema
    if isinstance(schema, bool) or not field.description:
        return schema
    return {**schema, "description": field.description}


def _listed(operation: Operation, key: str) -> tuple[str, ...]:
    return strings(operation.content.get(key, operation.context.root.get(key)))


def _read_response(status: str, raw: Any, operation: Operation) -> Response | None:
    if status.startswith("x-"):
        return None
    known = status if status == "default" else status.upper()
    if not _STATUS.fullmatch(known):
        operation.notes.append(f"the response {status!r} was passed over: it is no status")
        return None
    response = operation.resolve(raw, f"the response {status!r}")
    if response is None:
        return Response(known)
    legacy = operation.context.version == "2.0"
    read = _read_legacy_content if legacy else _read_content
    return Response(
        status=known,
        description=text(response, "description"),
        media_types=read(response, operation, operation.context.responses),
        headers=_read_headers(response, operation),
        links=_read_links(response, operation),
    )


def _read_legacy_content(raw: Mapping[str, Any], operation: Operation, schemas: Schemas) -> tuple[MediaType, ...]:
    if not isinstance(raw.get("schema"), dict):
        return ()
    schema = schemas.convert(raw["schema"])
    examples = mapping(raw, "examples")
    content_types = _listed(operation, "produces") or (_JSON,)
    return tuple(MediaType(name, schema, (examples[name],) if name in examples else ()) for name in content_types)


def _read_headers(response: Mapping[str, Any], operation: Operation) -> tuple[Parameter, ...]:
    headers, schemas = [], operation.context.responses
    for name, raw in mapping(response, "headers").items():
        header = operation.resolve(raw, f"the response header {name!r}")
        if header is not None and str(name).lower() != "content-type":
            headers.append(read_parameter(header, str(name), "header", operation, schemas))
    return tuple(headers)


def _read_links(raw: Mapping[str, Any], operation: Operation) -> tuple[Link, ...]:
    links = []
    for name, raw_link in mapping(raw, "links").items():
        link = operation.resolve(raw_link, f"the link {name!r}")
        if link is not None:
            given = mapping(link, "parameters").items()
            parameters = {str(key): value for key, value in given if isinstance(value, str)}
            links.append(Link(str(name), text(link, "operationId"), text(link, "operationRef"), parameters))
    return tuple(links)
