"""Streamed answers of Messages: read as its SDK reads them, over any chunking, and written so that it can."""

import json
from pathlib import Path

import anthropic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from casecraft import errors
from casecraft.core.chat import (
    ChatResponse,
    Reasoning,
    ReasoningDelta,
    StreamEnd,
    Text,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    ToolCallStart,
    events_of,
)
from casecraft.core.usage import Usage
from casecraft.wire.anthropic_messages import StreamDecoder, StreamEncoder, decode_usage
from tests.wire.anthropic_sdk import ask_stream, parts_of

STREAMS = json.loads((Path(__file__).parent / "anthropic_streams.json").read_text())
BODIES = [stream["body"].encode() for stream in STREAMS]


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


def written(kind: str, **more) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (kind.encode(), json.dumps({"type": kind, **more}).encode())


def begun(index: int = 0, **block) -> bytes:
    return written("content_block_start", index=index, content_block=block)


def piece(kind: str, index: int = 0, **delta) -> bytes:
    return written("content_block_delta", index=index, delta={"type": kind, **delta})


def ended(reason: str = "end_turn", **usage) -> bytes:
    return written("message_delta", delta={"stop_reason": reason}, usage=usage) + written("message_stop")


def put_together(events) -> list:
    """The parts that the pieces before the end make."""
    parts: list = []
    for event in events:
        match event, parts[-1] if parts else None:
            case TextDelta(text), Text(before):
                parts[-1] = Text(before + text)
            case TextDelta(text), _:
                parts.append(Text(text))
            case ReasoningDelta(text, signature, False), Reasoning(before, "", False):
                parts[-1] = Reasoning(before + text, signature)
            case ReasoningDelta(text, signature, redacted), _:
                parts.append(Reasoning(text, signature, redacted))
            case ToolCallStart(_, call_id, name), _:
                parts.append(ToolCall(call_id, name, ""))
            case ToolCallDelta(index, text), _:
                place = [at for at, part in enumerate(parts) if isinstance(part, ToolCall)][index]
                call = parts[place]
                parts[place] = ToolCall(call.id, call.name, call.arguments + text)
    return [ToolCall(p.id, p.name, p.arguments or "{}") if isinstance(p, ToolCall) else p for p in parts]


def said(parts) -> list[tuple]:
    """Parts in the words of `parts_of`, neighbouring texts as one."""
    found: list[tuple] = []
    for part in parts:
        match part:
            case Text(text) if found and found[-1][0] == "text":
                found[-1] = ("text", found[-1][1] + text)
            case Text(text):
                found.append(("text", text))
            case Reasoning(text, signature, redacted):
                found.append(("redacted", signature) if redacted else ("thinking", text, signature))
            case ToolCall(call_id, name, arguments):
                found.append(("call", call_id, name, json.loads(arguments)))
    return found


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream["name"])
def test_we_read_what_the_sdk_reads(stream):
    assert stream["source"]
    body = stream["body"].encode()
    events, error = read(body)
    assert error is None
    response = events[-1].response
    theirs = ask_stream(body)
    texts = [part[1] for part in parts_of(theirs) if part[0] == "text"]
    assert response.text == "".join(texts)
    others = [part for part in parts_of(theirs) if part[0] != "text"]
    assert [part for part in said(response.parts) if part[0] != "text"] == others
    assert put_together(events) == list(response.parts)
    assert (response.model, response.request_id, response.raw) == (theirs.model, theirs.id, body)
    assert response.stop_reason == stream["stop"]
    assert response.usage == decode_usage(body) == Usage(*stream["usage"])
    assert response.usage.output == theirs.usage.output_tokens


@given(st.data())
def test_any_chunking_gives_the_same_events(data):
    body = data.draw(st.sampled_from(BODIES))
    if data.draw(st.booleans()):
        body = body[: data.draw(st.integers(0, len(body)))]
    whole, whole_error = read(body)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=12)))
    chunks = [body[start:end] for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    events, error = read(*chunks)
    assert events == whole
    assert (type(error), str(error)) == (type(whole_error), str(whole_error))


@pytest.mark.parametrize("body", BODIES, ids=[stream["name"] for stream in STREAMS])
def test_a_cut_anywhere_is_an_error_or_the_whole_answer(body):
    whole = read(body)[0][-1].response
    for length in range(len(body)):
        events, error = read(body[:length])
        if error is None:
            response = events[-1].response
            assert (response.content, response.usage) == (whole.content, whole.usage)
        else:
            assert type(error) is errors.BadAnswerError


@given(
    st.lists(
        st.binary(max_size=20)
        | st.sampled_from([*BODIES[1].split(b"\n\n"), b"\n\n", b'data: {"type": "message_stop"}\n\n', b"data: {}\n\n"]),
        max_size=12,
    )
)
def test_any_bytes_are_events_or_a_provider_error(chunks):
    events, error = read(*chunks)
    assert error is not None or isinstance(events[-1], StreamEnd)
    decode_usage(b"".join(chunks))


def test_a_cut_stream_says_how_far_it_came_and_what_it_used():
    start = written("message_start", message={"usage": {"input_tokens": 25, "output_tokens": 1}})
    events, error = read(start + begun(type="text", text="") + piece("text_delta", text="Hello"))
    assert events == [TextDelta("Hello")]
    assert "cut after 3 events and 5 characters" in str(error)
    assert decode_usage(error.body) == Usage(25, 1)
    assert decode_usage(error.body[:40]) is None


TOOL = {"type": "tool_use", "id": "t", "name": "weather"}


def test_a_whole_input_at_the_start_of_a_block_is_its_arguments():
    early = begun(0, **TOOL, input={"city": "Rome"}) + written("content_block_stop", index=0)
    unclosed = begun(1, **{**TOOL, "id": "u"}, input={"city": "Oslo"})
    events, error = read(early + unclosed + ended("tool_use"))
    assert error is None
    response = events[-1].response
    assert [call.arguments for call in response.tool_calls] == ['{"city":"Rome"}', '{"city":"Oslo"}']
    assert put_together(events) == list(response.parts)


def test_pieces_win_over_what_stood_at_the_start():
    body = begun(0, **TOOL, input={"city": ""}) + piece("input_json_delta", partial_json="{}") + ended("tool_use")
    assert read(body)[0][-1].response.tool_calls == (ToolCall("t", "weather", "{}"),)


def test_calls_that_are_all_at_one_index_are_calls_of_their_own():
    body = b"".join(
        begun(0, **{**TOOL, "id": name}, input={}) + piece("input_json_delta", partial_json=f'{{"n":"{name}"}}')
        for name in ("a", "b")
    )
    calls = read(body + ended("tool_use"))[0][-1].response.tool_calls
    assert [(call.id, call.arguments) for call in calls] == [("a", '{"n":"a"}'), ("b", '{"n":"b"}')]


def test_mixed_pieces_of_calls_go_to_their_blocks():
    body = (
        begun(0, **TOOL, input={})
        + begun(1, **{**TOOL, "id": "u"}, input={})
        + piece("input_json_delta", 0, partial_json='{"a"')
        + piece("input_json_delta", 1, partial_json='{"b"')
        + piece("input_json_delta", 0, partial_json=":1}")
        + piece("input_json_delta", 1, partial_json=":2}")
    )
    calls = read(body + ended("tool_use"))[0][-1].response.tool_calls
    assert [call.arguments for call in calls] == ['{"a":1}', '{"b":2}']


def test_unknown_events_blocks_and_pieces_are_passed_over():
    body = (
        written("new_event", new=1)
        + b"data: {}\n\n"
        + begun(0, type="new_block")
        + piece("new_delta")
        + piece("input_json_delta", partial_json="{}")
        + begun(1, type="text", text="Hi")
        + piece("text_delta", 1, text=None)
        + written("content_block_delta", index=1, delta=None)
        + ended(output_tokens=1)
    )
    events, error = read(body)
    assert error is None
    assert events[:-1] == [TextDelta("Hi")]


def test_totals_of_the_end_win_and_those_it_does_not_say_stay():
    start = written("message_start", message={"usage": {"input_tokens": 9, "cache_read_input_tokens": 5}})
    text = begun(type="text", text="x")
    events, _ = read(start + text + ended(input_tokens=12, cache_read_input_tokens=None, output_tokens=3))
    assert events[-1].response.usage == Usage(17, 3, 5)
    assert read(text + ended())[0][-1].response.usage is None


@pytest.mark.parametrize(
    ("body", "kind", "says"),
    [
        (b"", errors.BadAnswerError, "an empty body instead of a stream"),
        (b"<title>Login</title>", errors.BadAnswerError, "an HTML page titled 'Login'"),
        (begun(type="text", text="x") + b"data: {oops\n\n", errors.BadAnswerError, "no JSON, after 1 events"),
        (written("error", error={"type": "overloaded_error", "message": "Overloaded"}), errors.ServerError, "Overl"),
        (b'data: {"error": {"message": "m", "code": "rate_limit_exceeded"}}\n\n', errors.RateLimitError, "slow"),
        (begun(type="text", text="x") + ended("refusal"), errors.ContentFilteredError, "filter"),
        (begun(type="thinking", thinking="x") + ended("max_tokens"), errors.OutputLimitError, "output limit"),
        (ended("model_context_window_exceeded"), errors.ContextTooLongError, "no room"),
        (ended(), errors.BadAnswerError, "empty message"),
    ],
)
def test_what_is_no_stream_is_a_typed_error(body, kind, says):
    _, error = read(body)
    assert type(error) is kind
    assert says in str(error)


def write(events) -> bytes:
    encoder = StreamEncoder(model="m", request_id="msg_1")
    return b"".join(map(encoder.encode, events))


FULL = ChatResponse(
    content=(
        Reasoning("hm, so", "c2ln"),
        Reasoning("well", "dHdv"),
        Reasoning(signature="cmVk", redacted=True),
        Text("I look."),
        ToolCall("toolu_1", "weather", '{"city":"Rome"}'),
        Text("And the time."),
        ToolCall("toolu_2", "time"),
    ),
    model="m",
    stop_reason="tool_use",
    usage=Usage(100, 50, 20, 30, 7),
    request_id="msg_1",
)


@pytest.mark.parametrize(
    "response",
    [
        FULL,
        ChatResponse("Hi", "m", "stop", Usage(3, 4), "msg_1"),
        ChatResponse("Hi", "m", "length", Usage(3, 4), "msg_1"),
        ChatResponse((Reasoning("unsigned"), Text("Hi")), "m", "stop_sequence", Usage(3, 4), "msg_1"),
    ],
    ids=lambda response: response.stop_reason,
)
def test_the_sdk_puts_together_what_we_write_and_so_do_we(response):
    body = write(events_of(response))
    theirs = ask_stream(body)
    assert parts_of(theirs) == said(response.parts)
    assert (theirs.id, theirs.model) == ("msg_1", "m")
    again = read(body)[0][-1].response
    assert (again.content, again.stop_reason, again.usage) == (response.content, response.stop_reason, response.usage)


def test_pieces_of_text_go_out_as_they_come():
    encoder = StreamEncoder(model="m", request_id="msg_1")
    assert b'"text":"Hel"' in encoder.encode(TextDelta("Hel"))
    second = encoder.encode(TextDelta("lo"))
    assert second == (
        b"event: content_block_delta\n"
        b'data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"lo"}}\n\n'
    )


def test_calls_whose_pieces_come_mixed_are_written_one_after_the_other():
    response = ChatResponse(
        (ToolCall("a", "t", '{"x":1}'), ToolCall("b", "t", "[2]")), "m", "tool_use", Usage(1, 1), "msg_1"
    )
    events = [
        ToolCallStart(0, "a", "t"),
        ToolCallStart(1, "b", "t"),
        ToolCallDelta(1, "[2"),
        ToolCallDelta(0, '{"x":1}'),
        ToolCallDelta(1, "]"),
        StreamEnd(response),
    ]
    body = write(events)
    assert body.count(b"event: ping") >= 4
    assert parts_of(ask_stream(body)) == [("call", "a", "t", {"x": 1}), ("call", "b", "t", {"arguments": "[2]"})]


def test_text_with_a_tool_ends_with_tool_use():
    response = ChatResponse((Text("I look."), ToolCall("a", "t")), "m", "stop", Usage(1, 1), "msg_1")
    assert ask_stream(write(events_of(response))).stop_reason == "tool_use"


def test_an_answer_without_usage_is_still_read():
    assert ask_stream(write(events_of(ChatResponse("Hi")))).usage.output_tokens == 0


@pytest.mark.parametrize("before", [[], [TextDelta("Hel")]])
def test_an_answer_that_breaks_off_is_an_error_in_the_sdk_and_here(before):
    encoder = StreamEncoder(model="m", request_id="msg_1")
    error = errors.ServerError("'p' failed on its side", status=529)
    body = b"".join(map(encoder.encode, before)) + encoder.fail(error)
    with pytest.raises(anthropic.APIStatusError, match="overloaded_error"):
        ask_stream(body)
    assert type(read(body)[1]) is errors.ServerError
