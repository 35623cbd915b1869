"""One value of a request, judged by its schema: what is wrong with it, or which goals it hits."""

from dataclasses import dataclass
from typing import Any

from casecraft.cases.nodes import Node
from casecraft.cases.predicates import is_hit
from casecraft.cases.rich_values import OPEN_FIELD, has_open_fields
from casecraft.cases.violations import Finding, findings_of
from casecraft.cases.whole_requests import DEEPLY_NESTED
from casecraft.cases.xml_reading import XmlReading, read_xml

WALKED_ITEMS = 16
"""Items of one list that are looked at."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One parameter of one request, or its body, judged. `probes` are the targets of what conforms and may be refused
    yet, `value` is what was read, in a tuple where it was sent; `unclear` says why no label is sure; what is `unproven`
    conforms as far as its schema could be read.
    """

    findings: tuple[Finding, ...]
    hits: frozenset[str]
    probes: frozenset[str] = frozenset()
    value: tuple[Any, ...] = ()
    unclear: tuple[str, ...] = ()
    unproven: bool = False


def judged(node: Node, value: Any) -> Reading:
    """What the node's whole schema and its goals say of a value."""
    violations = node.validator.violations(value)
    if violations:
        return Reading(findings_of(node, value, violations), frozenset(), value=(value,))
    hits: set[str] = set()
    probes: set[str] = set()
    _walk(node, value, hits, probes)
    return Reading((), frozenset(hits), frozenset(probes), (value,), unproven=not node.validator.proves(value))


def judged_document(node: Node, text: Any) -> Reading:
    """What the node and its goals say of the value that an XML document stands for."""
    read = read_xml(node, text) if isinstance(text, str) else XmlReading("unclear", "the body is no text")
    if read.fault == "unclear":
        return Reading((), frozenset(), unclear=(read.message,))
    if read.fault == "deeply-nested":
        return Reading((), frozenset(), frozenset({DEEPLY_NESTED}))
    if read.fault is not None:
        return Reading((Finding(f"body:{read.fault}", read.message),), frozenset())
    return judged(node, read.value)


def _walk(node: Node, value: Any, hits: set[str], probes: set[str]) -> None:
    """Collect the valid goals that a conforming value hits, and the probes that it is."""
    if not node.expanded:
        return
    hits.update(goal.id for goal in node.goals if goal.valid and is_hit(goal, value))
    if node.probes:
        probes.update(probe.target for probe in node.probes if probe.is_hit(value))
    if isinstance(value, dict):
        _walk_fields(node, value, hits, probes)
    elif isinstance(value, list) and "array" in node.shape.types:
        for index, each in enumerate(value[:WALKED_ITEMS]):
            _walk(node.item_at(index), each, hits, probes)
    if node.shape.choices and value is not None:
        _walk_branches(node, value, hits, probes)


def _walk_fields(node: Node, value: dict[str, Any], hits: set[str], probes: set[str]) -> None:
    for name, each in value.items():
        if name in node.shape.properties:
            _walk(node.child(name), each, hits, probes)
        elif has_open_fields(node.shape):
            _walk(node.child(OPEN_FIELD), each, hits, probes)


def _walk_branches(node: Node, value: Any, hits: set[str], probes: set[str]) -> None:
    for (number, _), branch in zip(node.sampled_branches(), node.branches(), strict=True):
        if branch.validator.accepts(value):
            hits.update(goal.id for goal in node.goals if goal.kind == "branch" and goal.argument == number)
            _walk(branch, value, hits, probes)
