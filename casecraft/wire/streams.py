"""What the decoders of streamed answers have in common."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar, Protocol

import orjson

from casecraft.core.chat import ChatResponse, StreamEnd, StreamEvent
from casecraft.errors import BadAnswerError, ProviderError
from casecraft.wire.answers import AnswerCollector, problem_of
from casecraft.wire.sse import EventReader
from casecraft.wire.vendor_error import NO_CODES, Codes, describe_body


class FrameReader(Protocol):
    """Cuts a body that comes in chunks into the data of its events."""

    @property
    def is_cut(self) -> bool:
        """Whether the body ended within an event, of which `finish` could make nothing."""

    def feed(self, chunk: bytes) -> list[bytes]:
        """The data of every event that ends in this chunk."""

    def finish(self) -> list[bytes]:
        """The data of an event that the end of the body completes."""


class AnswerStream(ABC):
    """Reads one streamed answer. Feed it the body as it comes, then call `finish` once.

    Pieces come out as they arrive; the last event is the `StreamEnd` with the whole answer. What arrives after the end
    is ignored. Raises the same errors as a whole answer would, and `BadAnswerError` for a stream that was cut.
    """

    frames: ClassVar[type[FrameReader]] = EventReader
    done: ClassVar[bytes | None] = None
    """The data that ends a stream, where that is no JSON."""

    def __init__(self, provider: str = "", codes: Codes = NO_CODES) -> None:
        self._provider = provider
        self._codes = codes
        self._reader = self.frames()
        self._chunks: list[bytes] = []
        self._answer = AnswerCollector()
        self._events = 0
        self._ended = False
        self._failure: ProviderError | None = None

    @abstractmethod
    def _read(self, event: dict[str, Any]) -> Iterable[StreamEvent]:
        """Take in one event; the canonical ones that it makes. Calls `_end` for the last where the event is that."""

    @abstractmethod
    def _response(self) -> ChatResponse:
        """The whole answer. Raises a `ProviderError` where it failed in a way of the dialect's own."""

    @abstractmethod
    def _may_end(self) -> bool:
        """Whether the answer is whole though nothing has said that the stream is over."""

    def _rest(self) -> Iterable[StreamEvent]:
        """What only the end of the stream makes known."""
        return ()

    @property
    def progress(self) -> str:
        """How far the stream has come, in words."""
        return f"{self._events} events and {self._answer.characters} characters of text"

    def feed(self, chunk: bytes) -> list[StreamEvent]:
        """The events that are complete with this chunk."""
        self._raise_failure()
        if self._ended:
            return []
        self._chunks.append(chunk)
        return self._take(self._reader.feed(chunk))

    def finish(self) -> list[StreamEvent]:
        """The events that the end of the body completes; raises `BadAnswerError` where it came too early."""
        self._raise_failure()
        if self._ended:
            return []
        events = self._take(self._reader.finish())
        if self._is_over():
            return events
        if self._reader.is_cut or not self._may_end():
            raise self._cut()
        return [*events, *self._ending()]

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _is_over(self) -> bool:
        return self._ended or self._failure is not None

    def _take(self, datas: list[bytes]) -> list[StreamEvent]:
        """The events of these data. What went well before a failure is still handed out; the next call raises it."""
        events: list[StreamEvent] = []
        try:
            for data in datas:
                if data == self.done:
                    events += self._ending()
                else:
                    events += self._read(self._parse(data))
                    self._events += 1
                if self._ended:
                    break
        except ProviderError as error:
            self._failure = error
            if not events:
                raise
        return events

    def _parse(self, data: bytes) -> dict[str, Any]:
        try:
            event = orjson.loads(data)
        except orjson.JSONDecodeError as error:
            raise self._bad("sent an event that is no JSON") from error
        if not isinstance(event, dict):
            raise self._bad("sent an event that is no object")
        return event

    def _problem(self, response: ChatResponse) -> ProviderError | None:
        """What makes the whole answer unusable, or None."""
        return problem_of(response, self._provider)

    def _ending(self) -> list[StreamEvent]:
        return [*self._rest(), self._end()]

    def _end(self) -> StreamEnd:
        self._ended = True
        response = self._response()
        problem = self._problem(response)
        if problem is not None:
            raise problem
        return StreamEnd(response)

    def _bad(self, says: str) -> BadAnswerError:
        message = f"{self._provider!r} {says}, after {self.progress}"
        return BadAnswerError(message, provider=self._provider, status=200, body=self._body())

    def _cut(self) -> BadAnswerError:
        body = self._body()
        if self._events:
            message = f"the stream of {self._provider!r} was cut after {self.progress}"
        else:
            message = f"{self._provider!r} answered with {describe_body(body)} instead of a stream"
        return BadAnswerError(message, provider=self._provider, status=200, body=body)

    def _body(self) -> bytes:
        return b"".join(self._chunks)
