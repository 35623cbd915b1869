"""What we write as a server is read by OpenAI's SDK; tools and images go over as its published types want them."""

import json
from dataclasses import replace

import httpx
import openai
import pytest
from hypothesis import given, settings
from openai.types.chat import ChatCompletion
from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming
from pydantic import ConfigDict, TypeAdapter, with_config

from casecraft import errors
from casecraft.core.chat import (
    ChatRequest,
    ChatResponse,
    Image,
    Message,
    StreamEnd,
    Text,
    Tool,
    ToolCall,
    ToolCallDelta,
    ToolCallStart,
    ToolResult,
    events_of,
)
from casecraft.wire import encode_body, find_dialect
from tests.wire.canonical import requests, responses

DIALECT = find_dialect("openai_chat")
PUBLISHED = TypeAdapter(with_config(ConfigDict(extra="forbid"))(CompletionCreateParamsNonStreaming))
CALLS = (ToolCall("a", "add", '{"x": 1}'), ToolCall("b", "add", '{"x": 2}'))


def ask_sdk(body: bytes, kind: str, status: int = 200, **how):
    transport = httpx.MockTransport(lambda _: httpx.Response(status, content=body, headers={"content-type": kind}))
    client = httpx.Client(transport=transport)
    with openai.OpenAI(api_key="k", base_url="http://x", http_client=client, max_retries=0) as sdk:
        answer = sdk.chat.completions.create(model="m", messages=[], **how)
        return list(answer) if how else answer


@given(request=requests())
@settings(max_examples=80, deadline=None)
def test_any_request_conforms_to_the_published_types(request: ChatRequest) -> None:
    body = DIALECT.encode_request(replace(request, extra={}), stream=False, structured_output="json_schema").body
    # The field is the vendors' who want their reasoning back; OpenAI's types do not have it.
    for message in body["messages"]:
        message.pop("reasoning_content", None)
    PUBLISHED.validate_json(encode_body(body), strict=True)


def test_results_follow_their_calls_and_come_before_what_the_user_says() -> None:
    turns = (
        Message("user", "Add."),
        Message("assistant", CALLS),
        Message("user", (Text("Well?"), ToolResult("a", "2", "add"), ToolResult("b", "3", "add"))),
    )
    body = DIALECT.encode_request(ChatRequest(turns, "m"), stream=False, structured_output="prompt").body
    assert [(it["role"], it.get("tool_call_id")) for it in body["messages"]] == [
        ("user", None), ("assistant", None), ("tool", "a"), ("tool", "b"), ("user", None),
    ]  # fmt: skip
    read = DIALECT.decode_request(body).request
    assert [type(part) for part in read.messages[2].parts] == [ToolResult, ToolResult, Text]


def test_images_and_tools_of_a_client_are_read() -> None:
    tool = Tool("add", "Adds.", {"type": "object"}, strict=True)
    image = Image(b"\x89PNG", "image/png")
    asked = ChatRequest((Message("user", (Text("What?"), image)),), "m", tools=(tool,), tool_choice="required")
    body = DIALECT.encode_request(asked, stream=True, structured_output="prompt").body
    read = DIALECT.decode_request(json.loads(encode_body(body)))
    assert (read.request, read.stream) == (asked, True)


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"messages": "hi"}, "messages"),
        ({"messages": [{"role": "robot"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]}, "messages[0].content[0].type"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].tool_call_id"),
        ({"messages": [], "temperature": "hot"}, "temperature"),
        ({"messages": [], "stop": [1]}, "stop"),
        ({"messages": [], "tools": [{"type": "function"}]}, "tools[0].function.name"),
        ({"messages": [], "tool_choice": "maybe"}, "tool_choice"),
        ({"messages": [], "reasoning_effort": "huge"}, "reasoning_effort"),
        (
            {
                "messages": [
                    {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:a;base64,?"}}]}
                ]
            },
            "messages[0].content[0].image_url.url",
        ),
    ],
)
def test_what_is_no_request_says_where(body, where) -> None:
    with pytest.raises(errors.InvalidRequestError, match=repr(where).replace("[", r"\[")):
        DIALECT.decode_request(body)


@given(response=responses())
@settings(max_examples=60, deadline=None)
def test_the_sdk_reads_the_answers_that_we_write(response: ChatResponse) -> None:
    body = DIALECT.encode_response(response, created=7).body
    ChatCompletion.model_validate_json(encode_body(body), strict=True)
    read = ask_sdk(encode_body(body), "application/json")
    message = read.choices[0].message
    assert (read.id, read.model, message.content) == (response.request_id, response.model, response.text)
    assert [(it.id, it.function.name, it.function.arguments) for it in message.tool_calls or []] == [
        (it.id, it.name, it.arguments) for it in response.tool_calls
    ]
    assert read.usage.prompt_tokens_details.cached_tokens == response.usage.cached_input


@given(response=responses())
@settings(max_examples=30, deadline=None)
def test_the_sdk_reads_the_streams_that_we_write(response: ChatResponse) -> None:
    encoder = DIALECT.stream_encoder(model=response.model, request_id="r", created=7)
    chunks = ask_sdk(b"".join(map(encoder.encode, events_of(response))), "text/event-stream", stream=True)
    deltas = [choice.delta for chunk in chunks for choice in chunk.choices]
    assert "".join(delta.content or "" for delta in deltas) == response.text
    pieces = [piece for delta in deltas for piece in delta.tool_calls or []]
    for index, call in enumerate(response.tool_calls):
        mine = [piece for piece in pieces if piece.index == index]
        assert (mine[0].id, mine[0].function.name) == (call.id, call.name)
        assert "".join(piece.function.arguments or "" for piece in mine) == call.arguments
    assert chunks[-1].usage.completion_tokens == response.usage.output


@pytest.mark.parametrize(
    ("error", "theirs"),
    [
        (errors.AuthenticationError("no"), openai.AuthenticationError),
        (errors.RateLimitError("slow"), openai.RateLimitError),
        (errors.ModelNotFoundError("who"), openai.NotFoundError),
        (errors.InvalidRequestError("what"), openai.BadRequestError),
        (errors.NetworkError("gone"), openai.InternalServerError),
    ],
)
def test_the_sdk_raises_the_errors_that_we_write(error, theirs) -> None:
    status, body = DIALECT.encode_error(error)
    with pytest.raises(theirs) as raised:
        ask_sdk(encode_body(body), "application/json", status)
    assert raised.value.body["message"] == str(error)
    broken = DIALECT.stream_encoder(model="m", request_id="r").fail(error)
    with pytest.raises(openai.APIError, match=str(error)):
        ask_sdk(broken, "text/event-stream", stream=True)


def chunk(*calls, **more) -> bytes:
    choice = {"index": 0, "delta": {"tool_calls": list(calls)}, "finish_reason": more.get("finish_reason")}
    return b"data: " + json.dumps({"id": "c", "model": "m", "choices": [choice]}).encode() + b"\n\n"


def piece(index, call_id=None, name=None, arguments="") -> dict:
    return {"index": index, "id": call_id, "function": {"name": name, "arguments": arguments}}


ONE, TWO = '{"x": 1}', '{"x": 2}'
PARALLEL = {
    "in pieces": [[piece(0, "a", "add")], [piece(0, arguments=ONE)], [piece(1, "b", "add")], [piece(1, arguments=TWO)]],
    "whole": [[piece(0, "a", "add", ONE), piece(1, "b", "add", TWO)]],
    "all counted 0": [[piece(0, "a", "add", ONE)], [piece(0, "b", "add", TWO)]],
    "no index": [[piece(None, "a", "add", ONE), piece(None, "b", "add", {"x": 2})]],
    "id and name repeated": [
        [piece(0, "a", "add", '{"x":')],
        [piece(0, "a", "add", " 1}")],
        [piece(1, "b", "add", TWO)],
    ],
}


@pytest.mark.parametrize("pieces", PARALLEL.values(), ids=PARALLEL)
def test_parallel_calls_are_all_kept(pieces) -> None:
    decoder = DIALECT.stream_decoder("p", {})
    streamed = b"".join(chunk(*some) for some in pieces)
    events = decoder.feed(streamed + chunk(finish_reason="tool_calls") + b"data: [DONE]\n\n")
    end = events[-1]
    assert isinstance(end, StreamEnd)
    assert [(it.id, it.name, json.loads(it.arguments)) for it in end.response.tool_calls] == [
        ("a", "add", {"x": 1}),
        ("b", "add", {"x": 2}),
    ]
    assert end.response.stop_reason == "tool_use"
    assert [it.index for it in events if isinstance(it, ToolCallStart)] == [0, 1]
    assert {it.index for it in events if isinstance(it, ToolCallDelta)} == {0, 1}
