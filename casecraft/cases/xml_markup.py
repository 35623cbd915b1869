"""How the places of a body are named in XML: OpenAPI's XML Object, of 3.2 (`nodeType`) and before."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from casecraft.cases.shapes import Shape
from casecraft.core.schema import Schema, referenced_name

NodeType: TypeAlias = Literal["element", "attribute", "text", "none"]

DEFAULT_ROOT = "root"
"""The root element of a body that has no name in the document."""

_NAME = re.compile(r"[A-Za-z_\u00c0-\u02ff\u0370-\u037d\u037f-\u1fff\u3001-\ud7ff][-.\w\u00b7]*")
_TEXT = re.compile("[\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*")
_NODE_TYPES: Mapping[str, NodeType] = {
    "element": "element",
    "attribute": "attribute",
    "text": "text",
    "cdata": "text",  # The same text to every reader.
    "none": "none",
}


@dataclass(frozen=True, slots=True)
class Name:
    """The name of an element or attribute. A `namespace` of None is the one of no prefix where it stands."""

    local: str
    namespace: str | None = None
    prefix: str = ""

    @property
    def is_writable(self) -> bool:
        """Whether XML has such a name."""
        return is_name(self.local) and is_text(self.namespace or "")

    @property
    def qualified(self) -> str:
        """The name as it is written."""
        return f"{self.prefix}:{self.local}" if self.prefix else self.local

    def expanded(self, default: str | None) -> str:
        """The name as parsers give it, `{namespace}local`, where `default` is the namespace of no prefix."""
        namespace = self.namespace if self.namespace is not None else default
        return f"{{{namespace}}}{self.local}" if namespace else self.local


def is_name(text: str) -> bool:
    """Whether a text is a name without a colon."""
    return _NAME.fullmatch(text) is not None


def is_text(text: str) -> bool:
    """Whether XML 1.0 can carry a text: it has no way to write most control characters."""
    return _TEXT.fullmatch(text) is not None


def node_type(shape: Shape) -> NodeType:
    """What a property becomes. Lists are "element" where one wraps them and else "none"."""
    is_list = shape.likely_type == "array"
    declared = _NODE_TYPES.get(str(shape.xml.get("nodeType", "")).lower())
    if declared == "none":
        return "none" if is_list else "element"
    if declared is not None:
        return declared
    if shape.xml.get("attribute") is True:
        return "attribute"
    return "none" if is_list and shape.xml.get("wrapped") is not True else "element"


def root_name(schema: Schema, shape: Shape) -> Name:
    """The name of a body's root: its own, the component's, or `DEFAULT_ROOT`."""
    component = referenced_name(schema) if isinstance(schema, Mapping) else None
    return name_of(shape, component if component is not None and is_name(component) else DEFAULT_ROOT)


def name_of(shape: Shape, inferred: str) -> Name:
    """The name of a place that has the `inferred` one where the document gives it none."""
    return _name(shape.xml, inferred)


def item_name(shape: Shape, item: Shape, inferred: str) -> Name:
    """The name of the items of a list. Where they have none it is the list's, which is `inferred` if it is wrapped."""
    own = {} if node_type(shape) == "element" else shape.xml
    return _name({**own, **item.xml}, inferred)


def _name(xml: Mapping[str, Any], inferred: str) -> Name:
    local = str(xml.get("name") or inferred)
    namespace = str(xml.get("namespace") or "")
    if not namespace:
        return Name(local)  # A prefix of no namespace would be no well-formed XML.
    prefix = str(xml.get("prefix") or "")
    usable = is_name(prefix) and not prefix.lower().startswith("xml")
    if xml.get("attribute") is True or xml.get("nodeType") == "attribute":
        return Name(local, namespace, prefix) if usable else Name(local)
    return Name(local, namespace, prefix if usable else "")
