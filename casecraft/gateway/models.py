"""What names of models say."""

import re
from collections.abc import Iterator, Mapping
from fnmatch import translate
from typing import Generic, TypeVar

SMALL = ("haiku", "mini", "nano", "lite", "small", "tiny", "instant")
"""Words by which vendors name their small models, which clients ask in the background: for titles and summaries."""

_SMALL = re.compile(rf"(?:^|[-_./:])(?:{'|'.join(SMALL)})(?:$|[-_./:@\[])", re.IGNORECASE)
_WILD = re.compile(r"[*?\[]")

Value = TypeVar("Value")


def is_small(model: str) -> bool:
    """Is this the name of a small model that answers? Those that make embeddings are small in another sense."""
    return _SMALL.search(model) is not None and "embed" not in model.lower()


class ModelPatterns(Generic[Value]):
    """Values by names of models and patterns of them, in any case: `*` stands for any characters, `?` for one.

    A name itself goes before patterns, of these the longest before shorter ones.
    """

    def __init__(self, patterns: Mapping[str, Value]) -> None:
        self._exact = {pattern.lower(): (pattern, value) for pattern, value in patterns.items()}
        wild = sorted(filter(_WILD.search, patterns), key=len, reverse=True)
        self._wild = [(re.compile(translate(it), re.IGNORECASE), it, patterns[it]) for it in wild]

    def find(self, model: str) -> tuple[str, Value] | None:
        """The pattern for a model, and its value."""
        exact = self._exact.get(model.lower())
        if exact is not None:
            return exact
        return next(((it, value) for compiled, it, value in self._wild if compiled.match(model)), None)

    def names(self) -> Iterator[str]:
        """The patterns that are names of models."""
        return (pattern for pattern, _ in self._exact.values() if not _WILD.search(pattern))

    def values(self) -> Iterator[Value]:
        """The values of all patterns."""
        yield from (value for _, value in self._exact.values())
