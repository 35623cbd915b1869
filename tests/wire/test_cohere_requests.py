"""Cohere's chat: requests are what Cohere's own client would send."""

import json
from dataclasses import replace

import cohere
import httpx
import pydantic
import pytest
from cohere.types import ChatMessageV2, ResponseFormatV2, Thinking, ToolV2
from hypothesis import given, settings

from casecraft import errors
from casecraft.core.chat import ChatRequest, Image, Message, NamedTool, Reasoning, Text, Tool, ToolCall, ToolResult
from casecraft.wire import encode_body, find_dialect
from tests.wire.canonical import requests

DIALECT = find_dialect("cohere_chat")
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
CALLS = (ToolCall("a", "add", '{"x": 1}'), ToolCall("b", "add", "{oops"))
ANSWER = {"id": "1", "finish_reason": "COMPLETE", "message": {"role": "assistant", "content": []}}
PUBLISHED = {
    "messages": pydantic.TypeAdapter(list[ChatMessageV2]),
    "tools": pydantic.TypeAdapter(list[ToolV2]),
    "response_format": pydantic.TypeAdapter(ResponseFormatV2),
    "thinking": pydantic.TypeAdapter(Thinking),
}


def encode(request: ChatRequest, structured_output="json_schema", *, stream=False):
    return DIALECT.encode_request(request, stream=stream, structured_output=structured_output)


def as_the_client_sends(body: dict) -> dict:
    """What goes over the wire when Cohere's client is called with the fields of a body."""
    sent = []

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.path == DIALECT.chat_path("m", False)
        sent.append(json.loads(request.content))
        return httpx.Response(200, json=ANSWER, headers={"content-type": "application/json"})

    with httpx.Client(transport=httpx.MockTransport(answer)) as http:
        client = cohere.ClientV2("k", base_url="http://x", httpx_client=http)
        fields = {name: value for name, value in body.items() if name != "stream"}
        if body["stream"]:
            list(client.chat_stream(**fields))
        else:
            client.chat(**fields)
    return sent[0]


def unknown_fields(value: object) -> set[str]:
    """Fields that the published types do not have; they let any through."""
    if isinstance(value, list):
        return set().union(*map(unknown_fields, value))
    if not isinstance(value, pydantic.BaseModel):
        return set()
    names = set(value.model_extra or {}) - {"role", "type"}
    return names.union(*(unknown_fields(getattr(value, name)) for name in type(value).model_fields))


@given(request=requests())
@settings(max_examples=60, deadline=None)
def test_any_request_is_what_the_client_sends(request: ChatRequest) -> None:
    body = json.loads(encode_body(encode(replace(request, extra={})).body))
    assert as_the_client_sends(body) == body
    for field, published in PUBLISHED.items():
        if field in body:
            assert unknown_fields(published.validate_python(body[field])) == set()


def test_the_published_types_do_tell_unknown_fields():
    turn = {"role": "user", "content": [{"type": "text", "text": "x", "cache": 1}]}
    assert unknown_fields(PUBLISHED["messages"].validate_python([turn])) == {"cache"}


@pytest.mark.parametrize("stream", [False, True])
def test_what_is_not_asked_for_is_not_sent(stream):
    body = encode(ChatRequest((Message("user", "Hi"),), "m", max_output_tokens=7, top_k=3, top_p=0.5), stream=stream)
    messages = [{"role": "user", "content": "Hi"}]
    assert body == (
        {"model": "m", "messages": messages, "stream": stream, "max_tokens": 7, "k": 3, "p": 0.5},
        (),
    )
    assert DIALECT.decode_request(body.body).stream is stream


@pytest.mark.parametrize(
    ("how", "format_", "prompted"),
    [
        ("json_schema", {"type": "json_object", "json_schema": SCHEMA}, False),
        ("json_object", {"type": "json_object"}, True),
        ("prompt", None, True),
    ],
)
def test_a_schema_is_asked_for_as_the_provider_takes_it(how, format_, prompted):
    body = encode(ChatRequest((Message("user", "Hi"),), "m", json_schema=SCHEMA), how).body
    assert body.get("response_format") == format_
    assert (body["messages"][0]["role"] == "system") is prompted


@pytest.mark.parametrize("how", ["json_schema", "json_object"])
def test_beside_tools_the_schema_is_asked_for_in_words(how):
    body, losses = encode(ChatRequest((Message("user", "Hi"),), "m", json_schema=SCHEMA, tools=(Tool("t"),)), how)
    assert "response_format" not in body
    assert body["messages"][0]["role"] == "system"
    assert {loss.field: loss.harmless for loss in losses} == {"json_schema": True, "messages": True}


def test_calls_keep_their_text_and_results_are_documents():
    turns = (
        Message("user", "Add."),
        Message("assistant", (Reasoning("I will add."), Text("Wait."), *CALLS)),
        Message("user", (Text("Well?"), ToolResult("a", '{"sum":2}'), ToolResult("b", "3"), Image(url="u"))),
    )
    body, losses = encode(ChatRequest(turns, "m"))
    assert {loss.field: loss.harmless for loss in losses} == {"messages[2].order": True}
    _, asked, first, second, rest = body["messages"]
    assert asked["tool_plan"] == "I will add."
    assert asked["content"] == [{"type": "text", "text": "Wait."}]
    assert [call["function"]["arguments"] for call in asked["tool_calls"]] == ['{"x": 1}', "{oops"]
    assert first["content"] == [{"type": "document", "document": {"data": {"sum": 2}}}]
    assert second["content"] == [{"type": "document", "document": {"data": {"content": "3"}}}]
    assert rest["content"][1] == {"type": "image_url", "image_url": {"url": "u"}}
    assert DIALECT.decode_request(body).request.messages[1:] == (
        turns[1],
        Message(
            "user", (ToolResult("a", '{"sum":2}', "add"), ToolResult("b", "3", "add"), Text("Well?"), Image(url="u"))
        ),
    )


@pytest.mark.parametrize("text", ['{"a": 1}', '{"content":"x"}', '{"a":1.0}', "[1]", '{"a":1,"a":1}', "", "Sunny"])
def test_a_result_comes_back_to_the_byte(text):
    body = encode(ChatRequest((Message("user", (ToolResult("a", text),)),), "m")).body
    assert DIALECT.decode_request(json.loads(encode_body(body))).request.messages[0].parts[0].text == text


@pytest.mark.parametrize(
    ("content", "read"),
    [
        ("x", "x"),
        ([{"type": "text", "text": "x"}], "x"),
        ([{"type": "document", "document": {"data": "x"}}], "x"),
        ([{"type": "document", "document": {"data": {"t": 1}}}, {"type": "text", "text": "x"}], '{"t":1}x'),
    ],
)
def test_results_of_clients_are_read_in_every_form(content, read):
    turn = {"role": "tool", "tool_call_id": "a", "content": content}
    assert DIALECT.decode_request({"messages": [turn]}).request.messages[0].parts[0].text == read


ONE, TWO = Tool("one", strict=True), Tool("two")


@pytest.mark.parametrize(
    ("changes", "sent", "lost"),
    [
        ({"tools": (TWO,), "tool_choice": "required"}, {"tool_choice": "REQUIRED"}, {}),
        ({"tools": (TWO,), "tool_choice": "none"}, {"tool_choice": "NONE"}, {}),
        ({"tools": (TWO,), "tool_choice": "auto"}, {"tool_choice": None}, {"tool_choice": True}),
        ({"tools": (ONE,)}, {"strict_tools": True}, {}),
        ({"tools": (ONE, TWO)}, {"strict_tools": None}, {"tools.strict": False}),
        (
            {"tools": (ONE, TWO), "tool_choice": NamedTool("two")},
            {"tool_choice": "REQUIRED", "strict_tools": None},
            {"tool_choice": True, "tools": True},
        ),
        ({"tools": (TWO,), "tool_choice": NamedTool("x")}, {"tool_choice": "REQUIRED"}, {"tool_choice": False}),
        ({"parallel_tool_calls": False}, {}, {"parallel_tool_calls": False}),
        ({"reasoning_effort": "none"}, {"thinking": {"type": "disabled"}}, {}),
        ({"reasoning_budget": 99}, {"thinking": {"type": "enabled", "token_budget": 99}}, {}),
        (
            {"reasoning_effort": "low"},
            {"thinking": {"type": "enabled", "token_budget": 2048}},
            {"reasoning_effort": True, "reasoning_budget": True},
        ),
    ],
)
def test_tools_and_thinking_are_said_as_far_as_they_can_be(changes, sent, lost):
    body, losses = encode(ChatRequest((Message("user", "Hi"),), "m", **changes))
    assert {name: body.get(name) for name in sent} == sent
    assert {loss.field: loss.harmless for loss in losses} == lost


def test_only_the_named_tool_is_sent():
    body = encode(ChatRequest((Message("user", "Hi"),), "m", tools=(ONE, TWO), tool_choice=NamedTool("two"))).body
    assert [tool["function"]["name"] for tool in body["tools"]] == ["two"]


def test_what_parts_cannot_say_is_named():
    turns = (
        Message("assistant", (Reasoning("", "sig", redacted=True), Image(url="u"), Text("x"))),
        Message("user", (ToolResult("a", (Image(url="u"),), is_error=True),)),
    )
    assert {loss.field: loss.harmless for loss in encode(ChatRequest(turns, "m")).losses} == {
        "messages[0].signature": True,
        "messages[0].reasoning": True,
        "messages[0].image": False,
        "messages[1].tool_result.image": False,
        "messages[1].tool_result.is_error": True,
    }


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"messages": "hi"}, "messages"),
        ({"messages": [{"role": "robot"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": [{"type": "audio"}]}]}, "messages[0].content[0].type"),
        ({"messages": [{"role": "assistant", "tool_calls": [{"id": "1"}]}]}, "messages[0].tool_calls[0].function.name"),
        ({"messages": [{"role": "tool"}]}, "messages[0].tool_call_id"),
        (
            {"messages": [{"role": "tool", "tool_call_id": "1", "content": [{"type": "document"}]}]},
            "messages[0].content[0].document.data",
        ),
        ({"messages": [], "tool_choice": "AUTO"}, "tool_choice"),
        ({"messages": [], "stop_sequences": [1]}, "stop_sequences"),
        ({"messages": [], "thinking": {"type": "enabled", "token_budget": "x"}}, "token_budget"),
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
def test_what_is_no_request_says_where(body, where):
    with pytest.raises(errors.InvalidRequestError) as raised:
        DIALECT.decode_request(body)
    assert repr(where) in str(raised.value)


def test_models_that_chat_are_listed():
    listing = {
        "models": [{"name": "a", "endpoints": ["chat"]}, {"name": "b", "endpoints": ["embed"]}, {"name": "c"}, {}]
    }
    assert DIALECT.read_models(listing) == ("a", "c")
    assert DIALECT.read_models([]) is None
