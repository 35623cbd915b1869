"""Probes at the places of a request: hostile texts, and fields that only the server may set."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from casecraft.cases.hostile_texts import HOSTILE_TEXTS, HostileText
from casecraft.cases.nesting import NESTED, nested_values
from casecraft.cases.nodes import Goal, Node, Probe
from casecraft.cases.shapes import is_sent, same_value
from casecraft.cases.surroundings import enclosing, surrounding_object
from casecraft.core.case import Technique

PLACES = 4
"""Places of one endpoint that one sort of probe is tried at, the most suitable first."""

BRANCHES = 64
"""Branches of a body, and branches of those, whose readOnly fields are looked for."""

MASS_ASSIGNMENT = "security:API3-mass-assignment"

_SERVERS_OWN = (
    "c0ffee00-0000-4000-8000-0000000ca5ec",
    "2001-02-03T04:05:06Z",
    "2001-02-03",
    "https://casecraft.example/assigned",
    "casecraft-assigned",
    987654,
)
"""Values for fields that only the server may set: conforming, and none that it would choose itself."""


def add_text_probes(nodes: Iterable[Node], techniques: frozenset[Technique]) -> Iterator[Goal]:
    """Give the most suitable nodes their hostile texts; one goal for each, of which those of a target go together."""
    nodes = list(nodes)
    for hostile in HOSTILE_TEXTS:
        if hostile.technique not in techniques:
            continue
        suited = sorted((node for node in nodes if hostile.suits(node)), key=lambda node: -hostile.suits(node))
        for node in suited[:PLACES]:
            node.probes.append(Probe(hostile.target, _text_test(hostile, node)))
            description = f"{node.id}: {hostile.description}"
            yield Goal(hostile.target, "text", True, hostile.technique, description, node, hostile.sample, probe=True)


def _text_test(hostile: HostileText, node: Node) -> Callable[[Any], bool]:
    """Texts that the document itself gives for the place are not hostile there."""
    return lambda value: isinstance(value, str) and hostile.is_one(value) and value not in node.samples


def add_assignment_probe(body: Node) -> Iterator[Goal]:
    """Give a body the probe of its fields that only the server may set, if it has any."""
    for node in islice(body.with_branches(), BRANCHES):
        if withheld_fields(node):
            node.probes.append(Probe(MASS_ASSIGNMENT, _assignment_test(node)))
            description = f"{body.id}: a readOnly field, set by the client (OWASP API3:2023)"
            yield Goal(MASS_ASSIGNMENT, "assignment", True, "security", description, node, probe=True)


def withheld_fields(node: Node) -> list[str]:
    """The declared properties that only the server may set."""
    if "object" not in node.shape.types:
        return []
    names = (name for name in node.shape.properties if name not in node.shape.required)
    return [name for name in names if (schema := node.child(name).schema) is not False and not is_sent(schema)]


def _assignment_test(node: Node) -> Callable[[Any], bool]:
    names = withheld_fields(node)

    def is_one(value: Any) -> bool:
        return isinstance(value, Mapping) and any(
            name in value and not any(same_value(value[name], sample) for sample in node.child(name).samples)
            for name in names
        )

    return is_one


def probe_values(goal: Goal) -> Iterator[tuple[Node, Any]]:
    """Values of the root that a probe's node lies in, with the root. Raises NoValueError."""
    node = goal.node
    if node is None:
        return
    if goal.kind == "text":
        yield enclosing(node, goal.argument)
        return
    if goal.kind == NESTED:
        yield from nested_values(node)
        return
    for name in withheld_fields(node):
        child = node.child(name)
        for value in _SERVERS_OWN:
            if child.validator.accepts(value):
                yield enclosing(node, {**surrounding_object(node, name), name: value})
                break
