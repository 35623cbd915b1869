"""From the value at one place to that of the whole parameter or body that the place lies in."""

from typing import Any

from casecraft.cases.composition import (
    NoValueError,
    contained_items,
    least_items,
    list_value,
    minimal,
    object_value,
    sorted_fields,
)
from casecraft.cases.nodes import Node
from casecraft.cases.rich_values import conforming


def enclosing(node: Node, value: Any) -> tuple[Node, Any]:
    """The value of the root that a node lies in, the least that conforms but for this value at the node's place."""
    while node.parent is not None:
        parent, step = node.parent, node.step
        if isinstance(step, int):
            value = _surrounding_list(parent, step, value)
        elif step is not None:
            value = {**surrounding_object(parent, step), step: value}
        node = parent
    return node, value


def _surrounding_list(node: Node, index: int, value: Any) -> list[Any]:
    """The least list with the value in it, after the items that match what the list has to contain."""
    prefix, most = len(node.shape.prefix), node.shape.size.most
    if index >= prefix:
        index += contained_items(node) if most is None or index + contained_items(node) < most else 0
    items = list_value(node, max(least_items(node), index + 1))
    return [*items[:index], value, *items[index + 1 :]]


def surrounding_object(node: Node, name: str) -> dict[str, Any]:
    """The least mapping of a node that may have the named field beside the others."""
    value = dict(least_mapping_but(node, name))
    for other in node.shape.dependent.get(name, ()):
        value.setdefault(other, minimal(node.child(other)))
    return value


def least_mapping_but(node: Node, name: str) -> dict[str, Any]:
    """The least mapping; where none can be made, its required fields but the named one, which may be why."""
    try:
        return least_mapping(node)
    except NoValueError:
        others = [each for each in sorted_fields(node) if each in node.shape.required and each != name]
        return {each: minimal(node.child(each)) for each in others}


def least_mapping(node: Node) -> dict[str, Any]:
    """The least mapping; where conditions or names that hang on others go against it, one that conforms."""
    known: dict[str, Any] | None = node.known.get("mapping")
    if known is None:
        known = node.known["mapping"] = _find_mapping(node)
    return known


def _find_mapping(node: Node) -> dict[str, Any]:
    shape = node.shape
    is_union = bool(shape.choices) and shape.members is None
    least = minimal(node) if is_union else object_value(node)
    if (shape.applied or shape.dependent or is_union) and not node.validator.accepts(least):
        try:
            whole = conforming(node)
        except NoValueError:
            whole = None
        least = whole if isinstance(whole, dict) else least
    return least if isinstance(least, dict) else object_value(node)
