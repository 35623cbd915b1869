"""Follows the local `$ref`s of a document."""

from collections.abc import Iterable, Mapping
from typing import Any

from casecraft.core.document import Problem
from casecraft.spec import pointers
from casecraft.spec.pointers import MISSING


class References:
    """Looks the `$ref`s of one document up, each once."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self.root = root
        self._places: dict[str, tuple[str, Any]] = {}
        self._endless: set[str] = set()

    def place(self, reference: str) -> tuple[str, Any]:
        """The pointer and the value that a reference means; the value is MISSING where it leads nowhere.

        A reference that leads back into itself, over others perhaps, leads nowhere.
        """
        found = self._places.get(reference)
        if found is None:
            found = self._look_up(reference)
            if self._loops(found[1]):
                found = (found[0], MISSING)
                self._endless.add(reference)
            self._places[reference] = found
        return found

    def why_lost(self, reference: str) -> str:
        """What is wrong with a reference that has no value."""
        self.place(reference)
        return "leads back into itself and never ends" if reference in self._endless else "leads nowhere"

    def resolve(self, node: Any) -> tuple[Any, str | None]:
        """What a node means: itself, or where it is a `$ref` the value at its end. Else None and the lost reference."""
        while (reference := _reference_of(node)) is not None:
            _, node = self.place(reference)
            if node is MISSING:
                return None, reference
        return node, None

    def _loops(self, value: Any) -> bool:
        seen: set[str] = set()
        while (reference := _reference_of(value)) is not None:
            if reference in seen:
                return True
            seen.add(reference)
            value = self._look_up(reference)[1]
        return False

    def _look_up(self, reference: str) -> tuple[str, Any]:
        if not reference.startswith("#"):
            return reference, MISSING
        for pointer in (pointers.normalise(reference[1:]), reference[1:]):
            value = pointers.look_up(self.root, pointer)
            if value is not MISSING:
                return pointer, value
        return reference[1:], MISSING


def find_dangling(root: Mapping[str, Any], references: Iterable[str]) -> list[Problem]:
    """A problem for each place that has one of these references, where that reference leads nowhere or never ends."""
    known = References(root)
    problems = []
    for reference in sorted(references):
        if known.place(reference)[1] is MISSING:
            message = f"`$ref` {reference!r} {known.why_lost(reference)}"
            problems += [Problem(place, message) for place in pointers.find_all(root, "$ref", reference)]
    return problems


def _reference_of(node: Any) -> str | None:
    reference = node.get("$ref") if isinstance(node, dict) else None
    return reference if isinstance(reference, str) else None
