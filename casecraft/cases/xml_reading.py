"""What a body of XML stands for, by its schema. The texts of models are read too, and a document type in one never is:
it could define entities that grow without end or lead elsewhere.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Literal, TypeAlias
from xml.etree.ElementTree import Element  # only its type: defusedxml reads

from defusedxml import DefusedXmlException
from defusedxml import ElementTree as DefusedTree

from casecraft.cases.composition import is_mistakable
from casecraft.cases.nodes import Node
from casecraft.cases.xml_markup import Name, item_name, name_of, node_type, root_name
from casecraft.cases.xml_scalars import BLANK, is_too_large, xml_scalars

Fault: TypeAlias = Literal["empty", "truncated-xml", "malformed-xml", "deeply-nested", "unclear"]

DEEPEST: Final = 64
"""Levels of elements that are read, at most."""

BRANCHES: Final = 64
"""Branches of an object's unions whose fields are known by name, at most."""

_INSTANCE: Final = "{http://www.w3.org/2001/XMLSchema-instance}"
_ENDS_EARLY: Final = frozenset({3, 5, 20})  # expat: no element found, unclosed token, unclosed CDATA section
_ENCODING = re.compile(r"""\s*<\?xml\b[^>]*\bencoding\s*=\s*["']([^"']*)""")


@dataclass(frozen=True, slots=True)
class XmlReading:
    """What a text is: its value, or its fault; "unclear" is well-formed and cannot be judged, "deeply-nested" is not
    looked into. `message` says why.
    """

    fault: Fault | None
    message: str = ""
    value: Any = None


class _Text(str):
    """A text of the document that no schema has read yet."""

    __slots__ = ()


class _UnclearError(ValueError):
    """A document may mean several things, or nothing that the schema speaks of."""

    fault: Fault = "unclear"


class _DeepError(_UnclearError):
    """A document is nested so deeply that servers may refuse it for that alone."""

    fault = "deeply-nested"


def read_xml(node: Node, text: str) -> XmlReading:
    """Read the text of a body that is sent as XML. Nothing in it raises."""
    if not text.strip(BLANK):
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
        return XmlReading(error.fault, str(error))


def _read_root(node: Node, root: Element, text: str) -> Any:
    encoding = _ENCODING.match(text)
    if encoding is not None and encoding[1].lower() not in ("utf-8", "us-ascii"):
        raise _UnclearError(f"the XML says that it is in {encoding[1]!r} and is sent in UTF-8")
    _check_depth(root)
    name = root_name(node.schema, node.shape)
    if root.tag != name.expanded(None):
        raise _UnclearError(f"the root element is {root.tag!r} and not {name.expanded(None)!r}")
    return _settled(node, _read_element(node, root, name, None))


def _check_depth(root: Element) -> None:
    level = [root]
    for _ in range(DEEPEST):
        level = [inner for element in level for inner in element]
    if level:
        raise _DeepError(f"the XML is nested more than {DEEPEST} levels deep")


def _read_element(node: Node, element: Element, name: Name, outside: str | None) -> Any:
    """One element as mappings, lists and the texts in them; `outside` is the namespace of no prefix around it."""
    default = name.namespace if name.namespace is not None and not name.prefix else outside
    attributes = {key: value for key, value in element.attrib.items() if not key.startswith(_INSTANCE)}
    text = _text_of(element)
    holds = bool(len(element) or attributes)
    if not holds and not text.strip(BLANK) and element.get(f"{_INSTANCE}nil") in ("true", "1"):
        return None
    types = node.shape.types
    if node.shape.likely_type == "array" and not text.strip(BLANK) and not attributes:
        return _read_items(node, element, name, default)
    is_object = "object" in types and (node.shape.typed or node.shape.likely_type == "object")
    if holds or (is_object and ("string" not in types or _text_field(node) is not None) and _may_be_fields(node, text)):
        return _read_fields(node, element, attributes, text, default)
    return _Text(text)


def _text_of(element: Element) -> str:
    """The text that stands in an element itself."""
    return "".join([element.text or "", *(inner.tail or "" for inner in element)])


def _may_be_fields(node: Node, text: str) -> bool:
    return not text.strip(BLANK) or _text_field(node) is not None


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
        value[key] = _Text(each)
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
        if text.strip(BLANK):
            raise _UnclearError("text stands beside elements or attributes")
    elif text.strip(BLANK) or key in node.shape.required:
        value[key] = _Text(text)


def _settled(node: Node, tree: Any) -> Any:
    """The value of a tree of texts to a server that follows the schema. Where it fits one branch of a `oneOf`, that
    branch reads it; several may, each in its own way.
    """
    holder, fitting = node, list(_fitting(node, tree))
    if len(fitting) > 1:
        raise _UnclearError(_several(node))
    if fitting:
        holder, tree = fitting[0]
    if isinstance(tree, Mapping):
        return {key: _settled(holder.locate(key), each) for key, each in tree.items()}
    if isinstance(tree, list):
        return [_settled(holder.locate(index), each) for index, each in enumerate(tree)]
    return _read_text(node, tree) if isinstance(tree, _Text) else tree


def _read_text(node: Node, text: str) -> Any:
    if is_mistakable(node, str(text)):
        raise _UnclearError(_several(node))
    if is_too_large(node, text):
        raise _UnclearError("a number is too large to be checked")
    return _meaning(node, text)


def _fitting(node: Node, tree: Any) -> Iterator[tuple[Node, Any]]:
    """The branches of a `oneOf` that what is more than a text fits, and the tree as each has it; none where its value
    as it stands fits several, as that is wrong whoever reads it.
    """
    is_union = bool(node.shape.choices) and node.shape.choices[0].keyword == "oneOf"
    if not is_union or tree is None or (isinstance(tree, _Text) and tree):
        return
    plain = _meaning(node, tree)
    if sum(branch.validator.accepts(plain) for branch in node.branches()) > 1:
        return
    for branch in node.branches():
        trees = (tree,) if tree else (_Text(), {}, [])
        found = (each for each in trees if branch.validator.accepts(_meaning(branch, each)))
        yield from ((branch, each) for each in islice(found, 1))


def _meaning(node: Node, tree: Any) -> Any:
    """What the node reads in a tree of texts: of each text the first reading that conforms, or the likeliest."""
    if isinstance(tree, Mapping):
        return {key: _meaning(node.locate(key), each) for key, each in tree.items()}
    if isinstance(tree, list):
        return [_meaning(node.locate(index), each) for index, each in enumerate(tree)]
    if not isinstance(tree, _Text):
        return tree
    readings = list(xml_scalars(node, str(tree)))
    return next((each for each in readings if node.validator.accepts(each)), readings[0])


def _several(node: Node) -> str:
    return f"{node.id}: the text fits several branches of a oneOf, as it reads as one type or as another"
