"""Cohere's chat: streamed answers, written."""

from typing import Any

import orjson

from casecraft.core.chat import ReasoningDelta, StreamEnd, StreamEvent, TextDelta, ToolCallDelta, ToolCallStart
from casecraft.errors import ProviderError
from casecraft.wire.cohere_chat.response import write_end
from casecraft.wire.sse import write_event


class StreamEncoder:
    """Writes one streamed answer as Cohere's events. What was thought is a block of thinking, calls or not."""

    def __init__(self, *, model: str, request_id: str, created: int = 0) -> None:  # noqa: ARG002
        self._request_id = request_id
        self._started = False
        self._blocks = 0
        self._open = ""
        """The kind of the block of content that is open, if one is."""
        self._calls = 0

    def encode(self, event: StreamEvent) -> bytes:
        """What the client gets for this event."""
        return self._start() + self._write(event)

    def fail(self, error: ProviderError) -> bytes:
        """An end with the error, which Cohere's clients find there."""
        return self._start() + _event("message-end", delta={"finish_reason": "ERROR", "error": str(error)})

    def _start(self) -> bytes:
        if self._started:
            return b""
        self._started = True
        message = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}
        return _event("message-start", id=self._request_id, delta={"message": message})

    def _write(self, event: StreamEvent) -> bytes:
        if isinstance(event, TextDelta):
            return self._content("text", event.text)
        if isinstance(event, ReasoningDelta):
            return self._content("thinking", event.text) if event.text else b""
        if isinstance(event, ToolCallStart):
            self._calls += 1
            call = {"id": event.id, "type": "function", "function": {"name": event.name, "arguments": ""}}
            return self._close() + _message_event("tool-call-start", {"tool_calls": call}, event.index)
        if isinstance(event, ToolCallDelta):
            call = {"function": {"arguments": event.arguments}}
            return _message_event("tool-call-delta", {"tool_calls": call}, event.index)
        return self._end(event)

    def _content(self, kind: str, text: str) -> bytes:
        before = b""
        if self._open != kind:
            before = self._close()
            self._open = kind
            before += _message_event("content-start", {"content": {"type": kind, kind: ""}}, self._blocks)
        return before + _message_event("content-delta", {"content": {kind: text}}, self._blocks)

    def _close(self) -> bytes:
        if not self._open:
            return b""
        self._open = ""
        self._blocks += 1
        return _event("content-end", index=self._blocks - 1)

    def _end(self, end: StreamEnd) -> bytes:
        """Calls may come in pieces side by side, so none is said to have ended before all have."""
        calls = b"".join(_event("tool-call-end", index=index) for index in range(self._calls))
        return self._close() + calls + _event("message-end", delta=write_end(end.response))


def _message_event(kind: str, message: dict[str, Any], index: int) -> bytes:
    return _event(kind, index=index, delta={"message": message})


def _event(kind: str, **fields: Any) -> bytes:
    return write_event(orjson.dumps({"type": kind, **fields}), kind)
