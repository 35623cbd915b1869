"""Builds values from YAML events by the core schema of YAML 1.2, counting what aliases add."""

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from casecraft.spec.limits import Limits, refuse_aliases, refuse_depth

_MERGE: Final = object()
_TAG_PREFIX = "tag:yaml.org,2002:"
_NODE_BYTES = 8
_INTEGER_RANGE = (-(2**63), 2**64 - 1)

_NULL = re.compile(r"~|null|Null|NULL|")
_BOOLEAN = re.compile(r"true|True|TRUE|false|False|FALSE")
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")


def read_plain(text: str) -> Any:
    """What a plain scalar means."""
    if _NULL.fullmatch(text) or _NOT_FINITE.fullmatch(text):
        return None
    if _BOOLEAN.fullmatch(text):
        return text[0] in "tT"
    if _INTEGER.fullmatch(text):
        return read_integer(text)
    return read_float(text) if _FLOAT.fullmatch(text) else text


def read_integer(text: str) -> int | float | None:
    """An integer, in JSON's range: what has more than 64 bits becomes a float, as in the JSON reader."""
    base = {"0o": 8, "0x": 16}.get(text[:2], 10)
    if base == 10 and len(text) > 20:  # noqa: PLR2004  (Python refuses to convert thousands of digits)
        return read_float(text)
    value = int(text[2:], base) if base != 10 else int(text)  # noqa: PLR2004
    return value if _INTEGER_RANGE[0] <= value <= _INTEGER_RANGE[1] else float(value)


def read_float(text: str) -> float | None:
    """A float, or None where it is beyond what a float holds."""
    value = float(text)
    return value if math.isfinite(value) else None


_TAGGED: dict[str, Callable[[str], Any]] = {
    "str": str,
    "int": read_integer,
    "float": read_float,
    "bool": read_plain,
    "null": lambda _: None,
    "binary": str,
    "timestamp": str,
}


@dataclass(slots=True)
class _Open:
    """A mapping or list whose end has not come: `key` is the key that waits for its value."""

    value: Any
    anchor: str | None
    start: int
    key: Any = None
    waits: bool = False
    merged: list[Any] = field(default_factory=list)


class Builder:
    """Builds one value; without recursion, so that no nesting can exhaust the stack."""

    def __init__(self, source: str, limits: Limits) -> None:
        self._source = source
        self._limits = limits
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._open: list[_Open] = []
        self._size = 0
        self._added = 0
        self._result: Any = None
        self._documents = 0

    def build(self, events: Iterable[yaml.Event]) -> Any:
        """The value of the only document among the events; None where there is none."""
        for event in events:
            self._take(event)
        return self._result

    def _take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._size += _NODE_BYTES + len(event.value)
            self._put(_read_scalar(event), event, _NODE_BYTES + len(event.value), event.anchor)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._begin(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._end(event)
        elif isinstance(event, yaml.AliasEvent):
            self._follow(event)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise _fault("expected one document, but another begins", event)

    def _begin(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
        if len(self._open) >= self._limits.max_depth:
            raise refuse_depth(self._source, self._limits.max_depth)
        if self._open and isinstance(self._open[-1].value, dict) and not self._open[-1].waits:
            raise _fault("a mapping or list cannot be a key", event)
        if event.anchor is not None:
            self._anchors.pop(event.anchor, None)
        self._size += _NODE_BYTES
        value: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
        self._open.append(_Open(value, event.anchor, self._size))

    def _end(self, event: yaml.Event) -> None:
        closed = self._open.pop()
        if closed.merged:
            closed.value = _merge(closed.merged, closed.value)
        self._put(closed.value, event, self._size - closed.start + _NODE_BYTES, closed.anchor)

    def _follow(self, event: yaml.AliasEvent) -> None:
        if event.anchor not in self._anchors:
            raise _fault(f"the alias {event.anchor!r} has no anchor before it, or lies inside it", event)
        value, size = self._anchors[event.anchor]
        self._added += size
        if self._added > self._limits.max_alias_bytes:
            raise refuse_aliases(self._source, self._limits.max_alias_bytes)
        self._size += size
        self._put(value, event, size, None)

    def _put(self, value: Any, event: yaml.Event, size: int, anchor: str | None) -> None:
        if anchor is not None:
            self._anchors[anchor] = (value, size)
        if not self._open:
            self._result = value
            return
        parent = self._open[-1]
        if isinstance(parent.value, list):
            parent.value.append(value)
        elif not parent.waits:
            parent.key, parent.waits = _read_key(value, event), True
        else:
            parent.waits = False
            if parent.key is _MERGE:
                parent.merged += _merged_mappings(value, event)
            else:
                parent.value[parent.key] = value


def _read_scalar(event: yaml.ScalarEvent) -> Any:
    if event.tag is None or event.tag == "!":
        return read_plain(event.value) if event.implicit[0] else event.value
    read = _TAGGED.get(event.tag.removeprefix(_TAG_PREFIX)) if event.tag.startswith(_TAG_PREFIX) else str
    try:
        return event.value if read is None else read(event.value)
    except ValueError as error:
        raise _fault(f"{event.value[:40]!r} is no {event.tag.removeprefix(_TAG_PREFIX)}", event) from error


def _read_key(value: Any, event: yaml.Event) -> Any:
    if isinstance(value, dict | list):
        raise _fault("a mapping or list cannot be a key", event)
    if not isinstance(event, yaml.ScalarEvent):
        return value if isinstance(value, str) else str(value)
    plain = event.implicit[0]
    return _MERGE if plain and event.value == "<<" else event.value


def _merged_mappings(value: Any, event: yaml.Event) -> list[dict[str, Any]]:
    mappings = value if isinstance(value, list) else [value]
    if not all(isinstance(mapping, dict) for mapping in mappings):
        raise _fault("a merge key takes a mapping or a list of mappings", event)
    return mappings


def _merge(mappings: list[dict[str, Any]], own: dict[str, Any]) -> dict[str, Any]:
    """The first mapping that has a key wins, and the mapping's own keys win over all."""
    result: dict[str, Any] = {}
    for mapping in reversed(mappings):
        result.update(mapping)
    return result | own


def _fault(message: str, event: yaml.Event) -> yaml.YAMLError:
    mark = event.start_mark
    where = "" if mark is None else f" (line {mark.line + 1}, column {mark.column + 1})"
    return yaml.YAMLError(message + where)
