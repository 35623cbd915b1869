"""Requests: validated against the types that OpenAI's own SDK publishes, and read as coding clients send them."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from openai.types.responses.response_create_params import (
    ResponseCreateParamsNonStreaming,
    ResponseCreateParamsStreaming,
)
from pydantic import ConfigDict, TypeAdapter, with_config

from casecraft import errors
from casecraft.core.chat import (
    ChatRequest,
    Image,
    Loss,
    Message,
    NamedTool,
    Reasoning,
    Text,
    Tool,
    ToolCall,
    ToolResult,
)
from casecraft.wire import encode_body
from casecraft.wire.openai_responses.request import encode_request
from casecraft.wire.openai_responses.request_reading import decode_request
from tests.wire.canonical import kept, requests

WHOLE = TypeAdapter(with_config(ConfigDict(extra="forbid"))(ResponseCreateParamsNonStreaming))
STREAMED = TypeAdapter(with_config(ConfigDict(extra="forbid"))(ResponseCreateParamsStreaming))
CLIENTS = json.loads((Path(__file__).parent / "responses_requests.json").read_text())
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"], "additionalProperties": False}
IMAGE = Image(b"\x89PNG", "image/png")
HI = Message("user", "Hi")


def encode(request: ChatRequest, *, stream=False, structured_output="json_schema"):
    body, losses = encode_request(request, stream=stream, structured_output=structured_output)
    return json.loads(encode_body(body)), losses


def items(*parts, role="assistant", extra=None):
    """The items that a turn becomes, and what is lost of it."""
    body, losses = encode(ChatRequest((HI, Message(role, parts)), "m", extra=extra or {}))
    return body["input"][1:], losses


def read(*given, **more):
    return decode_request({"model": "m", "input": list(given), **more}).request.messages


def with_ids(body):
    """OpenAI takes reasoning without an id, as its own Codex sends it, where its types ask for one."""
    given = [{"id": "rs_1", **item} if item["type"] == "reasoning" else item for item in body["input"]]
    return encode_body({**body, "input": given})


@pytest.mark.parametrize("stream", [False, True])
@given(request=requests())
@settings(max_examples=60, deadline=None)
def test_any_request_conforms_to_the_published_types(stream, request):
    body, _ = encode(replace(request, extra={}), stream=stream)
    (STREAMED if stream else WHOLE).validate_json(with_ids(body), strict=True)


def test_the_published_types_do_refuse_deep_inside():
    with pytest.raises(ValueError, match="input_text"):
        WHOLE.validate_python({"input": [{"role": "user", "content": [{"type": "text", "text": "x"}]}]}, strict=True)
    with pytest.raises(ValueError, match="image_ur1"):
        WHOLE.validate_python({"input": [{"role": "user", "content": [{"type": "input_image", "image_ur1": "x"}]}]})
    with pytest.raises(ValueError, match="max_tokens"):
        WHOLE.validate_python({"max_tokens": 3})


def test_results_with_images_conform_and_come_back():
    turns = (
        HI,
        Message("assistant", (ToolCall("a", "look", "{}"), ToolCall("b", "look", "no JSON"))),
        Message("user", (Text("Well?"), ToolResult("a", (Text("x"), IMAGE), "look"), ToolResult("b", "", "look"))),
    )
    body, losses = encode(ChatRequest(turns, "m", tools=(Tool("look"),)))
    assert {loss.field: loss.harmless for loss in losses} == {"messages[2].order": True}
    WHOLE.validate_json(encode_body(body), strict=True)
    assert [item["type"] for item in body["input"]] == [
        "message", "function_call", "function_call", "function_call_output", "function_call_output", "message",
    ]  # fmt: skip
    results = (*turns[2].parts[1:], turns[2].parts[0])
    assert decode_request(body).request.messages == (*turns[:2], Message("user", results))


def test_what_is_not_asked_for_is_not_sent():
    body, _ = encode(ChatRequest((Message("system", "Be brief."), HI), "m"))
    hi = {"type": "message", "role": "user", "content": "Hi"}
    assert body == {"model": "m", "instructions": "Be brief.", "input": [hi]}


def test_a_system_alone_is_input_since_there_must_be_some():
    body, _ = encode(ChatRequest((Message("system", "Greet."),), "m"))
    assert body == {"model": "m", "input": [{"type": "message", "role": "system", "content": "Greet."}]}


def test_a_system_with_an_image_is_no_instructions():
    body, _ = encode(ChatRequest((Message("system", (Text("Like this:"), IMAGE)), HI), "m"))
    assert [item["role"] for item in body["input"]] == ["system", "user"]


@pytest.mark.parametrize(("how", "form"), [("json_object", {"format": {"type": "json_object"}}), ("prompt", None)])
def test_elsewhere_the_schema_goes_into_the_instructions(how, form):
    body, _ = encode(ChatRequest((HI,), "m", json_schema=SCHEMA), structured_output=how)
    assert body.get("text") == form
    assert json.loads(body["instructions"].splitlines()[-1]) == SCHEMA


def test_a_schema_goes_into_the_text_format_beside_what_the_extra_fields_say_of_text():
    asked = ChatRequest((HI,), "m", json_schema=SCHEMA, reasoning_effort="low", extra={"text": {"verbosity": "low"}})
    body, _ = encode(replace(asked, extra={**asked.extra, "reasoning": {"summary": "auto"}, "store": False}))
    assert body["text"]["verbosity"] == "low"
    assert body["text"]["format"]["schema"] == SCHEMA
    assert body["reasoning"] == {"effort": "low", "summary": "auto"}
    assert body["store"] is False
    WHOLE.validate_json(encode_body(body), strict=True)


def test_strict_is_always_said_for_it_is_true_where_it_is_not():
    body, _ = encode(ChatRequest((HI,), "m", tools=(Tool("a"), Tool("b", strict=False), Tool("c", "C", SCHEMA, True))))
    assert [tool["strict"] for tool in body["tools"]] == [None, False, True]
    assert body["tools"][0]["parameters"] == {"type": "object", "properties": {}}
    assert body["tools"][2]["description"] == "C"


def test_a_stop_sequence_is_a_loss_that_matters_and_sampling_options_are_not():
    asked = ChatRequest((HI,), "m", top_k=1, seed=1, frequency_penalty=0.0, presence_penalty=0.0, stop=("x",))
    body, losses = encode(asked)
    assert set(body) == {"model", "input"}
    assert {loss.field: loss.harmless for loss in losses} == {
        "top_k": True, "seed": True, "frequency_penalty": True, "presence_penalty": True, "stop": False,
    }  # fmt: skip


def test_a_budget_of_reasoning_becomes_an_effort():
    body, losses = encode(ChatRequest((HI,), "m", reasoning_budget=5000))
    assert body["reasoning"] == {"effort": "medium"}
    assert {loss.field for loss in losses} == {"reasoning_budget", "reasoning_effort"}


SIGNED = {"type": "reasoning", "id": "rs_68af4030", "summary": [], "encrypted_content": "gAAAA:b==\n"}


@pytest.mark.parametrize(
    "item",
    [
        SIGNED,
        {**SIGNED, "summary": [{"type": "summary_text", "text": "Hm."}]},
        {key: value for key, value in SIGNED.items() if key != "id"},
        {key: value for key, value in SIGNED.items() if key != "encrypted_content"},
    ],
)
def test_reasoning_goes_back_byte_for_byte(item):
    _, message = read({"role": "user", "content": "Hi"}, item)
    assert items(*message.parts) == ([item], ())


def test_what_is_known_by_its_id_alone_goes_only_where_it_is_stored():
    part = Reasoning("Hm.", "rs_68af4030:")
    assert items(part)[0][0]["id"] == "rs_68af4030"
    sent, losses = items(part, extra={"store": False})
    assert sent == []
    assert losses == (Loss("messages[1].reasoning", losses[0].reason, harmless=True),)
    assert read({"type": "reasoning", "id": "rs_68af4030", "summary": []}, store=False) == ()


def test_reasoning_of_open_models_is_sent_in_full_with_some_id():
    sent, losses = items(Reasoning("Hm."), Text("Yes."), Reasoning("Well."))
    assert losses == ()
    assert sent[0]["content"] == [{"type": "reasoning_text", "text": "Hm."}]
    assert sent[0]["id"] != sent[2]["id"]
    assert read(*sent)[0].parts == (Reasoning("Hm."), Text("Yes."), Reasoning("Well."))


def test_what_was_withheld_comes_back_withheld():
    part = Reasoning("", "c2VhbGVk", redacted=True)
    assert read(*items(part, Text("x"))[0])[0].parts == (part, Text("x"))


def test_what_items_cannot_hold_is_named():
    sent, losses = items(Text("x"), IMAGE, ToolCall("a", "f", "{}", signature="s"))
    assert [item["type"] for item in sent] == ["message", "function_call"]
    assert {loss.field: loss.harmless for loss in losses} == {
        "messages[1].image": False, "messages[1].tool_call.signature": True,
    }  # fmt: skip
    _, losses = items(ToolResult("a", "boom", is_error=True), role="user")
    assert losses == (Loss("messages[1].tool_result.is_error", losses[0].reason, harmless=True),)


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client["name"])
def test_a_request_of_a_client_is_read(client):
    asked = decode_request(client["body"])
    assert asked.stream == client["stream"]
    assert [(message.role, message.text) for message in asked.request.messages] == [tuple(it) for it in client["turns"]]
    assert [tool.name for tool in asked.request.tools] == client["tools"]
    assert set(asked.request.extra) == set(client["extra"])
    assert {loss.field: loss.harmless for loss in asked.losses} == client["losses"]


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client["name"])
def test_what_was_read_conforms_when_it_goes_on(client):
    asked = decode_request(client["body"])
    body, _ = encode(asked.request, stream=asked.stream)
    sent = {name: value for name, value in body.items() if name != "client_metadata"}  # OpenAI's types do not have it
    (STREAMED if asked.stream else WHOLE).validate_json(with_ids(sent), strict=True)
    functions = tuple(replace(tool, freeform=False, namespace="") for tool in asked.request.tools)
    assert kept(decode_request(body).request, ()) == kept(replace(asked.request, tools=functions), ())


def test_the_proof_that_a_client_sends_back_is_the_one_that_it_was_given():
    messages = decode_request(CLIENTS[0]["body"]).request.messages
    reasoning, *_ = messages[3].parts
    assert reasoning == Reasoning("**Looking**", "rs_68af:gAAA==")
    (item,), _ = items(reasoning)
    assert (item["id"], item["encrypted_content"]) == ("rs_68af", "gAAA==")


def test_parallel_calls_and_results_are_one_turn_each():
    call = {"type": "function_call", "name": "f", "arguments": "{}"}
    result = {"type": "function_call_output", "output": "1"}
    messages = read(
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]},
        {"role": "assistant", "content": [{"type": "output_text", "text": "Wait."}]},
        {**call, "call_id": "a"}, {**call, "call_id": "b"}, {**result, "call_id": "a"}, {**result, "call_id": "b"},
        {"role": "user", "content": "Now?"}, {"role": "user", "content": "Go."},
    )  # fmt: skip
    assert messages == (
        Message("assistant", (Reasoning("Hm."), Text("Wait."), ToolCall("a", "f"), ToolCall("b", "f"))),
        Message("user", (ToolResult("a", "1", "f"), ToolResult("b", "1", "f"), Text("Now?"))),
        Message("user", "Go."),
    )


def test_what_a_developer_says_after_a_result_is_not_the_users():
    result = {"type": "function_call_output", "call_id": "a", "output": "1"}
    messages = read(result, {"role": "developer", "content": "Stop."}, {"role": "user", "content": "Why?"})
    assert messages == (Message("user", (ToolResult("a", "1"),)), Message("system", "Stop."), Message("user", "Why?"))


def test_a_freeform_tool_is_a_function_of_one_text():
    grammar = {"type": "grammar", "syntax": "lark", "definition": "start: x"}
    asked = decode_request(
        {
            "input": [
                {"type": "custom_tool_call", "call_id": "a", "name": "patch", "input": 'x "y"'},
                {"type": "custom_tool_call_output", "call_id": "a", "output": "ok"},
            ],
            "tools": [{"type": "custom", "name": "patch", "description": "Patches.", "format": grammar}],
            "tool_choice": {"type": "custom", "name": "patch"},
        }
    )
    (tool,) = asked.request.tools
    assert tool.parameters["required"] == ["input"]
    assert "start: x" in tool.parameters["properties"]["input"]["description"]
    assert asked.request.messages[0].parts == (ToolCall("a", "patch", '{"input":"x \\"y\\""}'),)
    assert asked.request.messages[1].parts == (ToolResult("a", "ok", "patch"),)
    assert asked.request.tool_choice == NamedTool("patch")
    assert [(loss.field, loss.harmless) for loss in asked.losses] == [("tools[0].format", True)]


@pytest.mark.parametrize(
    ("choice", "names", "read_as", "lost"),
    [
        ("required", ["a", "b"], "required", []),
        ({"type": "function", "name": "a"}, ["a", "b"], NamedTool("a"), []),
        ({"type": "allowed_tools", "mode": "required", "tools": [{"name": "b"}]}, ["b"], "required", []),
        ({"type": "allowed_tools", "mode": "auto", "tools": [{"name": "b"}]}, ["b"], "auto", []),
        ({"type": "web_search_preview"}, ["a", "b"], None, ["tool_choice"]),
    ],
)
def test_choices_of_tools(choice, names, read_as, lost):
    tools = [{"type": "function", "name": name, "parameters": None, "strict": None} for name in ("a", "b")]
    asked = decode_request({"input": "Hi", "tools": tools, "tool_choice": choice})
    assert [tool.name for tool in asked.request.tools] == names
    assert asked.request.tool_choice == read_as
    assert [loss.field for loss in asked.losses if not loss.harmless] == lost


def test_an_effort_beyond_ours_is_the_nearest_and_goes_on_as_it_is():
    asked = decode_request({"input": "Hi", "reasoning": {"effort": "max", "summary": "auto"}}).request
    assert asked.reasoning_effort == "xhigh"
    assert encode(asked)[0]["reasoning"] == {"effort": "max", "summary": "auto"}


def test_formats_other_than_a_schema():
    assert decode_request({"input": "Hi", "text": {"format": {"type": "text"}}}).request.extra == {}
    kept = {"text": {"format": {"type": "json_object"}, "verbosity": "low"}}
    assert decode_request({"input": "Hi", **kept}).request.extra == kept


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"input": 7}, "input"),
        ({"input": [{"role": "robot"}]}, "input[0].role"),
        ({"input": [{"content": "x"}]}, "input[0].type"),
        ({"input": [{"role": "user", "content": [{"type": "input_file"}]}]}, "input[0].content[0].type"),
        (
            {"input": [{"role": "user", "content": [{"type": "input_image", "file_id": "f"}]}]},
            "input[0].content[0].type",
        ),
        (
            {"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "data:a;base64,?"}]}]},
            "input[0].content[0].image_url",
        ),
        ({"input": [{"type": "function_call", "name": "f"}]}, "input[0].call_id"),
        ({"input": [{"type": "function_call_output", "output": "x"}]}, "input[0].call_id"),
        ({"input": [{"type": "function_call_output", "call_id": "x", "output": 7}]}, "input[0].output"),
        ({"input": "x", "instructions": []}, "instructions"),
        ({"input": "x", "temperature": "hot"}, "temperature"),
        ({"input": "x", "tools": [{"type": "function"}]}, "tools[0].name"),
        ({"input": "x", "tool_choice": "maybe"}, "tool_choice"),
        ({"input": "x", "tool_choice": 7}, "tool_choice"),
        ({"input": "x", "reasoning": {"effort": "huge"}}, "reasoning.effort"),
        ({"input": "x", "text": {"format": {"type": "json_schema"}}}, "text.format.schema"),
    ],
)
def test_what_is_no_request_says_where(body, where):
    with pytest.raises(errors.InvalidRequestError, match=repr(where).replace("[", r"\[")):
        decode_request(body)


def test_tools_in_groups_are_functions_whose_names_begin_with_the_group():
    group = {
        "type": "namespace",
        "name": "agents",
        "description": "",
        "tools": [{"type": "function", "name": "spawn", "parameters": {}}, {"type": "custom", "name": "tell"}],
    }
    asked = decode_request(
        {
            "input": [
                {"type": "additional_tools", "role": "developer", "tools": [group]},
                {"type": "function_call", "call_id": "a", "name": "spawn", "namespace": "agents", "arguments": "{}"},
                {"type": "function_call_output", "call_id": "a", "output": "ok"},
            ],
            "tools": [{"type": "web_search"}],
        }
    )
    told = [(tool.name, tool.short_name, tool.namespace, tool.freeform) for tool in asked.request.tools]
    assert told == [("agents__spawn", "spawn", "agents", False), ("agents__tell", "tell", "agents", True)]
    assert asked.request.messages[0].parts == (ToolCall("a", "agents__spawn", "{}"),)
    assert asked.request.messages[1].parts == (ToolResult("a", "ok", "agents__spawn"),)
    assert {loss.field: loss.harmless for loss in asked.losses} == {"tools[0]": True, "tools[1].tools[1].format": True}


def test_a_vendors_own_tool_that_is_all_there_is_cannot_be_left_out():
    asked = decode_request({"input": "Find it.", "tools": [{"type": "web_search"}]})
    assert [(loss.field, loss.harmless) for loss in asked.losses] == [("tools[0]", False)]
