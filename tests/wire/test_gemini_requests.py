"""Requests: validated against Google's own types, beside what its SDK sends, and read back from what it sends."""

import json

import pydantic
import pytest
from google.genai import types
from pydantic.alias_generators import to_camel

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
from casecraft.errors import InvalidRequestError
from casecraft.wire import encode_body, find_dialect
from tests.wire.gemini_sdk import Server

GEMINI = find_dialect("gemini")
SCHEMA = {"type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": {"type": ["string", "null"]}}}
WEATHER = Tool("get_weather", "The weather of a city.", {"type": "object", "properties": {"city": {"type": "string"}}})
CALLS = (
    Reasoning("hm"),
    Reasoning("", "c2lnLXRleHQ="),
    Text("Let me see."),
    ToolCall("call_0", "get_weather", '{"city":"Paris"}', "c2lnLWNhbGw="),
    ToolCall("call_1", "get_weather", '{"city":"Rome"}'),
)
RESULTS = (ToolResult("call_0", "sunny", "get_weather"), ToolResult("call_1", "no such city", "get_weather", True))
PICTURE = Image(b"\x89PNG", "image/png")


class Body(pydantic.BaseModel, extra="forbid", alias_generator=to_camel):
    """The body of `generateContent`, put together from the types that the SDK publishes."""

    contents: list[types.Content]
    system_instruction: types.Content | None = None
    generation_config: types.GenerationConfig | None = None
    tools: list[types.Tool] | None = None
    tool_config: types.ToolConfig | None = None
    safety_settings: list[types.SafetySetting] | None = None
    cached_content: str | None = None


def request(**changes) -> ChatRequest:
    return ChatRequest(**{"messages": (Message("system", "Be brief."), Message("user", "Hi")), "model": "m", **changes})


FULL = request(
    messages=(
        Message("system", "Be brief."),
        Message("user", (Text("What is here?"), PICTURE, Image(url="https://files/x"))),
        Message("assistant", CALLS),
        Message("user", RESULTS),
        Message("user", "Well?"),
    ),
    temperature=0.0,
    top_p=0.9,
    top_k=40,
    frequency_penalty=0.1,
    presence_penalty=0.2,
    stop=("END",),
    max_output_tokens=100,
    seed=0,
    json_schema=SCHEMA,
    tools=(WEATHER, Tool("now")),
    tool_choice=NamedTool("get_weather"),
    reasoning_effort="low",
    extra={
        "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}],
        "cachedContent": "cachedContents/x",
    },
)


def encode(wanted: ChatRequest, structured_output="json_schema"):
    return GEMINI.encode_request(wanted, stream=False, structured_output=structured_output)


def check(body: dict) -> Body:
    return Body.model_validate_json(encode_body(body))


def test_a_full_request_conforms_to_the_published_types():
    body, losses = encode(FULL)
    assert losses == ()
    read = check(body)
    config = read.generation_config
    assert (config.temperature, config.top_k, config.max_output_tokens, config.seed) == (0.0, 40, 100, 0)
    assert config.response_json_schema == SCHEMA
    assert config.thinking_config.thinking_level is types.ThinkingLevel.LOW
    assert read.tools[0].function_declarations[0].parameters_json_schema == WEATHER.parameters
    assert read.contents[0].parts[1].inline_data.data == PICTURE.data
    assert read.contents[1].parts[2].thought_signature == b"sig-call"
    assert [turn.role for turn in read.contents] == ["user", "model", "user", "user"]


def test_the_published_types_do_refuse():
    with pytest.raises(pydantic.ValidationError, match="topQ"):
        check({"contents": [], "generationConfig": {"topQ": 1}})
    with pytest.raises(pydantic.ValidationError, match="stream"):
        check({"contents": [], "stream": True})


def send_by_sdk() -> Server:
    """The full request, sent by the SDK."""
    server = Server(b'{"candidates": [{"content": {"parts": [{"text": "a"}]}}]}')
    calls = [
        types.Part(text="hm", thought=True),
        types.Part(text="Let me see.", thought_signature=b"sig-text"),
        types.Part(
            function_call=types.FunctionCall(id="call_0", name="get_weather", args={"city": "Paris"}),
            thought_signature=b"sig-call",
        ),
        types.Part(function_call=types.FunctionCall(id="call_1", name="get_weather", args={"city": "Rome"})),
    ]
    answers = [
        types.FunctionResponse(id="call_0", name="get_weather", response={"output": "sunny"}),
        types.FunctionResponse(id="call_1", name="get_weather", response={"error": "no such city"}),
    ]
    seen = [
        types.Part(text="What is here?"),
        types.Part.from_bytes(data=PICTURE.data, mime_type="image/png"),
        types.Part(file_data=types.FileData(file_uri="https://files/x")),
    ]
    declarations = [
        types.FunctionDeclaration(
            name="get_weather", description="The weather of a city.", parameters_json_schema=WEATHER.parameters
        ),
        types.FunctionDeclaration(name="now"),
    ]
    server.client().models.generate_content(
        model="m",
        contents=[
            types.Content(role="user", parts=seen),
            types.Content(role="model", parts=calls),
            types.Content(role="user", parts=[types.Part(function_response=each) for each in answers]),
            types.Content(role="user", parts=[types.Part(text="Well?")]),
        ],
        config=types.GenerateContentConfig(
            system_instruction="Be brief.",
            temperature=0.0,
            top_p=0.9,
            top_k=40,
            frequency_penalty=0.1,
            presence_penalty=0.2,
            stop_sequences=["END"],
            max_output_tokens=100,
            seed=0,
            response_mime_type="application/json",
            response_json_schema=SCHEMA,
            tools=[types.Tool(function_declarations=declarations)],
            tool_config=types.ToolConfig(
                function_calling_config=types.FunctionCallingConfig(mode="ANY", allowed_function_names=["get_weather"])
            ),
            thinking_config=types.ThinkingConfig(thinking_level="LOW", include_thoughts=True),
            safety_settings=[types.SafetySetting(category="HARM_CATEGORY_HARASSMENT", threshold="BLOCK_NONE")],
            cached_content="cachedContents/x",
        ),
    )
    return server


def test_we_send_what_the_sdk_sends():
    server = send_by_sdk()
    assert server.path == "/v1beta" + GEMINI.chat_path("m", False)
    assert check(encode(FULL).body) == check({**server.sent, "systemInstruction": {"parts": [{"text": "Be brief."}]}})


def test_we_read_what_the_sdk_sends():
    asked = GEMINI.decode_request(send_by_sdk().sent, model="m", stream=True)
    assert asked.stream is True
    assert asked.losses == ()
    assert asked.request == FULL


def test_the_whole_comes_back_from_our_own_body():
    assert GEMINI.decode_request(encode(FULL).body, model="m").request == FULL


@pytest.mark.parametrize("structured_output", ["json_object", "prompt"])
def test_elsewhere_the_schema_goes_into_the_prompt(structured_output):
    body, losses = encode(request(json_schema=SCHEMA), structured_output)
    check(body)
    assert losses == ()
    assert json.loads(body["systemInstruction"]["parts"][0]["text"].splitlines()[-1]) == SCHEMA
    config = {"responseMimeType": "application/json"} if structured_output == "json_object" else None
    assert body.get("generationConfig") == config


def test_what_is_not_asked_for_is_not_sent():
    assert encode(request()).body == {
        "contents": [{"role": "user", "parts": [{"text": "Hi"}]}],
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
    }


def test_parallel_results_stand_in_one_turn_with_their_names():
    calls = tuple(ToolCall(f"c{n}", f"tool{n}") for n in range(3))
    results = [Message("user", (ToolResult(f"c{n}", str(n)),)) for n in range(3)]
    body, losses = encode(request(messages=(Message("user", "Go"), Message("assistant", calls), *results)))
    assert losses == ()
    assert [turn["role"] for turn in body["contents"]] == ["user", "model", "user"]
    said = [part["functionResponse"] for part in body["contents"][2]["parts"]]
    assert [(each["id"], each["name"], each["response"]) for each in said] == [
        (f"c{n}", f"tool{n}", {"output": str(n)}) for n in range(3)
    ]


@pytest.mark.parametrize("text", ["no json", "[1]", "", "7", '{"a": '])
def test_arguments_that_are_no_object_are_sent_all_the_same(text):
    message = Message("assistant", (ToolCall("c", "f", text),))
    body, losses = encode(request(messages=(message,)))
    assert body["contents"][0]["parts"][0]["functionCall"]["args"] == {"arguments": text}
    assert [(loss.field, loss.harmless) for loss in losses] == [("messages[0].tool_call.arguments", False)]


@pytest.mark.parametrize(
    ("changes", "field", "harmless"),
    [
        ({"parallel_tool_calls": False}, "parallel_tool_calls", False),
        ({"parallel_tool_calls": True}, "parallel_tool_calls", True),
        ({"tools": (Tool("f", strict=True),)}, "tools[0].strict", True),
        ({"reasoning_effort": "high", "reasoning_budget": 9}, "reasoning_effort", True),
        ({"reasoning_effort": "high", "model": "gemini-2.5-pro"}, "reasoning_effort", True),
        ({"messages": (Message("user", (ToolResult("c", "x"),)),)}, "messages[0].tool_result.name", False),
        ({"messages": (Message("user", "a"), Message("system", "b"))}, "messages[1].role", True),
        ({"messages": (Message("system", "a"), Message("system", "b"))}, "messages[1].role", True),
        ({"messages": (Message("assistant", (Reasoning("", "x", redacted=True),)),)}, "messages[0].redacted", True),
        ({"messages": (Message("assistant", (Reasoning("a", "not base64"),)),)}, "messages[0].signature", True),
        ({"messages": (Message("assistant", (ToolCall("c", "f", "{}", "YWI"),)),)}, "messages[0].signature", True),
        (
            {"messages": (Message("user", (ToolResult("c", (PICTURE, Text("x")), "f"),)),)},
            "messages[0].tool_result.order",
            True,
        ),
    ],
)
def test_what_cannot_be_said_is_a_loss(changes, field, harmless):
    body, losses = encode(request(**changes))
    check(body)
    assert [(loss.field, loss.harmless) for loss in losses] == [(field, harmless)]


@pytest.mark.parametrize(
    ("changes", "thinking"),
    [
        ({"reasoning_effort": "none"}, {"thinkingBudget": 0, "includeThoughts": False}),
        ({"reasoning_effort": "xhigh"}, {"thinkingLevel": "XHIGH", "includeThoughts": True}),
        ({"reasoning_budget": 0}, {"thinkingBudget": 0, "includeThoughts": False}),
        ({"reasoning_budget": 512}, {"thinkingBudget": 512, "includeThoughts": True}),
        (
            {"reasoning_effort": "medium", "model": "models/gemini-2.5-flash"},
            {"thinkingBudget": 8192, "includeThoughts": True},
        ),
    ],
)
def test_reasoning_is_asked_for_as_the_model_takes_it(changes, thinking):
    body, _ = encode(request(**changes))
    check(body)
    assert body["generationConfig"] == {"thinkingConfig": thinking}


def test_extra_objects_are_merged_and_extra_tools_added():
    extra = {"generationConfig": {"candidateCount": 1, "topP": 0.5}, "tools": [{"googleSearch": {}}]}
    body, _ = encode(request(temperature=0.1, top_p=0.9, tools=(WEATHER,), extra=extra))
    check(body)
    assert body["generationConfig"] == {"temperature": 0.1, "topP": 0.5, "candidateCount": 1}
    assert [list(tool) for tool in body["tools"]] == [["functionDeclarations"], ["googleSearch"]]
    assert extra["generationConfig"] == {"candidateCount": 1, "topP": 0.5}
    assert GEMINI.decode_request(body).request.extra == {
        "generationConfig": {"candidateCount": 1},
        "tools": [{"googleSearch": {}}],
    }


def test_extra_fields_keep_their_names():
    asked = request(extra={"my_field": {"a_b": 1}, "labels": {"top_p": "x"}})
    assert GEMINI.decode_request(encode(asked).body, model="m").request == asked


def read(body: dict) -> ChatRequest:
    return GEMINI.decode_request(body).request


def test_older_schemas_are_read_as_json_schema():
    parameters = {
        "type": "OBJECT",
        "properties": {
            "type": {"type": "STRING", "nullable": True, "enum": ["a"]},
            "tags": {"type": "ARRAY", "minItems": "1", "items": {"any_of": [{"type": "INTEGER"}, {"type": "NUMBER"}]}},
        },
        "propertyOrdering": ["type"],
        "required": ["type"],
    }
    asked = read(
        {
            "contents": [],
            "tools": [{"function_declarations": [{"name": "f", "parameters": parameters}]}],
            "generation_config": {"response_mime_type": "application/json", "response_schema": parameters},
        }
    )
    assert asked.json_schema == asked.tools[0].parameters
    assert asked.json_schema == {
        "type": "object",
        "properties": {
            "type": {"type": ["string", "null"], "enum": ["a", None]},
            "tags": {"type": "array", "minItems": 1, "items": {"anyOf": [{"type": "integer"}, {"type": "number"}]}},
        },
        "required": ["type"],
    }


def test_calls_without_ids_are_matched_to_their_results_in_order():
    def call(name):
        return {"functionCall": {"name": name, "args": {}}}

    def result(name, value):
        return {"functionResponse": {"name": name, "response": {"value": value}}}

    asked = read(
        {
            "contents": [
                {"role": "model", "parts": [call("f"), call("g"), call("f")]},
                {"role": "function", "parts": [result("f", 1), result("f", 2), result("g", 3)]},
            ]
        }
    )
    assert [part.id for part in asked.messages[0].parts] == ["call_0", "call_1", "call_2"]
    assert [(part.call_id, part.content) for part in asked.messages[1].parts] == [
        ("call_0", '{"value":1}'),
        ("call_2", '{"value":2}'),
        ("call_1", '{"value":3}'),
    ]


def test_a_streamed_thought_gets_the_signature_that_came_after_it():
    thought = {"text": "hm", "thought": True}
    signature = {"text": "", "thought": True, "thoughtSignature": "c2ln"}
    asked = read({"contents": [{"role": "model", "parts": [thought, signature, {"text": "Hi"}]}]})
    assert asked.messages[0].content == (Reasoning("hm", "c2ln"), Text("Hi"))


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"contents": "x"}, "'contents' must be a list of objects"),
        ({"contents": [{"role": "tool", "parts": []}]}, "'contents[0].role'"),
        ({"contents": [{"parts": [{"executableCode": {}}]}]}, "'contents[0].parts[0]' holds 'executableCode'"),
        ({"contents": [{"parts": [{}]}]}, "holds nothing"),
        ({"contents": [{"parts": [{"inlineData": {"mimeType": "audio/wav", "data": ""}}]}]}, "'audio/wav'"),
        ({"contents": [{"parts": [{"inlineData": {"mimeType": "image/png", "data": "?"}}]}]}, "broken base64"),
        ({"contents": [{"parts": [{"functionCall": {}}]}]}, "functionCall.name"),
        ({"contents": [{"parts": [{"functionResponse": {"id": "c"}}]}]}, "functionResponse.name"),
        ({"contents": [{"parts": [{"functionResponse": "x"}]}]}, "functionResponse.name"),
        ({"contents": [], "generationConfig": {"temperature": "hot"}}, "'temperature' must be a number"),
        ({"contents": [], "generationConfig": {"stopSequences": [1]}}, "stopSequences"),
        ({"contents": [], "systemInstruction": "x"}, "'systemInstruction' must be an object"),
        ({"contents": [], "tools": [{"functionDeclarations": [{}]}]}, "'tools[0].functionDeclarations[0].name'"),
    ],
)
def test_what_is_no_request_is_refused_with_a_word_on_why(body, says):
    with pytest.raises(InvalidRequestError) as caught:
        read(body)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("config", "choice", "kept"),
    [
        ({"mode": "AUTO"}, "auto", None),
        ({"mode": "none"}, "none", None),
        ({"mode": "ANY"}, "required", None),
        ({"mode": "ANY", "allowedFunctionNames": ["a"]}, NamedTool("a"), None),
        ({"mode": "ANY", "allowedFunctionNames": ["a", "b"]}, "required", {"allowedFunctionNames": ["a", "b"]}),
        ({"mode": "VALIDATED"}, None, {"mode": "VALIDATED"}),
    ],
)
def test_tool_choices_are_read_and_said_again(config, choice, kept):
    asked = read({"contents": [], "toolConfig": {"functionCallingConfig": config}})
    assert asked.tool_choice == choice
    assert asked.extra == ({"toolConfig": {"functionCallingConfig": kept}} if kept else {})
    again = encode(asked).body["toolConfig"]["functionCallingConfig"]
    assert again == {**config, "mode": config["mode"].upper()}


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ("gemini-2.5-pro", "/models/gemini-2.5-pro:generateContent"),
        ("models/x", "/models/x:generateContent"),
        ("tunedModels/x", "/tunedModels/x:generateContent"),
        ("publishers/google/models/x@001", "/publishers/google/models/x@001:generateContent"),
        ("a/../b?c", "/models/a%2F..%2Fb%3Fc:generateContent"),
        ("models/../b", "/models/models%2F..%2Fb:generateContent"),
    ],
)
def test_the_path_names_the_model_and_leads_nowhere_else(model, path):
    assert GEMINI.chat_path(model, False) == path
    assert GEMINI.chat_path(model, True) == path.replace(":g", ":streamG") + "?alt=sse"


@pytest.mark.parametrize(
    ("listing", "names"),
    [
        ({"models": [{"name": "models/a"}, {"name": "tunedModels/b"}, {"x": 1}, None]}, ("a", "tunedModels/b")),
        ({"publisherModels": [{"name": "publishers/google/models/c"}]}, ("c",)),
        ({"models": []}, ()),
        ({}, None),
        ({"models": {}}, None),
        ([], None),
    ],
)
def test_models_are_listed_by_their_short_names(listing, names):
    assert GEMINI.read_models(listing) == names
