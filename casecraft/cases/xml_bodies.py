"""XML bodies: a value as XML by its schema. `xml_reading` reads them."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias
from xml.sax.saxutils import escape, quoteattr

from casecraft.cases.nodes import Node
from casecraft.cases.raw_bodies import NESTING
from casecraft.cases.styles import essence_of, wire_text
from casecraft.cases.xml_markup import Name, is_text, item_name, name_of, node_type, root_name
from casecraft.core.case import RawBody, Repeat

DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'

EXACT: Final = 2**53
"""Below this a number without a fraction is written without a point: to XML Schema `12.0` is no integer."""

_EMPTY_ROOT = re.compile(r"<([^\s<>/?!]+)([^<>]*)/>$")

Scope: TypeAlias = Mapping[str, str]
"""The namespaces that are declared where an element stands, by their prefixes."""


def is_xml(content_type: str) -> bool:
    """Whether a body of this type is XML (RFC 7303)."""
    essence = essence_of(content_type)
    return essence in ("application/xml", "text/xml") or essence.endswith("+xml")


class _InexpressibleError(ValueError):
    """XML has no way to say a value."""


def write_xml(node: Node, value: Any) -> str | None:
    """The document that carries the value of a body; None where XML cannot: null, most control characters, names that
    XML does not have, lists in attributes.
    """
    try:
        return DECLARATION + _element(node, root_name(node.schema, node.shape), value, {})
    except _InexpressibleError:
        return None


def _element(node: Node, name: Name, value: Any, scope: Scope) -> str:
    if not name.is_writable:
        raise _InexpressibleError(name.local)
    attributes: dict[str, str] = {}
    inner = _declared(name, scope, attributes)
    content = "".join(_content(node, name, value, inner, attributes))
    tag = name.qualified
    opened = "".join((tag, *(f" {key}={quoteattr(each)}" for key, each in attributes.items())))
    return f"<{opened}>{content}</{tag}>" if content else f"<{opened}/>"


def _declared(name: Name, scope: Scope, attributes: dict[str, str]) -> Scope:
    """The scope inside of a place with this name; what must be declared for it is added to the attributes."""
    if name.namespace is None or scope.get(name.prefix) == name.namespace:
        return scope
    attributes[f"xmlns:{name.prefix}" if name.prefix else "xmlns"] = name.namespace
    return {**scope, name.prefix: name.namespace}


def _content(node: Node, name: Name, value: Any, scope: Scope, attributes: dict[str, str]) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield from _fields(node, value, scope, attributes)
    elif isinstance(value, list):
        yield from _items(node, name.local, value, scope)
    else:
        yield escape(_text(value), {"\r": "&#13;"})


def _fields(node: Node, value: Mapping[str, Any], scope: Scope, attributes: dict[str, str]) -> Iterator[str]:
    """The elements of an object's fields in the document's order, which XML parsers may insist on."""
    order = {name: number for number, name in enumerate(node.shape.properties)}
    for key in sorted(value, key=lambda each: order.get(each, len(order))):
        child, each = node.locate(key), value[key]
        kind, name = node_type(child.shape), name_of(child.shape, key)
        if kind == "attribute":
            _add_attribute(name, each, scope, attributes)
        elif kind == "text":
            yield escape(_text(each), {"\r": "&#13;"})
        elif kind == "none" and isinstance(each, list):
            yield from _items(child, key, each, scope)
        elif isinstance(each, list) and "array" not in child.shape.types:
            raise _InexpressibleError(key)
        else:
            yield _element(child, name, each, scope)


def _items(node: Node, inferred: str, items: list[Any], scope: Scope) -> Iterator[str]:
    for index, each in enumerate(items):
        item = node.locate(index)
        yield _element(item, item_name(node.shape, item.shape, inferred), each, scope)


def _add_attribute(name: Name, value: Any, scope: Scope, attributes: dict[str, str]) -> None:
    # A prefix that stands for something else around or beside it may not be given another meaning here.
    known = attributes.get(f"xmlns:{name.prefix}", scope.get(name.prefix, name.namespace))
    if not name.is_writable or name.qualified in attributes or (name.prefix and known != name.namespace):
        raise _InexpressibleError(name.local)
    if name.prefix:
        _declared(name, scope, attributes)
    attributes[name.qualified] = _text(value)


def _text(value: Any) -> str:
    if value is None or isinstance(value, list | Mapping):
        raise _InexpressibleError("no text")
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT:
        value = int(value)
    text = wire_text(value)
    if not is_text(text):
        raise _InexpressibleError("characters that XML does not have")
    return text


def truncated(document: str) -> Iterator[str]:
    """A document without its end."""
    yield document[: document.rfind("<")] if document.endswith(">") and "</" in document else document[:-1]
    yield document[:-1]


def nested(document: str) -> Iterator[RawBody]:
    """A document with elements that nothing documents in one another, at the end of its root."""
    whole = document if "</" in document else _opened(document)
    if whole:
        end = whole.rfind("</")
        yield (Repeat(whole[:end]), Repeat("<a>", NESTING), Repeat("</a>", NESTING), Repeat(whole[end:]))


def _opened(document: str) -> str:
    """A document whose root is one empty tag, with that tag in two."""
    found = _EMPTY_ROOT.search(document)
    return f"{document[: found.start()]}<{found[1]}{found[2]}></{found[1]}>" if found else ""


def malformed(document: str) -> Iterator[str]:
    """A document with an end tag that nothing begins."""
    yield f"{document}</unopened>"
