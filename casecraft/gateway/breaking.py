"""Streams that break off after their beginning: what the client is told."""

import re
from typing import Any

import orjson

from casecraft.errors import ProviderError
from casecraft.gateway.asking import ClientRequest
from casecraft.gateway.doors import RESPONSES
from casecraft.wire.openai_responses.stream_writing import write_failure
from casecraft.wire.sse import EventReader

_NUMBER = re.compile(rb'"sequence_number":\s*(\d{1,15})')


class PassedStream:
    """What has gone by of a stream that came in the client's own dialect, as far as its breaking off needs it."""

    def __init__(self, asked: ClientRequest) -> None:
        self._asked = asked
        self._first = self._last = b""

    def take(self, events: bytes) -> None:
        """Note events that have been passed on."""
        self._first = self._first or events
        self._last = events

    def fail(self, error: ProviderError) -> bytes:
        """The error as the next event. Responses numbers its events, and names the answer in the last."""
        asked = self._asked
        if asked.door is RESPONSES and self._first:
            numbers = _NUMBER.findall(self._last) or _NUMBER.findall(self._first) or [b"-1"]
            return write_failure(error, number=int(numbers[-1]) + 1, frame=_frame(self._first))
        encoder = asked.dialect.stream_encoder(model=asked.model, request_id=asked.id, created=int(asked.started))
        return encoder.fail(error)


def _frame(events: bytes) -> dict[str, Any] | None:
    """The answer as the first event shows it."""
    datas = EventReader().feed(events)
    first = orjson.loads(datas[0]) if datas else {}
    response = first.get("response")
    return response if isinstance(response, dict) else None
