"""Ollama's chat: requests are what Ollama's own client would send."""

import json
from dataclasses import replace

import httpx
import ollama
import pytest
from hypothesis import given, settings

from casecraft import errors
from casecraft.core.chat import (
    ChatRequest,
    Image,
    Message,
    NamedTool,
    Reasoning,
    Text,
    Tool,
    ToolCall,
    ToolResult,
)
from casecraft.wire import encode_body, find_dialect
from tests.wire.canonical import requests

DIALECT = find_dialect("ollama_chat")
PNG = Image(b"\x89PNG\r\n", "image/png")
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
CALLS = (ToolCall("a", "add", '{"x": 1}'), ToolCall("b", "add", '{"x": 2}'))


def encode(request: ChatRequest, structured_output="json_schema", *, stream=False):
    return DIALECT.encode_request(request, stream=stream, structured_output=structured_output)


def as_the_client_sends(body: dict) -> dict:
    """What goes over the wire when Ollama's client is called with the fields of a body."""
    sent = []

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.path == DIALECT.chat_path("m", False)
        sent.append(json.loads(request.content))
        return httpx.Response(200, json={"message": {"role": "assistant", "content": "x"}, "done": True})

    with ollama.Client("http://x", transport=httpx.MockTransport(answer)) as client:
        made = client.chat(**body)
        if body["stream"]:
            list(made)
    return sent[0]


def without_empty(body: dict) -> dict:
    """The client leaves out the empty fields of messages, and an empty list of tools is no field of ours."""
    messages = [{name: value for name, value in message.items() if value} for message in body["messages"]]
    return {name: value for name, value in body.items() if value != []} | {"messages": messages}


@given(request=requests())
@settings(max_examples=80, deadline=None)
def test_any_request_is_what_the_client_sends(request: ChatRequest) -> None:
    body = json.loads(encode_body(encode(replace(request, extra={})).body))
    sent = as_the_client_sends(body)
    # The client's own types of tools leave out what they do not know of JSON Schema.
    tools, theirs = body.pop("tools", []), sent.pop("tools", [])
    assert without_empty(sent) == without_empty(body)
    assert set(body.get("options", {})) <= set(ollama.Options.model_fields)
    for ours, known in zip(tools, theirs, strict=True):
        assert known["function"]["name"] == ours["function"]["name"]
        assert known["function"]["parameters"]["properties"] == ours["function"]["parameters"]["properties"]
        ollama.Tool.model_validate(ours, strict=True)


def test_the_limit_is_sent_whatever_else_the_options_say():
    body = encode(ChatRequest((Message("user", "Hi"),), "m", max_output_tokens=77, extra={"options": {"num_ctx": 8}}))
    assert body.body["options"] == {"num_predict": 77, "num_ctx": 8}
    assert DIALECT.decode_request(body.body).request.max_output_tokens == 77


@pytest.mark.parametrize("stream", [False, True])
def test_whether_to_stream_is_always_said(stream):
    body = encode(ChatRequest((Message("user", "Hi"),), "m"), stream=stream).body
    assert body == {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "stream": stream}
    assert DIALECT.decode_request(body).stream is stream


def test_a_client_that_says_nothing_wants_a_stream():
    assert DIALECT.decode_request({"model": "m", "messages": []}).stream is True


@pytest.mark.parametrize(
    ("how", "format_", "prompted"),
    [("json_schema", SCHEMA, False), ("json_object", "json", True), ("prompt", None, True)],
)
def test_a_schema_is_asked_for_as_the_provider_takes_it(how, format_, prompted):
    body = encode(ChatRequest((Message("user", "Hi"),), "m", json_schema=SCHEMA), how).body
    assert body.get("format") == format_
    assert (body["messages"][0]["role"] == "system") is prompted


def test_results_follow_their_calls_and_name_their_tools():
    turns = (
        Message("user", "Add."),
        Message("assistant", (Reasoning("hm"), Text("Wait."), *CALLS)),
        Message("user", (Text("Well?"), ToolResult("a", "2"), ToolResult("b", (Text("3"), PNG)), PNG)),
    )
    body, losses = encode(ChatRequest(turns, "m"))
    assert all(loss.harmless for loss in losses)
    _, asked, first, second, rest = body["messages"]
    assert asked["thinking"] == "hm"
    assert [call["function"]["arguments"] for call in asked["tool_calls"]] == [{"x": 1}, {"x": 2}]
    assert first == {"role": "tool", "tool_name": "add", "content": "2"}
    assert (second["content"], second["images"], rest["images"]) == ("3", ["iVBORw0K"], ["iVBORw0K"])
    read = DIALECT.decode_request(body).request.messages
    assert [part.id for part in read[1].parts if isinstance(part, ToolCall)] == ["call_1_0", "call_1_1"]
    assert read[2].parts == (
        ToolResult("call_1_0", "2", "add"),
        ToolResult("call_1_1", (Text("3"), PNG), "add"),
        Text("Well?"),
        PNG,
    )


def test_what_the_model_says_after_a_result_is_its_own_turn():
    turns = [{"role": "tool", "content": "1"}, {"role": "assistant", "content": "Done."}]
    read = DIALECT.decode_request({"messages": turns}).request.messages
    assert [(message.role, len(message.parts)) for message in read] == [("user", 1), ("assistant", 1)]


def test_ids_of_newer_clients_are_kept():
    call = {"id": "c9", "function": {"name": "add", "arguments": {}}}
    result = {"role": "tool", "tool_call_id": "c9", "content": "1"}
    turns = [{"role": "assistant", "tool_calls": [call]}, result]
    read = DIALECT.decode_request({"messages": turns}).request.messages
    assert read[0].parts == (ToolCall("c9", "add", "{}"),)
    assert read[1].parts == (ToolResult("c9", "1", "add"),)


@pytest.mark.parametrize("arguments", ["{oops", "[1]", ""])
def test_arguments_that_are_no_object_go_over_as_text_and_are_named(arguments):
    turns = (Message("user", "Hi"), Message("assistant", (ToolCall("a", "add", arguments),)))
    body, losses = encode(ChatRequest(turns, "m"))
    assert body["messages"][1]["tool_calls"][0]["function"]["arguments"] == {"arguments": arguments}
    assert [loss.field for loss in losses if not loss.harmless] == ["messages[1].tool_call.arguments"]


@pytest.mark.parametrize(
    ("changes", "lost"),
    [
        ({"tools": (Tool("t"),), "tool_choice": "required"}, {"tool_choice": False}),
        ({"tools": (Tool("t"),), "tool_choice": NamedTool("t")}, {"tool_choice": False}),
        ({"tools": (Tool("t"),), "tool_choice": "none"}, {"tool_choice": True, "tools": True}),
        ({"parallel_tool_calls": False}, {"parallel_tool_calls": False}),
        ({"messages": (Message("user", (Image(url="https://x/y.png"),)),)}, {"messages[0].image": False}),
        ({"messages": (Message("user", (PNG, Text("x"))),)}, {"messages[0].order": True}),
        ({"reasoning_effort": "xhigh"}, {"reasoning_effort": True}),
        ({"reasoning_budget": 100}, {"reasoning_budget": True, "reasoning_effort": True}),
        ({"top_k": 3, "seed": 1, "stop": ("x",), "reasoning_effort": "none"}, {}),
    ],
)
def test_what_cannot_be_said_is_named(changes, lost):
    body, losses = encode(ChatRequest(**{"messages": (Message("user", "Hi"),), "model": "m", **changes}))
    assert {loss.field: loss.harmless for loss in losses} == lost
    assert ("tools" in body) is ("tools" in changes and "tools" not in lost)


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"messages": "hi"}, "messages"),
        ({"messages": [{"role": "robot"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": []}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "images": "x"}]}, "messages[0].images"),
        ({"messages": [{"role": "user", "images": ["?"]}]}, "messages[0].images"),
        ({"messages": [{"role": "assistant", "tool_calls": [{}]}]}, "messages[0].tool_calls[0].function.name"),
        ({"messages": [], "options": []}, "options"),
        ({"messages": [], "options": {"num_predict": "9"}}, "num_predict"),
        ({"messages": [], "options": {"stop": [1]}}, "options.stop"),
        ({"messages": [], "format": 1}, "format"),
        ({"messages": [], "think": "hard"}, "think"),
        ({"messages": [], "think": []}, "think"),
    ],
)
def test_what_is_no_request_says_where(body, where):
    with pytest.raises(errors.InvalidRequestError) as raised:
        DIALECT.decode_request(body)
    assert repr(where) in str(raised.value)


def test_models_are_read_from_the_tags():
    tags = {"models": [{"name": "a:latest", "model": "a:latest"}, {"name": "b"}, {}, None]}
    assert DIALECT.read_models(tags) == ("a:latest", "b")
    assert DIALECT.read_models({"data": []}) is None
