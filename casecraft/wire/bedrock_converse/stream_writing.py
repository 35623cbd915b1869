"""Converse: streamed answers, written."""

from typing import Any

import orjson

from casecraft.core.chat import (
    ReasoningDelta,
    StreamEnd,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
    ToolCallStart,
)
from casecraft.errors import ProviderError
from casecraft.wire.aws_errors import words_of
from casecraft.wire.aws_event_stream import write_event, write_exception
from casecraft.wire.bedrock_converse.blocks import is_base64
from casecraft.wire.bedrock_converse.response import write_stop_reason, write_usage

# The exceptions that a stream may carry, by the codes that an answer of its own would have.
EXCEPTIONS = {
    "ThrottlingException": "throttlingException",
    "ValidationException": "validationException",
    "InternalServerException": "internalServerException",
    "ModelTimeoutException": "modelStreamErrorException",
}


class StreamEncoder:
    """Writes one streamed answer. Each run of text, of reasoning, and each call is a block of its own."""

    def __init__(self, *, model: str, request_id: str, created: int = 0) -> None:  # noqa: ARG002
        self._started = False
        self._block = -1
        self._open: type[StreamEvent] | None = None
        self._calls: list[int] = []
        """The block of each call."""

    def encode(self, event: StreamEvent) -> bytes:
        """What the client gets for this event."""
        start = b"" if self._started else _event("messageStart", role="assistant")
        self._started = True
        if isinstance(event, TextDelta):
            return start + self._enter(TextDelta) + self._delta({"text": event.text})
        if isinstance(event, ReasoningDelta):
            return start + self._reasoning(event)
        if isinstance(event, ToolCallStart):
            return start + self._call(event)
        if isinstance(event, ToolCallDelta):
            block = self._calls[event.index]
            return start + self._delta({"toolUse": {"input": event.arguments}}, block)
        return start + self._close() + _end(event)

    def fail(self, error: ProviderError) -> bytes:
        """The exception that clients of AWS raise."""
        name = EXCEPTIONS.get(words_of(error)[1], "serviceUnavailableException")
        return write_exception(name, orjson.dumps({"message": str(error)}))

    def _reasoning(self, event: ReasoningDelta) -> bytes:
        if event.redacted:
            if not is_base64(event.signature):
                return b""  # another vendor's
            written = self._next(ReasoningDelta) + self._reasoned(redactedContent=event.signature)
            return written + self._close()
        written = self._enter(ReasoningDelta)
        if event.text:
            written += self._reasoned(text=event.text)
        if event.signature:
            written += self._reasoned(signature=event.signature) + self._close()
        return written

    def _reasoned(self, **what: str) -> bytes:
        return self._delta({"reasoningContent": what})

    def _call(self, event: ToolCallStart) -> bytes:
        closed = self._next(ToolCallStart)
        self._calls.append(self._block)
        start = {"toolUse": {"toolUseId": event.id, "name": event.name}}
        return closed + _event("contentBlockStart", start=start, contentBlockIndex=self._block)

    def _enter(self, kind: type[StreamEvent]) -> bytes:
        """Go on in the open block where it is of this kind, else open the next."""
        return b"" if self._open is kind else self._next(kind)

    def _next(self, kind: type[StreamEvent]) -> bytes:
        closed = self._close()
        self._open = kind
        self._block += 1
        return closed

    def _close(self) -> bytes:
        if self._open is None:
            return b""
        self._open = None
        return _event("contentBlockStop", contentBlockIndex=self._block)

    def _delta(self, delta: dict[str, Any], block: int | None = None) -> bytes:
        return _event("contentBlockDelta", delta=delta, contentBlockIndex=self._block if block is None else block)


def _end(end: StreamEnd) -> bytes:
    response = end.response
    last = _event("messageStop", stopReason=write_stop_reason(response))
    if response.usage is None:
        return last
    return last + _event("metadata", usage=write_usage(response.usage), metrics={"latencyMs": 0})


def _event(name: str, **payload: Any) -> bytes:
    return write_event(name, orjson.dumps(payload))
