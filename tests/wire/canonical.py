"""Canonical requests and answers made at random, and what of them a dialect says it keeps."""

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from typing import Any

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
IMAGES = st.builds(
    Image, data=st.binary(min_size=1, max_size=20), media_type=st.sampled_from(["image/png", "image/jpeg"])
) | st.just(Image(url="https://example.com/cat.png"))
SCHEMAS = st.just(
    {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"], "additionalProperties": False}
)
TOOLS = st.builds(Tool, name=NAMES, description=TEXTS | st.just(""), parameters=SCHEMAS)


@st.composite
def conversations(draw: st.DrawFn) -> tuple[Message, ...]:
    """Turns that alternate; each call is answered in the turn after it."""
    messages = [Message("system", draw(TEXTS))] if draw(st.booleans()) else []
    messages.append(Message("user", draw(TEXTS)))
    for turn in range(draw(st.integers(0, 2))):
        calls = draw(st.lists(st.tuples(NAMES, JSON_OBJECTS), max_size=2))
        made = [ToolCall(f"call_{turn}_{index}", name, json.dumps(given)) for index, (name, given) in enumerate(calls)]
        messages.append(Message("assistant", (*draw(_thoughts()), Text(draw(TEXTS)), *made)))
        results = [ToolResult(call.id, draw(TEXTS), call.name) for call in made]
        messages.append(Message("user", (*results, Text(draw(TEXTS)), *draw(st.lists(IMAGES, max_size=1)))))
    return tuple(messages)


def _thoughts() -> st.SearchStrategy[list[Part]]:
    return st.lists(st.builds(Reasoning, text=TEXTS, signature=SIGNATURES), max_size=1)


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
        reasoning_effort=st.sampled_from([None, "low", "high"]),
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
    calls = [
        ToolCall(f"call_{index}", name, json.dumps(given))
        for index, (name, given) in enumerate(draw(st.lists(st.tuples(NAMES, JSON_OBJECTS), max_size=3)))
    ]
    parts = (*draw(_thoughts()), Text(draw(TEXTS)), *calls)
    usage = Usage(
        input=draw(st.integers(50, 99)),
        output=draw(st.integers(20, 40)),
        cached_input=draw(st.integers(0, 20)),
        cache_write=draw(st.integers(0, 20)),
        reasoning=draw(st.integers(0, 20)),
    )
    reason = "tool_use" if calls else draw(st.sampled_from(["stop", "length", "stop_sequence"]))
    return ChatResponse(content=parts, model=draw(NAMES), stop_reason=reason, usage=usage, request_id=draw(NAMES))


def kept(value: ChatRequest | ChatResponse, losses: Iterable[Loss]) -> Mapping[str, Any]:
    """The value in a comparable form, without what the losses name."""
    lost = {loss.field for loss in losses}
    fields = asdict(replace(value, **{"raw": b"", "losses": ()} if isinstance(value, ChatResponse) else {}))
    if isinstance(value, ChatRequest):
        fields["messages"] = [
            (message.role, _parts(message.parts, _below(lost, f"messages[{number}]")))
            for number, message in enumerate(value.messages)
        ]
    else:
        fields["content"] = _parts(value.parts, lost)
    if fields.get("usage"):
        fields["usage"] = {name: each for name, each in fields["usage"].items() if f"usage.{name}" not in lost}
    return {name: each for name, each in fields.items() if name not in lost}


def _below(lost: Iterable[str], place: str) -> set[str]:
    return {field.removeprefix(f"{place}.") for field in lost if field.startswith(f"{place}.")}


def _parts(parts: Iterable[Part], lost: set[str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for part in parts:
        kind = type(part).__name__
        if {"Image": "image", "Reasoning": "reasoning", "ToolCall": "tool_call", "ToolResult": "tool_result"}.get(
            kind
        ) in lost:
            continue
        values = {"kind": kind, **asdict(part)}
        if isinstance(part, ToolCall):
            values["arguments"] = json.loads(part.arguments)
        if isinstance(part, ToolResult):
            values["content"] = part.text
        for name in lost & {"signature", "is_error", "name", "id", "call_id"}:
            values.pop(name, None)
        for name in {
            each.rpartition(".")[2]
            for each in lost
            if each.startswith(("tool_call.", "tool_result.", "reasoning.", "image."))
        }:
            values.pop(name, None)
        if found and kind == "Text" == found[-1]["kind"]:
            found[-1]["text"] += part.text
        else:
            found.append(values)
    return found
