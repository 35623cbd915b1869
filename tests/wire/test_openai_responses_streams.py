"""Streamed answers: as OpenAI's own SDK reads them, in any chunks, of any server, and as we write them for it."""

import json
from pathlib import Path

import httpx
import openai
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.responses import ResponseStreamEvent
from pydantic import TypeAdapter

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
from casecraft.wire.openai_responses.response import decode_response
from casecraft.wire.openai_responses.stream import StreamDecoder
from casecraft.wire.openai_responses.stream_writing import StreamEncoder
from tests.wire.canonical import responses

STREAMS = json.loads((Path(__file__).parent / "responses_streams.json").read_text())
BODIES = [stream["body"].encode() for stream in STREAMS]
PUBLISHED = TypeAdapter(ResponseStreamEvent)


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


def answer_of(*chunks: bytes) -> ChatResponse:
    events, error = read(*chunks)
    assert error is None
    assert isinstance(events[-1], StreamEnd)
    return events[-1].response


def client(body: bytes) -> openai.OpenAI:
    headers = {"content-type": "text/event-stream"}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=body, headers=headers))
    return openai.OpenAI(api_key="k", base_url="http://x", http_client=httpx.Client(transport=transport), max_retries=0)


def final_of(body: bytes):
    """What the SDK puts together, and the events that it hands out on the way."""
    with client(body) as sdk, sdk.responses.stream(model="m", input="Hi") as stream:
        events = list(stream)
        return stream.get_final_response(), events


def write(response: ChatResponse) -> bytes:
    encoder = StreamEncoder(model=response.model, request_id=response.request_id or "r", created=7)
    return b"".join(map(encoder.encode, events_of(response)))


def event(kind: str, **fields) -> bytes:
    return b"data: " + json.dumps({"type": f"response.{kind}", **fields}).encode() + b"\n\n"


def end(*output, status="completed", **more) -> bytes:
    return event(status, response={"id": "r", "model": "m", "status": status, "output": output, **more})


def datas(body: bytes) -> list[dict]:
    return [json.loads(line[6:]) for line in body.splitlines() if line.startswith(b"data: ")]


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream["name"])
def test_we_read_what_the_sdk_reads(stream):
    body = stream["body"].encode()
    events, error = read(body)
    assert error is None
    ours = events[-1].response
    with client(body) as sdk:
        theirs = list(sdk.responses.create(model="m", input="Hi", stream=True))
    final = theirs[-1].response
    deltas = "".join(it.delta for it in theirs if it.type == "response.output_text.delta")
    assert "".join(it.text for it in events if isinstance(it, TextDelta)) == ours.text == deltas == stream["text"]
    assert [[it.text, it.signature] for it in ours.parts if isinstance(it, Reasoning)] == stream["reasoning"]
    assert [[it.id, it.name, it.arguments] for it in ours.tool_calls] == stream["calls"]
    assert (ours.model, ours.request_id) == (final.model, final.id)
    assert ours.usage == Usage(*stream["usage"])
    assert (ours.usage.input, ours.usage.output) == (final.usage.input_tokens, final.usage.output_tokens)
    assert ours.stop_reason == ("tool_use" if stream["calls"] else "stop")
    assert ours.raw == body


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream["name"])
def test_a_stream_says_what_its_last_event_says(stream):
    """The last event holds the whole answer: read as one that was not streamed, it is the same."""
    body = stream["body"].encode()
    whole = decode_response(json.dumps(datas(body)[-1]["response"]).encode())
    streamed = answer_of(body)
    assert (streamed.content, streamed.usage, streamed.stop_reason) == (whole.content, whole.usage, whole.stop_reason)


@pytest.mark.parametrize("kept", ["done", "completed"])
@pytest.mark.parametrize("body", BODIES, ids=[stream["name"] for stream in STREAMS])
def test_what_only_later_events_carry_is_not_lost(body, kept):
    """Servers that leave out the deltas, or all but the last event, are understood as well."""
    blocks = body.decode().split("\n\n")
    left = "\n\n".join(it for it in blocks if f'.{kept}"' in it or '.completed"' in it or '.created"' in it or not it)
    assert answer_of(left.encode()).content == answer_of(body).content


@given(st.data())
def test_any_chunking_gives_the_same_events(data):
    body = data.draw(st.sampled_from(BODIES))
    if data.draw(st.booleans()):
        body = body[: data.draw(st.integers(0, len(body)))]
    whole, whole_error = read(body)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=12)))
    chunks = [body[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    events, error = read(*chunks)
    assert events == whole
    assert (type(error), str(error)) == (type(whole_error), str(whole_error))


@pytest.mark.parametrize("body", BODIES, ids=[stream["name"] for stream in STREAMS])
def test_a_cut_anywhere_is_an_error_or_the_whole_answer(body):
    whole = answer_of(body)
    for cut in range(len(body)):
        events, error = read(body[:cut])
        if error is None:
            assert events[-1].response.content == whole.content
            assert cut >= len(body.rstrip())
        else:
            assert type(error) is errors.BadAnswerError


@given(
    st.lists(
        st.binary(max_size=20)
        | st.builds(
            event,
            st.sampled_from(["output_item.added", "output_item.done", "output_text.delta", "completed", "failed"])
            | st.sampled_from(["function_call_arguments.delta", "function_call_arguments.done", "reasoning_text.done"]),
            item=st.sampled_from([None, [], {"type": "function_call"}, {"type": "custom_tool_call", "id": 7}]),
            output_index=st.sampled_from([None, 0, 1, [], "0"]),
            item_id=st.sampled_from([None, "a", {}]),
            delta=st.sampled_from([None, "x", 7]),
            arguments=st.sampled_from([None, "{}", {"a": 1}]),
            response=st.sampled_from([None, [], {"output": [{"type": "message", "content": "x"}]}, {"error": "e"}]),
        ),
        max_size=8,
    )
)
def test_any_bytes_are_events_or_a_provider_error(chunks):
    events, error = read(*chunks)
    assert error is not None or isinstance(events[-1], StreamEnd)


def test_a_cut_stream_says_how_far_it_came():
    events, error = read(event("output_text.delta", delta="Hel"), event("output_text.delta", delta="lo"))
    assert events == [TextDelta("Hel"), TextDelta("lo")]
    assert type(error) is errors.BadAnswerError
    assert "cut after 2 events and 5 characters" in str(error)


def test_a_done_that_nothing_completed_is_a_cut():
    _, error = read(event("output_text.delta", delta="Hello"), b"data: [DONE]\n\n")
    assert "cut after 1 events and 5 characters" in str(error)


@pytest.mark.parametrize(
    ("chunks", "kind", "says"),
    [
        ([], errors.BadAnswerError, "an empty body instead of a stream"),
        ([b"<title>Login</title>"], errors.BadAnswerError, "an HTML page titled 'Login'"),
        ([b"data: {oops\n\n"], errors.BadAnswerError, "no JSON"),
        ([end()], errors.BadAnswerError, "empty message"),
        (
            [b'data: {"type": "error", "code": "rate_limit_exceeded", "message": "m", "param": null}\n\n'],
            errors.RateLimitError,
            "m",
        ),
        ([b'data: {"type": "error", "error": {"type": "server_error", "message": "m"}}\n\n'], errors.ServerError, "m"),
        ([b'data: {"error": {"code": "context_length_exceeded"}}\n\n'], errors.ContextTooLongError, "long"),
        ([end(status="failed", error={"code": "server_error", "message": "boom"})], errors.ServerError, "boom"),
        ([end(status="failed")], errors.ServerError, "'failed'"),
        ([end(status="cancelled")], errors.ServerError, "'cancelled'"),
        ([event("failed", response=None)], errors.ServerError, "'failed'"),
        (
            [end(status="incomplete", incomplete_details={"reason": "max_output_tokens"})],
            errors.OutputLimitError,
            "output limit",
        ),
        (
            [
                event("output_text.delta", delta="x"),
                end(status="incomplete", incomplete_details={"reason": "content_filter"}),
            ],
            errors.ContentFilteredError,
            "filter",
        ),
        ([event("refusal.delta", delta="No."), end()], errors.ContentFilteredError, "refused"),
        (
            [end({"type": "message", "content": [{"type": "refusal", "refusal": "No."}]})],
            errors.ContentFilteredError,
            "refused",
        ),
    ],
)  # fmt: skip
def test_what_is_no_stream_is_a_typed_error(chunks, kind, says):
    _, error = read(*chunks)
    assert type(error) is kind
    assert says in str(error)


def added(call_id: str, **where) -> bytes:
    item = {"type": "function_call", "call_id": call_id, "name": "add", "arguments": "", "id": where.pop("id", None)}
    return event("output_item.added", item=item, **where)


def delta(arguments: str, **where) -> bytes:
    return event("function_call_arguments.delta", delta=arguments, **where)


def done(arguments: str, **where) -> bytes:
    return event("function_call_arguments.done", arguments=arguments, **where)


def whole(call_id: str, arguments: str) -> dict:
    return {"type": "function_call", "call_id": call_id, "name": "add", "arguments": arguments}


ONE, TWO = '{"x": 1}', '{"x": 2}'
PARALLEL = {
    "in turns": [
        added("a", output_index=0), added("b", output_index=1), delta('{"x":', output_index=0),
        delta(TWO, output_index=1), delta(" 1}", output_index=0), end(),
    ],
    "in the last event of each alone": [
        added("a", output_index=0), done(ONE, output_index=0), added("b", output_index=1), done(TWO, output_index=1),
        end(),
    ],
    "partly in the last event": [
        added("a", output_index=0), delta('{"x"', output_index=0), done(ONE, output_index=0),
        added("b", output_index=1), delta(TWO, output_index=1), done(TWO, output_index=1), end(),
    ],
    "all counted 0": [
        added("a", id="f1", output_index=0), added("b", id="f2", output_index=0),
        delta(ONE, item_id="f1", output_index=0), delta(TWO, item_id="f2", output_index=0), end(),
    ],
    "named anew in each event": [
        added("a", id="x1", output_index=0), delta(ONE, item_id="x2", output_index=0),
        added("b", id="x3", output_index=1), delta(TWO, item_id="x4", output_index=1), end(),
    ],
    "never announced": [
        delta("lost", output_index=0), event("output_item.done", item=whole("a", ONE)),
        event("output_item.done", item=whole("b", TWO)), end(),
    ],
    "at the very end": [end(whole("a", ONE), whole("b", TWO))],
    "arguments at the very end": [
        added("a", output_index=0), added("b", output_index=1), end(whole("a", ONE), whole("b", TWO)),
    ],
    "nothing has a place": [added("a"), delta(ONE), added("b"), delta(TWO), end()],
    "named by the call": [
        added("a"), added("b"), delta(ONE, item_id="a"), delta(TWO, item_id="b"), end(),
    ],
    "said again": [
        added("a", output_index=0), delta(ONE, output_index=0), added("a", output_index=0),
        event("output_item.done", output_index=0, item=whole("a", ONE)), added("b", output_index=1),
        event("output_item.done", output_index=1, item=whole("b", TWO)), end(whole("a", ONE), whole("b", TWO)),
    ],
}  # fmt: skip


@pytest.mark.parametrize("chunks", PARALLEL.values(), ids=PARALLEL)
def test_parallel_calls_are_all_kept(chunks):
    events, error = read(*chunks)
    assert error is None
    assert events[-1].response.tool_calls == (ToolCall("a", "add", ONE), ToolCall("b", "add", TWO))
    assert events[-1].response.stop_reason == "tool_use"
    assert [it.index for it in events if isinstance(it, ToolCallStart)] == [0, 1]
    for index, arguments in enumerate((ONE, TWO)):
        pieces = [it.arguments for it in events if isinstance(it, ToolCallDelta) and it.index == index]
        assert "".join(pieces) == arguments


def test_text_and_a_call_end_with_tool_use():
    answer = answer_of(event("output_text.delta", delta="I add."), added("a"), done("no JSON"), end())
    assert answer.parts == (Text("I add."), ToolCall("a", "add", "no JSON"))
    assert answer.stop_reason == "tool_use"


def test_a_freeform_call_becomes_a_function_of_one_text():
    item = {"type": "custom_tool_call", "id": "c1", "call_id": "a", "name": "patch", "input": "x"}
    pieces = event("custom_tool_call_input.delta", item_id="c1", output_index=0, delta="x")
    answer = answer_of(pieces, event("output_item.done", output_index=0, item=item), end(item))
    assert answer.tool_calls == (ToolCall("a", "patch", '{"input":"x"}'),)


def test_the_items_of_a_last_event_may_be_counted_otherwise():
    message = {"type": "message", "content": [{"type": "output_text", "text": "Hi"}]}
    hidden = event("output_item.done", output_index=0, item={"type": "reasoning", "id": "rs_1", "summary": []})
    assert answer_of(hidden, event("output_text.delta", output_index=1, delta="Hi"), end(message)).text == "Hi"


@pytest.mark.parametrize(("stored", "signature"), [(True, "rs_68af:"), (False, ""), (None, "")])
def test_the_id_of_reasoning_is_kept_alone_where_the_vendor_stores_it(stored, signature):
    started = event("created", response={"id": "r", "store": stored})
    item = {"type": "reasoning", "id": "rs_68af", "summary": [{"type": "summary_text", "text": "Hm."}]}
    answer = answer_of(
        started, event("output_item.done", output_index=0, item=item), event("output_text.delta", delta="x"), end()
    )
    assert answer.parts == (Reasoning("Hm.", signature), Text("x"))


@given(response=responses())
@settings(max_examples=50, deadline=None)
def test_the_sdk_puts_the_streams_that_we_write_together(response: ChatResponse) -> None:
    body = write(response)
    written = datas(body)
    assert [it["sequence_number"] for it in written] == list(range(len(written)))
    for each in written:
        PUBLISHED.validate_json(json.dumps(each), strict=True)
    if response.stop_reason == "length":
        with client(body) as sdk:
            final = list(sdk.responses.create(model="m", input="Hi", stream=True))[-1].response
        assert final.incomplete_details.reason == "max_output_tokens"
    else:
        final, events = final_of(body)
        texts = [it.snapshot for it in events if it.type == "response.output_text.delta"]
        assert texts[-1] == response.text
    assert final.output_text == response.text
    calls = [(it.call_id, it.name, it.arguments) for it in final.output if it.type == "function_call"]
    assert calls == [(it.id, it.name, it.arguments) for it in response.tool_calls]
    summaries = [part.text for item in final.output if item.type == "reasoning" for part in item.summary]
    assert "".join(summaries) == response.reasoning
    assert final.usage.output_tokens_details.reasoning_tokens == response.usage.reasoning
    assert (final.id, final.model, final.created_at) == (response.request_id, response.model, 7)


def test_calls_whose_arguments_come_in_turns_are_written_whole():
    encoder = StreamEncoder(model="m", request_id="r")
    response = ChatResponse((ToolCall("a", "add", ONE), ToolCall("b", "add", TWO)), "m", "tool_use")
    events = [
        ToolCallStart(0, "a", "add"), ToolCallStart(1, "b", "add"), ToolCallDelta(0, '{"x":'), ToolCallDelta(1, TWO),
        ToolCallDelta(0, " 1}"), StreamEnd(response),
    ]  # fmt: skip
    final, _ = final_of(b"".join(map(encoder.encode, events)))
    assert [(it.call_id, it.arguments) for it in final.output] == [("a", ONE), ("b", TWO)]


def test_text_after_a_call_stands_after_it():
    parts = (ToolCall("a", "add", ONE), Text("I add."))
    final, _ = final_of(write(ChatResponse(parts, "m", "tool_use")))
    assert [it.type for it in final.output] == ["function_call", "message"]


def test_what_the_last_event_leaves_out_the_first_has_said():
    started = event("created", response={"id": "r", "model": "m"})
    answer = answer_of(started, event("output_text.delta", delta="x"), event("completed", response={}))
    assert (answer.request_id, answer.model, answer.stop_reason) == ("r", "m", "stop")


def test_blocks_of_reasoning_keep_their_own_signatures():
    parts = (Reasoning("One.", "S1"), Reasoning("Two.", "rs_68af:S2"), Reasoning("", "S3", redacted=True), Text("x"))
    assert answer_of(write(ChatResponse(parts, "m"))).parts == parts
    pieces = [
        ReasoningDelta("T"),
        ReasoningDelta("wo."),
        ReasoningDelta(signature="S"),
        ReasoningDelta(),
        TextDelta(""),
    ]
    encoder = StreamEncoder(model="m", request_id="r")
    body = b"".join(map(encoder.encode, [*pieces, TextDelta("x"), StreamEnd(ChatResponse("x", "m"))]))
    assert answer_of(body).parts == (Reasoning("Two.", "S"), Text("x"))


def test_a_call_without_arguments_has_empty_ones():
    encoder = StreamEncoder(model="m", request_id="r")
    end_ = StreamEnd(ChatResponse((ToolCall("a", "now"),), "m", "tool_use"))
    final, _ = final_of(encoder.encode(ToolCallStart(0, "a", "now")) + encoder.encode(end_))
    assert final.output[0].arguments == "{}"


def test_calls_of_free_text_and_of_groups_are_written_as_their_client_knows_them():
    patch = ToolCall("a", "patch", '{"input":"*** Begin\\n"}', freeform=True)
    spawn = ToolCall("b", "spawn", '{"n":1}', namespace="agents")
    final, events = final_of(write(ChatResponse((patch, spawn), "m", "tool_use")))
    custom, function = final.output
    assert (custom.type, custom.call_id, custom.name, custom.input) == ("custom_tool_call", "a", "patch", "*** Begin\n")
    assert (function.type, function.name, function.namespace) == ("function_call", "spawn", "agents")
    assert [it.delta for it in events if it.type == "response.custom_tool_call_input.delta"] == ["*** Begin\n"]


@pytest.mark.parametrize("arguments", ["just text", '["a"]', '{"other": 1}'])
def test_a_model_that_does_not_keep_to_the_one_argument_is_passed_on_as_it_wrote(arguments):
    call = ToolCall("a", "patch", arguments, freeform=True)
    final, _ = final_of(write(ChatResponse((call,), "m", "tool_use")))
    assert final.output[0].input == arguments


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.RateLimitError("slow"), "rate_limit_exceeded"),
        (errors.ContextTooLongError("long"), "context_length_exceeded"),
        (errors.InvalidRequestError("what"), "invalid_prompt"),
        (errors.NetworkError("gone"), "server_error"),
    ],
)
@pytest.mark.parametrize("started", [True, False])
def test_the_sdk_hears_of_a_failure(error, code, started):
    encoder = StreamEncoder(model="m", request_id="r")
    body = (encoder.encode(TextDelta("Hel")) if started else b"") + encoder.fail(error)
    with client(body) as sdk, sdk.responses.stream(model="m", input="Hi") as stream:
        *_, first, last = stream
    assert (first.type, first.code, first.message) == ("error", code, str(error))
    assert (last.type, last.response.status, last.response.error.code) == ("response.failed", "failed", code)
    assert last.response.error.message == str(error)
