"""What a body of XML stands for, by its schema. The texts of models are read too, and a document type in one never is:
it could define entities that grow without end or lead elsewhere.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Literal, TypeAlias
from xml.etree.ElementTree import Element  # only its type: defusedxml reads

from defusedxml import DefusedXmlException
from defusedxml import ElementTree as DefusedTree

from casecraft.cases.nodes import Node
from casecraft.cases.readings import is_ambiguous
from casecraft.cases.styles import wire_text
from casecraft.cases.xml_markup import Name, item_name, name_of, node_type, root_name

Fault: TypeAlias = Literal["empty", "truncated-xml", "malformed-xml", "unclear"]

DEEPEST: Final = 64
"""Levels of elements that are read, at most."""

BRANCHES: Final = 64
"""Branches of an object's unions whose fields are known by name, at most."""

LONGEST_NUMBER: Final = 300
"""Digits of a number that is read, at most."""

_INSTANCE: Final = "{http://www.w3.org/2001/XMLSchema-instance}"
_ENDS_EARLY: Final = frozenset({3, 5, 20})  # expat: no element found, unclosed token, unclosed CDATA section
_ENCODING = re.compile(r"""\s*<\?xml\b[^>]*\bencoding\s*=\s*["']([^"']*)""")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(\.[0-9]*)?|(\.[0-9]+))([eE][+-]?[0-9]+)?")
_BLANK: Final = " \t\r\n"
_BOOLEANS: Final[Mapping[str, bool]] = {"true": True, "false": False, "1": True, "0": False}


@dataclass(frozen=True, slots=True)
class XmlReading:
    """What a text is: its value, or its fault; "unclear" is well-formed and cannot be judged. `message` says why."""

    fault: Fault | None
    message: str = ""
    value: Any = None


class _UnclearError(ValueError):
    """A document may mean several things, or nothing that the schema speaks of."""


def read_xml(node: Node, text: str) -> XmlReading:
    """Read the text of a body that is sent as XML. Nothing in it raises."""
    if not text.strip(_BLANK):
        return XmlReading("empty", "nothing is sent as the body")
    try:
        root = DefusedTree.fromstring(text, forbid_dtd=True)
        return XmlReading(None, value=_read_root(node, root, text))
    except DefusedXmlException:
        return XmlReading("unclear", "the XML has a document type, which is never read")
    except DefusedTree.ParseError as error:
        fault: Fault = "truncated-xml" if error.code in _ENDS_EARLY else "malformed-xml"
        return XmlReading(fault, f"no XML: {error}")
    except UnicodeError:
        return XmlReading("malformed-xml", "no XML: it is no Unicode text")
    except _UnclearError as error:
        return XmlReading("unclear", str(error))


def _read_root(node: Node, root: Element, text: str) -> Any:
    encoding = _ENCODING.match(text)
    if encoding is not None and encoding[1].lower() not in ("utf-8", "us-ascii"):
        raise _UnclearError(f"the XML says that it is in {encoding[1]!r} and is sent in UTF-8")
    _check_depth(root)
    name = root_name(node.schema, node.shape)
    if root.tag != name.expanded(None):
        raise _UnclearError(f"the root element is {root.tag!r} and not {name.expanded(None)!r}")
    return _read_element(node, root, name, None)


def _check_depth(root: Element) -> None:
    level = [root]
    for _ in range(DEEPEST):
        level = [inner for element in level for inner in element]
    if level:
        raise _UnclearError(f"the XML is nested more than {DEEPEST} levels deep")


def _read_element(node: Node, element: Element, name: Name, outside: str | None) -> Any:
    """The value of one element; `outside` is the namespace of no prefix around it."""
    default = name.namespace if name.namespace is not None and not name.prefix else outside
    attributes = {key: value for key, value in element.attrib.items() if not key.startswith(_INSTANCE)}
    text = _text_of(element)
    holds = bool(len(element) or attributes)
    if not holds and not text.strip(_BLANK) and element.get(f"{_INSTANCE}nil") in ("true", "1"):
        return None
    types = node.shape.types
    if node.shape.likely_type == "array" and not text.strip(_BLANK) and not attributes:
        return _read_items(node, element, name, default)
    is_object = "object" in types and (node.shape.typed or node.shape.likely_type == "object")
    if holds or (is_object and ("string" not in types or _text_field(node) is not None) and _may_be_fields(node, text)):
        return _read_fields(node, element, attributes, text, default)
    return read_scalar(node, text)


def _text_of(element: Element) -> str:
    """The text that stands in an element itself."""
    return "".join([element.text or "", *(inner.tail or "" for inner in element)])


def _may_be_fields(node: Node, text: str) -> bool:
    return not text.strip(_BLANK) or _text_field(node) is not None


def _text_field(node: Node) -> str | None:
    """The field whose value is the text of the object's element."""
    return next((key for key, child in _declared(node) if node_type(child.shape) == "text"), None)


def _declared(node: Node) -> Iterator[tuple[str, Node]]:
    """The fields that an object may have, its branches' too."""
    for each in islice(node.with_branches(), BRANCHES):
        for key in each.shape.properties:
            yield key, each.child(key)


def _read_items(node: Node, holder: Element, name: Name, default: str | None) -> list[Any]:
    return [_read_item(node, index, element, name.local, default) for index, element in enumerate(holder)]


def _read_item(node: Node, index: int, element: Element, inferred: str, default: str | None) -> Any:
    item = node.locate(index)
    name = item_name(node.shape, item.shape, inferred)
    if element.tag != name.expanded(default):
        raise _UnclearError(f"the element {element.tag!r} is no item {name.expanded(default)!r}")
    return _read_element(item, element, name, default)


def _read_fields(
    node: Node, element: Element, attributes: Mapping[str, str], text: str, default: str | None
) -> dict[str, Any]:
    value: dict[str, Any] = {}
    known = _by_name(node, default)
    for tag, each in attributes.items():
        key = known.get(("attribute", tag)) or _stray(node, tag, None)
        value[key] = read_scalar(node.locate(key), each)
    for tag, elements in _by_tag(element).items():
        key = known.get(("element", tag)) or known.get(("item", tag)) or _stray(node, tag, default)
        if key in value:
            raise _UnclearError(f"{key!r} stands twice in {element.tag!r}")
        value[key] = _read_field(node.locate(key), key, elements, default)
    _add_text(node, text, value)
    for key in node.shape.required - value.keys():
        if _is_unwrapped(node.child(key)):
            value[key] = []  # No element at all is how an empty list looks.
    return value


def _by_name(node: Node, default: str | None) -> dict[tuple[str, str], str]:
    """The declared fields by what stands for them in the document."""
    known: dict[tuple[str, str], str] = {}
    for key, child in _declared(node):
        kind, name = node_type(child.shape), name_of(child.shape, key)
        if kind == "attribute":
            known.setdefault(("attribute", name.expanded(None)), key)
        elif kind == "none":
            item = item_name(child.shape, child.locate(0).shape, key)
            known.setdefault(("item", item.expanded(default)), key)
        elif kind == "element":
            known.setdefault(("element", name.expanded(default)), key)
    return known


def _by_tag(element: Element) -> dict[str, list[Element]]:
    found: dict[str, list[Element]] = {}
    for inner in element:
        found.setdefault(str(inner.tag), []).append(inner)
    return found


def _stray(node: Node, tag: str, default: str | None) -> str:
    """The key of what no declared field is written as: its name, or one that no field can have."""
    namespace, _, local = tag.rpartition("}")
    declared = any(key == local for key, _ in _declared(node))
    return f"<{tag}>" if declared or namespace.lstrip("{") != (default or "") else local


def _read_field(node: Node, key: str, elements: list[Element], default: str | None) -> Any:
    if _is_unwrapped(node):
        return [_read_item(node, index, element, key, default) for index, element in enumerate(elements)]
    if len(elements) > 1:
        raise _UnclearError(f"the element {elements[0].tag!r} stands {len(elements)} times and is no list")
    return _read_element(node, elements[0], name_of(node.shape, key), default)


def _is_unwrapped(node: Node) -> bool:
    return node_type(node.shape) == "none"


def _add_text(node: Node, text: str, value: dict[str, Any]) -> None:
    key = _text_field(node)
    if key is None:
        if text.strip(_BLANK):
            raise _UnclearError("text stands beside elements or attributes")
    elif text.strip(_BLANK) or key in node.shape.required:
        value[key] = read_scalar(node.locate(key), text)


def read_scalar(node: Node, text: str) -> Any:
    """What a text means to a server that follows the schema: the first reading that conforms, or the likeliest."""
    if is_ambiguous(node, text):
        raise _UnclearError(
            f"{node.id}: the text fits several branches of a oneOf, as it reads as one type or as another"
        )
    readings = list(_readings(node, text))
    return next((each for each in readings if node.validator.accepts(each)), readings[0])


def _readings(node: Node, text: str) -> Iterator[Any]:
    shape, plain = node.shape, text.strip(_BLANK)
    types = shape.types if shape.typed or shape.members is not None else frozenset({"string"})
    for member in shape.members or ():
        if member is not None and not isinstance(member, list | Mapping) and wire_text(member) == text:
            yield member
    number = _number(plain) if types & {"integer", "number"} else None
    if number is not None and ("number" in types or isinstance(number, int)):
        yield number
    if "boolean" in types and plain in _BOOLEANS:
        yield _BOOLEANS[plain]
    yield text


def _number(text: str) -> int | float | None:
    found = _NUMBER.fullmatch(text)
    if found is None:
        return None
    if len(text) > LONGEST_NUMBER or not math.isfinite(float(text)):
        raise _UnclearError("a number is too large to be checked")
    return float(text) if any(found.groups()) else int(text)
