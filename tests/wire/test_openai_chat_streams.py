"""Streamed answers: any chunking gives the same events, and a cut stream says how far it came."""

import json
from pathlib import Path

import httpx
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from casecraft import errors
from casecraft.core.chat import StreamEnd, TextDelta
from casecraft.core.usage import Usage
from casecraft.wire.openai_chat.stream import StreamDecoder
from casecraft.wire.sse import EventReader

STREAMS = json.loads((Path(__file__).parent / "vendor_streams.json").read_text())


def read(*chunks: bytes):
    """The events of these chunks, and the error that ended them, if one did."""
    decoder = StreamDecoder("p")
    events = []
    try:
        for chunk in chunks:
            events += decoder.feed(chunk)
        events += decoder.finish()
    except errors.ProviderError as error:
        return events, error
    return events, None


def event(delta=None, **more) -> bytes:
    choice = {"index": 0, "delta": delta or {}, "finish_reason": more.pop("finish_reason", None)}
    return b"data: " + json.dumps({"id": "c", "model": "m", "choices": [choice], **more}).encode() + b"\n\n"


def ask_sdk(body: bytes):
    headers = {"content-type": "text/event-stream"}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=body, headers=headers))
    with openai.OpenAI(
        api_key="k", base_url="http://x", http_client=httpx.Client(transport=transport), max_retries=0
    ) as client:
        return list(client.chat.completions.create(model="m", messages=[], stream=True))


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream["name"])
def test_we_read_what_the_sdk_reads(stream):
    body = stream["body"].encode()
    events, error = read(body)
    assert error is None
    chunks = ask_sdk(body)
    theirs = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    response = events[-1].response
    assert "".join(it.text for it in events if isinstance(it, TextDelta)) == response.text == theirs == stream["text"]
    assert response.reasoning == stream["reasoning"]
    assert response.usage == Usage(*stream["usage"])
    assert response.model == chunks[0].model
    assert response.stop_reason == "stop"
    assert response.raw == body


@given(st.data())
def test_any_chunking_gives_the_same_events(data):
    body = data.draw(st.sampled_from([stream["body"].encode() for stream in STREAMS]))
    if data.draw(st.booleans()):
        body = body[: data.draw(st.integers(0, len(body)))]
    whole, whole_error = read(body)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=12)))
    chunks = [body[start:end] for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    events, error = read(*chunks)
    assert events == whole
    assert (type(error), str(error)) == (type(whole_error), str(whole_error))


@given(st.lists(st.binary(max_size=20) | st.sampled_from([b"data: ", b"\n\n", b"{}", b"[DONE]", b"\r"]), max_size=12))
def test_any_bytes_are_events_or_a_provider_error(chunks):
    events, error = read(*chunks)
    assert error is not None or isinstance(events[-1], StreamEnd)


def test_the_smallest_chunks_give_the_same_events():
    for stream in STREAMS:
        body = stream["body"].encode()
        assert read(*(body[i : i + 1] for i in range(len(body)))) == read(body)


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_events_end_at_empty_lines_of_any_kind(line_end):
    reader = EventReader()
    lines = [b"\xef\xbb\xbfdata: a", b"data:b", b": comment", b"event: x", b"", b"", b"data:  c", b"id: 1", b""]
    body = line_end.join(lines) + line_end
    assert reader.feed(body) + reader.finish() == [b"a\nb", b" c"]


def test_a_cut_stream_says_how_far_it_came():
    events, error = read(event({"content": "Hel"}), event({"content": "lo"}))
    assert events == [TextDelta("Hel"), TextDelta("lo")]
    assert type(error) is errors.BadAnswerError
    assert "cut after 2 events and 5 characters" in str(error)
    assert error.body.startswith(b"data: ")


def test_a_stream_without_its_last_line_is_whole_once_it_said_why_it_stopped():
    events, error = read(event({"content": "Hi"}), event(finish_reason="length").rstrip())
    assert error is None
    assert events[-1].response.stop_reason == "length"


@pytest.mark.parametrize(
    ("chunks", "kind", "says"),
    [
        ([], errors.BadAnswerError, "an empty body instead of a stream"),
        ([b"<html><title>Login</title>"], errors.BadAnswerError, "an HTML page titled 'Login'"),
        ([event({"content": "x"}), b"data: {oops\n\n"], errors.BadAnswerError, "no JSON, after 1 events"),
        ([b"data: []\n\n"], errors.BadAnswerError, "no object"),
        ([b'data: {"error": {"message": "m", "code": "rate_limit_exceeded"}}\n\n'], errors.RateLimitError, "slow"),
        (
            [event({"content": "x"}, finish_reason="content_filter"), b"data: [DONE]\n\n"],
            errors.ContentFilteredError,
            "",
        ),
        ([event({"reasoning_content": "x"}, finish_reason="length")], errors.OutputLimitError, "output limit"),
        ([event(), b"data: [DONE]\n\n"], errors.BadAnswerError, "empty message"),
        ([event({"refusal": "no"}, finish_reason="stop")], errors.ContentFilteredError, "refused"),
    ],
)
def test_what_is_no_stream_is_a_typed_error(chunks, kind, says):
    _, error = read(*chunks)
    assert type(error) is kind
    assert says in str(error)


def test_text_before_a_failure_in_the_same_chunk_is_handed_out():
    events, error = read(event({"content": "x"}) + b"data: {oops\n\n")
    assert events == [TextDelta("x")]
    assert isinstance(error, errors.BadAnswerError)


def test_only_the_first_choice_counts_and_nothing_after_the_end():
    second = event({"content": "b"}).replace(b'"index": 0', b'"index": 1')
    events, error = read(
        event({"content": "a"}), second, event(finish_reason="stop"), b"data: [DONE]\n\n", b"data: x\n\n"
    )
    assert error is None
    assert events[-1].response.text == "a"


def at(index: object, *datas: bytes) -> list[bytes]:
    """The events with another index of their choice."""
    return [data.replace(b'"index": 0', b'"index": ' + json.dumps(index).encode()) for data in datas]


A = (event({"content": "a"}), event(finish_reason="stop"))
B = (event({"content": "b"}), event({"content": "c"}), event(finish_reason="length"))


@pytest.mark.parametrize(
    ("datas", "text", "reason"),
    [
        ([*at(1, *B), *A], "a", "stop"),
        ([*at(1, B[0]), A[0], *at(1, *B[1:]), A[1]], "a", "stop"),
        (at(1, *B), "bc", "length"),
        ([*at(2, B[0]), *at(1, A[0]), *at(2, *B[1:]), *at(1, A[1])], "bc", "length"),
        (at(None, *A), "a", "stop"),
        (at([], *A), "a", "stop"),
    ],
)
def test_of_several_choices_that_of_index_0_counts_else_the_first(datas, text, reason):
    for tail in (b"data: [DONE]\n\n", b""):
        events, error = read(*datas, tail)
        assert error is None
        assert "".join(it.text for it in events if isinstance(it, TextDelta)) == events[-1].response.text == text
        assert events[-1].response.stop_reason == reason
