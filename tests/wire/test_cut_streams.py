"""A stream that is cut within an event is an error in every dialect, also where nothing but its usage is missing."""

import re
from contextlib import suppress
from itertools import accumulate

import pytest

from casecraft import errors
from casecraft.core.chat import ChatResponse, StreamEnd, Text, ToolCall, events_of
from casecraft.core.usage import Usage
from casecraft.wire import DIALECTS, find_dialect
from casecraft.wire.aws_event_stream import FrameParser

USAGE = Usage(10, 5)
PARTS = (Text("Yes, I call it."), ToolCall("c1", "f", '{"a":1}'))
ANSWERS = (ChatResponse(PARTS, "m", "tool_use", USAGE, "r"), ChatResponse("Yes, I do.", "m", "stop", USAGE, "r"))
FRAMED = ("bedrock_converse", "sagemaker")


def written(name: str, answer: ChatResponse) -> bytes:
    encoder = find_dialect(name).stream_encoder(model="m", request_id="r")
    return b"".join(map(encoder.encode, events_of(answer)))


def read(name: str, body: bytes):
    decoder = find_dialect(name).stream_decoder("p", {})
    return [*decoder.feed(body), *decoder.finish()]


def ends_of_events(name: str, body: bytes) -> set[int]:
    """The lengths at which the body holds whole events alone, with or without the empty line after the last."""
    if name in FRAMED:
        frames, _ = FrameParser().feed(body)
        lengths = [len(body) - len(tail) for tail in tails(body, len(frames))]
        return {0, *lengths}
    end = rb"\n" if name == "ollama_chat" else rb"\n\n"
    return {at for found in re.finditer(end, body) for at in range(found.start(), found.end() + 1)}


def tails(body: bytes, frames: int) -> list[bytes]:
    """What follows each message."""
    return list(accumulate(range(frames), lambda rest, _: rest[int.from_bytes(rest[:4]) :], initial=body))[1:]


@pytest.mark.parametrize("answer", ANSWERS, ids=["calls", "text"])
@pytest.mark.parametrize("name", DIALECTS)
def test_a_cut_within_an_event_is_an_error(name: str, answer: ChatResponse) -> None:
    body = written(name, answer)
    whole = read(name, body)
    ends = ends_of_events(name, body)
    for length in range(1, len(body)):
        if length not in ends:
            with pytest.raises(errors.BadAnswerError, match=r"after \d+ events|instead of a stream|empty message"):
                read(name, body[:length])
            continue
        with suppress(errors.BadAnswerError):
            events = read(name, body[:length])
            assert isinstance(events[-1], StreamEnd)
            assert name == "triton" or events[-1].response.content == whole[-1].response.content


def test_an_answer_without_its_last_bytes_says_how_far_it_came() -> None:
    body = written("bedrock_converse", ANSWERS[1])
    with pytest.raises(errors.BadAnswerError, match="cut after 4 events and 10 characters of text"):
        read("bedrock_converse", body[:-20])


@pytest.mark.parametrize("tail", [b"event: message_st", b"event: message_stop\n", b"dat", b"id: 7\r\n"])
def test_a_field_without_data_is_the_beginning_of_an_event(tail: bytes) -> None:
    body = written("anthropic_messages", ANSWERS[1]).partition(b"event: message_stop")[0]
    assert isinstance(read("anthropic_messages", body)[-1], StreamEnd)
    with pytest.raises(errors.BadAnswerError, match="cut after"):
        read("anthropic_messages", body + tail)


@pytest.mark.parametrize("tail", [b": bye", b": bye\n", b"\n", b" "])
def test_what_is_no_event_may_stand_at_the_end(tail: bytes) -> None:
    body = written("anthropic_messages", ANSWERS[1]).partition(b"event: message_stop")[0]
    assert isinstance(read("anthropic_messages", body + tail)[-1], StreamEnd)
