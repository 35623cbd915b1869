"""Ollama's chat: streamed answers, written."""

from typing import Any

import orjson

from casecraft.core.chat import ReasoningDelta, StreamEnd, StreamEvent, TextDelta
from casecraft.errors import ProviderError
from casecraft.wire.body import encode_body
from casecraft.wire.ollama_chat.error import encode_error
from casecraft.wire.ollama_chat.response import write_calls, write_end, write_time


class StreamEncoder:
    """Writes one streamed answer as lines. Ollama's clients know no pieces of calls: those come whole, at the end."""

    def __init__(self, *, model: str, request_id: str, created: int = 0) -> None:  # noqa: ARG002
        self._frame = {"model": model, "created_at": write_time(created)}

    def encode(self, event: StreamEvent) -> bytes:
        """What the client gets for this event."""
        if isinstance(event, TextDelta):
            return self._line({"content": event.text})
        if isinstance(event, ReasoningDelta):
            return self._line({"content": "", "thinking": event.text}) if event.text else b""
        return self._end(event) if isinstance(event, StreamEnd) else b""

    def fail(self, error: ProviderError) -> bytes:
        """A line with the error, which Ollama's clients raise."""
        return orjson.dumps(encode_error(error).body) + b"\n"

    def _end(self, end: StreamEnd) -> bytes:
        response = end.response
        calls = write_calls(response.tool_calls, [])
        before = self._line({"content": "", "tool_calls": calls}) if calls else b""
        return before + self._line({"content": ""}, **write_end(response))

    def _line(self, message: dict[str, Any], **more: Any) -> bytes:
        line = {**self._frame, "message": {"role": "assistant", **message}, "done": False, **more}
        return encode_body(line) + b"\n"
