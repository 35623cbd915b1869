"""Text Generation Inference: streamed answers, read."""

from collections.abc import Iterable
from typing import Any

import orjson

from casecraft.core.chat import ChatResponse, StreamEvent
from casecraft.core.usage import Usage
from casecraft.wire.answers import mapping, string
from casecraft.wire.sse import EventReader
from casecraft.wire.streams import AnswerStream
from casecraft.wire.tgi.error import error_in_answer
from casecraft.wire.tgi.response import read_stop_reason, read_usage
from casecraft.wire.vendor_error import NO_CODES, Codes


class StreamDecoder(AnswerStream):
    """Reads one streamed answer, token by token; the event that has the whole text ends it."""

    def __init__(self, provider: str = "", codes: Codes = NO_CODES) -> None:
        super().__init__(provider, codes)
        self._details: dict[str, Any] = {}

    def _read(self, event: dict[str, Any]) -> Iterable[StreamEvent]:
        if event.get("error"):
            raise error_in_answer(event, self._body(), self._provider, self._codes)
        token = mapping(event.get("token"))
        text = "" if token.get("special") else string(token.get("text"))
        if text:
            yield self._answer.add_text(text)
        whole = event.get("generated_text")
        if isinstance(whole, str):
            self._details = mapping(event.get("details"))
            yield from self._remainder(whole)
            yield self._end()

    def _remainder(self, whole: str) -> Iterable[StreamEvent]:
        """What only the last event has: some servers leave tokens out on the way."""
        content = self._answer.content
        came = content if isinstance(content, str) else ""
        if whole.startswith(came) and len(whole) > len(came):
            yield self._answer.add_text(whole[len(came) :])

    def _may_end(self) -> bool:
        return False

    def _response(self) -> ChatResponse:
        return ChatResponse(
            content=self._answer.content,
            stop_reason=read_stop_reason(self._details.get("finish_reason")),
            usage=read_usage(self._details),
            raw=self._body(),
        )


def decode_usage(body: bytes) -> Usage | None:
    """The usage that a body states, be it an answer or the bytes of a stream; None where it states none."""
    reader = EventReader()
    return usage_in([body, *reader.feed(body), *reader.finish()])


def usage_in(datas: Iterable[bytes]) -> Usage | None:
    """The usage in the first of these that states one."""
    return next((usage for data in datas if (usage := _usage(data)) is not None), None)


def _usage(data: bytes) -> Usage | None:
    if b'"details"' not in data:
        return None
    try:
        said = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    if isinstance(said, list) and said:
        said = said[0]
    return read_usage(mapping(mapping(said).get("details")))
