"""A JSON Schema for the answer, asked for in words."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from casecraft.core.chat import ChatRequest, Content, Message, Text
from casecraft.wire.body import encode_body


def with_schema_in_prompt(request: ChatRequest) -> ChatRequest:
    """The request with its schema in the first system message: the same in each, so that prompt caches hit."""
    if request.json_schema is None:
        return request
    text = _instruction(request.json_schema)
    first, *others = request.messages or (Message("system", ""),)
    if first.role == "system":
        messages = (Message("system", _extended(first.content, text)), *others)
    else:
        messages = (Message("system", text), first, *others)
    return replace(request, messages=messages, json_schema=None)


def _instruction(schema: Mapping[str, Any]) -> str:
    text = encode_body(schema).decode()
    return f"Answer with one JSON object and nothing else. It must conform to this JSON Schema:\n{text}"


def _extended(content: Content, text: str) -> Content:
    if isinstance(content, str):
        return f"{content}\n\n{text}" if content else text
    return (*content, Text(text))
