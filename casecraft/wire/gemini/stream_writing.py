"""Gemini: streamed answers, written."""

from typing import Any

import orjson

from casecraft.core.chat import ReasoningDelta, StreamEnd, StreamEvent, TextDelta
from casecraft.errors import ProviderError
from casecraft.wire.body import encode_body
from casecraft.wire.gemini.error import encode_error
from casecraft.wire.gemini.parts import is_signature, write_call, write_thought
from casecraft.wire.gemini.response import write_answer, write_finish_reason
from casecraft.wire.gemini.usage import write_usage
from casecraft.wire.sse import write_event


class StreamEncoder:
    """Writes one streamed answer. Gemini's clients want calls whole, so these come with the end."""

    def __init__(self, *, model: str, request_id: str, created: int = 0) -> None:  # noqa: ARG002  # no such field
        self._frame = {"modelVersion": model, "responseId": request_id}
        self._thinking = False

    def encode(self, event: StreamEvent) -> bytes:
        """What the client gets for this event."""
        if isinstance(event, TextDelta):
            self._thinking = False
            return self._event(write_answer([{"text": event.text}])) if event.text else b""
        if isinstance(event, ReasoningDelta):
            return self._reasoning(event)
        return self._end(event) if isinstance(event, StreamEnd) else b""

    def fail(self, error: ProviderError) -> bytes:
        """An event with the error, which clients of Google raise."""
        return write_event(orjson.dumps(encode_error(error).body))

    def _reasoning(self, event: ReasoningDelta) -> bytes:
        """A signature without words belongs to the thought that is open, if one is."""
        signature = event.signature if is_signature(event.signature) else ""
        if event.redacted or not (event.text or signature):
            return b""
        part = write_thought(event.text, signature, thought=bool(event.text) or self._thinking)
        self._thinking = not event.signature
        return self._event(write_answer([part]))

    def _event(self, answer: dict[str, Any]) -> bytes:
        return write_event(encode_body({**answer, **self._frame}))

    def _end(self, end: StreamEnd) -> bytes:
        response = end.response
        calls = [write_call(call, "content", []) for call in response.tool_calls]
        answer = write_answer(calls or [{"text": ""}], write_finish_reason(response))
        if response.usage is not None:
            answer["usageMetadata"] = write_usage(response.usage)
        return self._event(answer)
