"""Values that must differ each time something is made: names that may be taken, ids that the client chooses."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from casecraft.cases.scenarios.fields import SchemaShapes, escape
from casecraft.cases.scenarios.paths import words_of
from casecraft.cases.scenarios.xml_values import body_value
from casecraft.cases.shapes import Shape
from casecraft.core.case import RUN, Binding, CaseRequest
from casecraft.core.endpoint import Endpoint
from casecraft.core.schema import Schema

SAMPLES: Mapping[str, tuple[Any, ...]] = {
    "unique": ("cc0123456789", "ccabcdefabcd"),
    "unique:email": ("cc0123456789@example.com", "ccabcdefabcd@example.com"),
    "unique:uuid": ("01234567-89ab-4cde-8f01-23456789abcd",),
    "unique:integer": (100_000_000, 2_147_483_647),
}
"""What the sources of the step `run` give, as samples that a schema must allow."""

_NAMES = frozenset({"name", "username", "login", "email", "mail", "slug", "handle", "sku", "identifier", "nickname"})
_PERSONAL = frozenset({"first", "last", "middle", "full", "family", "given", "display"})
_KEY_HEADERS = frozenset({("idempotency", "key"), ("x", "idempotency", "key")})


def unique_source(shapes: SchemaShapes, endpoint: Endpoint, schema: Schema) -> str | None:
    """The source whose values a schema allows; None where it allows none of them."""
    shape = shapes.read(endpoint.definitions, schema)
    if shape.members is not None:
        return None
    wanted = [f"unique:{shape.format}"] if f"unique:{shape.format}" in SAMPLES else ["unique", "unique:uuid"]
    if "string" not in shape.types:
        wanted = ["unique:integer"]
    return next((it for it in wanted if shapes.accepts(endpoint.definitions, schema, *SAMPLES[it])), None)


def unique_bindings(
    shapes: SchemaShapes, endpoint: Endpoint, request: CaseRequest, also: Collection[str] = ()
) -> Iterator[Binding]:
    """Bindings for what a creating request sends and may have to be its own: names, addresses, idempotency keys.

    `also` are places (`/body/code`) that must be unique whatever they are called.
    """
    for parameter in endpoint.parameters:
        if parameter.location == "header" and words_of(parameter.name) in _KEY_HEADERS:
            yield from _bound(shapes, endpoint, request.headers, parameter.name, parameter.schema, "/headers")
    body, shape = body_value(endpoint, request), shapes.of_body(endpoint)
    if isinstance(body, dict) and shape is not None:
        yield from _in_body(shapes, endpoint, body, shape, also)


def _in_body(
    shapes: SchemaShapes, endpoint: Endpoint, body: Mapping[str, Any], shape: Shape, also: Collection[str]
) -> Iterator[Binding]:
    for name, schema in shape.properties.items():
        wanted = _is_name(name) or f"/body/{escape(name)}" in also
        if wanted and isinstance(body.get(name), str | int) and not isinstance(body[name], bool):
            yield from _bound(shapes, endpoint, body, name, schema, "/body")


def _is_name(name: str) -> bool:
    """Whether a field is called as what tells things apart is: `name`, `userName`, `team_slug`; no `first_name`."""
    words = words_of(name)
    if "".join(words) in _NAMES:
        return True
    return len(words) == len(("team", "slug")) and words[-1] in _NAMES and words[0] not in _PERSONAL


def _bound(
    shapes: SchemaShapes, endpoint: Endpoint, held: Mapping[str, Any], name: str, schema: Schema, section: str
) -> Iterator[Binding]:
    source = unique_source(shapes, endpoint, schema) if name in held else None
    if source is not None:
        yield Binding(f"{section}/{escape(name)}", RUN, source)
