"""`schemas.json`: every definition that the suite's responses reach, once."""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from casecraft.core.endpoint import Endpoint
from casecraft.core.schema import Definitions, Schema, referenced_name
from casecraft.suites.answer_schemas import usable

FILE = "schemas.json"
_SAFE_NAME = re.compile(r"[A-Za-z0-9._-]*")


def schemas_file(endpoints: Iterable[Endpoint]) -> dict[str, Any]:
    """The content of the file: JSON Schema 2020-12 with nothing but `$defs`, sorted by name."""
    reached: dict[str, Schema] = {}
    for definitions, schemas in _responses_by_definitions(endpoints):
        known = usable(definitions)
        reached |= {name: known.definition(name) for name in definitions.closure(*schemas)}
    if not all(_SAFE_NAME.fullmatch(name) for name in reached):
        reached = {name: _point_references(schema, "") for name, schema in reached.items()}
    return {
        "generator": "casecraft",
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$defs": dict(sorted(reached.items())),
    }


def referring_to_file(schema: Schema, file: str = FILE) -> Schema:
    """The schema with its references pointing into `schemas.json` of the suite's folder, which `file` leads to."""
    pointed: Schema = _point_references(schema, file)
    return pointed


def _responses_by_definitions(endpoints: Iterable[Endpoint]) -> Iterable[tuple[Definitions, list[Schema]]]:
    """All endpoints of a document share their definitions: one search serves them all."""
    groups: dict[int, tuple[Definitions, list[Schema]]] = {}
    for endpoint in endpoints:
        definitions = endpoint.response_definitions
        _, schemas = groups.setdefault(id(definitions), (definitions, []))
        schemas.extend(media.schema for response in endpoint.responses for media in response.media_types)
    return groups.values()


def _point_references(node: Any, file: str) -> Any:
    """A copy of a schema whose references lead into `file`, with names as JSON pointers in URLs write them."""
    if isinstance(node, Mapping):
        copy = {key: _point_references(value, file) for key, value in node.items()}
        name = referenced_name(node)
        return copy if name is None else copy | {"$ref": f"{file}#/$defs/{_pointer(name)}"}
    if isinstance(node, list):
        return [_point_references(item, file) for item in node]
    return node


def _pointer(name: str) -> str:
    return quote(name.replace("~", "~0").replace("/", "~1"), safe="~", errors="surrogatepass")
