"""Replicate: streamed outputs, written."""

import re
from typing import ClassVar

from casecraft.core.chat import Loss, StreamEnd, StreamEvent, TextDelta
from casecraft.errors import ProviderError

LINE_END = re.compile("\r\n|\r|\n")


class StreamEncoder:
    """Writes one streamed output. An output is text alone; carriage returns become line feeds, as events need."""

    losses: ClassVar[tuple[Loss, ...]] = tuple(
        Loss(name, "the prediction says it, its stream does not", harmless=True)
        for name in ("model", "usage", "request_id")
    )
    """What an answer loses by being streamed, beside what it loses anyway."""

    def __init__(self, *, model: str, request_id: str, created: int = 0) -> None:  # noqa: ARG002
        self._request_id = request_id
        self._events = 0

    def encode(self, event: StreamEvent) -> bytes:
        """What the client gets for this event."""
        if isinstance(event, TextDelta):
            return self._event("output", event.text)
        return self._event("done", "{}") if isinstance(event, StreamEnd) else b""

    def fail(self, error: ProviderError) -> bytes:
        """An event with the error, which Replicate's clients raise."""
        return self._event("error", str(error))

    def _event(self, name: str, text: str) -> bytes:
        self._events += 1
        data = "".join(f"data: {line}\n" for line in LINE_END.split(text))
        return f"event: {name}\nid: {self._request_id}:{self._events}\n{data}\n".encode()
