"""JSON pointers (RFC 6901), as `$ref`s write them after the `#`."""

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import unquote

MISSING: Any = object()
"""What `look_up` answers where a pointer leads nowhere."""


def join(parts: Iterable[str | int]) -> str:
    """The pointer of a path: `["paths", "/a"]` is `/paths/~1a`."""
    return "".join("/" + escape(str(part)) for part in parts)


def escape(part: str) -> str:
    """One part of a pointer."""
    return part.replace("~", "~0").replace("/", "~1") if "~" in part or "/" in part else part


def unescape(part: str) -> str:
    """One part of a pointer as its name is."""
    return part.replace("~1", "/").replace("~0", "~") if "~" in part else part


def split(pointer: str) -> list[str]:
    """The parts of a pointer, with its escapes undone."""
    parts = pointer.split("/")[1:]
    return [unescape(part) for part in parts] if "~" in pointer else parts


def normalise(fragment: str) -> str:
    """The pointer that a URI fragment means: percent escapes undone."""
    return unquote(fragment) if "%" in fragment else fragment


def look_up(root: Any, pointer: str) -> Any:
    """The value at a pointer, or MISSING."""
    if pointer and not pointer.startswith("/"):
        return MISSING
    value = root
    for part in split(pointer):
        if isinstance(value, dict):
            value = value.get(part, MISSING)
        elif isinstance(value, list) and part.isdecimal() and part.isascii() and len(part) < 10:  # noqa: PLR2004
            value = value[int(part)] if int(part) < len(value) else MISSING
        else:
            return MISSING
    return value


def find_all(root: Any, key: str, value: Any) -> Iterator[str]:
    """The pointer of every place where a mapping has this value, of the same type, under this key."""
    waiting: list[tuple[Any, tuple[str | int, ...]]] = [(root, ())]
    while waiting:
        node, path = waiting.pop()
        if isinstance(node, dict) and key in node and type(node[key]) is type(value) and node[key] == value:
            yield join((*path, key))
        pairs = node.items() if isinstance(node, dict) else enumerate(node)
        waiting.extend((child, (*path, part)) for part, child in pairs if isinstance(child, dict | list))


def find_strings(root: Any, key: str) -> Iterator[tuple[str, str]]:
    """Every mapping's own pointer that has a string under this key, with the string."""
    waiting: list[tuple[Any, tuple[str | int, ...]]] = [(root, ())]
    while waiting:
        node, path = waiting.pop()
        if isinstance(node, dict) and isinstance(node.get(key), str):
            yield join(path), node[key]
        pairs = node.items() if isinstance(node, dict) else enumerate(node)
        waiting.extend((child, (*path, part)) for part, child in pairs if isinstance(child, dict | list))
