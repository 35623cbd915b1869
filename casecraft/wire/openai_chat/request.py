"""Chat Completions: canonical requests as bodies."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from casecraft.core.chat import (
    ChatRequest,
    Content,
    Image,
    Loss,
    Message,
    NamedTool,
    Part,
    Reasoning,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from casecraft.core.profile import StructuredOutput
from casecraft.wire.data_urls import data_url
from casecraft.wire.dialect import Encoded
from casecraft.wire.reasoning import effort_of
from casecraft.wire.schema_prompt import with_schema_in_prompt
from casecraft.wire.turns import note_order, texts_of_system

SCHEMA_NAME = "answer"

# Canonical field -> the body's, for those that go over as they are.
PLAIN_FIELDS: Mapping[str, str] = {
    "temperature": "temperature",
    "top_p": "top_p",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
    "max_output_tokens": "max_tokens",
    "seed": "seed",
    "parallel_tool_calls": "parallel_tool_calls",
    "reasoning_effort": "reasoning_effort",
}


def encode_request(request: ChatRequest, *, stream: bool, structured_output: StructuredOutput) -> Encoded:
    """The body for `POST /chat/completions`. Fields of `request.extra` go in as they are and win over ours."""
    losses: list[Loss] = []
    if structured_output != "json_schema":
        schema, request = request.json_schema, with_schema_in_prompt(request)
    else:
        schema = request.json_schema
    body: dict[str, Any] = {"model": request.model, "messages": list(_messages(request.messages, losses))}
    for ours, theirs in PLAIN_FIELDS.items():
        value = getattr(request, ours)
        if value is not None:
            body[theirs] = value
    if request.reasoning_budget is not None and request.reasoning_effort is None:
        body["reasoning_effort"] = effort_of(request.reasoning_budget)
    if request.stop:
        body["stop"] = list(request.stop)
    if schema is not None and structured_output != "prompt":
        body["response_format"] = _response_format(schema, structured_output)
    if request.tools:
        body["tools"] = [_tool(tool) for tool in request.tools]
    if request.tool_choice is not None:
        body["tool_choice"] = _tool_choice(request.tool_choice)
    if stream:
        body["stream"] = True
        body["stream_options"] = {"include_usage": True}
    losses += _not_said(request)
    body.update(request.extra)
    return Encoded(body, tuple(losses))


def _not_said(request: ChatRequest) -> Iterator[Loss]:
    if request.top_k is not None:
        yield Loss("top_k", "Chat Completions has no such field", harmless=True)
    if request.reasoning_budget is not None:
        yield Loss("reasoning_budget", "Chat Completions knows efforts alone", harmless=True)
        if request.reasoning_effort is None:
            yield Loss("reasoning_effort", "it stands for the budget", harmless=True)


def _response_format(schema: Mapping[str, Any], structured_output: StructuredOutput) -> dict[str, Any]:
    if structured_output == "json_object":
        return {"type": "json_object"}
    return {"type": "json_schema", "json_schema": {"name": SCHEMA_NAME, "schema": schema, "strict": True}}


def _tool(tool: Tool) -> dict[str, Any]:
    function: dict[str, Any] = {"name": tool.name, "parameters": tool.parameters}
    if tool.description:
        function["description"] = tool.description
    if tool.strict is not None:
        function["strict"] = tool.strict
    return {"type": "function", "function": function}


def _tool_choice(choice: ToolChoice) -> object:
    return {"type": "function", "function": {"name": choice.name}} if isinstance(choice, NamedTool) else choice


def _messages(messages: Iterable[Message], losses: list[Loss]) -> Iterator[dict[str, Any]]:
    for number, message in enumerate(messages):
        if isinstance(message.content, str):
            yield {"role": message.role, "content": message.content}
        elif message.role == "assistant":
            yield _assistant(message, f"messages[{number}]", losses)
        elif message.role == "system":
            texts = texts_of_system(message.content, f"messages[{number}].", losses)
            yield {"role": "system", "content": _content(texts)}
        else:
            yield from _user(message, f"messages[{number}]", losses)


def _assistant(message: Message, where: str, losses: list[Loss]) -> dict[str, Any]:
    """The model's own turn. Vendors want their reasoning back under `reasoning_content` where tools were used."""
    parts = message.parts
    calls = [_call(part) for part in parts if isinstance(part, ToolCall)]
    reasoning = "".join(part.text for part in parts if isinstance(part, Reasoning))
    turn: dict[str, Any] = {"role": "assistant", "content": message.text or (None if calls else "")}
    if reasoning:
        turn["reasoning_content"] = reasoning
    if calls:
        turn["tool_calls"] = calls
    note_order(parts, f"{where}.", losses)
    note_proofs(parts, f"{where}.", losses)
    if any(isinstance(part, Image) for part in parts):
        losses.append(Loss(f"{where}.image", "an assistant's turn has no images"))
    return turn


def note_proofs(parts: Iterable[Part], where: str, losses: list[Loss]) -> None:
    """Note what is lost of the proofs of reasoning."""
    if any(isinstance(part, Reasoning | ToolCall) and part.signature for part in parts):
        losses.append(Loss(f"{where}signature", "Chat Completions has no signatures", harmless=True))
    if any(isinstance(part, Reasoning) and part.redacted for part in parts):
        losses.append(Loss(f"{where}reasoning", "Chat Completions has no place for what is redacted", harmless=True))


def _call(call: ToolCall) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _user(message: Message, where: str, losses: list[Loss]) -> Iterator[dict[str, Any]]:
    """Results of tools first, each a message of its own, as they must follow the calls; then the rest."""
    note_order(message.parts, f"{where}.", losses)
    for part in message.parts:
        if isinstance(part, ToolResult):
            yield _result(part, where, losses)
    rest = tuple(part for part in message.parts if isinstance(part, Text | Image))
    if rest:
        yield {"role": message.role, "content": _content(rest)}


def _result(result: ToolResult, where: str, losses: list[Loss]) -> dict[str, Any]:
    if not isinstance(result.content, str) and any(isinstance(part, Image) for part in result.content):
        losses.append(Loss(f"{where}.tool_result.image", "a tool's message is text alone"))
    if result.is_error:
        losses.append(Loss(f"{where}.tool_result.is_error", "a tool's message has no such mark", harmless=True))
    return {"role": "tool", "tool_call_id": result.call_id, "content": result.text}


def _content(parts: Content) -> object:
    if isinstance(parts, str):
        return parts
    return [_image(part) if isinstance(part, Image) else {"type": "text", "text": _text(part)} for part in parts]


def _text(part: object) -> str:
    return part.text if isinstance(part, Text) else ""


def _image(image: Image) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": data_url(image)}}
