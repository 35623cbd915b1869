"""Values that meet many goals at once, and values for one goal."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from casecraft.cases.applying import APPLIED_GOALS, applying_values, is_applied
from casecraft.cases.composition import (
    NoValueError,
    check_length,
    chosen_branch,
    fields_to_send,
    is_carried,
    is_mistakable,
    is_understood,
    least_fields,
    list_value,
    made,
    minimal,
    named,
    object_value,
    open_names,
    values_of_type,
    widened,
    with_other_members,
)
from casecraft.cases.format_texts import format_texts
from casecraft.cases.nodes import Goal, Node
from casecraft.cases.shapes import Shape, Size
from casecraft.cases.texts import OTHER_SCRIPTS, matching_texts, of_length, resized

PACKED_ITEMS = 4
"""Items of one list that each meet a goal of their own, at most."""


@dataclass(slots=True)
class Wish:
    """The goals that a rich value should meet. What was tried moves from `wanted` to `tried`; optional nodes whose
    ids are in `avoided` are left out, required ones get their least value.
    """

    wanted: set[str]
    avoided: frozenset[str] = frozenset()
    tried: set[str] = field(default_factory=set)

    def take(self, goal_id: str) -> None:
        """Note that a value for this goal goes in."""
        self.wanted.discard(goal_id)
        self.tried.add(goal_id)


def rich(node: Node, wish: Wish) -> Any:
    """A conforming value that meets as many of the wanted goals as one value can.

    Raises NoValueError where none can be made.
    """
    if not node.expanded or node.id in wish.avoided:
        return minimal(node)
    own = [goal for goal in node.goals if goal.valid and goal.id in wish.wanted]
    example = next((goal for goal in own if goal.kind == "example"), None)
    if example is not None:
        wish.take(example.id)
        if is_understood(node, node.samples[example.argument - 1]):
            return node.samples[example.argument - 1]
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
            value = made(lambda place: rich(place, wish), branch)
            if not isinstance(value, NoValueError) and not is_mistakable(node, value[0]):
                return value[0]
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
    if "array" in shape.types:
        inside.extend(node.item_at(index) for index in range(min(len(shape.prefix), POSITIONS)))
        if isinstance(shape.items, Mapping):
            inside.append(node.item())
    if has_open_fields(shape):
        inside.append(node.child(OPEN_FIELD))
    return [*inside, *node.branches()]


POSITIONS = 12
"""Positions of a list with schemas of their own that get targets."""

OPEN_FIELD = "key"
"""The name of the field that stands for those of a map."""


def has_open_fields(shape: Shape) -> bool:
    """Whether the shape is a map: fields of any name, with a schema."""
    return "object" in shape.types and isinstance(shape.additional, Mapping) and OPEN_FIELD not in shape.properties


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
            return widened(node, dict(object_value(node)), goal.argument or 0)
    for kind in ("all-fields", "max-properties", "valid"):
        if kind in kinds:
            wish.take(kinds[kind].id)
    value = {name: rich(node.child(name), wish) for name in _fields_but(node, wish)}
    if has_open_fields(node.shape) and node.shape.width.clamp(len(value) + 1) > len(value):
        value[open_names(node, OPEN_FIELD, 1)[0]] = rich(node.child(OPEN_FIELD), wish)
    most = kinds["max-properties"].argument if "max-properties" in kinds else 0
    return _fitted(node, value, most)


def _fields_but(node: Node, wish: Wish) -> list[str]:
    required = node.shape.required
    kept = []
    for name in fields_to_send(node):
        child = node.child(name)
        if name in required or (child.id not in wish.avoided and _is_possible(child)):
            kept.append(name)
    return kept


def _is_possible(node: Node) -> bool:
    return not isinstance(node.known.get("minimal") or made(minimal, node), NoValueError)


def _fitted(node: Node, value: dict[str, Any], least: int) -> dict[str, Any]:
    most = node.shape.width.most
    if most is not None and len(value) > most:
        for name in [name for name in value if name not in node.shape.required][most - len(value) :]:
            del value[name]
    return widened(node, value, max(least, least_fields(node)))


def _rich_list(node: Node, kinds: Mapping[str, Goal], wish: Wish) -> list[Any]:
    size = node.shape.size
    for kind in ("min-items", "max-items"):
        goal = kinds.get(kind)
        if goal is not None:
            wish.take(goal.id)
            return _with_rich_item(node, list_value(node, goal.argument), wish)
    if "valid" in kinds:
        wish.take(kinds["valid"].id)
    if size.most == 0 or node.shape.items is False or is_applied(node, "contains"):
        return _with_rich_item(node, list_value(node, size.clamp(max(size.least, len(node.shape.prefix)))), wish)
    items: list[Any] = []
    while len(items) < size.clamp(max(1, len(node.shape.prefix))) or (
        len(items) < size.clamp(PACKED_ITEMS) and not goals_below(node.item()).isdisjoint(wish.wanted)
    ):
        before = len(wish.wanted)
        items.append(rich(node.item_at(len(items)), wish))
        if len(wish.wanted) == before and len(items) >= len(node.shape.prefix):
            break
    if len(items) < size.least:
        items = [*items, *list_value(node, size.least)[len(items) :]]
    return items


def _with_rich_item(node: Node, items: list[Any], wish: Wish) -> list[Any]:
    if not items or node.shape.unique or is_applied(node, "contains"):
        return items
    positions = range(min(len(node.shape.prefix), len(items)))
    first = [rich(node.item_at(index), wish) for index in positions or range(1)]
    return [*first, *items[len(first) :]]


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
        accepted = (v for v in goal_values(node, goal) if is_carried(node, v) and node.validator.accepts(v))
        return next(((value,) for value in accepted), None)
    except NoValueError:
        return None


def goal_values(node: Node, goal: Goal) -> Iterator[Any]:
    """Values that may meet a valid goal of the node itself.

    Raises NoValueError where it is clear that there is none.
    """
    kind = goal.kind
    if kind in APPLIED_GOALS:
        yield from applying_values(node, goal)
    elif kind in ("minimal", "all-fields", "min-properties", "max-properties"):
        yield from _objects(node, goal)
    elif kind in ("enum", "minimum", "maximum", "null", "true", "false"):
        yield _WORDS.get(kind, goal.argument)
    elif kind in ("min-length", "max-length"):
        yield from _texts_of_length(node, goal.argument)
    elif kind == "example":
        yield node.samples[goal.argument - 1]
    elif kind == "non-ascii":
        yield resized(OTHER_SCRIPTS, node.shape.length)
    elif kind == "type":
        yield from values_of_type(node, goal.argument)
    elif kind in ("min-items", "max-items"):
        yield list_value(node, goal.argument)
    elif kind == "branch":
        yield from _branch_values(
            node.branches()[[number for number, _ in node.sampled_branches()].index(goal.argument)]
        )
    else:
        yield minimal(node)
        yield from values_of_type(node, "string")


_WORDS = {"true": True, "false": False}


def _objects(node: Node, goal: Goal) -> Iterator[Any]:
    value = _rich_object(node, {goal.kind: goal}, Wish({goal.id}))
    yield value
    if node.shape.applied:
        yield from with_other_members(node, value)


def _branch_values(branch: Node) -> Iterator[Any]:
    least = branch.known.get("minimal") or made(minimal, branch)
    if not isinstance(least, NoValueError):
        yield least[0]
    yield rich(branch, Wish(set(goals_below(branch))))


def _texts_of_length(node: Node, length: int) -> Iterator[str]:
    check_length(node, length)
    for pattern in node.shape.patterns:
        yield from matching_texts(pattern, Size(length, length))
    yield from format_texts(node.shape.format, Size(length, length))
    base = named(node)
    yield of_length(base, length)
    if len(base) < length:
        yield "a" * (length - len(base)) + base
    yield "a" * length
    yield "1" * length


def conforming(node: Node) -> Any:
    """A value that the node's whole schema accepts: the least one if that is so, else a fuller or given one.

    Raises NoValueError where none is found.
    """
    known = node.known.get("conforming")
    if known is None:
        known = node.known["conforming"] = _find_conforming(node)
    if isinstance(known, NoValueError):
        raise known
    return known[0]


def _find_conforming(node: Node) -> Any:
    reason = f"{node.id}: no conforming value was found"
    for make in (minimal, _sample, _full, _fuller):
        try:
            value = make(node)
        except NoValueError as error:
            reason = str(error)
            continue
        violations = node.validator.violations(value)
        if not violations:
            return (value,)
        reason = f"{node.id}: {violations[0].message[:200]}"
    return NoValueError(reason)


def _sample(node: Node) -> Any:
    for sample in node.samples:
        if is_understood(node, sample):
            return sample
    raise NoValueError(f"{node.id}: no example conforms")


def _full(node: Node) -> Any:
    return rich(node, Wish(set()))


def _fuller(node: Node) -> Any:
    return rich(node, Wish(set(goals_below(node))))
