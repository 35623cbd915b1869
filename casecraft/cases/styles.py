"""Values of parameters and form fields in their wire form, and back: `style` and `explode` of OpenAPI 3."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from casecraft.cases.shapes import Shape
from casecraft.core.case import Scalar
from casecraft.core.endpoint import Parameter

Written: TypeAlias = Mapping[str, Scalar | list[Scalar]]
"""Names and values as `CaseRequest` has them."""

Raw: TypeAlias = str | list[Any] | dict[str, Any]
"""A value as it is read off the wire: text, lists and mappings of text."""

PRIMITIVES = frozenset({"string", "number", "integer", "boolean"})
DELIMITERS = {"spaceDelimited": " ", "pipeDelimited": "|"}

_HEADER_TEXT = re.compile(r"[!-~]([ -~]*[!-~])?")
_COOKIE_TEXT = re.compile(r"[!#-+\--:<-\[\]-~]*")
_JSON_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")


def wire_text(value: Any) -> str:
    """A scalar as the wire has it: strings bare, the rest as JSON writes it."""
    return value if isinstance(value, str) else json.dumps(value)


def is_json(content_type: str) -> bool:
    """Whether a body of this type is JSON; a range that JSON falls in counts."""
    essence = essence_of(content_type)
    return essence in ("application/json", "*/*", "application/*", "text/json") or essence.endswith("+json")


def is_form(content_type: str) -> bool:
    """Whether a body of this type is a list of named fields."""
    return essence_of(content_type) in ("application/x-www-form-urlencoded", "multipart/form-data")


def essence_of(content_type: str) -> str:
    """The type without its parameters, in lower case."""
    return content_type.split(";", 1)[0].strip().lower()


def write(parameter: Parameter, value: Any) -> Written | None:
    """The entries that carry the value, by name; None where the style has no way to write it so that it reads back."""
    entries = _entries(parameter, value)
    if entries is None or any(scalar is None for scalar in _scalars(entries)):
        return None
    return entries if all(_sendable(parameter.location, wire_text(each)) for each in _scalars(entries)) else None


def is_sendable(location: str, text: str) -> bool:
    """Whether a place of the request can carry this text at all."""
    return _sendable(location, text)


def _sendable(location: str, text: str) -> bool:
    if not text.isascii() and not _encodable(text):
        return False
    if location == "path":
        return text not in ("", ".", "..") and "/" not in text
    if location == "header":
        return _HEADER_TEXT.fullmatch(text) is not None
    if location == "cookie":
        return _COOKIE_TEXT.fullmatch(text) is not None
    return True


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _scalars(entries: Written) -> Iterator[Scalar]:
    for value in entries.values():
        yield from value if isinstance(value, list) else [value]


def _entries(parameter: Parameter, value: Any) -> Written | None:
    name = parameter.name
    if parameter.content_type is not None:
        return {name: json.dumps(value, ensure_ascii=False) if is_json(parameter.content_type) else wire_text(value)}
    if parameter.style == "deepObject" and isinstance(value, list | Mapping):
        return dict(_deep(name, value)) or None
    if isinstance(value, list):
        return _list_entries(parameter, value)
    if isinstance(value, Mapping):
        return _mapping_entries(parameter, value)
    return {name: _prefixed(parameter, value)}


def _prefixed(parameter: Parameter, value: Scalar) -> Scalar:
    if parameter.style == "label":
        return f".{wire_text(value)}"
    return f";{parameter.name}={wire_text(value)}" if parameter.style == "matrix" else value


def _deep(prefix: str, value: Any) -> Iterator[tuple[str, Scalar]]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _deep(f"{prefix}[{key}]", each)
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _deep(f"{prefix}[{index}]", each)
    else:
        yield prefix, value


def _list_entries(parameter: Parameter, items: list[Any]) -> Written | None:
    if not items or any(isinstance(item, list | Mapping) for item in items):
        return None
    name, texts = parameter.name, [wire_text(item) for item in items]
    if is_repeated(parameter):
        return {name: items}
    delimiter = _delimiter(parameter)
    if any(delimiter in text for text in texts):
        return None
    if parameter.style == "matrix":
        joined = "".join(f";{name}={text}" for text in texts) if parameter.explode else f";{name}={','.join(texts)}"
        return {name: joined}
    return {name: ("." if parameter.style == "label" else "") + delimiter.join(texts)}


def _mapping_entries(parameter: Parameter, value: Mapping[str, Any]) -> Written | None:
    if not value or any(isinstance(each, list | Mapping) for each in value.values()):
        return None
    if _spreads(parameter):
        return dict(value)
    delimiter, name = _delimiter(parameter), parameter.name
    texts = [(key, wire_text(each)) for key, each in value.items()]
    if any(delimiter in part or (parameter.explode and "=" in part) for pair in texts for part in pair):
        return None
    if parameter.style == "matrix" and parameter.explode:
        return {name: "".join(f";{key}={text}" for key, text in texts)}
    pairs = [f"{key}={text}" for key, text in texts] if parameter.explode else [part for pair in texts for part in pair]
    lead = {"label": ".", "matrix": f";{name}="}.get(parameter.style, "")
    return {name: lead + delimiter.join(pairs)}


def is_repeated(parameter: Parameter) -> bool:
    """Whether each item of a list is sent under the name of its parameter."""
    return parameter.explode and parameter.style in ("form", *DELIMITERS) and parameter.location == "query"


def _spreads(parameter: Parameter) -> bool:
    return parameter.explode and parameter.style == "form" and parameter.location == "query"


def _delimiter(parameter: Parameter) -> str:
    if parameter.style == "label" and parameter.explode:
        return "."
    if parameter.style == "matrix" and parameter.explode:
        return ";"
    return DELIMITERS.get(parameter.style, ",")


def names_of(parameter: Parameter, shape: Shape, written: Written) -> list[str]:
    """The names among those written that belong to the parameter."""
    name = parameter.name
    if parameter.style == "deepObject" and parameter.content_type is None:
        return [each for each in written if each == name or each.startswith(f"{name}[")]
    if _spreads(parameter) and "object" in shape.types and shape.properties and parameter.content_type is None:
        return [each for each in written if each == name or each in shape.properties]
    return [name] if name in written else []


def read(parameter: Parameter, shape: Shape, written: Written) -> Raw | None:
    """The parameter's value among those written, None where it is not sent."""
    names = names_of(parameter, shape, written)
    if not names:
        return None
    name = parameter.name
    if name not in written:
        return _read_deep(name, written, names) if parameter.style == "deepObject" else _read_spread(written, names)
    value = written[name]
    if isinstance(value, list):
        texts: list[Any] = [wire_text(item) for item in value]
        return texts if "array" in shape.types or len(texts) != 1 else texts[0]
    return _read_text(parameter, shape, wire_text(value))


def _read_spread(written: Written, names: list[str]) -> Raw:
    values = {name: written[name] for name in names}
    return {
        name: list(map(wire_text, value)) if isinstance(value, list) else wire_text(value)
        for name, value in values.items()
    }


def _read_deep(name: str, written: Written, names: list[str]) -> Raw:
    tree: dict[str, Any] = {}
    for each in names:
        steps = each[len(name) + 1 :].rstrip("]").split("][")
        node = tree
        for step in steps[:-1]:
            below = node.setdefault(step, {})
            node = below if isinstance(below, dict) else {}
        value = written[each]
        node[steps[-1]] = list(map(wire_text, value)) if isinstance(value, list) else wire_text(value)
    whole: Raw = _as_lists(tree)
    return whole


def _as_lists(tree: Any) -> Any:
    """Mappings whose keys count from 0 (or are empty) are lists."""
    if not isinstance(tree, dict):
        return tree
    values = {key: _as_lists(value) for key, value in tree.items()}
    if list(values) == [str(index) for index in range(len(values))]:
        return list(values.values())
    if list(values) == [""]:
        return values[""] if isinstance(values[""], list) else [values[""]]
    return values


def _read_text(parameter: Parameter, shape: Shape, text: str) -> Raw:
    if parameter.content_type is not None:
        return text
    structured = shape.types & {"array", "object"}
    text = _without_lead(parameter, text, structured=bool(structured))
    if not structured or shape.types & PRIMITIVES or not is_split(parameter, shape.types):
        return text
    return split(parameter, shape, text)


def _without_lead(parameter: Parameter, text: str, *, structured: bool) -> str:
    if parameter.style == "label":
        return text.removeprefix(".")
    if parameter.style == "matrix" and not (structured and parameter.explode):
        return text.removeprefix(f";{parameter.name}=")
    return text


def is_split(parameter: Parameter, types: frozenset[str]) -> bool:
    """Whether a text under the parameter's own name may stand for a list or a mapping."""
    if "array" in types:
        return parameter.style != "deepObject"
    return "object" in types and parameter.style != "deepObject" and not _spreads(parameter)


def split(parameter: Parameter, shape: Shape, text: str) -> Raw:
    """The list or mapping that a delimited text stands for."""
    if is_repeated(parameter) and "array" in shape.types:
        return [text]
    if parameter.style == "matrix" and parameter.explode:
        parts = text.removeprefix(";").split(";")
        if "array" in shape.types:
            return [part.removeprefix(f"{parameter.name}=") for part in parts]
        return dict(_pair(part) for part in parts)
    parts = text.split(_delimiter(parameter))
    if "array" in shape.types:
        return list(parts)
    if parameter.explode:
        return dict(_pair(part) for part in parts)
    return dict(zip(parts[::2], parts[1::2], strict=False))


def _pair(part: str) -> tuple[str, str]:
    name, _, text = part.partition("=")
    return name, text


def scalar_readings(text: str, types: frozenset[str]) -> Iterator[Scalar]:
    """What a text may mean to a server that expects one of these types, likeliest first."""
    if types & {"integer", "number"} and _JSON_NUMBER.fullmatch(text):
        number = json.loads(text)
        if "number" in types or isinstance(number, int):
            yield number
    if "boolean" in types and text in ("true", "false"):
        yield text == "true"
    if "null" in types and text == "null":
        yield None
    yield text


def text_tree(value: Any) -> Any:
    """A JSON value with every scalar in its wire form."""
    if isinstance(value, list):
        return [text_tree(item) for item in value]
    if isinstance(value, Mapping):
        return {key: text_tree(item) for key, item in value.items()}
    return wire_text(value)
