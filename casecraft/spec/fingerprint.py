"""What an operation reaches in its document, and the hash of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import orjson

from casecraft.spec.discriminators import Discriminators
from casecraft.spec.pointers import MISSING
from casecraft.spec.references import References


@dataclass(frozen=True, slots=True)
class _Reached:
    """One referenced value: the hash of what it holds itself, and what it refers to."""

    digest: bytes
    references: frozenset[str]


class Fingerprints:
    """Hashes operations with all that they reach; what many reach is hashed once."""

    def __init__(self, references: References, discriminators: Discriminators) -> None:
        self._references = references
        self._discriminators = discriminators
        self._reached: dict[str, _Reached | None] = {}

    def take(self, content: Any) -> tuple[str, tuple[str, ...]]:
        """The SHA-256, in hexadecimal, of the content with all that it reaches; and the references that are lost."""
        waiting = set(_iterate_references(content))
        seen: dict[str, _Reached | None] = {}
        while waiting:
            reference = waiting.pop()
            reached = seen[reference] = self._reach(reference)
            if reached is not None:
                waiting |= reached.references - seen.keys()
        total = sha256(digest(content))
        for reference, reached in sorted(seen.items()):
            total.update(reference.encode("utf-8", "surrogatepass"))
            total.update(b"-" if reached is None else reached.digest)
        lost = sorted(reference for reference, reached in seen.items() if reached is None)
        return total.hexdigest(), tuple(lost)

    def _reach(self, reference: str) -> _Reached | None:
        if reference not in self._reached:
            _, value = self._references.place(reference)
            known = None
            if value is not MISSING:
                meant = self._discriminators.reached_from(reference)
                known = _Reached(digest(value), meant.union(_iterate_references(value)))
            self._reached[reference] = known
        return self._reached[reference]


def digest(content: Any) -> bytes:
    """The SHA-256 of a value, whatever the order of its keys."""
    return sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).digest()


def _iterate_references(content: Any) -> Iterator[str]:
    waiting = [content]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            reference = node.get("$ref")
            if isinstance(reference, str):
                yield reference
            waiting.extend(value for value in node.values() if isinstance(value, dict | list))
        elif isinstance(node, list):
            waiting.extend(value for value in node if isinstance(value, dict | list))
