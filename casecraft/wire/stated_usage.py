"""The usage that a body states, whatever became of the answer: it may have been billed."""

from collections.abc import Callable
from typing import Any

import orjson

from casecraft.core.usage import Usage
from casecraft.wire.streams import FrameReader


def find_usage(body: bytes, frames: type[FrameReader], read: Callable[[dict[str, Any]], Usage | None]) -> Usage | None:
    """What `read` finds in the whole body, or in the last of its frames that says anything. Never raises."""
    reader = frames()
    for text in (body, *reversed([*reader.feed(body), *reader.finish()])):
        try:
            value = orjson.loads(text)
        except orjson.JSONDecodeError:
            continue
        usage = read(value) if isinstance(value, dict) else None
        if usage is not None:
            return usage
    return None
