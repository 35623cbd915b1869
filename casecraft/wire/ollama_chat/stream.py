"""Ollama's chat: streamed answers, read."""

from collections.abc import Iterable, Mapping
from typing import Any

from casecraft.core.chat import ChatResponse, StreamEvent
from casecraft.wire.answers import string
from casecraft.wire.json_lines import LineReader
from casecraft.wire.ollama_chat.response import read_calls, read_stop_reason, read_usage
from casecraft.wire.streams import AnswerStream
from casecraft.wire.vendor_error import NO_CODES, Codes, error_in_answer


class StreamDecoder(AnswerStream):
    """Reads one streamed answer; the line that says `done` ends it."""

    frames = LineReader

    def __init__(self, provider: str = "", codes: Codes = NO_CODES) -> None:
        super().__init__(provider, codes)
        self._last: Mapping[str, Any] = {}

    def _parse(self, data: bytes) -> dict[str, Any]:
        if not self._events and data.lstrip()[:1] == b"<":
            raise self._cut()
        return super()._parse(data)

    def _read(self, event: dict[str, Any]) -> Iterable[StreamEvent]:
        if event.get("error"):
            raise error_in_answer(event, self._body(), self._provider, self._codes)
        message = event.get("message")
        events = self._message(message, event) if isinstance(message, dict) else []
        if event.get("done") is True:
            self._last = event
            events.append(self._end())
        return events

    def _message(self, message: Mapping[str, Any], event: Mapping[str, Any]) -> list[StreamEvent]:
        events: list[StreamEvent] = []
        if thought := string(message.get("thinking")):
            events.append(self._answer.add_reasoning(thought))
        if text := string(message.get("content")):
            events.append(self._answer.add_text(text))
        if message.get("tool_calls"):
            for call in read_calls(message, string(event.get("created_at")), self._answer.calls):
                started = self._answer.open_call(call.id, call.name)
                events += (started, self._answer.add_arguments(started.index, call.arguments))
        return events

    def _may_end(self) -> bool:
        return False

    def _response(self) -> ChatResponse:
        return ChatResponse(
            content=self._answer.content,
            model=string(self._last.get("model")),
            stop_reason=read_stop_reason(self._last, called=self._answer.calls > 0),
            usage=read_usage(self._last),
            raw=self._body(),
        )
