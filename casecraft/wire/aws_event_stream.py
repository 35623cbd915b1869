"""The framing `application/vnd.amazon.eventstream`: binary messages, each with headers, a payload and two checksums.

Source: https://smithy.io/2.0/aws/amazon-eventstream.html. A message is its total length, the length of its headers and
a CRC-32 of both (a prelude of three big-endian words), the headers, the payload, and a CRC-32 of all before it.
"""

import struct
from collections.abc import Mapping
from struct import Struct
from typing import NamedTuple
from zlib import crc32

import orjson

PRELUDE = Struct("!III")
LENGTHS = Struct("!II")
WORD = Struct("!I")
SHORT = Struct("!H")
# No service sends more in one message; a longer one is no message.
LONGEST_MESSAGE = 24 * 1024 * 1024
SHORTEST_MESSAGE = PRELUDE.size + WORD.size

# Types of header values: the sizes of those of a fixed size; two are as long as the two bytes before them say.
FIXED_SIZES = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
BYTES_VALUE = 6
TEXT_VALUE = 7

# Headers repeat from message to message. So many kinds are remembered.
REMEMBERED = 64

EXCEPTION = ":exception"
"""The name under which `EventReader` gives an exception, with its type as `code` and its `message`."""

MESSAGE_NAMES = ("message", "Message", "originalMessage")

BROKEN = ":broken"
"""The name under which `EventReader` gives the reason why nothing after it can be read."""


class Frame(NamedTuple):
    """One message. Of the headers only those that are text are kept."""

    headers: Mapping[str, str]
    payload: bytes


class BrokenFrameError(ValueError):
    """The bytes are no message of this framing."""


class FrameParser:
    """Turns chunks of bytes, cut anywhere, into the messages that they complete."""

    __slots__ = ("_known", "_missing", "_parts")

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._missing = SHORTEST_MESSAGE
        """So many bytes have to come before there can be one more message."""
        self._known: dict[bytes, Mapping[str, str]] = {}

    def feed(self, chunk: bytes) -> tuple[list[Frame], str]:
        """The messages that end in this chunk, and why what follows them is none: empty where all is well."""
        self._parts.append(chunk)
        self._missing -= len(chunk)
        if self._missing > 0:
            return [], ""
        data = b"".join(self._parts)
        frames: list[Frame] = []
        size, start, end = len(data), 0, SHORTEST_MESSAGE
        try:
            while end <= size:
                length, headers_length, _ = PRELUDE.unpack_from(data, start)
                end = start + length
                if length < SHORTEST_MESSAGE or end > size:
                    _check_prelude(data, start)
                    break
                frames.append(self._read(data, start, end, headers_length))
                start, end = end, end + SHORTEST_MESSAGE
        except BrokenFrameError as error:
            return frames, str(error)
        self._parts = [data[start:]]
        self._missing = end - size
        return frames, ""

    @property
    def left_over(self) -> int:
        """How many bytes have come of a message that is not all there."""
        return sum(map(len, self._parts))

    def _read(self, data: bytes, start: int, end: int, headers_length: int) -> Frame:
        """The message that stands here; its own checksum covers the prelude too."""
        checked = end - WORD.size
        if crc32(data[start:checked]) != WORD.unpack_from(data, checked)[0]:
            _check_prelude(data, start)
            raise BrokenFrameError("a message whose checksum is wrong")
        headers_start = start + PRELUDE.size
        payload_start = headers_start + headers_length
        if payload_start > checked:
            raise BrokenFrameError("a message with headers longer than itself")
        raw = data[headers_start:payload_start]
        headers = self._known.get(raw)
        if headers is None:
            headers = _read_headers(raw)
            if len(self._known) < REMEMBERED:
                self._known[raw] = headers
        return Frame(headers, data[payload_start:checked])


def _check_prelude(data: bytes, start: int) -> None:
    """Raise `BrokenFrameError` where the lengths that stand here cannot be trusted."""
    length, _, checksum = PRELUDE.unpack_from(data, start)
    if crc32(data[start : start + LENGTHS.size]) != checksum:
        raise BrokenFrameError("a message whose prelude is wrong")
    if not SHORTEST_MESSAGE <= length <= LONGEST_MESSAGE:
        raise BrokenFrameError(f"a message of {length} bytes")


def _read_headers(raw: bytes) -> Mapping[str, str]:
    headers: dict[str, str] = {}
    place = 0
    try:
        while place < len(raw):
            value_at = place + 1 + raw[place]
            name, kind = raw[place + 1 : value_at].decode(), raw[value_at]
            place = value_at + 1
            if kind in (BYTES_VALUE, TEXT_VALUE):
                size = SHORT.unpack_from(raw, place)[0]
                place += SHORT.size
                if kind == TEXT_VALUE:
                    headers[name] = raw[place : place + size].decode()
            else:
                size = FIXED_SIZES[kind]
            place += size
    except (IndexError, KeyError, struct.error, UnicodeDecodeError) as error:
        raise BrokenFrameError("a message whose headers are broken") from error
    if place > len(raw):
        raise BrokenFrameError("a message whose headers are cut")
    return headers


class EventReader:
    """The events of a stream as JSON objects of one name: `{"messageStop": {…}}`. See `EXCEPTION` and `BROKEN`."""

    __slots__ = ("_broken", "_frames", "_read")

    def __init__(self) -> None:
        self._frames = FrameParser()
        self._broken = False
        self._read = False

    def feed(self, chunk: bytes) -> list[bytes]:
        """The events that end in this chunk."""
        if self._broken or not chunk:
            return []
        frames, problem = self._frames.feed(chunk)
        events = [_event(frame) for frame in frames]
        self._read = self._read or bool(events)
        if problem:
            self._broken = True
            if self._read:  # else it is no stream at all: for whoever reads the body to say what it is
                events.append(broken_event(problem))
        return events

    @property
    def is_cut(self) -> bool:
        """Whether the body ended within a message."""
        return self._frames.left_over > 0

    def finish(self) -> list[bytes]:
        """Nothing: a message that is not all there cannot be completed."""
        return []


def broken_event(problem: str) -> bytes:
    """What stands in for the rest of a stream that cannot be read."""
    return orjson.dumps({BROKEN: problem})


def exception_of(frame: Frame) -> bytes | None:
    """The event that tells of the exception or error in a message; None for a message that is an event."""
    headers = frame.headers
    kind = headers.get(":message-type", "event")
    if kind == "exception":
        said = _parse(frame.payload)
        message = next((said[name] for name in MESSAGE_NAMES if said.get(name)), None)
        return orjson.dumps({EXCEPTION: {**said, "code": headers.get(":exception-type", ""), "message": message}})
    if kind == "error":
        said = {"code": headers.get(":error-code", ""), "message": headers.get(":error-message", "")}
        return orjson.dumps({EXCEPTION: said})
    return None


def _event(frame: Frame) -> bytes:
    headers, payload = frame
    if headers.get(":message-type") == "event":
        return b'{"%s":%s}' % (headers.get(":event-type", "").encode(), payload or b"{}")
    return exception_of(frame) or b"{}"


def _parse(payload: bytes) -> dict[str, str]:
    """The texts in what an exception says."""
    try:
        said = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return {}
    return {name: each for name, each in said.items() if isinstance(each, str)} if isinstance(said, dict) else {}


def write_frame(headers: Mapping[str, str], payload: bytes) -> bytes:
    """One message."""
    raw = b"".join(_header(name, value) for name, value in headers.items())
    lengths = LENGTHS.pack(SHORTEST_MESSAGE + len(raw) + len(payload), len(raw))
    message = lengths + WORD.pack(crc32(lengths)) + raw + payload
    return message + WORD.pack(crc32(message))


def write_event(name: str, payload: bytes, content_type: str = "application/json") -> bytes:
    """A message with an event of this type."""
    headers = {":event-type": name, ":content-type": content_type, ":message-type": "event"}
    return write_frame(headers, payload)


def write_exception(name: str, payload: bytes) -> bytes:
    """A message with an exception of this type."""
    headers = {":exception-type": name, ":content-type": "application/json", ":message-type": "exception"}
    return write_frame(headers, payload)


def _header(name: str, value: str) -> bytes:
    text = value.encode()
    return bytes((len(name.encode()),)) + name.encode() + bytes((TEXT_VALUE,)) + SHORT.pack(len(text)) + text
