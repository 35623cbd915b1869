"""Exact texts of JSON bodies: broken, ambiguous or exhausting ones, and what such a text is."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from casecraft.core.case import RawBody, Repeat, written_out

Fault: TypeAlias = Literal["empty", "truncated-json", "malformed-json", "deeply-nested", "huge"]

NESTING = 1000
"""Levels of the deeply nested body: more than parsers that recurse can take, in a few KB."""

NESTED_DEEPLY = 100
"""From here on a text counts as deeply nested. No document asks for so many levels."""

HUGE = 2**20
"""Characters of the huge body: more than many servers take (nginx 1 MiB, Express 100 KB), and no load for one."""

LONGEST_READ = 100_000
"""Characters of a body in parts that is put together to be read. A longer one counts as huge, whatever is in it."""


@dataclass(frozen=True, slots=True)
class RawReading:
    """What a text is: its fault, if it has one, or else its value, and whether a name stands twice in one object.

    `message` says what is wrong. Of names that stand twice the last one counts, as most parsers have it.
    """

    fault: Fault | None
    message: str = ""
    value: Any = None
    repeats: bool = False


def read_raw(raw: RawBody) -> RawReading:
    """Read the text of a body that is sent as JSON (RFC 8259)."""
    if length_of(raw) > LONGEST_READ:
        return RawReading("huge", f"the body has {length_of(raw)} characters")
    text = written_out(raw)
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


def length_of(raw: RawBody) -> int:
    """How many characters a body has."""
    return len(raw) if isinstance(raw, str) else sum(len(part.text) * part.times for part in raw)


def text_to_read(raw: RawBody) -> str | None:
    """The text of a body, None where it is too long to be read."""
    return written_out(raw) if length_of(raw) <= LONGEST_READ else None


def type_of(raw: RawBody) -> str | None:
    """The type that the text of a list, an object or a string begins as."""
    start = raw if isinstance(raw, str) else "".join(part.text for part in raw if part.times)
    return {"[": "array", "{": "object", '"': "string"}.get(start.lstrip()[:1])


def nested(types: frozenset[str]) -> Iterator[RawBody]:
    """A text that is nested deeply and of none of the types that the body may have."""
    if "array" not in types:
        yield (Repeat("[", NESTING), Repeat("]", NESTING))
    elif "object" not in types:
        yield (Repeat('{"a":', NESTING), Repeat("1"), Repeat("}", NESTING))


def huge() -> RawBody:
    """A string that is longer than any body should be."""
    return (Repeat('"'), Repeat("x", HUGE), Repeat('"'))


def text_of(value: Any) -> str:
    """A value as JSON on the wire has it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
