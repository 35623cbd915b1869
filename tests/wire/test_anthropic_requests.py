"""Requests of Messages: validated against the types that Anthropic's own SDK publishes, and read back."""

from typing import Any

import pytest
from anthropic.types.message_create_params import MessageCreateParamsNonStreaming, MessageCreateParamsStreaming
from pydantic import TypeAdapter
from pydantic_core import SchemaValidator

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

DIALECT = find_dialect("anthropic_messages")
SCHEMA = {"type": "object", "properties": {"cases": {"type": "array"}}, "required": ["cases"]}
WEATHER = Tool("weather", "Tells the weather.", {"type": "object", "properties": {"city": {"type": "string"}}})
PNG = b"\x89PNG"


# Models before Claude Opus 4.7 and compatible vendors take these; the SDK's types name them no more.
class Whole(MessageCreateParamsNonStreaming, total=False):
    temperature: float
    top_p: float
    top_k: int


class Streamed(MessageCreateParamsStreaming, total=False):
    temperature: float
    top_p: float
    top_k: int


def strictly(schema: Any) -> Any:
    """The schema with lists checked when they are met, not when they are read, and no unknown fields anywhere.

    Turns may hold the SDK's objects of answers too, which allow any field: bodies are no objects.
    """
    if isinstance(schema, list | tuple):
        return type(schema)(map(strictly, schema))
    if not isinstance(schema, dict):
        return schema
    if schema.get("type") == "model":
        return {"type": "none", "ref": schema["ref"]} if "ref" in schema else {"type": "none"}
    schema = {key: strictly(value) for key, value in schema.items()}
    if schema.get("type") == "generator":
        schema["type"] = "list"
    if schema.get("type") == "typed-dict" and "extra_fields_behavior" not in schema.get("config", {}):
        schema["extra_behavior"] = "forbid"
    return schema


VALIDATORS = {
    streamed: SchemaValidator(strictly(TypeAdapter(published).core_schema))
    for streamed, published in ((False, Whole), (True, Streamed))
}


def validate(body: dict[str, Any]) -> None:
    """Hold a body against the types."""
    VALIDATORS[body.get("stream", False)].validate_json(encode_body(body), strict=True)


def encode(request: ChatRequest, *, stream: bool = False, structured_output: Any = "json_schema"):
    encoded = DIALECT.encode_request(request, stream=stream, structured_output=structured_output)
    validate(encoded.body)
    return encoded


NO_BUDGET = [("reasoning_budget", True), ("reasoning_effort", True)]


def lost(encoded) -> list[tuple[str, bool]]:
    return [(loss.field, loss.harmless) for loss in encoded.losses]


def request(*messages: Message, **changes) -> ChatRequest:
    values = {"messages": messages or (Message("user", "Hi"),), "model": "claude-x", "max_output_tokens": 4000}
    return ChatRequest(**{**values, **changes})


TOOL_TURNS = (
    Message("system", "Be brief."),
    Message("user", (Text("See:"), Image(PNG, "image/png"), Image(url="https://x.example/a.png"))),
    Message(
        "assistant",
        (
            Reasoning("They want the weather.", "c2ln+/=="),
            Reasoning(signature="cmVk", redacted=True),
            Text("I look."),
            ToolCall("toolu_1", "weather", '{"city":"Rome"}'),
            ToolCall("toolu_2", "weather", '{"city":"Oslo"}'),
        ),
    ),
    Message(
        "user",
        (
            ToolResult("toolu_1", "warm", "weather"),
            ToolResult("toolu_2", (Text("cold"), Image(PNG, "image/png")), "weather", is_error=True),
            Text("And?"),
        ),
    ),
)

ROUND = {
    "plain": request(),
    "system": request(Message("system", "Be brief."), Message("user", "Hi"), Message("assistant", "{")),
    "system blocks": request(Message("system", (Text("a"), Text("b"))), Message("user", "Hi")),
    "tools": request(*TOOL_TURNS, tools=(WEATHER, Tool("x", parameters={"type": "object"}, strict=True))),
    "required": request(tools=(WEATHER,), tool_choice="required", parallel_tool_calls=False),
    "named": request(tools=(WEATHER,), tool_choice=NamedTool("weather"), parallel_tool_calls=True),
    "auto": request(tools=(WEATHER,), tool_choice="auto"),
    "no tool": request(tools=(WEATHER,), tool_choice="none"),
    "sampling": request(temperature=0.0, top_p=0.5, top_k=3, stop=("END", "\n---")),
    "schema": request(json_schema=SCHEMA),
    "effort": request(reasoning_effort="medium", json_schema=SCHEMA, temperature=1.0, top_p=0.95),
    "budget": request(reasoning_budget=2000),
    "budget and effort": request(reasoning_budget=2000, reasoning_effort="xhigh"),
    "no reasoning": request(reasoning_effort="none", temperature=0.3),
    "extra": request(extra={"metadata": {"user_id": "u"}, "service_tier": "auto"}),
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("asked", ROUND.values(), ids=ROUND)
def test_bodies_conform_to_the_published_types_and_read_back_the_same(asked, stream):
    body, losses = encode(asked, stream=stream)
    assert losses == ()
    assert DIALECT.decode_request(body) == (asked, stream, ())


def test_the_published_types_do_refuse():
    body = {"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": "Hi"}]}
    validate(body)
    for broken in (
        {"max_output_tokens": 3},
        {"max_tokens": "many"},
        {"messages": [{"role": "user", "content": [{"type": "text"}]}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "a", "b": 1}]}]},
        {"messages": [{"role": "tool", "content": "x"}]},
        {"system": [{"type": "image"}]},
        {"tool_choice": {"type": "required"}},
    ):
        with pytest.raises(ValueError, match="validation error"):
            validate(body | broken)


def test_a_body_says_no_more_than_was_asked():
    body, _ = encode(request(Message("system", "Be brief."), Message("user", "Hi"), max_output_tokens=9))
    assert body == {
        "model": "claude-x",
        "max_tokens": 9,
        "system": "Be brief.",
        "messages": [{"role": "user", "content": "Hi"}],
    }


def test_a_limit_is_required_and_one_of_the_users_own_is_kept():
    encoded = encode(request(max_output_tokens=None))
    assert encoded.body["max_tokens"] == 8192
    assert lost(encoded) == [("max_output_tokens", True)]
    assert encode(request(max_output_tokens=None, reasoning_budget=20_000)).body["max_tokens"] == 28_192
    assert encode(request(max_output_tokens=0)).body["max_tokens"] == 0


def test_signatures_and_closed_reasoning_are_sent_as_they_came():
    content = encode(request(*TOOL_TURNS, tools=(WEATHER,))).body["messages"][1]["content"]
    assert content[:2] == [
        {"type": "thinking", "thinking": "They want the weather.", "signature": "c2ln+/=="},
        {"type": "redacted_thinking", "data": "cmVk"},
    ]


def test_unsigned_reasoning_goes_back_to_those_who_do_not_sign_alone():
    turns = (Message("user", "Hi"), Message("assistant", (Reasoning("hm"), Text("x"))), Message("user", "So?"))
    refused = encode(request(*turns))
    assert refused.body["messages"][1]["content"] == [{"type": "text", "text": "x"}]
    assert lost(refused) == [("messages[1].reasoning", True)]
    taken = encode(request(*turns, model="kimi-k3"))
    assert taken.body["messages"][1]["content"][0] == {"type": "thinking", "thinking": "hm", "signature": ""}
    assert taken.losses == ()


def test_a_turn_of_nothing_but_unsigned_reasoning_is_left_out():
    encoded = encode(request(Message("user", "a"), Message("assistant", (Reasoning("hm"),)), Message("user", "b")))
    assert [turn["content"] for turn in encoded.body["messages"]] == ["a", "b"]
    assert lost(encoded) == [("messages[1].reasoning", True), ("messages[1].content", True)]


def test_results_in_turns_of_their_own_become_one_turn_with_what_follows():
    encoded = encode(
        request(
            *TOOL_TURNS[:3],
            Message("user", (ToolResult("toolu_1", "warm"),)),
            Message("user", (Text("by the way"), ToolResult("toolu_2", "cold"))),
            Message("user", "So?"),
            tools=(WEATHER,),
        )
    )
    turns = encoded.body["messages"]
    assert [turn["role"] for turn in turns] == ["user", "assistant", "user"]
    assert [block.get("tool_use_id", block.get("text")) for block in turns[2]["content"]] == [
        "toolu_1",
        "toolu_2",
        "by the way",
        "So?",
    ]
    assert lost(encoded) == [("messages[4].role", True), ("messages[4].tool_result", True), ("messages[5].role", True)]


def test_a_system_message_between_the_turns_goes_before_them_and_says_so():
    encoded = encode(request(Message("system", "a"), Message("user", "Hi"), Message("system", "b")))
    assert encoded.body["system"] == [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    assert lost(encoded) == [("messages[2].role", True)]


@pytest.mark.parametrize(("arguments", "input_"), [("Rome", {"arguments": "Rome"}), ("[1]", {"arguments": "[1]"})])
def test_arguments_that_are_no_object_are_sent_as_text_and_said(arguments, input_):
    encoded = encode(request(Message("user", "Hi"), Message("assistant", (ToolCall("a", "t", arguments),))))
    assert encoded.body["messages"][1]["content"][0]["input"] == input_
    assert lost(encoded) == [("messages[1].tool_call.arguments", False)]


def test_ids_of_other_vendors_are_written_in_the_letters_allowed_in_call_and_result():
    encoded = encode(
        request(
            Message("user", "Hi"),
            Message("assistant", (ToolCall("functions.t:0", "t", " "),)),
            Message("user", (ToolResult("functions.t:0", "x", "t"),)),
        )
    )
    _, call, result = encoded.body["messages"]
    assert call["content"][0]["id"] == result["content"][0]["tool_use_id"] == "functions_t_0"
    assert call["content"][0]["input"] == {}
    assert all(harmless for _, harmless in lost(encoded))


@pytest.mark.parametrize(
    ("changes", "sent", "losses"),
    [
        ({"temperature": 1.7}, {"temperature": 1.0}, [("temperature", True)]),
        ({"temperature": 0.2, "reasoning_effort": "low"}, {"temperature": None}, [("temperature", True)]),
        ({"top_p": 0.2, "top_k": 4, "reasoning_budget": 1024}, {"top_p": None}, [("top_p", True), ("top_k", True)]),
        ({"seed": 1, "presence_penalty": 0.1}, {"seed": None}, [("presence_penalty", True), ("seed", True)]),
        ({"frequency_penalty": 0.0}, {}, [("frequency_penalty", True)]),
        ({"stop": ("\n", "END")}, {"stop_sequences": ["END"]}, [("stop", False)]),
        (
            {"reasoning_effort": "minimal"},
            {"output_config": {"effort": "low"}, "thinking": {"type": "adaptive"}},
            [("reasoning_effort", True)],
        ),
        (
            {"reasoning_budget": 10},
            {"thinking": {"type": "enabled", "budget_tokens": 1024}},
            [("reasoning_budget", True)],
        ),
        (
            {"reasoning_budget": 9000},
            {"thinking": {"type": "enabled", "budget_tokens": 3999}},
            [("reasoning_budget", True)],
        ),
        (
            {"reasoning_budget": 9000, "reasoning_effort": "high", "max_output_tokens": 1000},
            {"thinking": {"type": "disabled"}, "output_config": None},
            NO_BUDGET,
        ),
        ({"reasoning_budget": 0}, {"thinking": {"type": "disabled"}}, NO_BUDGET),
        ({"reasoning_budget": -1}, {"thinking": {"type": "adaptive"}}, NO_BUDGET),
        (
            {"reasoning_budget": 5000, "reasoning_effort": "none"},
            {"thinking": {"type": "disabled"}},
            [("reasoning_budget", True)],
        ),
        ({"tool_choice": "required"}, {"tool_choice": None}, [("tool_choice", True)]),
        (
            {"tools": (WEATHER,), "parallel_tool_calls": False},
            {"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}},
            [("tool_choice", True)],
        ),
        (
            {"tools": (WEATHER,), "tool_choice": "none", "parallel_tool_calls": False},
            {"tool_choice": {"type": "none"}},
            [("parallel_tool_calls", True)],
        ),
        (
            {"tools": (Tool("t"),)},
            {"tools": [{"name": "t", "input_schema": {"type": "object"}}]},
            [("tools[0].parameters", True)],
        ),
    ],
)
def test_what_cannot_be_said_is_a_loss(changes, sent, losses):
    encoded = encode(request(**changes))
    assert {key: encoded.body.get(key) for key in sent} == sent
    assert lost(encoded) == losses


@pytest.mark.parametrize(
    ("message", "losses"),
    [
        (Message("assistant", (Text("x"), Image(PNG, "image/png"))), [("messages[1].image", False)]),
        (Message("assistant", (Text("x"), ToolResult("a", "b"))), [("messages[1].tool_result", False)]),
        (Message("user", (Text("x"), ToolCall("a", "b"))), [("messages[1].tool_call", False)]),
        (Message("user", (Text("x"), Reasoning("b"))), [("messages[1].reasoning", False)]),
        (Message("user", (Text("x"), Image(b"BM", "image/bmp"))), [("messages[1].image", False)]),
        (Message("user", (Text("x"), Text(""))), [("messages[1].text", True)]),
        (Message("user", ()), [("messages[1].content", True)]),
        (Message("system", (Text("x"), Image(PNG, "image/png"))), [("messages[1].image", False)] * 1),
        (Message("assistant", (ToolCall("a", "b", signature="s"),)), [("messages[1].tool_call.signature", True)]),
        (Message("user", (ToolResult("a", "b", "c"),)), [("messages[1].tool_result.name", True)]),
    ],
)
def test_parts_that_a_turn_cannot_have_are_losses(message, losses):
    encoded = encode(request(Message("user", "Hi"), message))
    assert [loss for loss in lost(encoded) if loss != ("messages[1].role", True)] == losses


@pytest.mark.parametrize("structured_output", ["json_object", "prompt"])
def test_elsewhere_the_schema_goes_into_the_system_prompt(structured_output):
    body, losses = encode(request(json_schema=SCHEMA), structured_output=structured_output)
    assert "output_config" not in body
    assert '"required":["cases"]' in body["system"]
    assert losses == ()


def test_extra_fields_win_and_leave_the_schema_be():
    extra = {"model": "other", "output_config": {"effort": "max"}}
    body, _ = encode(request(json_schema=SCHEMA, reasoning_effort="low", extra=extra))
    assert body["model"] == "other"
    assert body["output_config"] == {"effort": "max", "format": {"type": "json_schema", "schema": SCHEMA}}


def read(**changes):
    body = {"model": "m", "max_tokens": 9000, "messages": [{"role": "user", "content": "Hi"}], **changes}
    validate(body)
    return DIALECT.decode_request(body)


@pytest.mark.parametrize(
    ("fields", "effort", "budget"),
    [
        ({"thinking": {"type": "adaptive"}}, "high", None),
        ({"thinking": {"type": "adaptive", "display": "summarized"}}, "high", None),
        ({"thinking": {"type": "adaptive"}, "output_config": {"effort": "max"}}, "xhigh", None),
        ({"thinking": {"type": "enabled", "budget_tokens": 4096, "display": "omitted"}}, None, 4096),
        ({"thinking": {"type": "disabled"}, "output_config": {"effort": "low"}}, "none", None),
        ({"thinking": {"type": "between_tools"}}, None, None),
        ({"output_config": {"effort": "low"}}, None, None),
    ],
)
def test_thinking_is_read_and_sent_on_to_its_own_vendor_as_it_was(fields, effort, budget):
    asked = read(**fields)
    assert (asked.request.reasoning_effort, asked.request.reasoning_budget) == (effort, budget)
    assert asked.losses == ()
    body = encode(asked.request).body
    assert body.get("thinking") == fields.get("thinking")
    if "output_config" in fields:
        assert body["output_config"] == fields["output_config"]


def test_fields_without_a_canonical_place_stay_in_extra():
    own = {"metadata": {"user_id": "u"}, "service_tier": "auto", "container": "c", "inference_geo": "eu"}
    assert read(**own).request.extra == own
    beta = {"anthropic_beta": ["x"], "context_management": {"edits": []}}
    body = {"messages": [], "max_tokens": 1, **beta}
    assert DIALECT.decode_request(body, model="m", stream=True).request.extra == beta


def test_a_coding_clients_request_is_read():
    mark = {"cache_control": {"type": "ephemeral"}}
    asked = read(
        system=[{"type": "text", "text": "You code.", **mark}],
        tools=[
            {"name": "bash", "input_schema": {"type": "object"}, "eager_input_streaming": True, **mark},
            {"type": "web_search_20250305", "name": "web_search"},
        ],
        messages=[
            {"role": "user", "content": [{"type": "text", "text": "Hi", **mark}]},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "bash", "input": {"a": [1]}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t"}]},
            {"role": "system", "content": "Be quick."},
        ],
    )
    assert asked.request.messages == (
        Message("system", (Text("You code."),)),
        Message("user", (Text("Hi"),)),
        Message("assistant", (ToolCall("t", "bash", '{"a":[1]}'),)),
        Message("user", (ToolResult("t", "", "bash"),)),
        Message("system", "Be quick."),
    )
    assert asked.request.tools == (Tool("bash", parameters={"type": "object"}),)
    assert lost(asked) == [
        ("tools[1]", True),
        ("tools[0].eager_input_streaming", True),
        ("cache_control", True),
    ]


def test_blocks_of_the_vendors_own_are_losses():
    plain = {"type": "text", "data": "words", "media_type": "text/plain"}
    blocks = [
        {"type": "document", "source": plain},
        {"type": "document", "source": {"type": "url", "url": "https://x.example/a.pdf"}},
        {"type": "image", "source": {"type": "file", "file_id": "f"}},
        {"type": "search_result", "source": "s", "title": "t", "content": []},
    ]
    asked = read(messages=[{"role": "user", "content": blocks}])
    assert asked.request.messages == (Message("user", (Text("words"),)),)
    assert lost(asked) == [(f"messages[0].content[{number}]", False) for number in (1, 2, 3)]


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"messages": "Hi"}, "messages"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages[0].content[0].text"),
        ({"messages": [{"role": "user", "content": [{"type": "tool_result"}]}]}, "tool_use_id"),
        (
            {
                "messages": [
                    {
                        "role": "user",
                        "content": [
                            {
                                "type": "image",
                                "source": {"type": "base64", "media_type": "image/png", "data": "*"},
                            }
                        ],
                    }
                ]
            },
            "messages[0].content[0].source.data",
        ),
        ({"system": 7}, "system"),
        ({"max_tokens": "many"}, "max_tokens"),
        ({"stop_sequences": "END"}, "stop_sequences"),
        ({"tool_choice": {"type": "required"}}, "tool_choice.type"),
        ({"tool_choice": {"type": "tool"}}, "tool_choice.name"),
        ({"tools": [{"input_schema": {}}]}, "tools[0].name"),
        ({"thinking": {"type": "enabled"}}, "thinking.budget_tokens"),
        ({"output_config": {"format": {"type": "json_schema"}}}, "output_config.format.schema"),
        ({"output_config": []}, "output_config"),
    ],
)
def test_what_is_no_request_is_refused_with_its_place(changes, where):
    body = {"model": "m", "max_tokens": 9, "messages": [], **changes}
    with pytest.raises(errors.InvalidRequestError) as caught:
        DIALECT.decode_request(body)
    assert where in str(caught.value)
    assert caught.value.status == 400
