"""Chat Completions: streamed answers, written."""

from typing import Any

import orjson

from casecraft.core.chat import ReasoningDelta, StreamEnd, StreamEvent, TextDelta, ToolCallDelta, ToolCallStart
from casecraft.errors import ProviderError
from casecraft.wire.openai_chat.error import encode_error
from casecraft.wire.openai_chat.response import write_finish_reason, write_usage
from casecraft.wire.sse import write_event


class StreamEncoder:
    """Writes one streamed answer as chunks of Chat Completions. Signatures have no place there."""

    def __init__(self, *, model: str, request_id: str, created: int = 0) -> None:
        self._frame = {"id": request_id, "object": "chat.completion.chunk", "created": created, "model": model}
        self._started = False

    def encode(self, event: StreamEvent) -> bytes:
        """What the client gets for this event."""
        if isinstance(event, TextDelta):
            return self._chunk({"content": event.text})
        if isinstance(event, ReasoningDelta):
            return self._chunk({"reasoning_content": event.text}) if event.text else b""
        if isinstance(event, ToolCallStart):
            function = {"name": event.name, "arguments": ""}
            call = {"index": event.index, "id": event.id, "type": "function", "function": function}
            return self._chunk({"tool_calls": [call]})
        if isinstance(event, ToolCallDelta):
            return self._chunk({"tool_calls": [{"index": event.index, "function": {"arguments": event.arguments}}]})
        return self._end(event)

    def fail(self, error: ProviderError) -> bytes:
        """An event with the error, which clients of OpenAI raise."""
        return write_event(orjson.dumps(encode_error(error).body))

    def _chunk(self, delta: dict[str, Any], finish_reason: str | None = None) -> bytes:
        if not self._started:
            delta = {"role": "assistant", **delta}
            self._started = True
        return self._event(choices=[{"index": 0, "delta": delta, "finish_reason": finish_reason}])

    def _event(self, **more: Any) -> bytes:
        return write_event(orjson.dumps({**self._frame, **more}))

    def _end(self, end: StreamEnd) -> bytes:
        response = end.response
        last = self._chunk({}, write_finish_reason(response))
        usage = self._event(choices=[], usage=write_usage(response.usage)) if response.usage is not None else b""
        return last + usage + write_event(b"[DONE]")
