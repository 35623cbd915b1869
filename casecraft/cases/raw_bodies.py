"""Exact texts of JSON bodies: broken, ambiguous or exhausting ones, and what such a text is."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Fault: TypeAlias = Literal["empty", "truncated-json", "malformed-json", "deeply-nested"]

NESTING = 1000
"""Levels of the deeply nested body: more than parsers that recurse can take, in 2 KB."""

NESTED_DEEPLY = 100
"""From here on a text counts as deeply nested. No document asks for so many levels."""


@dataclass(frozen=True, slots=True)
class RawReading:
    """What a text is: its fault, if it has one, or else its value, and whether a name stands twice in one object.

    `message` says what is wrong. Of names that stand twice the last one counts, as most parsers have it.
    """

    fault: Fault | None
    message: str = ""
    value: Any = None
    repeats: bool = False


def read_raw(text: str) -> RawReading:
    """Read the text of a body that is sent as JSON (RFC 8259)."""
    if not text.strip():
        return RawReading("empty", "nothing is sent as the body")
    if _depth(text) >= NESTED_DEEPLY:
        return RawReading("deeply-nested", f"the body is nested {_depth(text)} levels deep")
    repeated: list[str] = []
    try:
        value = json.loads(
            text, object_pairs_hook=lambda pairs: _mapping(pairs, repeated), parse_constant=_refuse_constant
        )
    except json.JSONDecodeError as error:
        ends = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated")
        return RawReading("truncated-json" if ends else "malformed-json", f"no JSON: {error}")
    except ValueError as error:
        return RawReading("malformed-json", f"no JSON: {error}")
    return RawReading(None, value=value, repeats=bool(repeated))


def _mapping(pairs: list[tuple[str, Any]], repeated: list[str]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        repeated.append("")
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no value")


def _depth(text: str) -> int:
    """The deepest level of brackets outside of strings."""
    depth = deepest = 0
    for sign in _BRACKETS.findall(text):
        if sign in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif sign in "]}":
            depth -= 1
    return deepest


_BRACKETS = re.compile(r'[\[\]{}]|"(?:[^"\\]|\\.)*"?', re.DOTALL)


def truncated(value: Any) -> Iterator[str]:
    """The text of a value without its end."""
    text = text_of(value)
    yield text[:-1]
    yield text[: len(text) // 2]


def malformed(value: Any) -> Iterator[str]:
    """The text of a value with a comma too many, or a word that is no value."""
    text = text_of(value)
    if text[-1] in "]}":
        yield f"{text[:-1]},{text[-1]}"
    yield "undefined"


def with_repeated_name(value: Any) -> Iterator[str]:
    """The text of an object whose first name stands in it twice, with the same value, whichever of them is read."""
    if isinstance(value, Mapping) and value:
        name = next(iter(value))
        yield f"{{{json.dumps(name)}:{text_of(value[name])},{text_of(value)[1:]}"


def nested(types: frozenset[str]) -> Iterator[str]:
    """A text that is nested deeply and of none of the types that the body may have."""
    if "array" not in types:
        yield "[" * NESTING + "]" * NESTING
    elif "object" not in types:
        yield '{"a":' * (NESTING // 4) + "1" + "}" * (NESTING // 4)


def text_of(value: Any) -> str:
    """A value as JSON on the wire has it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
