"""Converse: streams, as botocore's client reads what we write and in any chunks."""

import base64
import json

import botocore.exceptions
import orjson
import pytest
from hypothesis import given, settings
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
from casecraft.wire import find_dialect
from casecraft.wire.aws_event_stream import write_event, write_exception
from casecraft.wire.bedrock_converse.stream import StreamDecoder
from tests.wire.aws_service import ask
from tests.wire.canonical import responses

DIALECT = find_dialect("bedrock_converse")
TOO_LONG = b'{"message":"Input is too long"}'
USAGE = {"inputTokens": 10, "outputTokens": 5, "totalTokens": 15, "cacheReadInputTokens": 3}


def frame(name: str, **payload) -> bytes:
    return write_event(name, orjson.dumps(payload))


def delta(index: int, **what) -> bytes:
    # Bedrock pads its events with `p`, so that their length tells nothing.
    return frame("contentBlockDelta", contentBlockIndex=index, delta=what, p="abcdef")


def start(index: int, call_id: str, name: str) -> bytes:
    return frame("contentBlockStart", contentBlockIndex=index, start={"toolUse": {"toolUseId": call_id, "name": name}})


def stop(reason: str = "end_turn") -> bytes:
    return frame("messageStop", stopReason=reason)


METADATA = frame("metadata", usage=USAGE, metrics={"latencyMs": 4})
# The events of the guide's page on ConverseStream and of its page on tool use, with reasoning before them.
WHOLE = b"".join(
    [
        frame("messageStart", role="assistant"),
        delta(0, reasoningContent={"text": "Which "}),
        delta(0, reasoningContent={"text": "song?"}),
        delta(0, reasoningContent={"signature": "c2lnbmVk"}),
        frame("contentBlockStop", contentBlockIndex=0),
        delta(1, reasoningContent={"redactedContent": "cmVkYWN0ZWQ="}),
        delta(2, text="Let me "),
        delta(2, text="look."),
        frame("contentBlockStop", contentBlockIndex=2),
        start(3, "t1", "top_song"),
        delta(3, toolUse={"input": ""}),
        delta(3, toolUse={"input": '{"sign":'}),
        delta(3, toolUse={"input": ' "WZPZ"}'}),
        frame("contentBlockStop", contentBlockIndex=3),
        start(4, "t2", "stop"),
        frame("contentBlockStop", contentBlockIndex=4),
        stop("tool_use"),
        METADATA,
    ]
)
PARTS = (
    Reasoning("Which song?", "c2lnbmVk"),
    Reasoning(signature="cmVkYWN0ZWQ=", redacted=True),
    Text("Let me look."),
    ToolCall("t1", "top_song", '{"sign": "WZPZ"}'),
    ToolCall("t2", "stop", "{}"),
)


def read(*chunks: bytes):
    decoder = StreamDecoder("p")
    events = []
    try:
        for chunk in chunks:
            events += decoder.feed(chunk)
        events += decoder.finish()
    except errors.ProviderError as error:
        return events, error
    return events, None


def read_with_botocore(body: bytes) -> list[dict]:
    given_ = {"modelId": "m", "messages": []}
    return list(ask("bedrock-runtime", "ConverseStream", 200, {}, body, **given_).answer["stream"])


def test_a_stream_is_read_whole() -> None:
    events, error = read(WHOLE)
    assert error is None
    assert events[:-1] == [
        ReasoningDelta("Which "),
        ReasoningDelta("song?"),
        ReasoningDelta(signature="c2lnbmVk"),
        ReasoningDelta(signature="cmVkYWN0ZWQ=", redacted=True),
        TextDelta("Let me "),
        TextDelta("look."),
        ToolCallStart(0, "t1", "top_song"),
        ToolCallDelta(0, '{"sign":'),
        ToolCallDelta(0, ' "WZPZ"}'),
        ToolCallStart(1, "t2", "stop"),
    ]
    usage = Usage(13, 5, 3)
    assert events[-1] == StreamEnd(ChatResponse(PARTS, stop_reason="tool_use", usage=usage, raw=WHOLE))
    assert DIALECT.decode_usage(WHOLE) == usage


def test_botocore_reads_the_same_from_the_same_bytes() -> None:
    deltas = [each["contentBlockDelta"]["delta"] for each in read_with_botocore(WHOLE) if "contentBlockDelta" in each]
    assert "".join(each.get("text", "") for each in deltas) == "Let me look."
    assert "".join(each["toolUse"]["input"] for each in deltas if "toolUse" in each) == PARTS[3].arguments
    thoughts = [each["reasoningContent"] for each in deltas if "reasoningContent" in each]
    assert "".join(each.get("text", "") for each in thoughts) == PARTS[0].text
    assert base64.b64encode(thoughts[-1]["redactedContent"]).decode() == PARTS[1].signature


@given(response=responses())
@settings(max_examples=60, deadline=None)
def test_botocore_reads_the_streams_that_we_write(response: ChatResponse) -> None:
    encoder = DIALECT.stream_encoder(model="m", request_id="r")
    events = read_with_botocore(b"".join(map(encoder.encode, events_of(response))))
    names = [next(iter(event)) for event in events]
    assert (names[0], names[-2:]) == ("messageStart", ["messageStop", "metadata"])
    blocks: dict[int, dict] = {}
    for event in events:
        name, payload = next(iter(event.items()))
        if name == "contentBlockStart":
            blocks[payload["contentBlockIndex"]] = {**payload["start"]["toolUse"], "input": ""}
        elif name == "contentBlockDelta":
            said = payload["delta"]
            block = blocks.setdefault(payload["contentBlockIndex"], {"input": "", "text": "", "signature": ""})
            block["input"] += said.get("toolUse", {}).get("input", "")
            thought = said.get("reasoningContent", {})
            block["text"] = block.get("text", "") + said.get("text", "") + thought.get("text", "")
            proof = thought.get("signature", "") + base64.b64encode(thought.get("redactedContent", b"")).decode()
            block["signature"] = block.get("signature", "") + proof
    assert list(blocks) == list(range(len(blocks)))
    found = [(it.get("toolUseId"), it["input"], it.get("text", ""), it.get("signature", "")) for it in blocks.values()]
    assert found == [
        (part.id, part.arguments, "", "")
        if isinstance(part, ToolCall)
        else (None, "", part.text, getattr(part, "signature", ""))
        for part in as_streamed(response.parts)
    ]
    assert names.count("contentBlockStop") == len(blocks)
    assert events[-1]["metadata"]["usage"]["outputTokens"] == response.usage.output


def as_streamed(parts):
    """The parts without another vendor's redacted ones, and with thoughts that go on in the next as one with it."""
    found = []
    for part in parts:
        if getattr(part, "redacted", False) and part.signature == "not base64":
            continue
        last = found[-1] if found else None
        if isinstance(part, Reasoning) and last == Reasoning(getattr(last, "text", "")) and not part.redacted:
            found[-1] = Reasoning(last.text + part.text, part.signature)
        else:
            found.append(part)
    return found


def test_redacted_reasoning_is_a_block_of_its_own() -> None:
    encoder = DIALECT.stream_encoder(model="m", request_id="r")
    parts = (*PARTS[:2], Reasoning(signature="not base64", redacted=True), *PARTS[2:])
    written = b"".join(map(encoder.encode, events_of(ChatResponse(parts, stop_reason="tool_use"))))
    events, error = read(written)
    assert error is None
    assert events[-1].response.parts == PARTS
    assert len(read_with_botocore(written)) > len(PARTS)


@given(st.data())
def test_any_chunking_gives_the_same_events(data) -> None:
    body = WHOLE[: data.draw(st.integers(0, len(WHOLE)))] if data.draw(st.booleans()) else WHOLE
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=12)))
    chunks = [body[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    whole, error = read(*chunks)
    assert (whole, type(error), str(error)) == (*(it := read(body))[:1], type(it[1]), str(it[1]))


def test_a_cut_at_any_byte_is_an_error_or_the_whole_answer() -> None:
    over = len(WHOLE) - len(METADATA)
    for length in range(len(WHOLE)):
        events, error = read(WHOLE[:length])
        assert (error is None) == (length == over)
        if error is None:
            assert events[-1].response.parts == PARTS
        else:
            assert type(error) is errors.BadAnswerError
    _, error = read(WHOLE[: over - 5])
    assert "cut after 16 events and 12 characters of text" in str(error)


@given(st.lists(st.binary(max_size=20) | st.sampled_from([delta(0, text="x"), stop(), METADATA]), max_size=8))
def test_any_bytes_are_events_or_a_provider_error(chunks) -> None:
    events, error = read(*chunks)
    assert error is not None or isinstance(events[-1], StreamEnd)


def test_calls_at_one_index_and_calls_without_a_start_are_calls_of_their_own() -> None:
    body = start(0, "a", "add") + delta(0, toolUse={"input": '{"x":1}'})
    body += start(0, "b", "add") + delta(0, toolUse={"input": {"x": 2}}) + delta(7, toolUse={"input": "{}"})
    events, _ = read(body, stop())
    assert events[-1].response.parts == (
        ToolCall("a", "add", '{"x":1}'), ToolCall("b", "add", '{"x":2}'), ToolCall("", "", "{}"),
    )  # fmt: skip
    assert events[-1].response.stop_reason == "tool_use"


@pytest.mark.parametrize(
    ("body", "kind", "says"),
    [
        (b"", errors.BadAnswerError, "an empty body instead of a stream"),
        (b"<html><title>Login</title></html>", errors.BadAnswerError, "titled 'Login'"),
        (write_exception("throttlingException", b'{"message":"Slow"}'), errors.RateLimitError, "Slow"),
        (
            write_exception("validationException", b'{"message":"Input is too long"}'),
            errors.ContextTooLongError,
            "long",
        ),
        (write_exception("modelStreamErrorException", b'{"originalMessage":"x"}'), errors.ServerError, "x"),
        (write_exception("newException", b"?"), errors.BadAnswerError, "newException"),
        (delta(0, text="x") + stop("guardrail_intervened") + METADATA, errors.ContentFilteredError, "filter"),
        (delta(0, text="x") + stop("malformed_model_output"), errors.BadAnswerError, "'malformed_model_output'"),
        (delta(0, text="x") + b"\0" * 40, errors.BadAnswerError, "sent a message whose prelude is wrong, after 1"),
        (write_event("messageStart", b"{oops"), errors.BadAnswerError, "no JSON"),
        (stop() + METADATA, errors.BadAnswerError, "empty message"),
    ],
)
def test_what_is_no_answer_is_a_typed_error(body, kind, says) -> None:
    _, error = read(body)
    assert type(error) is kind
    assert says in str(error)


@pytest.mark.parametrize("payload", [None, [], "x", {}, {"delta": None}, {"delta": {"toolUse": None}}, {"start": 3}])
@pytest.mark.parametrize("name", ["messageStart", "contentBlockStart", "contentBlockDelta", "metadata", "new", "p"])
def test_odd_events_are_passed_over(name, payload) -> None:
    events, error = read(delta(0, text="x"), write_event(name, json.dumps(payload).encode()), stop())
    assert error is None
    assert events[-1].response.text == "x"


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (errors.RateLimitError("m"), "throttlingException"),
        (errors.InvalidRequestError("m"), "validationException"),
        (errors.ServerError("m"), "internalServerException"),
        (errors.ProviderTimeoutError("m"), "modelStreamErrorException"),
        (errors.NetworkError("m"), "serviceUnavailableException"),
    ],
)
def test_botocore_raises_where_an_answer_breaks_off(error, name) -> None:
    encoder = DIALECT.stream_encoder(model="m", request_id="r")
    body = encoder.encode(TextDelta("x")) + encoder.fail(error)
    with pytest.raises(botocore.exceptions.EventStreamError) as caught:
        read_with_botocore(body)
    assert caught.value.response["Error"] == {"Code": name, "Message": "m"}
