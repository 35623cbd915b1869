"""Anthropic Messages: streamed answers, read."""

from collections.abc import Iterable
from typing import Any, TypeAlias

from casecraft.core.chat import ChatResponse, StreamEvent
from casecraft.errors import ProviderError
from casecraft.wire.answers import mapping, string
from casecraft.wire.anthropic_messages.response import problem_with, read_stop_reason, read_usage, update_usage
from casecraft.wire.streams import AnswerStream
from casecraft.wire.tool_arguments import arguments_text
from casecraft.wire.vendor_error import NO_CODES, Codes, error_in_answer

Place: TypeAlias = int | None
"""Where a block stands: the index that its events say."""

NOTHING: tuple[StreamEvent, ...] = ()


class StreamDecoder(AnswerStream):
    """Reads one streamed answer; `message_stop` ends it. Events of unknown types are passed over."""

    def __init__(self, provider: str = "", codes: Codes = NO_CODES) -> None:
        super().__init__(provider, codes)
        self._stop_reason: object = None
        self._usage: dict[str, Any] = {}
        self._model = ""
        self._request_id: str | None = None
        self._calls: dict[Place, int] = {}
        """Index of an open block that is a call -> our index of the call."""
        self._inputs: dict[Place, str] = {}
        """What a call's block held at its start: its arguments, should no pieces follow."""

    def _read(self, event: dict[str, Any]) -> Iterable[StreamEvent]:
        kind = event.get("type")
        if kind == "content_block_delta":
            return self._delta(mapping(event.get("delta")), _place(event))
        if kind == "content_block_start":
            return self._start(mapping(event.get("content_block")), _place(event))
        if kind == "content_block_stop":
            return self._stop(_place(event))
        if kind == "message_start":
            self._read_message(mapping(event.get("message")))
        elif kind == "message_delta":
            self._stop_reason = mapping(event.get("delta")).get("stop_reason") or self._stop_reason
            update_usage(self._usage, event.get("usage"))
        elif kind == "message_stop":
            return self._ending()
        elif kind == "error" or event.get("error"):
            raise error_in_answer(event, self._body(), self._provider, self._codes)
        return NOTHING

    def _read_message(self, message: dict[str, Any]) -> None:
        self._model = string(message.get("model"))
        self._request_id = string(message.get("id")) or None
        update_usage(self._usage, message.get("usage"))

    def _delta(self, delta: dict[str, Any], index: Place) -> Iterable[StreamEvent]:
        kind = delta.get("type")
        if kind == "text_delta":
            text = delta.get("text")
            return (self._answer.add_text(text),) if isinstance(text, str) and text else NOTHING
        if kind == "input_json_delta":
            return self._arguments(index, string(delta.get("partial_json")))
        if kind == "thinking_delta":
            return self._reasoning(string(delta.get("thinking")), "")
        if kind == "signature_delta":
            return self._reasoning("", string(delta.get("signature")))
        return NOTHING

    def _start(self, block: dict[str, Any], index: Place) -> Iterable[StreamEvent]:
        kind = block.get("type")
        self._calls.pop(index, None)
        if kind == "tool_use":
            started = self._answer.open_call(string(block.get("id")), string(block.get("name")))
            self._calls[index] = started.index
            if block.get("input"):
                self._inputs[index] = arguments_text(block["input"])
            return (started,)
        if kind == "redacted_thinking":
            return (self._answer.add_reasoning(signature=string(block.get("data")), redacted=True),)
        if kind == "thinking":
            return self._reasoning(string(block.get("thinking")), string(block.get("signature")))
        if kind == "text" and (text := string(block.get("text"))):
            return (self._answer.add_text(text),)
        return NOTHING

    def _reasoning(self, thought: str, signature: str) -> Iterable[StreamEvent]:
        return (self._answer.add_reasoning(thought, signature),) if thought or signature else NOTHING

    def _arguments(self, index: Place, text: str) -> Iterable[StreamEvent]:
        call = self._calls.get(index)
        if call is None or not text:
            return NOTHING
        self._inputs.pop(index, None)
        return (self._answer.add_arguments(call, text),)

    def _stop(self, index: Place) -> Iterable[StreamEvent]:
        return self._arguments(index, self._inputs.pop(index, ""))

    def _rest(self) -> Iterable[StreamEvent]:
        """Arguments of blocks that were never closed."""
        return [event for index in tuple(self._inputs) for event in self._stop(index)]

    def _may_end(self) -> bool:
        return self._stop_reason is not None

    def _problem(self, response: ChatResponse) -> ProviderError | None:
        return problem_with(response, self._stop_reason, self._provider)

    def _response(self) -> ChatResponse:
        return ChatResponse(
            content=self._answer.content,
            model=self._model,
            stop_reason=read_stop_reason(self._stop_reason, called=self._answer.calls > 0),
            usage=read_usage(self._usage),
            request_id=self._request_id,
            raw=self._body(),
        )


def _place(event: dict[str, Any]) -> Place:
    index = event.get("index")
    return index if isinstance(index, int) else None
