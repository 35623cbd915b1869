"""Cohere's chat: canonical requests as bodies."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson

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
from casecraft.core.profile import StructuredOutput
from casecraft.wire.body import encode_body
from casecraft.wire.data_urls import data_url
from casecraft.wire.dialect import Encoded
from casecraft.wire.reasoning import budget_of
from casecraft.wire.schema_prompt import with_schema_in_prompt
from casecraft.wire.turns import note_order, texts_of_system

# Canonical field -> the body's, for those that go over as they are.
PLAIN_FIELDS: Mapping[str, str] = {
    "temperature": "temperature",
    "top_p": "p",
    "top_k": "k",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
    "max_output_tokens": "max_tokens",
    "seed": "seed",
}
WRAPPED = "content"
"""The field of a document that holds a tool's result which is no JSON object."""


def encode_request(request: ChatRequest, *, stream: bool, structured_output: StructuredOutput) -> Encoded:
    """The body for `POST /v2/chat`. Fields of `request.extra` go in as they are and win over ours."""
    losses = list(_not_said(request))
    format_ = None
    if request.json_schema is not None:
        request, format_ = _response_format(request, structured_output, losses)
    body: dict[str, Any] = {
        "model": request.model,
        "messages": list(_messages(request.messages, losses)),
        "stream": stream,
    }
    for ours, theirs in PLAIN_FIELDS.items():
        value = getattr(request, ours)
        if value is not None:
            body[theirs] = value
    if request.stop:
        body["stop_sequences"] = list(request.stop)
    if format_ is not None:
        body["response_format"] = format_
    body |= _tools(request, losses) | _thinking(request)
    body.update(request.extra)
    return Encoded(body, tuple(losses))


def _response_format(
    request: ChatRequest, structured_output: StructuredOutput, losses: list[Loss]
) -> tuple[ChatRequest, dict[str, Any] | None]:
    """The request and its format. Cohere takes none beside tools: there the schema is asked for in words."""
    if structured_output == "prompt":
        return with_schema_in_prompt(request), None
    if request.tools:
        losses += (
            Loss("json_schema", "asked for in words, as Cohere takes no format beside tools", harmless=True),
            Loss("messages", "the schema stands in the system message", harmless=True),
        )
        return with_schema_in_prompt(request), None
    if structured_output == "json_object":
        return with_schema_in_prompt(request), {"type": "json_object"}
    return request, {"type": "json_object", "json_schema": request.json_schema}


def _not_said(request: ChatRequest) -> Iterator[Loss]:
    if request.parallel_tool_calls is not None:
        yield Loss("parallel_tool_calls", "Cohere has no such field", harmless=request.parallel_tool_calls)
    if request.reasoning_effort not in (None, "none"):
        yield Loss("reasoning_effort", "Cohere knows budgets alone", harmless=True)
        if request.reasoning_budget is None:
            yield Loss("reasoning_budget", "it stands for the effort", harmless=True)
    elif request.reasoning_effort == "none" and request.reasoning_budget is not None:
        yield Loss("reasoning_budget", "there is to be no reasoning", harmless=True)


def _thinking(request: ChatRequest) -> dict[str, Any]:
    effort, budget = request.reasoning_effort, request.reasoning_budget
    if effort == "none":
        return {"thinking": {"type": "disabled"}}
    if budget is None and effort is not None:
        budget = budget_of(effort)
    return {} if budget is None else {"thinking": {"type": "enabled", "token_budget": budget}}


def _tools(request: ChatRequest, losses: list[Loss]) -> dict[str, Any]:
    """The fields for tools. The one tool that has to be used is the only one sent, as Cohere cannot name it."""
    tools, choice = request.tools, request.tool_choice
    fields: dict[str, Any] = {}
    if isinstance(choice, NamedTool):
        named = tuple(tool for tool in tools if tool.name == choice.name)
        losses.append(Loss("tool_choice", "Cohere can require tools but not name one", harmless=len(named) == 1))
        if named and len(tools) > 1:
            losses.append(Loss("tools", "the others are left out", harmless=True))
        tools = named or tools
    elif choice == "auto":
        losses.append(Loss("tool_choice", "Cohere chooses unless told otherwise", harmless=True))
    if tools:
        fields["tools"] = [_tool(tool) for tool in tools]
    if choice == "none":
        fields["tool_choice"] = "NONE"
    elif choice not in (None, "auto"):
        fields["tool_choice"] = "REQUIRED"
    strict = {tool.strict for tool in tools}
    if len(strict) == 1 and strict != {None}:
        fields["strict_tools"] = strict.pop()
    elif len(strict) > 1:
        losses.append(Loss("tools.strict", "Cohere has one such field for all tools"))
    return fields


def _tool(tool: Tool) -> dict[str, Any]:
    function: dict[str, Any] = {"name": tool.name, "parameters": tool.parameters}
    if tool.description:
        function["description"] = tool.description
    return {"type": "function", "function": function}


def _messages(messages: Iterable[Message], losses: list[Loss]) -> Iterator[dict[str, Any]]:
    for number, message in enumerate(messages):
        if isinstance(message.content, str):
            yield {"role": message.role, "content": message.content}
        elif message.role == "assistant":
            yield _assistant(message, f"messages[{number}]", losses)
        elif message.role == "system":
            texts = texts_of_system(message.content, f"messages[{number}].", losses)
            yield {"role": "system", "content": [_block(part) for part in texts]}
        else:
            yield from _user(message, f"messages[{number}]", losses)


def _assistant(message: Message, where: str, losses: list[Loss]) -> dict[str, Any]:
    parts = message.parts
    if any(isinstance(part, Image) for part in parts):
        losses.append(Loss(f"{where}.image", "an assistant's turn has no images"))
    return {"role": "assistant", **write_parts(message, f"{where}.", losses)}


def write_parts(message: Message, where: str, losses: list[Loss]) -> dict[str, Any]:
    """Content, plan and calls of the model's own turn. Before calls, what it thought is its plan."""
    thoughts = [part for part in message.parts if isinstance(part, Reasoning)]
    calls = [part for part in message.parts if isinstance(part, ToolCall)]
    thought = "".join(part.text for part in thoughts)
    blocks = [{"type": "thinking", "thinking": thought}] if thought and not calls else []
    if message.text:
        blocks.append({"type": "text", "text": message.text})
    turn: dict[str, Any] = {"content": blocks} if blocks or not calls else {}
    if calls:
        turn |= {"tool_plan": thought} if thought else {}
        turn["tool_calls"] = [_call(call) for call in calls]
    note_order(message.parts, where, losses)
    if any(part.signature for part in thoughts) or any(call.signature for call in calls):
        losses.append(Loss(f"{where}signature", "Cohere has no signatures", harmless=True))
    if any(part.redacted or not part.text for part in thoughts):
        losses.append(Loss(f"{where}reasoning", "Cohere has no place for what is redacted", harmless=True))
    return turn


def _call(call: ToolCall) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _user(message: Message, where: str, losses: list[Loss]) -> Iterator[dict[str, Any]]:
    """Results of tools first, each a message of its own, as they must follow the calls; then the rest."""
    note_order(message.parts, f"{where}.", losses)
    for part in message.parts:
        if isinstance(part, ToolResult):
            yield _result(part, where, losses)
    rest = [part for part in message.parts if isinstance(part, Text | Image)]
    if rest:
        yield {"role": message.role, "content": [_block(part) for part in rest]}


def _block(part: Text | Image) -> dict[str, Any]:
    if isinstance(part, Image):
        return {"type": "image_url", "image_url": {"url": data_url(part)}}
    return {"type": "text", "text": part.text}


def _result(result: ToolResult, where: str, losses: list[Loss]) -> dict[str, Any]:
    if not isinstance(result.content, str) and any(isinstance(part, Image) for part in result.content):
        losses.append(Loss(f"{where}.tool_result.image", "a tool's message has no images"))
    if result.is_error:
        losses.append(Loss(f"{where}.tool_result.is_error", "a tool's message has no such mark", harmless=True))
    content = [{"type": "document", "document": {"data": _document(result.text)}}]
    return {"role": "tool", "tool_call_id": result.call_id, "content": content}


def _document(text: str) -> dict[str, Any]:
    """A result as the fields of a document, where it can be read back to the byte; else as one field."""
    try:
        data = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {WRAPPED: text}
    if isinstance(data, dict) and set(data) != {WRAPPED} and encode_body(data).decode() == text:
        return data
    return {WRAPPED: text}
