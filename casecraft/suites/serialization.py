"""How values of an endpoint's requests are written: what of styled text is no data, and the types of a form's parts."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from casecraft.core.endpoint import Endpoint, MediaType, Parameter
from casecraft.core.schema import Schema

Styled: TypeAlias = Mapping[str, Mapping[str, tuple[str, str]]]
"""By place in a request (`path_params`, `query`) and name, the text that leads a value, and the signs in the rest that
part its items. Both are sent as they are; all else is percent-encoded."""

_SECTIONS: Final = {"path": "path_params", "query": "query"}
_STRUCTURED: Final = frozenset({"array", "object"})
_ANY: Final = _STRUCTURED | {"string"}
_DEEPEST: Final = 4
_BINARY: Final = "application/octet-stream"
_IN_RANGE: Final = {"image": "image/png", "audio": "audio/mpeg", "video": "video/mp4", "text": "text/plain"}


def find_styled(endpoint: Endpoint) -> Styled:
    """The parameters whose text has signs that stay as they are on the wire (RFC 6570)."""
    found: dict[str, dict[str, tuple[str, str]]] = {}
    for parameter in endpoint.parameters:
        if parameter.location not in _SECTIONS or parameter.content_type is not None:
            continue
        signs = _signs(parameter, _types(endpoint, parameter.schema))
        if any(signs):
            found.setdefault(_SECTIONS[parameter.location], {})[parameter.name] = signs
    return found


def _signs(parameter: Parameter, types: frozenset[str]) -> tuple[str, str]:
    style, explode = parameter.style, parameter.explode
    structured = types <= _STRUCTURED
    if style == "matrix" and not (explode and structured):
        return f";{parameter.name}=", "," if structured else ""
    if not structured:
        return "", ""
    if style == "matrix":
        return "", ";="
    pairs = "=" if explode and "object" in types else ""
    if style == "label":
        return "", pairs if explode else ","
    return "", f",{pairs}" if style == "simple" or (style == "form" and not explode) else ""


def _types(endpoint: Endpoint, schema: Schema, depth: int = 0) -> frozenset[str]:
    """The types that a schema names; where it names none, any."""
    known = endpoint.definitions.resolve(schema)
    if isinstance(known, bool) or depth > _DEEPEST:
        return _ANY
    named = known.get("type")
    if isinstance(named, str | list):
        return frozenset([named] if isinstance(named, str) else named) - {"null"}
    for keyword in ("anyOf", "oneOf", "allOf"):
        if branches := known.get(keyword):
            found = [_types(endpoint, branch, depth + 1) for branch in branches]
            return frozenset.intersection(*found) if keyword == "allOf" else frozenset().union(*found)
    return frozenset({"object"}) if "properties" in known else _ANY


def find_uploads(endpoint: Endpoint) -> list[str]:
    """The form fields that are files, sorted: those described as binary or as of another type than text."""
    return sorted({name for name, value, _ in _fields(endpoint) if _is_file(value)})


def find_part_types(endpoint: Endpoint) -> dict[str, str]:
    """The content types of the parts of a multipart form, by the field's name; those that are plain text have none."""
    found = {name: _part_type(endpoint, value, said) for name, value, said in _fields(endpoint)}
    return {name: kind for name, kind in sorted(found.items()) if kind}


def _fields(endpoint: Endpoint) -> Iterator[tuple[str, Mapping[str, Any], list[str]]]:
    """The fields of multipart forms: name, schema (of a list, that of its items) and the content types said of it."""
    for media in endpoint.body.media_types if endpoint.body else ():
        if media.content_type.startswith("multipart/"):
            yield from _fields_of(endpoint, media)


def _fields_of(endpoint: Endpoint, media: MediaType) -> Iterator[tuple[str, Mapping[str, Any], list[str]]]:
    schema = endpoint.definitions.resolve(media.schema)
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    for name, described in properties.items() if isinstance(properties, Mapping) else ():
        value = endpoint.definitions.resolve(described)
        if isinstance(value, Mapping) and value.get("type") == "array":
            value = endpoint.definitions.resolve(value.get("items", True))
        yield name, value if isinstance(value, Mapping) else {}, media.part_types(name)


def _is_file(value: Mapping[str, Any]) -> bool:
    return value.get("format") == "binary" or "contentMediaType" in value


def _part_type(endpoint: Endpoint, value: Mapping[str, Any], said: list[str]) -> str:
    """What the document says, its first concrete type before ranges; else what OpenAPI says of such a value."""
    if "contentMediaType" in value:
        said = [*said, str(value["contentMediaType"])]
    for each in said:
        if "*" not in each:
            return each
    if said and (known := _IN_RANGE.get(said[0].partition("/")[0])):
        return known
    if _is_file(value):
        return _BINARY
    return "application/json" if value and _types(endpoint, value) <= _STRUCTURED else ""
