"""Replicate: streamed outputs, read."""

from collections.abc import Iterable
from typing import Any

import orjson

from casecraft.core.chat import ChatResponse, StreamEvent
from casecraft.errors import ServerError
from casecraft.wire.answers import mapping, string
from casecraft.wire.sse import NamedEventReader
from casecraft.wire.streams import AnswerStream
from casecraft.wire.vendor_error import clean, error_in_answer


class StreamDecoder(AnswerStream):
    """Reads one streamed output: the data of an `output` is text as it is, and `done` ends it."""

    frames = NamedEventReader

    def _parse(self, data: bytes) -> dict[str, Any]:
        name, _, text = data.partition(b"\n")
        return {"event": name, "data": text}

    def _read(self, event: dict[str, Any]) -> Iterable[StreamEvent]:
        kind, data = event["event"], event["data"]
        if kind == b"output":
            return [self._answer.add_text(data.decode(errors="replace"))] if data else []
        if kind == b"error":
            raise error_in_answer(_error(data), self._body(), self._provider, self._codes)
        return [self._done(data)] if kind == b"done" else []

    def _done(self, data: bytes) -> StreamEvent:
        end = super()._parse(data)
        reason = end.get("reason")
        if reason:
            message = f"{self._provider!r} stopped: {clean(string(reason))!r}, after {self.progress}"
            raise ServerError(message, provider=self._provider, status=200, body=self._body())
        return self._end()

    def _may_end(self) -> bool:
        return False

    def _response(self) -> ChatResponse:
        return ChatResponse(content=self._answer.content, raw=self._body())


def _error(data: bytes) -> dict[str, Any]:
    """An error's data: an object that says it, or bare words."""
    try:
        stated = mapping(orjson.loads(data))
    except orjson.JSONDecodeError:
        stated = {}
    return stated or {"error": data.decode(errors="replace") or "the prediction failed"}
