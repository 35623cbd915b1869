"""Converse: streamed answers, read."""

from collections.abc import Iterable
from typing import Any

import orjson

from casecraft.core.chat import ChatResponse, StreamEvent
from casecraft.core.usage import Usage
from casecraft.errors import ProviderError
from casecraft.wire.answers import mapping, string
from casecraft.wire.aws_errors import aws_error_in_answer
from casecraft.wire.aws_event_stream import BROKEN, EXCEPTION, EventReader
from casecraft.wire.bedrock_converse.response import (
    problem_with,
    read_stop_reason,
    read_usage,
)
from casecraft.wire.body import encode_body
from casecraft.wire.streams import AnswerStream
from casecraft.wire.vendor_error import NO_CODES, Codes

NOTHING: tuple[StreamEvent, ...] = ()


class StreamDecoder(AnswerStream):
    """Reads one streamed answer; `metadata`, which follows `messageStop`, ends it."""

    frames = EventReader

    def __init__(self, provider: str = "", codes: Codes = NO_CODES) -> None:
        super().__init__(provider, codes)
        self._stop_reason: object = None
        self._usage: Usage | None = None
        self._calls: dict[int | None, int] = {}
        """Index of a block -> our index of the call in it."""

    def _read(self, event: dict[str, Any]) -> Iterable[StreamEvent]:
        delta = event.get("contentBlockDelta")
        if delta is not None:
            return self._delta(mapping(delta))
        if "contentBlockStart" in event:
            return self._start(mapping(event["contentBlockStart"]))
        if "messageStop" in event:
            self._stop_reason = mapping(event["messageStop"]).get("stopReason") or "unsaid"
        elif "metadata" in event:
            self._usage = read_usage(mapping(event["metadata"]).get("usage"))
            return (self._end(),) if self._may_end() else NOTHING
        elif EXCEPTION in event:
            raise aws_error_in_answer(mapping(event[EXCEPTION]), self._body(), self._provider, self._codes)
        elif BROKEN in event:
            raise self._bad(f"sent {event[BROKEN]}")
        return NOTHING

    def _start(self, block: dict[str, Any]) -> Iterable[StreamEvent]:
        call = mapping(block.get("start")).get("toolUse")
        return (self._open(block, call),) if isinstance(call, dict) else NOTHING

    def _open(self, block: dict[str, Any], call: dict[str, Any]) -> StreamEvent:
        started = self._answer.open_call(string(call.get("toolUseId")), string(call.get("name")))
        self._calls[_place(block)] = started.index
        return started

    def _delta(self, block: dict[str, Any]) -> Iterable[StreamEvent]:
        delta = mapping(block.get("delta"))
        text = delta.get("text")
        if isinstance(text, str):
            return (self._answer.add_text(text),) if text else NOTHING
        if "toolUse" in delta:
            return self._arguments(block, mapping(delta["toolUse"]))
        if "reasoningContent" in delta:
            return self._reasoning(mapping(delta["reasoningContent"]))
        return NOTHING

    def _arguments(self, block: dict[str, Any], call: dict[str, Any]) -> Iterable[StreamEvent]:
        place = _place(block)
        if place not in self._calls:
            yield self._open(block, call)
        given = call.get("input")
        text = encode_body(given).decode() if isinstance(given, dict) else string(given)
        if text:
            yield self._answer.add_arguments(self._calls[place], text)

    def _reasoning(self, delta: dict[str, Any]) -> Iterable[StreamEvent]:
        redacted = string(delta.get("redactedContent"))
        if redacted:
            return (self._answer.add_reasoning(signature=redacted, redacted=True),)
        text, signature = string(delta.get("text")), string(delta.get("signature"))
        return (self._answer.add_reasoning(text, signature),) if text or signature else NOTHING

    def _may_end(self) -> bool:
        return self._stop_reason is not None

    def _problem(self, response: ChatResponse) -> ProviderError | None:
        return problem_with(response, self._stop_reason, self._provider)

    def _response(self) -> ChatResponse:
        return ChatResponse(
            content=self._answer.content,
            stop_reason=read_stop_reason(self._stop_reason, called=self._answer.calls > 0),
            usage=self._usage,
            raw=self._body(),
        )


def _place(block: dict[str, Any]) -> int | None:
    index = block.get("contentBlockIndex")
    return index if isinstance(index, int) else None


def decode_usage(body: bytes) -> Usage | None:
    """The usage that a body states, be it an answer or the bytes of a stream; None where it states none."""
    try:
        return read_usage(_field(orjson.loads(body), "usage"))
    except orjson.JSONDecodeError:
        events = EventReader().feed(body)
    for event in events:
        if event.startswith(b'{"metadata"'):
            return _usage_of_event(event)
    return None


def _usage_of_event(event: bytes) -> Usage | None:
    try:
        return read_usage(_field(_field(orjson.loads(event), "metadata"), "usage"))
    except orjson.JSONDecodeError:
        return None


def _field(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, dict) else None
