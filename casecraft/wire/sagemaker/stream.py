"""SageMaker: streamed answers of Text Generation Inference, cut anywhere into the parts of AWS's framing."""

from collections.abc import Iterable
from typing import Any

import orjson

from casecraft.core.chat import StreamEvent
from casecraft.core.usage import Usage
from casecraft.errors import ProviderError
from casecraft.wire import sse
from casecraft.wire.answers import mapping
from casecraft.wire.aws_errors import aws_error_in_answer
from casecraft.wire.aws_event_stream import (
    BROKEN,
    EXCEPTION,
    FrameParser,
    broken_event,
    exception_of,
    write_event,
    write_exception,
)
from casecraft.wire.tgi import stream as tgi_stream
from casecraft.wire.tgi import stream_writing as tgi_stream_writing

PART = "PayloadPart"


class PartReader:
    """The events within the parts of a stream, and as in `aws_event_stream` its exceptions."""

    def __init__(self) -> None:
        self._frames = FrameParser()
        self._events = sse.EventReader()
        self._broken = False
        self._read = False

    def feed(self, chunk: bytes) -> list[bytes]:
        """The data of every event that ends in this chunk."""
        if self._broken or not chunk:
            return []
        frames, problem = self._frames.feed(chunk)
        datas: list[bytes] = []
        for frame in frames:
            exception = exception_of(frame)
            datas += [exception] if exception is not None else self._events.feed(frame.payload)
        self._read = self._read or bool(frames)
        if problem:
            self._broken = True
            datas += [broken_event(problem)] if self._read else []
        return datas

    @property
    def is_cut(self) -> bool:
        """Whether the body ended within a message, or within an event in them."""
        return self._frames.left_over > 0 or self._events.is_cut

    def finish(self) -> list[bytes]:
        """The data of an event that the end of the body completes."""
        return self._events.finish()


class StreamDecoder(tgi_stream.StreamDecoder):
    """Reads one streamed answer."""

    frames = PartReader

    def _read(self, event: dict[str, Any]) -> Iterable[StreamEvent]:
        if EXCEPTION in event:
            raise aws_error_in_answer(mapping(event[EXCEPTION]), self._body(), self._provider, self._codes)
        if BROKEN in event:
            raise self._bad(f"sent {event[BROKEN]}")
        return super()._read(event)


class StreamEncoder(tgi_stream_writing.StreamEncoder):
    """Writes one streamed answer, an event to a part."""

    def encode(self, event: StreamEvent) -> bytes:
        """What the client gets for this event."""
        written = super().encode(event)
        return write_event(PART, written, "application/octet-stream") if written else b""

    def fail(self, error: ProviderError) -> bytes:
        """The exception that clients of AWS raise."""
        said = {"Message": str(error), "ErrorCode": "ModelInvocationError"}
        return write_exception("ModelStreamError", orjson.dumps(said))


def decode_usage(body: bytes) -> Usage | None:
    """The usage that a body states, be it an answer or the bytes of a stream; None where it states none."""
    reader = PartReader()
    return tgi_stream.usage_in([body, *reader.feed(body), *reader.finish()])
