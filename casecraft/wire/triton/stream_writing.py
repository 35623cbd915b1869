"""Triton: streamed answers, written."""

from typing import Any

import orjson

from casecraft.core.chat import StreamEvent, TextDelta
from casecraft.errors import ProviderError
from casecraft.wire.sse import write_event
from casecraft.wire.triton.error import encode_error


class StreamEncoder:
    """Writes one streamed answer: its text alone, and no last event."""

    def __init__(self, *, model: str, request_id: str, created: int = 0) -> None:  # noqa: ARG002
        self._frame: dict[str, Any] = {"model_name": model, "model_version": "1"}

    def encode(self, event: StreamEvent) -> bytes:
        """What the client gets for this event."""
        if isinstance(event, TextDelta):
            return write_event(orjson.dumps({**self._frame, "text_output": event.text}))
        return b""

    def fail(self, error: ProviderError) -> bytes:
        """An event with the error, which clients have to look for."""
        return write_event(orjson.dumps(encode_error(error).body))
