"""The places of a request that a case may set: a tree of nodes over the schemas, grown only where it is entered."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

from casecraft.cases.shape_reader import ShapeReader
from casecraft.cases.shapes import Shape, merge
from casecraft.cases.spreading import BRANCH_SAMPLE, spread
from casecraft.cases.validators import Validator, ValidatorCache
from casecraft.core.case import Technique
from casecraft.core.endpoint import Location
from casecraft.core.schema import Definitions, Schema, referenced_name

MOST_FOLDS = 64
"""Unions that lie one in another of which branches are looked at."""

FEW_FOLDS = 4
MOST_FOLDED = 512
"""Branches that lie in more than `FEW_FOLDS` unions and are looked at, in one parameter or body."""

Carrier: TypeAlias = Literal["json", "form", "xml", "text"] | Location
"""What carries a node's value: a JSON or XML document, a form, a plain text or a parameter."""


@dataclass(frozen=True, slots=True)
class Goal:
    """A target with what is needed to make a value for it and to see whether a value hits it.

    `kind` names the sort of target (`max-length`), `argument` the bound, member or branch that it is about. A `probe`
    is about requests that conform and that a server may refuse all the same: only a failure of it is wrong.
    """

    id: str
    kind: str
    valid: bool
    technique: Technique
    description: str
    node: "Node | None" = field(default=None, repr=False)
    argument: Any = None
    probe: bool = False


@dataclass(frozen=True, slots=True)
class Probe:
    """A probe at a node: the id of its target, and whether a value there is one."""

    target: str
    is_hit: Callable[[Any], bool]


class SchemaContext:
    """One document's readers and compiled schemas, shared by all its endpoints."""

    __slots__ = ("reader", "validators")

    def __init__(self, definitions: Definitions) -> None:
        self.reader = ShapeReader(definitions)
        self.validators = ValidatorCache(definitions)


class Node:
    """One place of a request, with its schema, and the places inside it.

    A union's branches are nodes of the same place: they share its `id`. `goals` are the targets about this node but
    for its `probes`; `expanded` says that the nodes inside it have theirs too. `is_flat` says that the style of a
    parameter is known for mappings of scalars alone.
    """

    __slots__ = (
        "_branches",
        "_children",
        "_item",
        "_places",
        "_sampled",
        "_validator",
        "ancestry",
        "carrier",
        "context",
        "depth",
        "expanded",
        "folds",
        "goals",
        "id",
        "is_flat",
        "known",
        "name",
        "parent",
        "probes",
        "required",
        "samples",
        "schema",
        "shape",
        "spent",
        "step",
    )

    def __init__(
        self,
        context: SchemaContext,
        id: str,  # noqa: A002  # every value of this project calls it so
        schema: Schema,
        shape: Shape,
        *,
        name: str,
        carrier: Carrier,
        parent: "Node | None" = None,
        step: str | int | None = None,
        required: bool = True,
        samples: tuple[Any, ...] = (),
    ) -> None:
        self.context = context
        self.id = id
        self.schema = schema
        self.shape = shape
        self.name = name
        self.carrier: Carrier = carrier
        self.parent = parent
        self.step = step
        self.required = required
        self.samples = samples + shape.samples
        self.depth: int = 0 if parent is None else parent.depth + 1
        self.folds: int = 0 if parent is None else parent.folds
        self.ancestry = _ancestry(parent, schema)
        self.goals: list[Goal] = []
        self.probes: list[Probe] = []
        self.expanded = False
        self.is_flat = False
        self.known: dict[str, Any] = {}
        self._children: dict[str, Node] = {}
        self._item: Node | None = None
        self._places: dict[int, Node] = {}
        self._branches: tuple[Node, ...] | None = None
        self._sampled: list[tuple[int, Schema]] | None = None
        self.spent: list[int] = [0] if parent is None else parent.spent
        self._validator: Validator | None = None

    @property
    def validator(self) -> Validator:
        """The validator of the node's own schema."""
        if self._validator is None:
            self._validator = self.context.validators.validator(self.schema)
        return self._validator

    @property
    def is_recursive(self) -> bool:
        """Whether the node is an instance of a definition that it lies in."""
        return self.parent is not None and self.ancestry is None

    def child(self, name: str) -> "Node":
        """The node of a property; one that is not declared follows `additionalProperties`."""
        node = self._children.get(name)
        if node is None:
            declared = name in self.shape.properties
            schema = self.shape.properties[name] if declared else self.shape.additional
            node = self._children[name] = Node(
                self.context,
                f"{self.id}.{name if declared or name in self.shape.required else '*'}",
                schema,
                self.context.reader.read(schema),
                name=name,
                carrier=self.carrier,
                parent=self,
                step=name,
                required=name in self.shape.required,
                samples=tuple(
                    sample[name] for sample in self.samples if isinstance(sample, Mapping) and name in sample
                ),
            )
        return node

    def containers(self) -> list[str]:
        """The optional properties that the style of a flat node has no known way to write: lists and mappings."""
        if not self.is_flat:
            return []
        optional = (name for name in self.shape.properties if name not in self.shape.required)
        return [name for name in optional if self.child(name).shape.likely_type in ("array", "object")]

    def item(self) -> "Node":
        """The node of an array's items, of those that come after the ones with a schema by their position."""
        if self._item is None:
            first = len(self.shape.prefix)
            items = (item for sample in self.samples if isinstance(sample, list) for item in sample[first : first + 3])
            self._item = self._item_node(f"{self.id}[]", self.shape.items, first, tuple(items))
        return self._item

    def item_at(self, index: int) -> "Node":
        """The node of the item at a position."""
        if index >= len(self.shape.prefix):
            return self.item()
        node = self._places.get(index)
        if node is None:
            given = (sample[index] for sample in self.samples if isinstance(sample, list) and index < len(sample))
            node = self._item_node(f"{self.id}[{index}]", self.shape.prefix[index], index, tuple(given))
            self._places[index] = node
        return node

    def _item_node(self, id: str, schema: Schema, step: int, samples: tuple[Any, ...]) -> "Node":  # noqa: A002
        return Node(
            self.context,
            id,
            schema,
            self.context.reader.read(schema),
            name=self.name.removesuffix("s"),
            carrier=self.carrier,
            parent=self,
            step=step,
            samples=samples,
        )

    def variant(self, schema: Schema, *, alone: bool = False) -> "Node":
        """The same place with another schema beside its own; `alone`, values are judged by that one only."""
        node = Node(
            self.context,
            self.id,
            schema if alone else {"allOf": [self.schema, schema]},
            merge(replace(self.shape, applied=()), self.context.reader.read(schema)),
            name=self.name,
            carrier=self.carrier,
            parent=self.parent,
            step=self.step,
            required=self.required,
        )
        node.depth = self.depth + 1
        return node

    def branches(self) -> "tuple[Node, ...]":
        """The nodes of the first union's branches, a sample of them where they are many."""
        if self._branches is None:
            self._branches = tuple(self._branch(schema) for _, schema in self.sampled_branches())
        return self._branches

    def sampled_branches(self) -> list[tuple[int, Schema]]:
        """The first union's branches that are looked at, with their numbers from 1."""
        if self._sampled is None:
            self._sampled = self._sample()
        return self._sampled

    def _sample(self) -> list[tuple[int, Schema]]:
        if not self.shape.choices or self.is_recursive or self.folds >= MOST_FOLDS:
            return []
        branches = self.shape.choices[0].branches
        chosen = spread(len(branches), BRANCH_SAMPLE)
        if self.folds >= FEW_FOLDS:
            self.spent[0] += len(chosen)
            if self.spent[0] > MOST_FOLDED:
                return []
        return [(index + 1, branches[index]) for index in chosen]

    def _branch(self, schema: Schema) -> "Node":
        own = replace(self.shape, choices=self.shape.choices[1:], samples=())
        node = Node(
            self.context,
            self.id,
            schema,
            merge(own, self.context.reader.read(schema)),
            name=self.name,
            carrier=self.carrier,
            parent=self,
            required=self.required,
            samples=self.samples,
        )
        node.depth = self.depth
        node.folds = self.folds + 1
        return node

    def locate(self, step: str | int) -> "Node":
        """The node one step further in, where the step is a property's name or an index."""
        if isinstance(step, int):
            holder = next((node for node in self.with_branches() if _speaks_of_items(node.shape)), self)
            return holder.item_at(step)
        nodes = list(self.with_branches())
        maps = (node for node in nodes if isinstance(node.shape.additional, Mapping))
        holder = next((node for node in nodes if step in node.shape.properties), None) or next(maps, self)
        return holder.child(step)

    def with_branches(self) -> "Iterator[Node]":
        """The node and the nodes of its branches, at any depth."""
        yield self
        for branch in self.branches():
            yield from branch.with_branches()


def _speaks_of_items(shape: Shape) -> bool:
    return shape.items is not True or bool(shape.prefix)


def _ancestry(parent: Node | None, schema: Schema) -> frozenset[str] | None:
    """The definitions that a node lies in, None once one of them holds itself."""
    above = frozenset() if parent is None else parent.ancestry
    name = referenced_name(schema) if isinstance(schema, Mapping) else None
    if above is None or name is None:
        return above
    return None if name in above else above | {name}
