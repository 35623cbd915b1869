"""Canonical requests and answers made at random, and what of them a dialect says it keeps."""

import base64
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from typing import Any, get_args

from hypothesis import strategies as st

from casecraft.core.chat import (
    ChatRequest,
    ChatResponse,
    Image,
    Loss,
    Message,
    NamedTool,
    Part,
    Reasoning,
    ReasoningEffort,
    Text,
    Tool,
    ToolCall,
    ToolResult,
)
from casecraft.core.usage import Usage

NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,11}", fullmatch=True)
TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20).filter(str.strip)
JSON_OBJECTS = st.dictionaries(
    NAMES, st.none() | st.booleans() | st.integers(-99, 99) | TEXTS | st.lists(TEXTS, max_size=2), max_size=3
)
SIGNATURES = st.just("") | st.binary(min_size=1, max_size=12).map(lambda it: base64.b64encode(it).decode())
FOREIGN_SIGNATURES = SIGNATURES | st.just("not base64")
IMAGES = st.builds(
    Image, data=st.binary(min_size=1, max_size=20), media_type=st.sampled_from(["image/png", "image/jpeg"])
) | st.just(Image(url="https://example.com/cat.png"))
SCHEMAS = st.just(
    {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"], "additionalProperties": False}
)
TOOLS = st.builds(
    Tool, name=NAMES, description=TEXTS | st.just(""), parameters=SCHEMAS, strict=st.sampled_from([None, True, False])
)
EFFORTS = st.sampled_from([None, *get_args(ReasoningEffort)])
THOUGHTS = (
    st.builds(Reasoning, text=TEXTS, signature=FOREIGN_SIGNATURES)
    | st.builds(Reasoning, signature=FOREIGN_SIGNATURES.filter(bool), redacted=st.booleans())
)  # fmt: skip
MIXED = st.lists(st.builds(Text, TEXTS) | IMAGES, max_size=3)


@st.composite
def conversations(draw: st.DrawFn) -> tuple[Message, ...]:
    """Turns that alternate; each call is answered in the turn after it."""
    messages = [Message("system", each) for each in draw(st.lists(TEXTS | _said(), max_size=2))]
    messages.append(Message("user", draw(TEXTS | _said())))
    for turn in range(draw(st.integers(0, 2))):
        calls = draw(_calls(f"call_{turn}", most=2))
        messages.append(Message("assistant", (*_thought(draw), Text(draw(TEXTS)), *_thought(draw), *calls)))
        results = [_result(draw, call) for call in calls]
        first = [Text(draw(TEXTS))] if draw(st.integers(0, 4)) == 0 else []
        messages.append(Message("user", (*first, *results, *draw(_said()))))
    return tuple(messages)


def _said() -> st.SearchStrategy[tuple[Part, ...]]:
    """Texts and images in any order, one text at least."""
    return st.builds(lambda before, text, after: (*before, Text(text), *after), MIXED, TEXTS, MIXED)


def _thought(draw: st.DrawFn) -> list[Part]:
    return draw(st.lists(THOUGHTS, max_size=2))


def _calls(prefix: str, most: int) -> st.SearchStrategy[list[ToolCall]]:
    made = st.lists(st.tuples(NAMES, JSON_OBJECTS, FOREIGN_SIGNATURES), max_size=most)
    return made.map(
        lambda calls: [
            ToolCall(f"{prefix}_{index}", name, json.dumps(given), signature)
            for index, (name, given, signature) in enumerate(calls)
        ]
    )


def _result(draw: st.DrawFn, call: ToolCall) -> ToolResult:
    content = draw(TEXTS | st.just("") | MIXED.map(tuple))
    return ToolResult(call.id, content, call.name, draw(st.booleans()))


def requests() -> st.SearchStrategy[ChatRequest]:
    """Requests with any of the fields."""
    rates = st.none() | st.sampled_from([0.0, 0.5, 1.0])
    return st.builds(
        ChatRequest,
        messages=conversations(),
        model=NAMES,
        temperature=rates,
        top_p=st.none() | st.sampled_from([0.25, 1.0]),
        top_k=st.none() | st.integers(1, 50),
        frequency_penalty=rates,
        presence_penalty=rates,
        stop=st.lists(TEXTS, max_size=2, unique=True).map(tuple),
        max_output_tokens=st.integers(1, 9999),
        seed=st.none() | st.integers(0, 99),
        json_schema=st.none() | SCHEMAS,
        tools=st.lists(TOOLS, max_size=2, unique_by=lambda tool: tool.name).map(tuple),
        reasoning_effort=EFFORTS,
        reasoning_budget=st.none() | st.integers(1024, 4096),
        extra=st.sampled_from([{}, {"x_vendor": {"a": 1}}]),
    ).flatmap(_with_choice)


def _with_choice(request: ChatRequest) -> st.SearchStrategy[ChatRequest]:
    if not request.tools:
        return st.just(request)
    choices = st.sampled_from([None, "auto", "none", "required", NamedTool(request.tools[0].name)])
    return st.builds(
        lambda choice, several: replace(request, tool_choice=choice, parallel_tool_calls=several),
        choices,
        st.sampled_from([None, True, False]),
    )


@st.composite
def responses(draw: st.DrawFn) -> ChatResponse:
    """Answers with text, reasoning, calls, or all of them."""
    calls = draw(_calls("call", most=3))
    parts = (*_thought(draw), Text(draw(TEXTS)), *_thought(draw), *calls)
    usage = Usage(
        input=draw(st.integers(50, 99)),
        output=draw(st.integers(20, 40)),
        cached_input=draw(st.integers(0, 20)),
        cache_write=draw(st.integers(0, 20)),
        reasoning=draw(st.integers(0, 20)),
    )
    reason = "tool_use" if calls else draw(st.sampled_from(["stop", "length", "stop_sequence", "other"]))
    return ChatResponse(content=parts, model=draw(NAMES), stop_reason=reason, usage=usage, request_id=draw(NAMES))


def merged(request: ChatRequest, losses: Iterable[Loss]) -> tuple[ChatRequest, list[Loss]]:
    """The request with turns put together where a loss of their role says so; the losses by their new numbers."""
    lost = {loss.field for loss in losses}
    if "messages" in lost:
        return request, [*losses]
    messages: list[Message] = []
    places: list[int] = []
    for number, message in enumerate(request.messages):
        if f"messages[{number}].role" in lost:  # what a system says goes before all else
            place = 0 if message.role == "system" else len(messages) - 1
            messages[place] = Message(message.role, (*messages[place].parts, *message.parts))
        else:
            place = len(messages)
            messages.append(message)
        places.append(place)
    numbered = [
        replace(loss, field=re.sub(r"\Amessages\[(\d+)", lambda it: f"messages[{places[int(it[1])]}", loss.field))
        for loss in losses
        if not loss.field.endswith(".role")
    ]
    return replace(request, messages=tuple(messages)), numbered


def kept(value: ChatRequest | ChatResponse, losses: Iterable[Loss]) -> Mapping[str, Any]:
    """The value in a comparable form, without what the losses name."""
    lost = {loss.field for loss in losses}
    fields = asdict(replace(value, **{"raw": b"", "losses": ()} if isinstance(value, ChatResponse) else {}))
    if isinstance(value, ChatRequest):
        fields["messages"] = [
            (message.role, _parts(message.parts, _below(lost, f"messages[{number}]")))
            for number, message in enumerate(value.messages)
        ]
        fields["tools"] = [_tool(tool, number, lost) for number, tool in enumerate(value.tools)]
    else:
        fields["content"] = _parts(value.parts, lost | _below(lost, "content"))
    if fields.get("usage"):
        fields["usage"] = {name: each for name, each in fields["usage"].items() if f"usage.{name}" not in lost}
    return {name: each for name, each in fields.items() if name not in lost}


def _below(lost: Iterable[str], place: str) -> set[str]:
    return {field.removeprefix(f"{place}.") for field in lost if field.startswith(f"{place}.")}


def _tool(tool: Tool, number: int, lost: set[str]) -> dict[str, Any]:
    fields = asdict(tool)
    if lost & {"tools.strict", f"tools[{number}].strict"}:
        del fields["strict"]
    return fields


PLACES: Mapping[type, int] = {ToolResult: 0, Reasoning: 1, Text: 2, Image: 3, ToolCall: 4}
NAMES_OF_PARTS: Mapping[type, str] = {
    Image: "image",
    Reasoning: "reasoning",
    ToolCall: "tool_call",
    ToolResult: "tool_result",
}


def _parts(parts: Iterable[Part], lost: set[str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for part in sorted(parts, key=lambda it: PLACES[type(it)]) if "order" in lost else parts:
        kind = type(part)
        if NAMES_OF_PARTS.get(kind) in lost or ("redacted" in lost and getattr(part, "redacted", False)):
            continue
        values = _values(part, lost)
        if found and _is_one(found[-1], values):
            found[-1] = {**found[-1], **values, "text": found[-1]["text"] + values["text"]}
        elif kind is not Reasoning or any(values.get(name) for name in ("text", "signature", "redacted")):
            found.append(values)
    return found


def _values(part: Part, lost: set[str]) -> dict[str, Any]:
    """What a part holds, without what is lost of all parts or of its kind."""
    values = {"kind": type(part).__name__, **asdict(part)}
    if isinstance(part, ToolCall):
        values["arguments"] = json.loads(part.arguments)
    if isinstance(part, ToolResult):
        inner: tuple[Part, ...] = (Text(part.content),) if isinstance(part.content, str) else part.content
        values["content"] = [each for each in _parts(inner, _below(lost, "tool_result")) if each.get("text") != ""]
    gone = lost & {"signature", "is_error", "name", "id", "call_id"} | _below(lost, NAMES_OF_PARTS.get(type(part), ""))
    return {name: each for name, each in values.items() if name not in gone}


def _is_one(before: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    """Whether two parts are the same as one: texts, and thoughts of which the first has no proof of its own."""
    if before["kind"] != values["kind"] or "text" not in before:
        return False
    return before["kind"] == "Text" or not (before.get("signature") or before["redacted"] or values["redacted"])
