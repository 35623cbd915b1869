"""Values for nodes: the least that conforms, and the way from a value inside to that of the whole."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from casecraft.cases.format_texts import SAMPLES, format_texts
from casecraft.cases.goals import ITEM_LIMIT
from casecraft.cases.nodes import Node
from casecraft.cases.numbers import ends_of, moved, nearest, step_of
from casecraft.cases.readings import is_ambiguous
from casecraft.cases.shapes import Applied, Number, Size, is_sent, json_type, same_value
from casecraft.cases.styles import is_sendable, wire_text
from casecraft.cases.texts import TEXT_LIMIT, fitting_texts, matching_texts, more_matching_texts
from casecraft.cases.wording import short_text
from casecraft.cases.xml_markup import is_text

NESTING_LIMIT = 24
"""Values nested deeper than this are not made."""


class NoValueError(ValueError):
    """No value can be made for a node; the message says why."""


def minimal(node: Node) -> Any:
    """The least value that conforms to a node, as far as its shape and its branches tell. Treat it as frozen.

    Raises NoValueError where none can be made.
    """
    known = node.known.get("minimal")
    if known is None:
        node.known["minimal"] = known = made(_minimal, node)
    if isinstance(known, NoValueError):
        raise known
    return known[0]


def made(make: Callable[[Node], Any], node: Node) -> Any:
    """The value in a tuple, or the error that says why there is none."""
    try:
        return (make(node),)
    except NoValueError as error:
        return error


def _minimal(node: Node) -> Any:
    shape = node.shape
    if not shape.types:
        raise NoValueError(f"{node.id}: the schema allows no value")
    if node.depth > NESTING_LIMIT:
        raise NoValueError(f"{_first_repeated(node).id}: the required fields never end")
    if shape.members is None:
        if shape.choices:
            return minimal(chosen_branch(node))
        kind = shape.likely_type
        if kind in ("object", "array"):
            return _least_container(node, kind)
    return leaf_value(node)


def _first_repeated(node: Node) -> Node:
    while node.parent is not None and node.parent.is_recursive:
        node = node.parent
    return node


def _least_container(node: Node, kind: str) -> Any:
    """The least mapping or list; where other schemas apply to it, the first that they accept, if there is one."""
    plain = object_value(node) if kind == "object" else list_value(node, least_items(node))
    if not node.shape.applied or node.validator.accepts(plain):
        return plain
    for variant in conditional_variants(node):
        try:
            value = minimal(variant)
        except NoValueError:
            continue
        if node.validator.accepts(value):
            return value
    others = with_other_members(node, plain) if isinstance(plain, dict) else iter(())
    return next((value for value in others if node.validator.accepts(value)), plain)


OTHER_MEMBERS = 8
"""Listed values of one field that are tried where the first does not fit with the rest."""


def with_other_members(node: Node, value: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The mapping with another listed value in one of its fields."""
    for name in value:
        child = node.child(name)
        members = (True, False) if child.shape.types == {"boolean"} else child.shape.members or ()
        for member in members[:OTHER_MEMBERS]:
            if not same_value(member, value[name]):
                yield {**value, name: member}


def conditional_variants(node: Node) -> Iterator[Node]:
    """The places that a node may be by its conditions: where one holds, and where it does not."""
    for applied in node.shape.applied:
        if applied.keyword == "if":
            yield node.variant({"allOf": [applied.schema, applied.then]})
            yield node.variant(applied.otherwise)
        elif applied.keyword == "dependentSchemas":
            yield node.variant(applied.schema)


def chosen_branch(node: Node) -> Node:
    """The first branch of which a value can be made that the whole union accepts, and that fits no other branch in its
    wire form, where there is such a one.
    """
    known: Node | None = node.known.get("branch")
    if known is None:
        known = node.known["branch"] = _find_branch(node)
    return known


def _find_branch(node: Node) -> Node:
    reason = f"{node.id}: no branch of the union can be met"
    accepting: list[Node] = []
    branches = node.branches() if node.shape.choices[0].branches and not node.is_recursive else ()
    for branch in branches:
        try:
            value = minimal(branch)
        except NoValueError as error:
            reason = str(error)
            continue
        if node.validator.accepts(value):
            accepting.append(branch)
            if not _fits_others(node, value):
                return branch
    if accepting:
        return accepting[0]
    raise NoValueError(reason)


def is_understood(node: Node, value: Any) -> bool:
    """Whether the node's whole schema accepts a value, and is sure to accept it in its wire form as well."""
    return node.validator.accepts(value) and not is_mistakable(node, value)


def is_mistakable(node: Node, value: Any) -> bool:
    """Whether the wire carries a value as a text that may be read as the value of another branch, where other values
    are clear. Where none is, the `oneOf` can only be meant as `anyOf`.
    """
    return _fits_others(node, value) and _has_clear_values(node)


def _has_clear_values(node: Node) -> bool:
    least = made(lambda place: minimal(chosen_branch(place)), node)
    return isinstance(least, NoValueError) or not _fits_others(node, least[0])


def _fits_others(node: Node, value: Any) -> bool:
    is_text = node.carrier != "json" and not isinstance(value, list | dict)
    return is_text and is_ambiguous(node, wire_text(value))


def object_value(node: Node) -> dict[str, Any]:
    """The least mapping that conforms."""
    value = {name: minimal(node.child(name)) for name in sorted_fields(node) if name in node.shape.required}
    return with_dependents(node, widened(node, with_dependents(node, value), least_fields(node)))


def with_dependents(node: Node, value: dict[str, Any]) -> dict[str, Any]:
    """The mapping with the fields added that others in it ask for."""
    waiting = list(value) if node.shape.dependent else []
    for held in waiting:
        missing = [name for name in node.shape.dependent.get(held, ()) if name not in value]
        value.update({name: minimal(node.child(name)) for name in missing})
        waiting.extend(missing)
    return value


def least_fields(node: Node) -> int:
    """The fewest fields that a value may have and still be seen: on the wire an empty mapping is nothing."""
    return max(node.shape.width.least, int(node.carrier not in ("json", "xml") and node.parent is not None))


def least_items(node: Node) -> int:
    """The fewest items that a value may have and still be seen: on the wire an empty list is nothing."""
    return max(node.shape.size.least, contained_items(node), int(node.carrier != "json"))


def contained_items(node: Node) -> int:
    """How many items a list must have that match what it has to contain."""
    return max((each.least for each in node.shape.applied if each.keyword == "contains"), default=0)


def sorted_fields(node: Node) -> list[str]:
    """The declared properties in the document's order, then the required ones that are not declared."""
    declared = node.shape.properties
    undeclared = [name for name in node.shape.required if name not in declared]
    return [*declared, *sorted(undeclared)] if undeclared else list(declared)


def widened(node: Node, value: dict[str, Any], least: int) -> dict[str, Any]:
    """The mapping with fields added until it has as many as asked for. Raises NoValueError."""
    if len(value) >= least:
        return value
    if least > ITEM_LIMIT:
        raise NoValueError(f"{node.id}: {least} fields are more than are ever made")
    declared = node.shape.properties
    possible = [name for name in declared if declared[name] is not False and name not in node.containers()]
    for name in sorted(possible, key=lambda name: name in node.shape.dependent):
        if len(value) < least and name not in value:
            value[name] = minimal(node.child(name))
    if len(value) < least and node.shape.additional is False:
        value.update(_named_by_patterns(node, least))
    if len(value) < least:
        if node.shape.additional is False:
            raise NoValueError(f"{node.id}: {least} fields are asked for and fewer are allowed")
        names = open_names(node, "extra", least)
        extra = node.child("extra")
        value.update({name: minimal(extra) for name in names[len(value) :]})
    return value


def _named_by_patterns(node: Node, count: int) -> dict[str, Any]:
    """At most so many fields with names that `patternProperties` have."""
    fields: dict[str, Any] = {}
    for applied in node.shape.applied:
        if applied.keyword == "patternProperties" and applied.schema is not False:
            for name in matching_texts(applied.name, Size()):
                for number in range(count - len(fields)):
                    fields[f"{name}{number or ''}"] = minimal(named_field(node, applied, name))
    return dict(list(fields.items())[:count])


def named_field(node: Node, applied: Applied, name: str) -> Node:
    """The place of a field whose name fits a pattern."""
    shape = node.context.reader.read(applied.schema)
    return Node(node.context, f"{node.id}.*", applied.schema, shape, name=name, carrier=node.carrier)


def open_names(node: Node, name: str, count: int) -> list[str]:
    """Names for `count` fields of a map, such as its `propertyNames` allow. Raises NoValueError."""
    schemas = [applied.schema for applied in node.shape.applied if applied.keyword == "propertyNames"]
    if not schemas:
        return [name if count == 1 else f"{name}{index}" for index in range(count)]
    schema = {"type": "string", "allOf": schemas}
    place = Node(node.context, f"{node.id}.*", schema, node.context.reader.read(schema), name=name, carrier="json")
    return [str(each) for each in different_values(place, count)]


def list_value(node: Node, count: int) -> list[Any]:
    """A list of `count` conforming items, all different where they must be."""
    if count > ITEM_LIMIT:
        raise NoValueError(f"{node.id}: {count} items are more than are ever made")
    if count == 0:
        return []
    prefix = [minimal(node.item_at(index)) for index in range(min(count, len(node.shape.prefix)))]
    matching = _matching_items(node, count - len(prefix))
    plain = count - len(prefix) - len(matching)
    if plain <= 0:
        return prefix + matching
    if not node.shape.unique:
        return [*prefix, *matching, *[minimal(node.item())] * plain]
    different = different_values(node.item(), plain + len(prefix) + len(matching))
    fresh = [value for value in different if not any(same_value(value, each) for each in (*prefix, *matching))]
    return [*prefix, *matching, *fresh[:plain]]


def _matching_items(node: Node, room: int) -> list[Any]:
    """As many items as a list has to hold of those that match its `contains`."""
    items: list[Any] = []
    for applied in node.shape.applied:
        if applied.keyword == "contains" and len(items) < room and applied.least:
            place = node.item().variant(applied.schema)
            count = min(applied.least, room - len(items))
            items.extend(different_values(place, count) if node.shape.unique else [minimal(place)] * count)
    return items


def different_values(node: Node, count: int) -> list[Any]:
    """`count` conforming values of one node, no two the same."""
    found: list[Any] = []
    for value in _variations(node, count):
        if not any(same_value(value, each) for each in found) and node.validator.accepts(value):
            found.append(value)
        if len(found) == count:
            return found
    raise NoValueError(f"{node.id}: no {count} different values were found")


def _variations(node: Node, count: int) -> Iterator[Any]:
    first = minimal(node)
    yield first
    yield from node.shape.members or ()
    if node.shape.members is not None:
        return
    step = step_of(node.shape)
    for index in range(1, count + 8):
        if isinstance(first, bool):
            yield not first
        elif isinstance(first, int | float):
            yield moved(first, step, index)
            yield moved(first, step, -index)
        elif isinstance(first, str):
            for pattern in node.shape.patterns:
                yield from matching_texts(pattern, Size(node.shape.length.clamp(len(first) + index)))
            yield f"{first}{index}"
            yield f"{first[: -len(str(index))]}{index}"
        elif isinstance(first, dict):
            yield from _varied_mappings(node, first, index)
    if isinstance(first, str):
        for pattern in node.shape.patterns:
            yield from more_matching_texts(pattern, node.shape.length, count)


def _varied_mappings(node: Node, first: Mapping[str, Any], index: int) -> Iterator[dict[str, Any]]:
    for name in node.shape.properties:
        child = node.child(name)
        if json_type(first.get(name, "")) == "string" and "string" in child.shape.types:
            yield {**first, name: f"{named(child)}{index}"}
        elif child.shape.types & {"integer", "number"}:
            yield {**first, name: nearest(child.shape, index)}


def named(node: Node) -> str:
    """A conforming string for a node, or a plain one."""
    try:
        value = minimal(node)
    except NoValueError:
        return "a"
    return value if isinstance(value, str) else "a"


def leaf_value(node: Node) -> Any:
    """A conforming scalar: the document's own values first, then realistic ones."""
    for value in _leaf_candidates(node):
        if is_carried(node, value) and node.validator.accepts(value):
            return value
    raise NoValueError(f"{node.id}: no conforming value was found{_because(node)}")


def _because(node: Node) -> str:
    bounds, length = node.shape.bounds, node.shape.length
    if bounds.minimum is not None and bounds.maximum is not None and bounds.minimum > bounds.maximum:
        return f" (the minimum {bounds.minimum} is above the maximum {bounds.maximum})"
    if length.most is not None and length.least > length.most:
        return f" (minLength {length.least} is above maxLength {length.most})"
    if length.least > TEXT_LIMIT:
        return f" (longer texts than {TEXT_LIMIT} characters are never made)"
    if node.shape.format in SAMPLES and not any(True for _ in format_texts(node.shape.format, length)):
        return f" (the format {node.shape.format!r} and the lengths allowed exclude each other)"
    return f" for the pattern {short_text(node.shape.patterns[0])!r}" if node.shape.patterns else ""


def is_carried(node: Node, value: Any) -> bool:
    """Whether the place of a node can carry this value at all."""
    if node.carrier == "json":
        return True
    if not isinstance(value, str):
        return value is not None  # a text `null` is no null
    return is_text(value) if node.carrier == "xml" else is_sendable(node.carrier, value)


def _leaf_candidates(node: Node) -> Iterator[Any]:
    yield from node.samples
    if node.shape.members is not None:
        yield from node.shape.members
        return
    yield from values_of_type(node, node.shape.likely_type)
    for kind in sorted(node.shape.types):
        yield from values_of_type(node, kind)


def values_of_type(node: Node, kind: str) -> Iterator[Any]:
    """Plausible values of one JSON type for a node."""
    if kind == "string":
        yield from fitting_texts(node.shape, node.name)
    elif kind in ("integer", "number"):
        yield nearest(node.shape, 1 if kind == "integer" else 12.5)
        yield nearest(node.shape, 1)
        yield from _inner_numbers(node)
    elif kind == "boolean":
        yield from (True, False)
    elif kind == "null":
        yield None
    elif kind == "array":
        yield list_value(node, least_items(node))
    else:
        yield object_value(node)


def _inner_numbers(node: Node) -> Iterator[Number]:
    """The numbers at the ends of what the bounds allow, and those next to them."""
    for end, sign in zip(ends_of(node.shape), (1, -1), strict=True):
        if end is not None:
            yield from (moved(end, step_of(node.shape), sign * count) for count in range(3))


def fields_to_send(node: Node) -> list[str]:
    """The properties that a value may have."""
    if "object" not in node.shape.types:
        return []
    left_out = node.containers()
    names = [name for name in sorted_fields(node) if name not in left_out]
    return [name for name in names if is_sent(node.child(name).schema) or name in node.shape.required]


def check_length(node: Node, length: int) -> None:
    """Raise NoValueError where a text would be longer than any that is made."""
    if length > TEXT_LIMIT:
        raise NoValueError(f"{node.id}: a text of {length} characters is longer than any that is made ({TEXT_LIMIT})")
