"""Patterns of schemas: written so that the validator reads them, and so that texts can be made from them."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

import jsonschema_rs

_TOKEN = re.compile(
    r"\\k<(?P<back>\w+)>|\\(?P<negated>P|p)\{(?P<property>[^}]+)\}|\\."
    r"|(?P<set>\[(?:\\.|[^\]\\])*\])"
    r"|(?P<group>\((?:\?P?<(?P<name>[A-Za-z_$][\w$]*)>|(?!\?)))",
    re.DOTALL,
)
_ASSERTION = re.compile(r"\(\?(=|!|<=|<!)")
_UNIT = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|\(\?(?:=|!|<=|<!)|\(|\)|.", re.DOTALL)


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> jsonschema_rs.Validator | None:
    """What tells the texts that a pattern matches; None where the validator cannot read it."""
    for each in dict.fromkeys((pattern, translated(pattern))):
        try:
            return jsonschema_rs.Draft202012Validator({"type": "string", "pattern": each})
        except (jsonschema_rs.ValidationError, ValueError):
            continue
    return None


def is_readable(pattern: str) -> bool:
    """Whether texts can be held against a pattern."""
    return compiled(pattern) is not None


def matches(pattern: str, text: str) -> bool:
    """Whether a pattern that can be read matches a text."""
    validator = compiled(pattern)
    try:
        return validator is not None and validator.is_valid(text)
    except ValueError:  # a lone surrogate
        return False


def translated(pattern: str) -> str:
    """The same pattern without what ECMA 262 has and few others read: groups get numbers in place of names, and a
    hyphen beside a class such as `\\w` stands for itself.
    """
    numbers: dict[str, int] = {}
    for number, found in enumerate((each for each in _TOKEN.finditer(pattern) if each["group"]), start=1):
        numbers.setdefault(found["name"] or "", number)

    def plain(found: re.Match[str]) -> str:
        if found["back"] in numbers:
            return f"(?:\\{numbers[found['back']]})"
        if found["set"]:
            return re.sub(r"(\\[dDwWsS])-(?!\])", r"\1\\-", found["set"])
        return "(" if found["group"] else found[0]

    return _TOKEN.sub(plain, pattern)


def makeable(pattern: str) -> str:
    """The pattern as Python reads it, with signs that have a Unicode property in place of the property. It may match
    fewer texts.
    """

    def plain(found: re.Match[str]) -> str:
        if found["set"]:
            return _PROPERTY.sub(lambda each: _signs(each[2], negated=each[1] == "P"), found["set"])
        if found["property"]:
            return f"[{_signs(found['property'], negated=found['negated'] == 'P')}]"
        return found[0]

    return _TOKEN.sub(plain, translated(pattern)) if "\\" in pattern or "(?" in pattern else pattern


_PROPERTY = re.compile(r"\\(P|p)\{([^}]+)\}")

_POOL = [chr(number) for first, last in ((0x20, 0x7E), (0xA1, 0x24F), (0x300, 0x45F)) for number in range(first, last)]
_POOL += [chr(number) for first in (0x5D0, 0x627, 0x3042, 0x30A2, 0x4E00, 0xAC00) for number in range(first, first + 8)]
_LONG = {"letter": "L", "uppercaseletter": "Lu", "lowercaseletter": "Ll", "mark": "M", "number": "N"}
_LONG |= {"decimalnumber": "Nd", "punctuation": "P", "symbol": "S", "separator": "Z", "spaceseparator": "Zs"}
_LONG |= {"alphabetic": "L", "alpha": "L", "uppercase": "Lu", "lowercase": "Ll"}


@lru_cache(maxsize=256)
def _signs(name: str, *, negated: bool) -> str:
    """Signs with a Unicode property, or without it, as they stand in a set; those of ASCII alone if there are any."""
    wanted = name.rpartition("=")[2].replace("_", "").replace(" ", "")
    category = _LONG.get(wanted.lower(), wanted)
    found = [
        sign
        for sign in _POOL
        if (unicodedata.category(sign).startswith(category) or unicodedata.name(sign, "").startswith(wanted.upper()))
        != negated
    ]
    return "".join(map(re.escape, [sign for sign in found if sign.isascii()] or found)) or "a"


def without_assertions(pattern: str) -> tuple[str, tuple[str, ...]]:
    """The pattern without what it asserts before and after a place, and what must come after one."""
    kept: list[str] = []
    asserted: list[str] = []
    units = _UNIT.finditer(pattern)
    for unit in units:
        if _ASSERTION.fullmatch(unit[0]) is None:
            kept.append(unit[0])
            continue
        inside = "".join(_to_end_of_group(units))
        if unit[0] == "(?=":
            asserted.append(inside)
    return "".join(kept), tuple(asserted)


def _to_end_of_group(units: Iterator[re.Match[str]]) -> Iterator[str]:
    depth = 1
    for unit in units:
        depth += unit[0].startswith("(")
        depth -= unit[0] == ")"
        if not depth:
            return
        yield unit[0]
