"""An answer on its way through: its bytes as they come, read along the way for what they say of its end."""

import re
from collections.abc import AsyncIterator, Callable, Mapping

import orjson

from casecraft.core.chat import ChatResponse, StreamEnd, StreamEvent
from casecraft.core.usage import Usage
from casecraft.errors import ProviderError
from casecraft.providers.http import StreamedReply
from casecraft.providers.redaction import Redaction
from casecraft.wire.dialect import StreamDecoder
from casecraft.wire.sse import EventReader

DONE = b"[DONE]"
_BREAK = re.compile(rb"\n\r?\n")
_SEAM = 2
"""So many bytes of a break may be in the chunk before the one that ends it."""


class Passage:
    """A reply with status 2xx whose bytes go on unchanged, but for secrets in them. Streams go on event by event.

    `response` is there once a stream has ended, `usage` once the answer says it. `error` is what the stream breaks off
    with after its beginning: the bytes that say so have been passed on where the provider sent any (`told`). `check`
    raises a `ProviderError` for a whole body that is no answer.
    """

    def __init__(
        self,
        reply: StreamedReply,
        decoder: StreamDecoder | None,
        *,
        read_usage: Callable[[bytes], Usage | None],
        check: Callable[[bytes], None],
        redaction: Redaction,
    ) -> None:
        self.status = reply.status
        self.headers: Mapping[str, str] = {name: redaction.of_text(value) for name, value in reply.headers.items()}
        self.streams = decoder is not None
        self.response: ChatResponse | None = None
        self.usage: Usage | None = None
        self.error: ProviderError | None = None
        self.told = False
        self._reply = reply
        self._decoder = decoder
        self._read_usage = read_usage
        self._check = check
        self._redaction = redaction
        self._begun = False

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes. Raises a `ProviderError` where an answer fails before its first byte has been given out."""
        if self._decoder is None:
            yield await self._whole()
            return
        events = WholeEvents()
        try:
            async for chunk in self._reply.chunks:
                kept = self._read(events.feed(chunk), self._decoder)
                if kept:
                    self._begun = True
                    yield self._redaction.of_bytes(kept)
                if self.error is not None:
                    return
            self._take(self._decoder.feed(events.rest))
            self._take(self._decoder.finish())
        except ProviderError as error:
            if not self._begun:
                raise self._redaction.of_error(error) from error.__cause__
            self.error = self._redaction.of_error(error)
        else:
            if events.rest:
                yield self._redaction.of_bytes(events.rest)

    async def _whole(self) -> bytes:
        body = b"".join([chunk async for chunk in self._reply.chunks])
        self._check(body)
        self.usage = self._read_usage(body)
        return self._redaction.of_bytes(body)

    def _read(self, events: bytes, decoder: StreamDecoder) -> bytes:
        """Take in events; those of them that may go on. Raises where the answer fails and nothing has gone on yet."""
        if not events:
            return events
        try:
            self._take(decoder.feed(events))
            decoder.feed(b"")  # raises what came after the events that went well
        except ProviderError as error:
            if not self._begun:
                raise
            kept = readable_part(events)
            self.error, self.told = self._redaction.of_error(error), kept == events
            return kept
        return events

    def _take(self, events: list[StreamEvent]) -> None:
        for event in events:
            if isinstance(event, StreamEnd):
                self.response = event.response
                self.usage = event.response.usage


class WholeEvents:
    """Cuts the chunks of an event stream anew, after the empty lines that end events.

    The first piece has an event with data. `rest` is what has come since the last one.
    """

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._begun = False

    def feed(self, chunk: bytes) -> bytes:
        """The events that this chunk completes."""
        seam = self._parts[-1][-_SEAM:] if self._parts else b""
        breaks = [found.end() for found in _BREAK.finditer(seam + chunk)]
        self._parts.append(chunk)
        if not breaks:
            return b""
        whole = b"".join(self._parts)
        end = len(whole) - (len(seam) + len(chunk) - breaks[-1])
        self._parts = [whole[end:]] if end < len(whole) else []
        whole = whole[:end]
        if not self._begun and b"data:" not in whole:
            self._parts.insert(0, whole)
            return b""
        self._begun = True
        return whole

    @property
    def rest(self) -> bytes:
        """What no empty line has ended."""
        return b"".join(self._parts)


def readable_part(events: bytes) -> bytes:
    """The events before the first that is no JSON object."""
    kept = begin = 0
    for found in [*_BREAK.finditer(events), None]:
        end = found.end() if found is not None else len(events)
        reader = EventReader()
        datas = [*reader.feed(events[begin:end]), *reader.finish()]
        if not all(data == DONE or _is_object(data) for data in datas):
            break
        kept = begin = end
    return events[:kept]


def _is_object(data: bytes) -> bool:
    try:
        return isinstance(orjson.loads(data), dict)
    except orjson.JSONDecodeError:
        return False
