"""Anthropic Messages: streamed answers, written."""

from itertools import dropwhile
from typing import Any

import orjson

from casecraft.core.chat import (
    ChatResponse,
    Part,
    Reasoning,
    ReasoningDelta,
    StreamEnd,
    StreamEvent,
    Text,
    TextDelta,
    ToolCall,
)
from casecraft.errors import ProviderError
from casecraft.wire.anthropic_messages.blocks import write_call
from casecraft.wire.anthropic_messages.error import encode_error
from casecraft.wire.anthropic_messages.response import write_stop_reason, write_usage
from casecraft.wire.body import encode_body
from casecraft.wire.sse import write_event


def _event(kind: str, **more: Any) -> bytes:
    return write_event(orjson.dumps({"type": kind, **more}), kind)


PING = _event("ping")


class StreamEncoder:
    """Writes one streamed answer as the events of Messages: block after block, each closed before the next.

    From the first call of a tool on, all is held until the end, with a `ping` for each piece, as Anthropic itself
    holds a call until it is whole: so that calls whose pieces come mixed become blocks of their own, and the arguments
    of each are an object.
    """

    def __init__(self, *, model: str, request_id: str, created: int = 0) -> None:  # noqa: ARG002 - has no time
        self._model = model
        self._request_id = request_id
        self._started = False
        self._holds = False
        self._index = -1
        self._open = ""

    def encode(self, event: StreamEvent) -> bytes:
        """What the client gets for this event."""
        head = b"" if self._started else self._start()
        if isinstance(event, StreamEnd):
            return head + self._end(event.response)
        if self._holds:
            return head + PING
        if isinstance(event, TextDelta):
            return head + self._text(event.text)
        if isinstance(event, ReasoningDelta):
            return head + self._reasoning(event.text, event.signature, redacted=event.redacted)
        self._holds = True
        return head + (self._close() or PING)

    def fail(self, error: ProviderError) -> bytes:
        """An event with the error, which clients of Anthropic raise."""
        return write_event(orjson.dumps(encode_error(error).body), "error")

    def _start(self) -> bytes:
        self._started = True
        message: dict[str, Any] = {
            "id": self._request_id,
            "type": "message",
            "role": "assistant",
            "model": self._model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": write_usage(None),
        }
        return _event("message_start", message=message)

    def _text(self, text: str) -> bytes:
        if not text:
            return b""
        head = self._switch({"type": "text", "text": ""})
        return head + self._delta({"type": "text_delta", "text": text})

    def _reasoning(self, text: str, signature: str, *, redacted: bool) -> bytes:
        if redacted:
            return self._close() + self._switch({"type": "redacted_thinking", "data": signature}) + self._close()
        if not text and not signature:
            return b""
        written = self._switch({"type": "thinking", "thinking": "", "signature": ""})
        if text:
            written += self._delta({"type": "thinking_delta", "thinking": text})
        if signature:  # it ends its block
            written += self._delta({"type": "signature_delta", "signature": signature}) + self._close()
        return written

    def _call(self, call: ToolCall) -> bytes:
        block = write_call(call, "", [])
        given = encode_body(block["input"]).decode()
        return (
            self._switch({**block, "input": {}})
            + self._delta({"type": "input_json_delta", "partial_json": given})
            + self._close()
        )

    def _part(self, part: Part) -> bytes:
        if isinstance(part, Text):
            return self._text(part.text)
        if isinstance(part, Reasoning):
            return self._reasoning(part.text, part.signature, redacted=part.redacted)
        return self._call(part) if isinstance(part, ToolCall) else b""

    def _delta(self, delta: dict[str, str]) -> bytes:
        return _event("content_block_delta", index=self._index, delta=delta)

    def _switch(self, block: dict[str, Any]) -> bytes:
        """Open a block like this one and close another, unless one of its kind is open already."""
        if self._open == block["type"]:
            return b""
        closed = self._close()
        self._index += 1
        self._open = block["type"]
        return closed + _event("content_block_start", index=self._index, content_block=block)

    def _close(self) -> bytes:
        if not self._open:
            return b""
        self._open = ""
        return _event("content_block_stop", index=self._index)

    def _end(self, response: ChatResponse) -> bytes:
        held = dropwhile(lambda part: not isinstance(part, ToolCall), response.parts)
        written = b"".join(map(self._part, held)) + self._close()
        delta = {"stop_reason": write_stop_reason(response), "stop_sequence": None}
        usage = write_usage(response.usage)
        return written + _event("message_delta", delta=delta, usage=usage) + _event("message_stop")
