"""Finds the cases in a model's text, whatever stands around them and however damaged the JSON is.

What is JSON is read as JSON. The rest is cut into one piece for each case, so that one broken case spoils no other,
and each broken piece is mended by json-repair. Its work grows with the square of a piece's length in the worst case
(11 ns for each character squared), so the squares are added up and the mending stops at a sum: about two seconds.
Nothing is ever evaluated.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import json_repair

from casecraft.cases.answer import CASE_FIELDS

LONGEST_TEXT = 400_000
"""Characters of an answer that are read: several times what the longest output limits allow."""

_MENDING_BUDGET = 180_000_000
_CALL = 200  # what a call costs by itself, in characters
_MOST_DAMAGED = 50
_DEEPEST_WRAPPER = 3
_CLOSING = {"{": "}", "[": "]"}

_START = re.compile(r"""\{(?=\s*(?:["'}]|\w++\s*+:))|\[(?=\s*[{\]])""")
_CASES_LIST = re.compile(r"""["']?cases["']?\s*+:\s*+\[""")
_FENCE = re.compile(r"^\s*```", re.MULTILINE)
_TOKEN = re.compile(
    r"""
    "(?:[^"\\]|\\.)*+(?:"|\Z)                  # a string, closed or cut off
    | (?<=[\[{,:\s])'(?:[^'\\]|\\.)*+(?:'|\Z)  # the same with single quotes, where a value or key may begin
    | [\[\]{}]
    """,
    re.VERBOSE | re.DOTALL,
)
_PYTHON_TOKEN = re.compile(
    r"""'((?:[^'\\]|\\.)*+)(?:'|\Z)|"(?:[^"\\]|\\.)*+(?:"|\Z)|\b(?:True|False|None)\b""", re.DOTALL
)
_PYTHON_WORDS = {"True": "true", "False": "false", "None": "null"}
_REQUOTED = {'"': '\\"', "\\'": "'"}
_QUOTE = re.compile(r"""\\.|\"""", re.DOTALL)
_NEXT_CASE = re.compile(r"""[}"'\]\w]\s*+,?\s*+(?=\{\s*["']title["']\s*:)""")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Stands where a case should be; `reason` says why there is none."""

    reason: str


Item: TypeAlias = Any | Unreadable


class Mender:
    """Reads Python literals, and with json-repair, on an allowance for one answer, whatever else is nearly JSON."""

    def __init__(self) -> None:
        self._left = _MENDING_BUDGET

    def mend(self, text: str) -> Any:
        """The JSON value that the text was probably meant to be.

        Raises ValueError where nothing can be made of it, or the allowance is used up.
        """
        try:
            return decode(_PYTHON_TOKEN.sub(_as_json_token, text))
        except ValueError:
            pass  # no Python literal either
        cost = (len(text) + _CALL) ** 2
        if cost > self._left:
            raise ValueError("too long and too broken to be read")
        self._left -= cost
        try:
            return decode(json_repair.repair_json(text, skip_json_loads=True, ensure_ascii=False))
        except RecursionError as error:
            raise ValueError("nested too deeply") from error


def find_cases(text: str, mender: Mender) -> list[Item]:
    """The cases in the text in their order, as JSON values not checked in any way. Empty where there are none."""
    text = text[:LONGEST_TEXT].strip()
    try:
        return collect(decode(text))
    except ValueError:
        return _Search(_answer_part(text), mender).items()


def decode(text: str) -> Any:
    """The JSON value that the text is; what JSON has no number for (NaN, 1e999) comes as its text.

    Raises ValueError where it is none, or nested deeper than can be read.
    """
    try:
        return _DECODER.decode(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def first_value(text: str, position: int) -> Any:
    """The JSON value that begins at a position, None where none does."""
    try:
        return _DECODER.raw_decode(text, position)[0]
    except (ValueError, RecursionError):
        return None


def collect(value: Any, depth: int = 0) -> list[Any]:
    """The cases in a value: a list of them, one alone, or either inside of wrappers."""
    if isinstance(value, list):
        return value if any(map(_is_case, value)) else []
    if not isinstance(value, Mapping) or depth > _DEEPEST_WRAPPER:
        return []
    if isinstance(cases := value.get("cases"), list):
        return cases
    if _is_case(value):
        return [value]
    return [case for each in value.values() for case in collect(each, depth + 1)]


class _Search:
    """One pass over a text that is not JSON as a whole."""

    def __init__(self, text: str, mender: Mender) -> None:
        self._text = text
        self._mender = mender
        self._damaged_left = _MOST_DAMAGED

    def items(self) -> list[Item]:
        found: list[Item] = []
        position = 0
        while self._damaged_left and (start := _START.search(self._text, position)) is not None:
            items, position = self._block(start.start())
            found += items
        return found

    def _block(self, start: int) -> tuple[list[Item], int]:
        try:
            value, end = _DECODER.raw_decode(self._text, start)
        except (ValueError, RecursionError):
            self._damaged_left -= 1
            return self._damaged(start)
        return collect(value), end

    def _damaged(self, start: int) -> tuple[list[Item], int]:
        """What can be saved from a broken block, which ends at a fence if at nothing else."""
        fence = _FENCE.search(self._text, start)
        region = self._text[start : None if fence is None else fence.start()]
        opening = _list_opening(region)
        pieces, end = _pieces(region, opening)
        items = [item for piece in pieces for item in self._piece(piece)]
        return items if opening else [case for item in items for case in _cases_or_failure(item)], start + end

    def _piece(self, piece: "_Piece") -> list[Item]:
        """One case, or those that a missing bracket has run together."""
        if piece.closed:
            return [self._value(piece.text)]
        ends = [match.end() for match in _NEXT_CASE.finditer(piece.text)]
        parts = [piece.text[start:end] for start, end in zip([0, *ends], [*ends, None], strict=True)]
        return [*map(self._value, parts[:-1]), _whole_or_cut(parts[-1])]

    def _value(self, text: str) -> Item:
        try:
            return _DECODER.raw_decode(text)[0]
        except (ValueError, RecursionError):
            pass
        try:
            return self._mender.mend(text)
        except ValueError as error:
            return Unreadable(str(error))


@dataclass(frozen=True, slots=True)
class _Piece:
    """The text of one object; `closed` says that its brackets match."""

    text: str
    closed: bool


def _list_opening(region: str) -> int:
    """Where the first case of the list begins; 0 where the region is no list of cases but one alone."""
    if region.startswith("["):
        return 1
    listed = _CASES_LIST.search(region)
    return 0 if listed is None else listed.end()


def _pieces(region: str, opening: int) -> tuple[list[_Piece], int]:
    """The objects that stand side by side from `opening` on, and where they end."""
    pieces: list[_Piece] = []
    expected: list[str] = []
    begin = opening
    for token in _TOKEN.finditer(region, opening):
        if token[0] in _CLOSING:
            begin = begin if expected else token.start()
            expected.append(_CLOSING[token[0]])
        elif token[0] in ("]", "}"):
            if not expected:
                return pieces, token.end()
            if expected.pop() != token[0]:
                expected.append(token[0])
                break
            if not expected:
                pieces.append(_Piece(region[begin : token.end()], closed=True))
    if expected:
        pieces.append(_Piece(region[begin:], closed=False))
    return pieces, len(region)


def _whole_or_cut(piece: str) -> Item:
    try:
        return _DECODER.raw_decode(piece)[0]
    except (ValueError, RecursionError):
        return Unreadable("cut off before its end")


def _cases_or_failure(value: Item) -> list[Item]:
    return [value] if isinstance(value, Unreadable) else collect(value)


def _answer_part(text: str) -> str:
    """The text after the model's thinking aloud, where it has one and anything follows it."""
    answer = re.split(r"</think(?:ing)?>", text)[-1]
    return answer if _START.search(answer) else text


def _is_case(value: Any) -> bool:
    return isinstance(value, Mapping) and sum(field in value for field in CASE_FIELDS) > 1


def _as_json_token(token: re.Match[str]) -> str:
    """A word or string of a Python literal as JSON writes it."""
    if token[1] is None:
        return _PYTHON_WORDS.get(token[0], token[0])
    return '"' + _QUOTE.sub(lambda found: _REQUOTED.get(found[0], found[0]), token[1]) + '"'


def _finite(text: str) -> float | str:
    number = float(text)
    return number if math.isfinite(number) else text


_DECODER = json.JSONDecoder(parse_float=_finite, parse_constant=str)
