"""Text Generation Inference: streamed answers, written."""

from typing import Any

import orjson

from casecraft.core.chat import ChatResponse, StreamEnd, StreamEvent, TextDelta
from casecraft.errors import ProviderError
from casecraft.wire.sse import write_event
from casecraft.wire.tgi.error import encode_error
from casecraft.wire.tgi.response import write_stop_reason


class StreamEncoder:
    """Writes one streamed answer, each piece of text as a token. Nothing but text has a place there."""

    def __init__(self, *, model: str, request_id: str, created: int = 0) -> None:  # noqa: ARG002
        self._index = 0

    def encode(self, event: StreamEvent) -> bytes:
        """What the client gets for this event."""
        if isinstance(event, TextDelta):
            return self._event(event.text)
        if isinstance(event, StreamEnd):
            response = event.response
            return self._event("", special=True, generated_text=response.text, details=_details(response))
        return b""

    def fail(self, error: ProviderError) -> bytes:
        """An event with the error, which clients raise."""
        return write_event(orjson.dumps(encode_error(error).body))

    def _event(self, text: str, *, special: bool = False, **more: Any) -> bytes:
        self._index += 1
        token = {"id": 0, "text": text, "logprob": 0.0, "special": special}
        event = {"index": self._index, "token": token, "generated_text": None, "details": None, **more}
        return write_event(orjson.dumps(event))


def _details(response: ChatResponse) -> dict[str, Any]:
    details: dict[str, Any] = {"finish_reason": write_stop_reason(response), "seed": None}
    if response.usage is not None:
        details |= {"generated_tokens": response.usage.output, "input_length": response.usage.input}
    return details
