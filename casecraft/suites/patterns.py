"""Regular expressions that may take for ever: those that can read one text in exponentially many ways.

A pattern is brought to the automaton of Glushkov, in which each character of it is a state. Where two ways that read
the same text lead from a state back to it, each repetition of that text doubles what a backtracking matcher has to try.
"""

import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any, Final

_PARSER: Any = import_module("re._parser")
_LOOPS = re.compile(r"\)[*+{]")
_NAMED = re.compile(r"\(\?<(?![=!])")
_PROPERTY = re.compile(r"\\[pP]\{[^{}]*\}")
_MANY: Final = 4
_WAYS: Final = 20
"""What is repeated so many times, and may have so many lengths in all, is taken to be repeated without end."""

_MOST: Final = 400
"""States of one pattern that are looked at."""


@lru_cache(maxsize=4096)
def is_slow(pattern: str) -> bool:
    """Whether a matcher that backtracks may take exponential time; so are patterns too large or strange to be told."""
    if not _LOOPS.search(pattern):
        return False
    try:
        tree = _PARSER.parse(_PROPERTY.sub(r"\\w", _NAMED.sub("(?P<", pattern)))
        return _Automaton(tree).is_ambiguous()
    except (re.error, RecursionError, OverflowError, _TooLargeError):
        return True


class _TooLargeError(ValueError):
    """A pattern has more states than are looked at."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a pattern: the states that it begins and ends with, and whether it may be empty."""

    first: frozenset[int] = frozenset()
    last: frozenset[int] = frozenset()
    empty: bool = True


class _Automaton:
    """States are numbered; `signs` are the characters that each reads, `steps` how often one state follows another."""

    def __init__(self, tree: Any) -> None:
        self.signs: list[frozenset[int]] = []
        self.steps: Counter[tuple[int, int]] = Counter()
        self.alphabet = frozenset({*range(128), 0xE9, 0x4E00, 0x1F600, *_codes(tree)})
        self._sequence(tree)
        self.next: dict[int, list[int]] = {}
        for one, other in self.steps:
            self.next.setdefault(one, []).append(other)

    def is_ambiguous(self) -> bool:
        """Whether two ways that read the same text lead from a state back to it."""
        reached = {state: self._reached(state) for state in self.next}
        together = {(one, other) for one in reached for other in reached[one] if one in reached.get(other, ())}
        if any(times > 1 and step in together for step, times in self.steps.items()):
            return True
        backwards: dict[tuple[int, int], list[tuple[int, int]]] = {}
        same = [(state, state) for state in {one for one, _ in together}]
        for pair in list(_walked(same, lambda pair: self._pairs(pair, together))):
            for other in self._pairs(pair, together):
                backwards.setdefault(other, []).append(pair)
        return any(one != other for one, other in _walked(same, lambda pair: backwards.get(pair, ())))

    def _reached(self, state: int) -> set[int]:
        return set(_walked(self.next[state], lambda one: self.next.get(one, ())))

    def _pairs(self, pair: tuple[int, int], together: set[tuple[int, int]]) -> Iterator[tuple[int, int]]:
        """Where two ways may go on by one character, without leaving the loop."""
        for one in self.next[pair[0]]:
            for other in self.next[pair[1]]:
                if (one, pair[0]) in together and (other, one) in together and self.signs[one] & self.signs[other]:
                    yield one, other

    def _sequence(self, items: Iterable[tuple[Any, Any]]) -> _Part:
        whole = _Part()
        for name, argument in items:
            whole = self._joined(whole, self._part(str(name), argument))
        return whole

    def _part(self, name: str, argument: Any) -> _Part:
        if name in ("LITERAL", "NOT_LITERAL", "ANY", "IN"):
            return self._state(_signs(name, argument, self.alphabet))
        if name == "BRANCH":
            return self._either([self._sequence(branch) for branch in argument[1]])
        if name in ("SUBPATTERN", "ATOMIC_GROUP"):
            return self._sequence(argument[-1] if name == "SUBPATTERN" else argument)
        if name.endswith("_REPEAT"):
            return self._repeat(*argument)
        if name == "AT" and "BOUNDARY" not in str(argument):
            return self._state(frozenset())  # nothing can be read across the beginning or the end
        if name in ("ASSERT", "ASSERT_NOT"):
            self._sequence(argument[1])  # its loops count, and nothing goes on from it
        return _Part()

    def _either(self, parts: list[_Part]) -> _Part:
        if sum(part.empty for part in parts) > 1:
            self.steps.update({(-1, -1): 2})  # nothing can be read in several ways, such as in `(a|a)` without its `a`
        first = frozenset[int]().union(*(part.first for part in parts))
        last = frozenset[int]().union(*(part.last for part in parts))
        return _Part(first, last, any(part.empty for part in parts))

    def _state(self, signs: frozenset[int]) -> _Part:
        if len(self.signs) == _MOST:
            raise _TooLargeError
        self.signs.append(signs)
        states = frozenset({len(self.signs) - 1})
        return _Part(states, states, False)

    def _repeat(self, least: int, most: int, body: Any) -> _Part:
        narrowest, widest = body.getwidth()
        if most >= _MANY and (most * (widest - narrowest) >= _WAYS or most > _MOST // 4):
            return self._loop(self._sequence(body), least, most)
        part = _Part()
        for _ in range(most - least):
            part = self._joined(self._sequence(body), part)
            part = _Part(part.first, part.last, True)
        for _ in range(least):
            part = self._joined(self._sequence(body), part)
        return part

    def _loop(self, part: _Part, least: int, most: int) -> _Part:
        self._link(part, part)
        if part.empty and most is not _PARSER.MAXREPEAT:
            self._link(part, part)  # it may be empty some of the times, in many ways
        return _Part(part.first, part.last, part.empty or least == 0)

    def _joined(self, one: _Part, other: _Part) -> _Part:
        self._link(one, other)
        first = one.first | other.first if one.empty else one.first
        last = one.last | other.last if other.empty else other.last
        return _Part(first, last, one.empty and other.empty)

    def _link(self, one: _Part, other: _Part) -> None:
        self.steps.update((before, after) for before in one.last for after in other.first)


def _walked(begin: Iterable[Any], following: Any) -> Iterator[Any]:
    """All that can be reached, with what it begins with."""
    waiting = list(dict.fromkeys(begin))
    seen = set(waiting)
    while waiting:
        yield (one := waiting.pop())
        fresh = [other for other in following(one) if other not in seen]
        seen.update(fresh)
        waiting += dict.fromkeys(fresh)


def _codes(tree: Any) -> Iterator[int]:
    """Every number in a parsed pattern: the codes of its characters are among them."""
    for item in tree:
        if isinstance(item, int) and 0 <= item <= sys.maxunicode:
            yield item
        elif isinstance(item, tuple | list | _PARSER.SubPattern):
            yield from _codes(item)


def _signs(name: str, argument: Any, alphabet: frozenset[int]) -> frozenset[int]:
    if name == "ANY":
        return alphabet
    if name == "LITERAL":
        return frozenset({argument})
    if name == "NOT_LITERAL":
        return alphabet - {argument}
    inside = frozenset(code for code in alphabet if any(_is_in(code, *each) for each in argument))
    return alphabet - inside if str(argument[0][0]) == "NEGATE" else inside


def _is_in(code: int, kind: Any, argument: Any) -> bool:
    name = str(kind)
    if name == "RANGE":
        return bool(argument[0] <= code <= argument[1])
    if name == "CATEGORY":
        return _CATEGORIES[str(argument)].fullmatch(chr(code)) is not None
    return name == "LITERAL" and bool(code == argument)


_CATEGORIES: Final = {
    f"CATEGORY_{'NOT_' * letter.isupper()}{name}": re.compile(f"\\{letter}")
    for name, letters in (("DIGIT", "dD"), ("SPACE", "sS"), ("WORD", "wW"))
    for letter in letters
}
