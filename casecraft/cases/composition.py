"""Values for nodes: the least that conforms, a rich one that meets many goals, and ones that are wrong in one way."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from casecraft.cases.goals import ITEM_LIMIT, short_text
from casecraft.cases.nodes import Goal, Node
from casecraft.cases.numbers import moved, nearest, off_grid, step_of
from casecraft.cases.shapes import Shape, Size, json_type, same_value
from casecraft.cases.styles import is_sendable
from casecraft.cases.texts import (
    TEXT_LIMIT,
    breaking_format,
    breaking_pattern,
    fitting_texts,
    matching_texts,
    of_length,
)

NESTING_LIMIT = 24
"""Values nested deeper than this are not made."""

PACKED_ITEMS = 4
"""Items of one list that each meet a goal of their own, at most."""


class NoValueError(ValueError):
    """No value can be made for a node; the message says why."""


@dataclass(slots=True)
class Wish:
    """The goals that a rich value should meet. What was tried moves from `wanted` to `tried`; optional nodes whose
    ids are in `avoided` are left out.
    """

    wanted: set[str]
    avoided: frozenset[str] = frozenset()
    tried: set[str] = field(default_factory=set)

    def take(self, goal_id: str) -> None:
        """Note that a value for this goal goes in."""
        self.wanted.discard(goal_id)
        self.tried.add(goal_id)


def minimal(node: Node) -> Any:
    """The least value that conforms to a node, as far as its shape and its branches tell. Treat it as frozen.

    Raises NoValueError where none can be made.
    """
    known = node.known.get("minimal")
    if known is None:
        node.known["minimal"] = known = _made(_minimal, node)
    if isinstance(known, NoValueError):
        raise known
    return known[0]


def _made(make: Callable[[Node], Any], node: Node) -> Any:
    try:
        return (make(node),)
    except NoValueError as error:
        return error


def _minimal(node: Node) -> Any:
    shape = node.shape
    if not shape.types:
        raise NoValueError(f"{node.id}: the schema allows no value")
    if node.depth > NESTING_LIMIT:
        raise NoValueError(f"{node.id}: the required fields never end")
    if shape.members is None:
        if shape.choices:
            return minimal(chosen_branch(node))
        kind = shape.likely_type
        if kind == "object":
            return object_value(node)
        if kind == "array":
            return list_value(node, least_items(node))
    return leaf_value(node)


def chosen_branch(node: Node) -> Node:
    """The first branch of which a value can be made that the whole union accepts."""
    known: Node | None = node.known.get("branch")
    if known is None:
        known = node.known["branch"] = _find_branch(node)
    return known


def _find_branch(node: Node) -> Node:
    reason = f"{node.id}: no branch of the union can be met"
    branches = node.branches() if node.shape.choices[0].branches and not node.is_recursive else ()
    for branch in branches:
        try:
            if node.validator.accepts(minimal(branch)):
                return branch
        except NoValueError as error:
            reason = str(error)
    raise NoValueError(reason)


def object_value(node: Node) -> dict[str, Any]:
    """The least mapping that conforms."""
    value = {name: minimal(node.child(name)) for name in sorted_fields(node) if name in node.shape.required}
    missing = [name for held in value for name in node.shape.dependent.get(held, ()) if name not in value]
    value.update({name: minimal(node.child(name)) for name in missing})
    return _widened(node, value, least_fields(node))


def least_fields(node: Node) -> int:
    """The fewest fields that a value may have and still be seen: on the wire an empty mapping is nothing."""
    return max(node.shape.width.least, int(node.carrier != "json" and node.parent is not None))


def least_items(node: Node) -> int:
    """The fewest items that a value may have and still be seen: on the wire an empty list is nothing."""
    return max(node.shape.size.least, int(node.carrier != "json"))


def sorted_fields(node: Node) -> list[str]:
    """The declared properties in the document's order, then the required ones that are not declared."""
    declared = node.shape.properties
    undeclared = [name for name in node.shape.required if name not in declared]
    return [*declared, *sorted(undeclared)] if undeclared else list(declared)


def _widened(node: Node, value: dict[str, Any], least: int) -> dict[str, Any]:
    if len(value) >= least:
        return value
    if least > ITEM_LIMIT:
        raise NoValueError(f"{node.id}: {least} fields are more than are ever made")
    for name in node.shape.properties:
        if len(value) < least and name not in value and node.shape.properties[name] is not False:
            value[name] = minimal(node.child(name))
    extra = None if node.shape.additional is False else node.child("extra")
    while len(value) < least:
        if extra is None:
            raise NoValueError(f"{node.id}: {least} fields are asked for and fewer are allowed")
        value[f"extra{len(value)}"] = minimal(extra)
    return value


def list_value(node: Node, count: int) -> list[Any]:
    """A list of `count` conforming items, all different where they must be."""
    if count > ITEM_LIMIT:
        raise NoValueError(f"{node.id}: {count} items are more than are ever made")
    prefix = node.shape.prefix[:count]
    if prefix:
        raise NoValueError(f"{node.id}: lists with items of their own schema by position are not made")
    if count == 0:
        return []
    if not node.shape.unique:
        return [minimal(node.item())] * count
    return different_values(node.item(), count)


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
        if _carries(node, value) and node.validator.accepts(value):
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
    return f" for the pattern {short_text(node.shape.patterns[0])!r}" if node.shape.patterns else ""


def _carries(node: Node, value: Any) -> bool:
    return node.carrier == "json" or not isinstance(value, str) or is_sendable(node.carrier, value)


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
    elif kind == "boolean":
        yield from (True, False)
    elif kind == "null":
        yield None
    elif kind == "array":
        yield list_value(node, least_items(node))
    else:
        yield object_value(node)


def rich(node: Node, wish: Wish) -> Any:
    """A conforming value that meets as many of the wanted goals as one value can.

    Raises NoValueError where none can be made.
    """
    if not node.expanded:
        return minimal(node)
    own = [goal for goal in node.goals if goal.valid and goal.id in wish.wanted]
    if node.shape.members is None:
        if node.shape.choices:
            return _rich_union(node, own, wish)
        inner = _rich_container(node, own, wish)
        if inner is not None:
            return inner[0]
    return _rich_leaf(node, own, wish)


def _rich_union(node: Node, own: list[Goal], wish: Wish) -> Any:
    wanted = {goal.argument: goal for goal in own if goal.kind == "branch"}
    for (number, _), branch in zip(node.sampled_branches(), node.branches(), strict=True):
        goal = wanted.get(number)
        if goal is not None:
            wish.take(goal.id)
        if goal is not None or not goals_below(branch).isdisjoint(wish.wanted):
            try:
                return rich(branch, wish)
            except NoValueError:
                wish.tried |= wish.wanted & goals_below(branch)
                wish.wanted -= goals_below(branch)
    if any(goal.kind == "null" for goal in own):
        return _rich_leaf(node, [goal for goal in own if goal.kind == "null"], wish)
    return rich(chosen_branch(node), wish)


def goals_below(node: Node) -> frozenset[str]:
    """The ids of the valid goals about a node and all that is inside it."""
    known: frozenset[str] | None = node.known.get("below")
    if known is None:
        ids = {goal.id for goal in node.goals if goal.valid}
        for inner in nodes_inside(node):
            ids |= goals_below(inner)
        known = node.known["below"] = frozenset(ids)
    return known


def nodes_inside(node: Node) -> list[Node]:
    """The nodes one step inside an expanded node, its branches among them."""
    if not node.expanded:
        return []
    shape = node.shape
    inside = [node.child(name) for name in fields_to_send(node)]
    if "array" in shape.types and isinstance(shape.items, Mapping) and not shape.prefix:
        inside.append(node.item())
    if has_open_fields(shape):
        inside.append(node.child(OPEN_FIELD))
    return [*inside, *node.branches()]


OPEN_FIELD = "key"
"""The name of the field that stands for those of a map."""


def has_open_fields(shape: Shape) -> bool:
    """Whether the shape is a map: fields of any name, with a schema."""
    return "object" in shape.types and isinstance(shape.additional, Mapping) and OPEN_FIELD not in shape.properties


def fields_to_send(node: Node) -> list[str]:
    """The properties that a value may have."""
    if "object" not in node.shape.types:
        return []
    return [name for name in sorted_fields(node) if node.child(name).schema is not False]


def _rich_container(node: Node, own: list[Goal], wish: Wish) -> tuple[Any] | None:
    kinds = {goal.kind: goal for goal in own}
    kind = node.shape.likely_type
    for goal in own:
        if goal.kind == "type" and kind != goal.argument:
            return None
    if kind == "object" and not _only_null_left(node, kinds, wish):
        return (_rich_object(node, kinds, wish),)
    if kind == "array" and not _only_null_left(node, kinds, wish):
        return (_rich_list(node, kinds, wish),)
    return None


def _only_null_left(node: Node, kinds: Mapping[str, Goal], wish: Wish) -> bool:
    return "null" in kinds and len(goals_below(node) & wish.wanted) == 1


def _rich_object(node: Node, kinds: Mapping[str, Goal], wish: Wish) -> dict[str, Any]:
    for kind in ("min-properties", "minimal"):
        goal = kinds.get(kind)
        if goal is not None and len(goals_below(node) & wish.wanted) == 1:
            wish.take(goal.id)
            return _widened(node, dict(object_value(node)), goal.argument or 0)
    for kind in ("all-fields", "max-properties", "valid"):
        if kind in kinds:
            wish.take(kinds[kind].id)
    value = {name: rich(node.child(name), wish) for name in _fields_but(node, wish)}
    if has_open_fields(node.shape) and node.shape.width.clamp(len(value) + 1) > len(value):
        value[OPEN_FIELD] = rich(node.child(OPEN_FIELD), wish)
    most = kinds["max-properties"].argument if "max-properties" in kinds else 0
    return _fitted(node, value, most)


def _fields_but(node: Node, wish: Wish) -> list[str]:
    required = node.shape.required
    kept = []
    for name in fields_to_send(node):
        child = node.child(name)
        if name in required or (child.id not in wish.avoided and not child.is_recursive and _is_possible(child)):
            kept.append(name)
    return kept


def _is_possible(node: Node) -> bool:
    return not isinstance(node.known.get("minimal") or _made(minimal, node), NoValueError)


def _fitted(node: Node, value: dict[str, Any], least: int) -> dict[str, Any]:
    most = node.shape.width.most
    if most is not None and len(value) > most:
        for name in [name for name in value if name not in node.shape.required][most - len(value) :]:
            del value[name]
    return _widened(node, value, max(least, least_fields(node)))


def _rich_list(node: Node, kinds: Mapping[str, Goal], wish: Wish) -> list[Any]:
    size = node.shape.size
    for kind in ("min-items", "max-items"):
        goal = kinds.get(kind)
        if goal is not None:
            wish.take(goal.id)
            return _with_rich_item(node, list_value(node, goal.argument), wish)
    if "valid" in kinds:
        wish.take(kinds["valid"].id)
    if size.most == 0 or node.shape.prefix or node.shape.items is False:
        return list_value(node, size.least)
    items: list[Any] = []
    while len(items) < size.clamp(1) or (
        len(items) < size.clamp(PACKED_ITEMS) and not goals_below(node.item()).isdisjoint(wish.wanted)
    ):
        before = len(wish.wanted)
        items.append(rich(node.item(), wish))
        if len(wish.wanted) == before:
            break
    if len(items) < size.least:
        items = [*items, *list_value(node, size.least)][: size.least]
    return items


def _with_rich_item(node: Node, items: list[Any], wish: Wish) -> list[Any]:
    if not items or node.shape.unique:
        return items
    return [rich(node.item(), wish), *items[1:]]


def _rich_leaf(node: Node, own: list[Goal], wish: Wish) -> Any:
    ordered = sorted(own, key=lambda goal: goal.kind == "null")
    for goal in ordered:
        wish.take(goal.id)
        value = _first_accepted(node, goal)
        if value is not None:
            return value[0]
    return minimal(node)


def _first_accepted(node: Node, goal: Goal) -> tuple[Any] | None:
    try:
        accepted = (v for v in goal_values(node, goal) if _carries(node, v) and node.validator.accepts(v))
        return next(((value,) for value in accepted), None)
    except NoValueError:
        return None


def goal_values(node: Node, goal: Goal) -> Iterator[Any]:
    """Values that may meet a valid goal of the node itself.

    Raises NoValueError where it is clear that there is none.
    """
    kind = goal.kind
    if kind in ("enum", "minimum", "maximum", "null"):
        yield goal.argument
    elif kind in ("true", "false"):
        yield kind == "true"
    elif kind in ("min-length", "max-length"):
        yield from _texts_of_length(node, goal.argument)
    elif kind == "type":
        yield from values_of_type(node, goal.argument)
    elif kind in ("min-items", "max-items"):
        yield list_value(node, goal.argument)
    elif kind in ("minimal", "all-fields", "min-properties", "max-properties"):
        yield _rich_object(node, {kind: goal}, Wish({goal.id}))
    elif kind == "branch":
        yield from _branch_values(
            node.branches()[[number for number, _ in node.sampled_branches()].index(goal.argument)]
        )
    else:
        yield minimal(node)
        yield from values_of_type(node, "string")


def _branch_values(branch: Node) -> Iterator[Any]:
    least = branch.known.get("minimal") or _made(minimal, branch)
    if not isinstance(least, NoValueError):
        yield least[0]
    yield rich(branch, Wish(set(goals_below(branch))))


def _texts_of_length(node: Node, length: int) -> Iterator[str]:
    _check_length(node, length)
    for pattern in node.shape.patterns:
        yield from matching_texts(pattern, Size(length, length))
    base = named(node)
    yield of_length(base, length)
    if len(base) < length:
        yield "a" * (length - len(base)) + base
    yield "a" * length
    yield "1" * length


def _check_length(node: Node, length: int) -> None:
    if length > TEXT_LIMIT:
        raise NoValueError(f"{node.id}: a text of {length} characters is longer than any that is made ({TEXT_LIMIT})")


def invalid_values(node: Node, goal: Goal) -> Iterator[Any]:
    """Values that may break just the rule that an invalid goal is about; `missing` is not among them.

    Raises NoValueError where it is clear that there is none.
    """
    return _BREAKERS[goal.kind](node, goal.argument)


def _wrong_types(node: Node, _: Any) -> Iterator[Any]:
    if node.carrier != "json":
        yield "not-a-value"
        return
    for value in ("not-a-value", 12345, {"unexpected": True}, True, ["unexpected"]):
        if json_type(value) not in node.shape.types:
            yield value


def _no_members(node: Node, _: Any) -> Iterator[Any]:
    members = node.shape.members or ()
    if "string" in node.shape.types or not node.shape.types:
        yield from ("not-a-listed-value", "NOT_LISTED", "zzz")
    numbers = [member for member in members if json_type(member) in ("integer", "number")]
    if numbers:
        yield moved(max(numbers), 1, 1)
        yield moved(max(numbers), 1, 1000)
    if "boolean" in node.shape.types:
        yield from (True, False)
    if "object" in node.shape.types:
        yield {"unexpected": True}
    if "array" in node.shape.types:
        yield ["unexpected"]


def _wrong_length(node: Node, length: int) -> Iterator[Any]:
    _check_length(node, length)
    for pattern in node.shape.patterns:
        yield from (text for text in matching_texts(pattern, Size(length, length)) if len(text) == length)
    yield of_length(named(node), length)
    yield "a" * length


def _other_count(node: Node, count: int) -> Iterator[Any]:
    yield list_value(node, count)


def _repeated_items(node: Node, _: Any) -> Iterator[Any]:
    count = max(node.shape.size.least, 2)
    items = list_value(node, count - 1)
    yield [*items, items[0]]


def _other_width(node: Node, count: int) -> Iterator[Any]:
    value = dict(object_value(node))
    if count > len(value):
        filled = {name: minimal(node.child(name)) for name in fields_to_send(node) if not node.child(name).is_recursive}
        yield _widened(node, {**value, **dict(list(filled.items())[: count - len(value)])}, count)
    optional = [name for name in value if name not in node.shape.required]
    yield {name: each for name, each in value.items() if name not in optional[count - len(value) :]}
    yield {}


def _extra_field(node: Node, _: Any) -> Iterator[Any]:
    yield {**object_value(node), "unexpectedField": "unexpected"}


_BREAKERS: Mapping[str, Callable[[Node, Any], Iterator[Any]]] = {
    "wrong-type": _wrong_types,
    "unexpected-null": lambda _node, _: iter((None,)),
    "not-in-enum": _no_members,
    "too-short": _wrong_length,
    "too-long": _wrong_length,
    "wrong-pattern": lambda node, _: breaking_pattern(node.shape.length),
    "wrong-format": lambda node, name: breaking_format(name, node.shape.length),
    "below-minimum": lambda _, bound: iter((bound,)),
    "above-maximum": lambda _, bound: iter((bound,)),
    "not-multiple": lambda node, _: (off_grid(node.shape, nearest(node.shape, wish)) for wish in (1, 12.5)),
    "too-few-items": _other_count,
    "too-many-items": _other_count,
    "duplicate-items": _repeated_items,
    "too-few-properties": _other_width,
    "too-many-properties": _other_width,
    "extra-field": _extra_field,
}


def enclosing(node: Node, value: Any) -> tuple[Node, Any]:
    """The value of the root that a node lies in, minimal but for this value at the node's place."""
    while node.parent is not None:
        parent, step = node.parent, node.step
        if step is None:
            node = parent
            continue
        if isinstance(step, int):
            value = [value, *list_value(parent, max(parent.shape.size.least, 1))[1:]]
        else:
            value = {**surrounding_object(parent, step), step: value}
        node = parent
    return node, value


def surrounding_object(node: Node, name: str) -> dict[str, Any]:
    """The least mapping of a node that may have the named field beside the others."""
    if node.shape.choices and node.shape.members is None:
        base = minimal(node)
        value = dict(base) if isinstance(base, dict) else object_value(node)
    else:
        value = dict(object_value(node))
    for other in node.shape.dependent.get(name, ()):
        value.setdefault(other, minimal(node.child(other)))
    return value
