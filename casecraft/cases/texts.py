"""Strings: realistic ones by format and name, ones that fit a pattern, ones of an exact length, and wrong ones."""

import hashlib
import random
import re
import warnings
from collections.abc import Iterator
from functools import lru_cache
from importlib import import_module
from typing import Any

from rstr import Rstr

from casecraft.cases.format_texts import format_texts
from casecraft.cases.patterns import makeable, matches, without_assertions
from casecraft.cases.shapes import Shape, Size

TEXT_LIMIT = 64 * 1024
"""No string longer than this is ever made."""

OTHER_SCRIPTS = "Zoë 北京😀 שלום e\u0301"
"""Letters beyond ASCII: of one to four bytes in UTF-8, written from right to left, and put together of two signs."""

PATTERN_TRIES = 6

DRAWS = 12
"""Strings that are made of a pattern for each different one that is asked for, at most."""

ASSERTED_TRIES = 36
"""Strings that are made for a pattern that looks ahead, before it counts as one that none matches."""

BY_NAME = (
    ("email", "ada@example.com"),
    ("phone", "+15555550123"),
    ("url", "https://example.com/a"),
    ("uri", "https://example.com/a"),
    ("website", "https://example.com"),
    ("firstname", "Ada"),
    ("lastname", "Lovelace"),
    ("username", "ada"),
    ("login", "ada"),
    ("password", "Sunny-Harbor-42"),
    ("country", "DE"),
    ("currency", "EUR"),
    ("language", "en"),
    ("locale", "en-US"),
    ("timezone", "Europe/Berlin"),
    ("city", "Berlin"),
    ("street", "1 Harbor Street"),
    ("address", "1 Harbor Street"),
    ("postal", "10115"),
    ("zip", "10115"),
    ("datetime", "2024-05-17T09:30:00Z"),
    ("timestamp", "2024-05-17T09:30:00Z"),
    ("date", "2024-05-17"),
    ("color", "0a7d3c"),
    ("sha", "3f2b8c1e6a4d4e0b9f572c8d1a7b5e903f2b8c1e"),
    ("description", "A short description"),
    ("comment", "Looks good"),
    ("message", "Hello there"),
    ("title", "A first title"),
    ("body", "Some text"),
    ("content", "Some text"),
    ("query", "blue"),
    ("search", "blue"),
    ("tag", "blue"),
    ("label", "blue"),
    ("version", "1.0.0"),
    ("path", "docs/readme"),
    ("name", "Blue harbor"),
    ("id", "id-1001"),
)

_WRONG_PATTERN = ("###", "!", "a", "A", "0", " ", "~~~~~~~~", "-", "@@", "not allowed", "9" * 40, "\t", "é")

_WRONG_FORMAT = {
    "uri-reference": ("not a reference %", "%zz"),
    "iri-reference": ("not a reference %", "%zz"),
    "uri-template": ("{", "/a/{"),
    "regex": ("(", "["),
    "hostname": ("-not-a-host-", "not a host"),
    "idn-hostname": ("-not-a-host-", "not a host"),
    "date": ("2024-02-30", "invalid-date"),
    "date-time": ("2024-02-30T25:00:00Z", "invalid-date-time"),
    "ipv4": ("256.256.256.256", "not-an-address"),
}


def fitting_texts(shape: Shape, name: str) -> Iterator[str]:
    """Strings that may fit the shape, the most realistic first; the caller validates them."""
    for pattern in shape.patterns:
        found = matching_texts(pattern, shape.length)
        yield from found
        yield from (resized(text, shape.length) for text in found[:1])
    yield from format_texts(shape.format, shape.length)
    yield resized(named_text(name), shape.length)
    yield resized("a", shape.length)


def named_text(name: str) -> str:
    """A realistic string for a field of this name."""
    plain = re.sub(r"[^a-z]", "", name.lower())
    return next((text for part, text in BY_NAME if part in plain), "blue")


def resized(text: str, size: Size) -> str:
    """The text, cut or repeated to an allowed length."""
    return of_length(text, min(size.clamp(len(text)), TEXT_LIMIT))


def of_length(text: str, length: int) -> str:
    """The text, cut or repeated to exactly this length, with no space at its ends."""
    text = text or "a"
    cut = (text * (length // len(text) + 1))[:length]
    return cut if cut == cut.strip() else f"{cut.strip()}{'a' * length}"[:length]


@lru_cache(maxsize=1024)
def matching_texts(pattern: str, size: Size) -> tuple[str, ...]:
    """Strings that the pattern may match, of an allowed length where one is found. The same ones every time."""
    seed = int.from_bytes(hashlib.sha256(pattern.encode("utf-8", "replace")).digest()[:8])
    plain, asserted = without_assertions(makeable(pattern))
    size = _asserted_size(asserted, size)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the document's author is told of a doubtful pattern, not its user
        made = (_match(_shortened(plain, size, attempt), seed + attempt) for attempt in range(PATTERN_TRIES))
        found = [text for text in made if text is not None]
        if "(?" in pattern:
            found = [text for text in found if matches(pattern, text)]
            found = found or list(_asserted_texts(pattern, plain, asserted, size))
    fitting = [text for text in found if size.clamp(len(text)) == len(text)]
    return tuple(dict.fromkeys(fitting + found))


def more_matching_texts(pattern: str, size: Size, count: int) -> Iterator[str]:
    """Further strings that the pattern may match: so many that `count` of them differ where it has as many."""
    plain, _ = without_assertions(makeable(pattern))
    for seed in range(count * DRAWS):
        text = _match(_shortened(plain, size, seed % 2), seed)
        if text is not None:
            yield text


def _asserted_texts(pattern: str, plain: str, asserted: tuple[str, ...], size: Size) -> Iterator[str]:
    """Strings that match a pattern with assertions: made without them, and what they ask for put in."""
    plain = re.sub(r"(?<!\\)\.(?![^\[]*\])", "[A-Za-z0-9]", plain)
    asked = [each for each in asserted if not _LENGTH.fullmatch(each)]
    asked = [re.sub(r"^(\^?\.[*+]\??)+|(\.[*+]\??)*\$?$", "", each) for each in asked]
    for attempt in range(ASSERTED_TRIES):
        text = _match(_shortened(plain, size, attempt % PATTERN_TRIES), attempt)
        if text is None:
            continue
        parts = [_match(_shortened(each, _ANY_SIZE, 1), attempt) or "" for each in asked]
        for number, part in enumerate(parts):
            start = sum(map(len, parts[:number]))
            text = text[:start] + part + text[start + len(part) :]
        if matches(pattern, text):
            yield text


def _asserted_size(asserted: tuple[str, ...], size: Size) -> Size:
    for found in filter(None, map(_LENGTH.fullmatch, asserted)):
        most = found[1] if found[2] is None else found[2][1:]
        size = size.within(Size(int(found[1]), int(most) if most else None))
    return size


_LENGTH = re.compile(r"\.\{(\d{1,6})(,\d{0,6})?\}\$")
"""What a pattern looks ahead for to say how long a text is."""

_ANY_SIZE = Size()


def _match(pattern: str, seed: int) -> str | None:
    """A string for a pattern as Python reads it, None where it cannot or where the string might be endless."""
    try:
        if _PARSER.parse(pattern).getwidth()[1] > TEXT_LIMIT:
            return None
        return str(Rstr(random.Random(seed)).xeger(pattern))  # noqa: S311  # it must be the same every time
    except (re.error, ValueError, KeyError, OverflowError, RecursionError, NotImplementedError, TypeError):
        return None


_PARSER: Any = import_module("re._parser")
"""The parser that rstr builds its strings from: only it tells how long one may become."""


def _shortened(pattern: str, size: Size, attempt: int) -> str:
    """The pattern with open repetitions closed, so that lengths stay near the ones allowed."""
    if attempt == PATTERN_TRIES - 1:
        return pattern
    least = max(size.least, 1)
    most = size.most if size.most is not None and size.most < least + 12 else least + 8
    if attempt % 2:
        least, most = 1, 6
    pattern = re.sub(r"\{(\d{1,4}),\}", lambda found: f"{{{found[1]},{int(found[1]) + 8}}}", pattern)
    closed = re.sub(r"(?<![\\\[(])\+(?![\]])", f"{{{min(least, most)},{most}}}", pattern)
    return re.sub(r"(?<![\\\[(])\*(?![\]])", f"{{0,{most}}}", closed)


def breaking_pattern(size: Size) -> Iterator[str]:
    """Strings of allowed length that few patterns match."""
    for text in _WRONG_PATTERN:
        yield resized(text, size)


def breaking_format(name: str, size: Size) -> Iterator[str]:
    """Strings that are not of the format, of allowed length first."""
    texts = (*_WRONG_FORMAT.get(name, ()), f"invalid-{name}", "not valid", "###")
    for text in texts:
        yield resized(text, size)
    yield from texts
