"""Usage that a client did not ask for: the ledger needs it, so it is asked for, and kept from the client."""

import re
from typing import Any, Self

import orjson

_BREAK = re.compile(rb"(?<=\n)\r?\n")
_EMPTY = (b'"choices":[]', b'"choices": []')


class UsageOnRequest:
    """Takes the event with the usage alone out of a stream of Chat Completions, which sends it only where asked to."""

    def __init__(self) -> None:
        self._left = b""

    @classmethod
    def of(cls, dialect: str, body: dict[str, Any]) -> Self | None:
        """Ask for usage in a body that does not; None where the dialect always says it, or the client wants it."""
        options = body.get("stream_options")
        wanted = options if isinstance(options, dict) else {}
        if dialect != "openai_chat" or wanted.get("include_usage"):
            return None
        body["stream_options"] = {**wanted, "include_usage": True}
        return cls()

    def without_usage(self, chunk: bytes) -> bytes:
        """The whole events of what has come so far, but for that one."""
        data = self._left + chunk
        kept: list[bytes] = []
        begin = 0
        for found in _BREAK.finditer(data):
            event = data[begin : found.end()]
            begin = found.end()
            if not _is_usage_alone(event):
                kept.append(event)
        self._left = data[begin:]
        return b"".join(kept)

    @property
    def rest(self) -> bytes:
        """What has come after the last whole event."""
        return self._left


def _is_usage_alone(event: bytes) -> bool:
    if not any(words in event for words in _EMPTY):
        return False
    try:
        data = orjson.loads(event.partition(b"data:")[2])
    except orjson.JSONDecodeError:
        return False
    return data.get("choices") == [] and bool(data.get("usage"))
