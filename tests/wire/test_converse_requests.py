"""Converse: requests, judged by botocore's service model and written as botocore's own serializer writes them."""

from dataclasses import replace

import orjson
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
from tests.wire.aws_service import check_request, path_asked
from tests.wire.canonical import requests

DIALECT = find_dialect("bedrock_converse")
MODEL = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
USER = Message("user", "Hi")
TOOL = Tool("add", "Adds.", {"type": "object"}, strict=True)
CALLS = (ToolCall("a", "add", '{"x": 1}'), ToolCall("b", "add", '{"x": 2}'))


def encode(*messages: Message, how: str = "json_schema", **fields):
    request = ChatRequest(messages or (USER,), fields.pop("model", MODEL), **fields)
    body, losses = DIALECT.encode_request(request, stream=False, structured_output=how)
    body = orjson.loads(encode_body(body))
    check_request("bedrock-runtime", "Converse", body, modelId=request.model)
    return body, {loss.field: loss.harmless for loss in losses}


@given(request=requests())
@settings(max_examples=80, deadline=None)
def test_any_request_is_what_botocore_would_write(request: ChatRequest) -> None:
    for model in ("m", MODEL):
        asked = replace(request, extra={}, model=model)
        body = DIALECT.encode_request(asked, stream=True, structured_output="json_schema").body
        check_request("bedrock-runtime", "ConverseStream", orjson.loads(encode_body(body)), modelId=model)


def test_the_service_model_does_refuse() -> None:
    with pytest.raises(AssertionError, match="content"):
        check_request("bedrock-runtime", "Converse", {"messages": [{"role": "user"}]}, modelId="m")
    with pytest.raises(AssertionError, match="max_tokens"):
        check_request("bedrock-runtime", "Converse", {"messages": [], "max_tokens": 3}, modelId="m")


@pytest.mark.parametrize("model", [MODEL, "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.x.y-v1:0"])
@pytest.mark.parametrize("operation", ["Converse", "ConverseStream"])
def test_the_path_is_the_one_that_botocore_asks(model, operation) -> None:
    path = path_asked("bedrock-runtime", operation, modelId=model, messages=[])
    assert path == DIALECT.chat_path(model, operation == "ConverseStream")
    assert DIALECT.models_path == ""


def test_what_every_model_takes_goes_into_the_inference_config() -> None:
    body, lost = encode(
        Message("system", "Be brief."), USER, max_output_tokens=9, temperature=0.0, top_p=0.5, stop=("END",), seed=1
    )
    assert body == {
        "system": [{"text": "Be brief."}],
        "messages": [{"role": "user", "content": [{"text": "Hi"}]}],
        "inferenceConfig": {"maxTokens": 9, "temperature": 0.0, "topP": 0.5, "stopSequences": ["END"]},
    }
    assert lost == {"seed": True}


def test_parallel_results_are_one_turn_and_come_first() -> None:
    body, lost = encode(
        USER,
        Message("assistant", (Text("Adding."), *CALLS)),
        Message("user", (Text("Well?"), ToolResult("a", "2"))),
        Message("user", (ToolResult("b", "no", is_error=True),)),
        tools=(TOOL,),
        tool_choice="required",
    )
    assert [turn["role"] for turn in body["messages"]] == ["user", "assistant", "user"]
    assert body["messages"][1]["content"][1]["toolUse"] == {"toolUseId": "a", "name": "add", "input": {"x": 1}}
    assert body["messages"][2]["content"] == [
        {"toolResult": {"toolUseId": "a", "content": [{"text": "2"}]}},
        {"toolResult": {"toolUseId": "b", "content": [{"text": "no"}], "status": "error"}},
        {"text": "Well?"},
    ]
    assert body["toolConfig"] == {
        "tools": [
            {
                "toolSpec": {
                    "name": "add",
                    "description": "Adds.",
                    "inputSchema": {"json": {"type": "object"}},
                    "strict": True,
                }
            }
        ],
        "toolChoice": {"any": {}},
    }
    assert lost == {"messages[2].order": True, "messages[3].role": True}


@pytest.mark.parametrize(
    ("fields", "config", "lost"),
    [
        ({"tools": (TOOL,), "tool_choice": "none"}, None, {"tool_choice": False}),
        ({"tool_choice": "none"}, None, {"tool_choice": True}),
        ({"tool_choice": "required"}, None, {"tool_choice": False}),
        ({"tools": (TOOL,), "tool_choice": "auto"}, {"auto": {}}, {}),
        ({"tools": (TOOL,), "tool_choice": NamedTool("add")}, {"tool": {"name": "add"}}, {}),
        ({"tools": (TOOL,), "parallel_tool_calls": False}, None, {"parallel_tool_calls": False}),
        ({"tools": (TOOL,), "parallel_tool_calls": True}, None, {"parallel_tool_calls": True}),
    ],
)
def test_choices_that_converse_lacks_are_said_to_be_lost(fields, config, lost) -> None:
    body, found = encode(**fields)
    assert body.get("toolConfig", {}).get("toolChoice") == config
    assert found == lost


def test_tools_of_past_calls_are_declared_as_converse_wants_them() -> None:
    body, lost = encode(USER, Message("assistant", CALLS), Message("user", (ToolResult("a", ""), ToolResult("b", "3"))))
    assert [tool["toolSpec"]["name"] for tool in body["toolConfig"]["tools"]] == ["add"]
    assert lost == {"tools": True}


@pytest.mark.parametrize("arguments", ["not json", "[1]", "NaN", '"text"'])
def test_arguments_that_are_no_object_are_wrapped_and_said(arguments) -> None:
    body, lost = encode(USER, Message("assistant", (ToolCall("a", "add", arguments),)), tools=(TOOL,))
    assert body["messages"][1]["content"][0]["toolUse"]["input"] == {"arguments": arguments}
    assert lost == {"messages[1].tool_call.arguments": False}


def test_ids_of_other_vendors_become_ones_that_converse_takes_the_same_for_call_and_result() -> None:
    strange = "call|" + "x" * 70
    body, lost = encode(
        USER,
        Message("assistant", (ToolCall(strange, "add", "", signature="s"),)),
        Message("user", (ToolResult(strange, "3"),)),
        tools=(TOOL,),
    )
    call, result = body["messages"][1]["content"][0]["toolUse"], body["messages"][2]["content"][0]["toolResult"]
    assert call["toolUseId"] == result["toolUseId"] != strange
    assert call["input"] == {}
    assert set(lost.values()) == {True}
    assert set(lost) == {
        "messages[1].tool_call.id", "messages[1].tool_call.signature", "messages[2].tool_result.call_id",
    }  # fmt: skip


def test_images_go_by_their_bytes_or_from_s3() -> None:
    body, lost = encode(
        Message(
            "user",
            (
                Text("What?"),
                Image(b"\x89PNG", "image/png"),
                Image(b"jpg", "image/jpg"),
                Image(url="s3://bucket/cat.webp"),
                Image(url="https://example.com/cat.png"),
                Image(b"x", "image/tiff"),
            ),
        )
    )
    assert body["messages"][0]["content"] == [
        {"text": "What?"},
        {"image": {"format": "png", "source": {"bytes": "iVBORw=="}}},
        {"image": {"format": "jpeg", "source": {"bytes": "anBn"}}},
        {"image": {"format": "webp", "source": {"s3Location": {"uri": "s3://bucket/cat.webp"}}}},
    ]
    assert lost == {"messages[0].image": False}


def test_reasoning_goes_back_byte_for_byte() -> None:
    thoughts = (Reasoning("Hm.", "c2ln"), Reasoning(signature="cmVkYWN0ZWQ=", redacted=True))
    body, lost = encode(USER, Message("assistant", (*thoughts, Text("Yes."))), USER)
    assert body["messages"][1]["content"] == [
        {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "c2ln"}}},
        {"reasoningContent": {"redactedContent": "cmVkYWN0ZWQ="}},
        {"text": "Yes."},
    ]
    assert lost == {}
    assert DIALECT.decode_request(body).request.messages[1].parts[:2] == thoughts
    body, lost = encode(USER, Message("assistant", (Reasoning(signature="not base64", redacted=True), Text("Yes."))))
    assert body["messages"][1]["content"] == [{"text": "Yes."}]
    assert lost == {"messages[1].reasoning": True}


def test_what_only_anthropics_models_take_goes_beside() -> None:
    fields = {"top_k": 5, "reasoning_budget": 2048, "extra": {"additionalModelRequestFields": {"top_k": 7, "a": 1}}}
    body, lost = encode(**fields)
    thinking = {"type": "enabled", "budget_tokens": 2048}
    assert body["additionalModelRequestFields"] == {"thinking": thinking, "top_k": 7, "a": 1}
    assert lost == {}
    read = DIALECT.decode_request(body, model=MODEL).request
    assert (read.top_k, read.reasoning_budget, read.extra) == (7, 2048, {"additionalModelRequestFields": {"a": 1}})
    body, lost = encode(model="amazon.nova-pro-v1:0", top_k=5, reasoning_budget=2048)
    assert body["outputConfig"] == {"effort": "low"}
    assert lost == {"top_k": True, "reasoning_budget": True, "reasoning_effort": True}


@pytest.mark.parametrize(("how", "in_prompt"), [("json_schema", False), ("json_object", True), ("prompt", True)])
def test_a_schema_goes_into_the_output_config_or_the_prompt(how, in_prompt) -> None:
    body, lost = encode(how=how, json_schema={"type": "object"}, reasoning_effort="minimal")
    assert body["outputConfig"]["effort"] == "low"
    assert lost == {"reasoning_effort": True}
    assert ("system" in body) is in_prompt
    form = body["outputConfig"].get("textFormat", {}).get("structure", {}).get("jsonSchema", {})
    assert form.get("schema") == (None if in_prompt else '{"type":"object"}')


def test_empty_text_is_left_out_and_extra_wins() -> None:
    body, _ = encode(Message("system", ""), Message("user", (Text(""), Text("Hi"))), Message("assistant", ""))
    assert body == {"messages": [{"role": "user", "content": [{"text": "Hi"}]}]}
    body, _ = encode(extra={"serviceTier": {"type": "flex"}, "inferenceConfig": {"maxTokens": 1}}, max_output_tokens=5)
    assert (body["serviceTier"], body["inferenceConfig"]) == ({"type": "flex"}, {"maxTokens": 1})


def test_what_a_client_sends_is_read() -> None:
    point = {"cachePoint": {"type": "default"}}
    result = {
        "toolUseId": "a",
        "content": [{"json": {"sum": 2}}, {"image": {"format": "png", "source": {"bytes": "eA=="}}}],
    }
    asked = DIALECT.decode_request(
        {
            "system": [{"text": "Be brief."}, point],
            "messages": [
                {"role": "user", "content": [{"text": "Hi"}, point]},
                {"role": "assistant", "content": [{"toolUse": {"toolUseId": "a", "name": "add", "input": {"x": 1}}}]},
                {"role": "user", "content": [{"toolResult": result}]},
            ],
            "toolConfig": {"tools": [{"toolSpec": {"name": "add", "inputSchema": {"json": {}}}}, point]},
            "outputConfig": {"effort": "max"},
            "guardrailConfig": {"guardrailIdentifier": "g"},
        },
        model="m",
        stream=True,
    )
    request = asked.request
    assert asked.stream
    assert (request.model, request.messages[0]) == ("m", Message("system", "Be brief."))
    assert request.messages[3].parts == (ToolResult("a", (Text('{"sum":2}'), Image(b"x", "image/png")), "add"),)
    assert request.reasoning_effort == "xhigh"
    assert request.extra == {"guardrailConfig": {"guardrailIdentifier": "g"}}
    assert {loss.field: loss.harmless for loss in asked.losses} == {
        "system[1]": True, "messages[0].content[1]": True, "toolConfig.tools[1]": True, "outputConfig.effort": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"messages": "hi"}, "messages"),
        ({"messages": [{"role": "robot"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": "hi"}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [{"video": {}}]}]}, "messages[0].content[0]"),
        ({"messages": [{"role": "user", "content": [{"text": 3}]}]}, "messages[0].content[0].text"),
        (
            {"messages": [{"role": "user", "content": [{"image": {"format": "png", "source": {"bytes": "?"}}}]}]},
            "messages[0].content[0].image.source",
        ),
        (
            {"messages": [{"role": "user", "content": [{"toolResult": {}}]}]},
            "messages[0].content[0].toolResult.toolUseId",
        ),
        (
            {
                "messages": [
                    {"role": "user", "content": [{"toolResult": {"toolUseId": "a", "content": [{"video": 1}]}}]}
                ]
            },
            "messages[0].content[0].toolResult.content[0]",
        ),
        ({"toolConfig": {"tools": [{}]}}, "toolConfig.tools[0].toolSpec.name"),
        ({"toolConfig": {"toolChoice": {"maybe": {}}}}, "toolConfig.toolChoice"),
        ({"inferenceConfig": {"temperature": "hot"}}, "temperature"),
        ({"inferenceConfig": {"stopSequences": [1]}}, "inferenceConfig.stopSequences"),
        ({"outputConfig": {"effort": "huge"}}, "outputConfig.effort"),
        (
            {"outputConfig": {"textFormat": {"structure": {"jsonSchema": {"schema": "{"}}}}},
            "outputConfig.textFormat.structure.jsonSchema.schema",
        ),
    ],
)
def test_what_is_no_request_says_where(body, where) -> None:
    with pytest.raises(errors.InvalidRequestError) as caught:
        DIALECT.decode_request(body)
    assert repr(where) in str(caught.value)


def test_a_system_speaks_before_the_turns_or_among_them_and_in_text() -> None:
    first = Message("system", (Text("One."), Image(b"x", "image/png")))
    body, lost = encode(first, Message("system", "Two."), USER, Message("system", "Three."), Message("user", "Bye"))
    assert body["system"] == [{"text": "One."}, {"text": "Two."}]
    assert [turn["role"] for turn in body["messages"]] == ["user", "system", "user"]
    assert lost == {"messages[0].image": False, "messages[1].role": True}
