"""Endpoints made by hand, for the tests of targets and cases."""

from collections.abc import Mapping
from typing import Any

from casecraft.core.endpoint import (
    Body,
    Complexity,
    Endpoint,
    MediaType,
    Parameter,
    Response,
    SecurityScheme,
)
from casecraft.core.schema import Definitions

KEY = ((SecurityScheme("key", "apiKey", location="header", parameter="X-Key"),),)

PET = {
    "type": "object",
    "required": ["name", "kind"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "minLength": 2, "maxLength": 10},
        "kind": {"type": "string", "enum": ["cat", "dog", "fish"]},
        "age": {"type": "integer", "minimum": 0, "maximum": 30},
        "email": {"type": "string", "format": "email"},
        "code": {"type": "string", "pattern": "^[A-Z]{3}-[0-9]{2}$"},
        "nick": {"type": ["string", "null"]},
        "tags": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 3, "uniqueItems": True},
        "friend": {"$ref": "#/$defs/Pet"},
    },
}


def endpoint(
    *parameters: Parameter,
    body: Any = None,
    content_type: str = "application/json",
    examples: tuple[Any, ...] = (),
    encoding: Mapping[str, Any] | None = None,
    body_required: bool = True,
    method: str = "POST",
    path: str = "/things",
    definitions: Mapping[str, Any] | None = None,
    statuses: tuple[str, ...] = ("200", "400"),
    security: tuple[tuple[SecurityScheme, ...], ...] = (),
) -> Endpoint:
    known = Definitions(dict(definitions or {}).__getitem__)
    media = MediaType(content_type, body, examples, encoding or {}) if body is not None else None
    return Endpoint(
        method,
        path,
        known,
        known,
        fingerprint="none",
        complexity=Complexity(0, "simple"),
        parameters=parameters,
        body=None if media is None else Body(body_required, (media,)),
        responses=tuple(Response(status) for status in statuses),
        security=security,
    )


def query(name: str, schema: Any, *, required: bool = False, style: str = "form", explode: bool = True) -> Parameter:
    return Parameter(name, "query", required, schema, style=style, explode=explode)


def pet_endpoint() -> Endpoint:
    return endpoint(
        Parameter("petId", "path", True, {"type": "integer", "minimum": 1}),
        query("limit", {"type": "integer", "minimum": 1, "maximum": 100}),
        Parameter("X-Trace", "header", False, {"type": "string", "format": "uuid"}),
        body={"$ref": "#/$defs/Pet"},
        definitions={"Pet": PET},
        path="/pets/{petId}",
        statuses=("200", "400", "401", "404"),
        security=KEY,
    )
