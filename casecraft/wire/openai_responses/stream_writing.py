"""Responses: streamed answers, written."""

from dataclasses import dataclass, field
from typing import Any

import orjson

from casecraft.core.chat import (
    Reasoning,
    ReasoningDelta,
    StreamEnd,
    StreamEvent,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    ToolCallStart,
)
from casecraft.errors import InvalidRequestError, ProviderError
from casecraft.wire.openai_chat.error import encode_error
from casecraft.wire.openai_responses.items import own_id, sealed
from casecraft.wire.openai_responses.response import (
    write_end,
    write_frame,
    write_message,
    write_output_call,
    write_reasoning,
    write_text,
)
from casecraft.wire.sse import write_event


@dataclass(slots=True)
class _Item:
    """An item that is being written."""

    id: str
    index: int
    texts: list[str] = field(default_factory=list)
    signature: str = ""
    redacted: bool = False
    call: ToolCallStart | None = None

    @property
    def text(self) -> str:
        return "".join(self.texts)


class StreamEncoder:
    """Writes one streamed answer as events of Responses, numbered from 0.

    Messages and reasoning are done when something else begins, calls at the end: their arguments may come in turns.
    Items of reasoning have ids of ours, known before the signature is, which goes over as it is.
    """

    def __init__(self, *, model: str, request_id: str, created: int = 0) -> None:
        self._frame = write_frame(request_id, model, created)
        self._answer = request_id
        self._events: list[bytes] = []
        self._number = 0
        self._output: dict[int, dict[str, Any]] = {}
        self._message: _Item | None = None
        self._reasoning: _Item | None = None
        self._calls: dict[int, _Item] = {}
        self._items = 0

    def encode(self, event: StreamEvent) -> bytes:
        """What the client gets for this event."""
        self._start()
        if isinstance(event, TextDelta):
            self._text(event.text)
        elif isinstance(event, ReasoningDelta):
            self._think(event)
        elif isinstance(event, ToolCallStart):
            self._call(event)
        elif isinstance(event, ToolCallDelta):
            self._arguments(self._calls[event.index], event.arguments)
        else:
            self._end(event)
        return self._take()

    def fail(self, error: ProviderError) -> bytes:
        """The error as an event of its own, then as the end of the answer, as OpenAI says it."""
        self._start()
        self._events.append(write_failure(error, number=self._number, frame=self._response()))
        self._number += 2
        return self._take()

    def _take(self) -> bytes:
        written = b"".join(self._events)
        self._events.clear()
        return written

    def _write(self, kind: str, **fields: Any) -> None:
        data = orjson.dumps({"type": kind, "sequence_number": self._number, **fields})
        self._number += 1
        self._events.append(write_event(data, kind))

    def _response(self, **more: Any) -> dict[str, Any]:
        return {**self._frame, "output": [self._output[index] for index in sorted(self._output)], **more}

    def _start(self) -> None:
        if not self._number:
            self._write("response.created", response=self._frame)
            self._write("response.in_progress", response=self._frame)

    def _open(self, kind: str) -> _Item:
        """A new item; what was being said is done."""
        self._close()
        item = _Item(own_id(kind, self._items, self._answer), self._items)
        self._items += 1
        return item

    def _added(self, item: _Item, body: dict[str, Any]) -> None:
        self._write("response.output_item.added", output_index=item.index, item=body)

    def _done(self, item: _Item, body: dict[str, Any]) -> None:
        self._output[item.index] = body
        self._write("response.output_item.done", output_index=item.index, item=body)

    def _text(self, text: str) -> None:
        if not text:
            return
        item = self._message
        if item is None:
            item = self._message = self._open("msg")
            self._added(item, write_message(item.id, None, "in_progress"))
            self._part(item, "response.content_part.added", content_index=0, part=write_text(""))
        item.texts.append(text)
        self._part(item, "response.output_text.delta", content_index=0, delta=text, logprobs=[])

    def _part(self, item: _Item, kind: str, **fields: Any) -> None:
        self._write(kind, item_id=item.id, output_index=item.index, **fields)

    def _think(self, event: ReasoningDelta) -> None:
        item = self._reasoning
        if item is not None and (item.signature or (event.redacted and item.texts)):
            self._close()
            item = None
        if item is None:
            if not (event.text or event.signature):
                return
            item = self._reasoning = self._open("rs")
            self._added(item, write_reasoning(item.id, "", ""))
        item.signature += event.signature
        item.redacted = event.redacted
        if event.text:
            if not item.texts:
                part = {"type": "summary_text", "text": ""}
                self._part(item, "response.reasoning_summary_part.added", summary_index=0, part=part)
            item.texts.append(event.text)
            self._part(item, "response.reasoning_summary_text.delta", summary_index=0, delta=event.text)

    def _call(self, start: ToolCallStart) -> None:
        item = self._calls[start.index] = self._open("fc")
        item.call = start
        self._added(item, write_output_call(item.id, _called(start, ""), "in_progress"))

    def _arguments(self, item: _Item, arguments: str) -> None:
        item.texts.append(arguments)
        # The text of a freeform call stands within its arguments, so it is whole only when they are.
        if item.call is None or not item.call.freeform:
            self._part(item, "response.function_call_arguments.delta", delta=arguments)

    def _close(self) -> None:
        """End the message or the reasoning that is being written."""
        if self._message is not None:
            self._close_message(self._message)
        if self._reasoning is not None:
            self._close_reasoning(self._reasoning)
        self._message = self._reasoning = None

    def _close_message(self, item: _Item) -> None:
        self._part(item, "response.output_text.done", content_index=0, text=item.text, logprobs=[])
        self._part(item, "response.content_part.done", content_index=0, part=write_text(item.text))
        self._done(item, write_message(item.id, item.text))

    def _close_reasoning(self, item: _Item) -> None:
        text = item.text
        if text:
            part = {"type": "summary_text", "text": text}
            self._part(item, "response.reasoning_summary_text.done", summary_index=0, text=text)
            self._part(item, "response.reasoning_summary_part.done", summary_index=0, part=part)
        proof = sealed(Reasoning(text, item.signature, item.redacted))
        self._done(item, write_reasoning(item.id, text, proof))

    def _close_call(self, item: _Item, start: ToolCallStart) -> None:
        body = write_output_call(item.id, _called(start, item.text or "{}"))
        if start.freeform:
            self._part(item, "response.custom_tool_call_input.delta", delta=body["input"])
            self._part(item, "response.custom_tool_call_input.done", input=body["input"])
        else:
            self._part(item, "response.function_call_arguments.done", name=start.name, arguments=body["arguments"])
        self._done(item, body)

    def _end(self, end: StreamEnd) -> None:
        self._close()
        for item in self._calls.values():
            if item.call is not None:
                self._close_call(item, item.call)
        ended = write_end(end.response)
        self._write(f"response.{ended['status']}", response=self._response(**ended))


def _called(start: ToolCallStart, arguments: str) -> ToolCall:
    return ToolCall(start.id, start.name, arguments, freeform=start.freeform, namespace=start.namespace)


def write_failure(error: ProviderError, *, number: int, frame: dict[str, Any] | None) -> bytes:
    """The events with which an answer breaks off; `number` is that of the first, `frame` the answer as it is so far."""
    code = encode_error(error).body["error"]["code"]
    if code is None:
        code = "invalid_prompt" if isinstance(error, InvalidRequestError) else "server_error"
    said = {"type": "error", "sequence_number": number, "code": code, "message": str(error), "param": None}
    written = write_event(orjson.dumps(said), "error")
    if frame is None:
        return written
    failed = {**frame, "status": "failed", "error": {"code": code, "message": str(error)}}
    end = {"type": "response.failed", "sequence_number": number + 1, "response": failed}
    return written + write_event(orjson.dumps(end), "response.failed")
