"""Texts off the wire that are read as one value by one server and as another by the next."""

from casecraft.cases.composition import is_mistakable
from casecraft.cases.nodes import Node
from casecraft.cases.styles import Raw
from casecraft.core.endpoint import Parameter


def is_unclear(parameter: Parameter, node: Node, raw: Raw) -> bool:
    """Whether a text in a raw value fits several branches of a `oneOf`, as it reads as one type or as another, or says
    `null` where only null would be meant: no label is sure then. JSON says itself what is meant.
    """
    if parameter.content_type is not None:
        return False
    if isinstance(raw, list):
        return any(is_unclear(parameter, node.locate(index), each) for index, each in enumerate(raw))
    if isinstance(raw, dict):
        return any(is_unclear(parameter, node.locate(name), each) for name, each in raw.items())
    if raw == "null" and "null" in node.shape.types and node.shape.typed:
        return not node.validator.accepts(raw)
    return is_mistakable(node, raw)


def why_unclear(node: Node) -> str:
    """Why no label is sure of a text at a place."""
    return f"{node.id}: the text reads as one type or as another: it fits several branches of a oneOf, or may mean null"
