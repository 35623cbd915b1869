"""Cohere's chat: streamed answers, read."""

from collections.abc import Iterable, Mapping
from typing import Any

from casecraft.core.chat import ChatResponse, StreamEvent
from casecraft.errors import ProviderError
from casecraft.wire.answers import mapping, string
from casecraft.wire.cohere_chat.response import problem_with, read_stop_reason, read_usage
from casecraft.wire.streams import AnswerStream
from casecraft.wire.tool_arguments import arguments_text
from casecraft.wire.vendor_error import NO_CODES, Codes, error_in_answer


class StreamDecoder(AnswerStream):
    """Reads one streamed answer; `message-end` ends it."""

    def __init__(self, provider: str = "", codes: Codes = NO_CODES) -> None:
        super().__init__(provider, codes)
        self._last: Mapping[str, Any] = {}
        self._request_id: str | None = None
        self._calls: dict[object, int] = {}
        """Index of a call as the server says it -> our index."""

    def _read(self, event: dict[str, Any]) -> Iterable[StreamEvent]:
        kind = event.get("type")
        delta = mapping(event.get("delta"))
        if kind in ("content-delta", "content-start"):
            return self._content(mapping(mapping(delta.get("message")).get("content")))
        if kind == "message-end":
            self._last = delta
            return [self._end()]
        if kind == "message-start":
            self._request_id = string(event.get("id")) or None
        elif kind is None or event.get("error"):
            raise error_in_answer(event, self._body(), self._provider, self._codes)
        return self._tools(kind, event.get("index"), mapping(delta.get("message")))

    def _content(self, content: Mapping[str, Any]) -> list[StreamEvent]:
        text, thought = content.get("text"), content.get("thinking")
        events: list[StreamEvent] = [self._answer.add_text(text)] if text and isinstance(text, str) else []
        if thought and isinstance(thought, str):
            events.append(self._answer.add_reasoning(thought))
        return events

    def _tools(self, kind: object, index: object, message: Mapping[str, Any]) -> Iterable[StreamEvent]:
        """The events of a plan or a call. A start always opens a call, even at an index that was there."""
        if kind == "tool-plan-delta" and (plan := string(message.get("tool_plan"))):
            yield self._answer.add_reasoning(plan)
        call = mapping(message.get("tool_calls"))
        function = mapping(call.get("function"))
        place = index if isinstance(index, int) else None
        if kind == "tool-call-start":
            started = self._answer.open_call(string(call.get("id")), string(function.get("name")))
            self._calls[place] = started.index
            yield started
        arguments = function.get("arguments")
        if kind in ("tool-call-start", "tool-call-delta") and arguments and self._calls:
            ours = self._calls.get(place, self._answer.calls - 1)
            yield self._answer.add_arguments(ours, arguments_text(arguments))

    def _may_end(self) -> bool:
        return False

    def _problem(self, response: ChatResponse) -> ProviderError | None:
        return problem_with(response, self._last, self._provider)

    def _response(self) -> ChatResponse:
        return ChatResponse(
            content=self._answer.content,
            stop_reason=read_stop_reason(self._last.get("finish_reason"), called=self._answer.calls > 0),
            usage=read_usage(self._last.get("usage")),
            request_id=self._request_id,
            raw=self._body(),
        )
