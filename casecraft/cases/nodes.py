"""The places of a request that a case may set: a tree of nodes over the schemas, grown only where it is entered."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

from casecraft.cases.shape_reader import ShapeReader
from casecraft.cases.shapes import Shape, merge
from casecraft.cases.validators import Validator, ValidatorCache
from casecraft.core.case import Technique
from casecraft.core.endpoint import Location
from casecraft.core.schema import Definitions, Schema, referenced_name

Carrier: TypeAlias = Literal["json", "form", "text"] | Location
"""What carries a node's value: a JSON document, a form, a plain text or a parameter."""

BRANCH_SAMPLE = 24
"""Branches of one union that get targets."""


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
    for its `probes`; `expanded` says that the nodes inside it have theirs too.
    """

    __slots__ = (
        "_branches",
        "_children",
        "_item",
        "_validator",
        "ancestry",
        "carrier",
        "context",
        "depth",
        "expanded",
        "goals",
        "id",
        "known",
        "name",
        "parent",
        "probes",
        "required",
        "samples",
        "schema",
        "shape",
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
        self.ancestry = _ancestry(parent, schema)
        self.goals: list[Goal] = []
        self.probes: list[Probe] = []
        self.expanded = False
        self.known: dict[str, Any] = {}
        self._children: dict[str, Node] = {}
        self._item: Node | None = None
        self._branches: tuple[Node, ...] | None = None
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

    def item(self) -> "Node":
        """The node of an array's items."""
        if self._item is None:
            schema = self.shape.items
            self._item = Node(
                self.context,
                f"{self.id}[]",
                schema,
                self.context.reader.read(schema),
                name=self.name.removesuffix("s"),
                carrier=self.carrier,
                parent=self,
                step=0,
                samples=tuple(item for sample in self.samples if isinstance(sample, list) for item in sample[:3]),
            )
        return self._item

    def branches(self) -> "tuple[Node, ...]":
        """The nodes of the first union's branches, a sample of them where they are many."""
        if self._branches is None:
            self._branches = tuple(self._branch(schema) for _, schema in self.sampled_branches())
        return self._branches

    def sampled_branches(self) -> list[tuple[int, Schema]]:
        """The first union's branches that are looked at, with their numbers from 1."""
        if not self.shape.choices or self.is_recursive:
            return []
        branches = self.shape.choices[0].branches
        return [(index + 1, branches[index]) for index in spread(len(branches), BRANCH_SAMPLE)]

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
        return node

    def locate(self, step: str | int) -> "Node":
        """The node one step further in, where the step is a property's name or an index."""
        if isinstance(step, int):
            holder = next((node for node in self.with_branches() if node.shape.items is not True), self)
            return holder.item()
        nodes = list(self.with_branches())
        maps = (node for node in nodes if isinstance(node.shape.additional, Mapping))
        holder = next((node for node in nodes if step in node.shape.properties), None) or next(maps, self)
        return holder.child(step)

    def with_branches(self) -> "Iterator[Node]":
        """The node and the nodes of its branches, at any depth."""
        yield self
        for branch in self.branches():
            yield from branch.with_branches()


def _ancestry(parent: Node | None, schema: Schema) -> frozenset[str] | None:
    """The definitions that a node lies in, None once one of them holds itself."""
    above = frozenset() if parent is None else parent.ancestry
    name = referenced_name(schema) if isinstance(schema, Mapping) else None
    if above is None or name is None:
        return above
    return None if name in above else above | {name}


def spread(count: int, limit: int) -> list[int]:
    """At most `limit` indexes below `count`, evenly spread, the first and the last among them."""
    if count <= limit:
        return list(range(count))
    return sorted({round(index * (count - 1) / (limit - 1)) for index in range(limit)})
