"""AWS's framing of streams: botocore reads what we write, and we read what it reads, whatever the chunks."""

import json
from struct import pack
from zlib import crc32

import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from casecraft.wire.aws_event_stream import BROKEN, EXCEPTION, EventReader, FrameParser, write_event, write_frame

NAMES = st.text("abcdefgh-:", min_size=1, max_size=20)
HEADERS = st.dictionaries(NAMES, st.text(max_size=30), max_size=4)
FRAMES = st.lists(st.tuples(HEADERS, st.binary(max_size=80)), min_size=1, max_size=5)


def read_with_botocore(body: bytes) -> list[tuple[dict[str, object], bytes]]:
    buffer = EventStreamBuffer()
    buffer.add_data(body)
    return [(message.headers, message.payload) for message in buffer]


def cut(body: bytes, places: list[int]) -> list[bytes]:
    cuts = sorted(place % (len(body) + 1) for place in places)
    return [body[start:end] for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True)]


@given(FRAMES, st.lists(st.integers(0, 2000), max_size=8))
def test_botocore_and_we_read_the_same_frames_in_any_chunks(frames, places) -> None:
    body = b"".join(write_frame(headers, payload) for headers, payload in frames)
    assert read_with_botocore(body) == frames
    parser = FrameParser()
    read = [frame for chunk in cut(body, places) for frame in parser.feed(chunk)[0]]
    assert read == frames


def header(name: str, kind: int, value: bytes) -> bytes:
    return bytes([len(name)]) + name.encode() + bytes([kind]) + value


def frame_of(raw: bytes, payload: bytes = b"{}") -> bytes:
    lengths = pack("!II", 16 + len(raw) + len(payload), len(raw))
    message = lengths + pack("!I", crc32(lengths)) + raw + payload
    return message + pack("!I", crc32(message))


def test_headers_of_every_type_are_passed_over_to_those_of_text() -> None:
    kinds = {0: b"", 1: b"", 2: b"a", 3: b"ab", 4: b"abcd", 5: b"abcdefgh", 6: b"\0\3abc", 8: b"abcdefgh", 9: b"0" * 16}
    raw = b"".join(header(f"h{kind}", kind, value) for kind, value in kinds.items())
    body = frame_of(raw + header("last", 7, b"\0\5text!"))
    assert read_with_botocore(body)[0][0]["last"] == "text!"
    [frame], problem = FrameParser().feed(body)
    assert (frame.headers, problem) == ({"last": "text!"}, "")


def test_events_and_exceptions_are_objects_of_one_name() -> None:
    exception = {":message-type": "exception", ":exception-type": "throttlingException"}
    error = {":message-type": "error", ":error-code": "Oops", ":error-message": "It broke"}
    body = write_event("messageStop", b'{"stopReason":"end_turn"}') + write_frame(exception, b'{"message":"Slow"}')
    body += write_frame(error, b"") + write_frame({":message-type": "exception", ":exception-type": "e"}, b"<no json>")
    assert [json.loads(event) for event in EventReader().feed(body)] == [
        {"messageStop": {"stopReason": "end_turn"}},
        {EXCEPTION: {"code": "throttlingException", "message": "Slow"}},
        {EXCEPTION: {"code": "Oops", "message": "It broke"}},
        {EXCEPTION: {"code": "e", "message": None}},
    ]


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda body: body[:-1] + bytes([body[-1] ^ 1]), "checksum"),
        (lambda body: body[:9] + bytes([body[9] ^ 1]) + body[10:], "prelude"),
        (lambda body: pack("!II", 2**31, 0) + pack("!I", crc32(pack("!II", 2**31, 0))) + b"....", "bytes"),
        (lambda body: frame_of(b"\x05abc"), "headers"),
        (lambda body: frame_of(header("n", 7, b"\0\xffshort")), "headers"),
        (lambda body: frame_of(header("n", 77, b"")), "headers"),
    ],
)
def test_a_broken_frame_ends_the_stream_with_its_reason(spoil, says) -> None:
    good = write_event("messageStart", b"{}")
    reader = EventReader()
    events = reader.feed(good + spoil(good))
    assert events[0] == b'{"messageStart":{}}'
    assert says in json.loads(events[1])[BROKEN]
    assert reader.feed(good) == []


def test_what_was_never_such_a_stream_gives_no_event() -> None:
    reader = EventReader()
    assert reader.feed(b"<html><title>Login</title></html>") == []
    assert reader.finish() == []
