"""Ollama's chat: canonical requests as bodies."""

import base64
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from casecraft.core.chat import (
    ChatRequest,
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
    text_of,
)
from casecraft.core.profile import StructuredOutput
from casecraft.wire.data_urls import media_type_of
from casecraft.wire.dialect import Encoded
from casecraft.wire.reasoning import effort_of
from casecraft.wire.schema_prompt import with_schema_in_prompt
from casecraft.wire.tool_arguments import arguments_object
from casecraft.wire.turns import IMAGES_LAST, note_order

# Canonical field -> the name under `options`.
OPTIONS: Mapping[str, str] = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
    "max_output_tokens": "num_predict",
    "seed": "seed",
}
THINK: Mapping[ReasoningEffort, bool | str] = {
    "none": False,
    "minimal": "low",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "high",
}


def encode_request(request: ChatRequest, *, stream: bool, structured_output: StructuredOutput) -> Encoded:
    """The body for `POST /api/chat`. Fields of `request.extra` win over ours, in `options` each for itself."""
    losses = list(_not_said(request))
    schema = request.json_schema
    if structured_output != "json_schema":
        request = with_schema_in_prompt(request)
    body: dict[str, Any] = {
        "model": request.model,
        "messages": list(_messages(request.messages, losses)),
        "stream": stream,  # Ollama streams unless told not to
    }
    if schema is not None and structured_output != "prompt":
        body["format"] = schema if structured_output == "json_schema" else "json"
    if request.tools and request.tool_choice != "none":
        body["tools"] = [_tool(tool) for tool in request.tools]
    effort = _effort(request)
    if effort is not None:
        body["think"] = THINK[effort]
    return Encoded(_with_options(body, request), tuple(losses))


def _with_options(body: dict[str, Any], request: ChatRequest) -> dict[str, Any]:
    """The body with its options and the extra fields. Extra options, such as a context length, do not oust ours."""
    options = {theirs: value for ours, theirs in OPTIONS.items() if (value := getattr(request, ours)) is not None}
    if request.stop:
        options["stop"] = list(request.stop)
    more = request.extra.get("options")
    if options or more:
        body["options"] = {**options, **more} if isinstance(more, Mapping) else options
    body.update((name, value) for name, value in request.extra.items() if name != "options")
    return body


def _effort(request: ChatRequest) -> ReasoningEffort | None:
    if request.reasoning_effort is None and request.reasoning_budget is not None:
        return effort_of(request.reasoning_budget)
    return request.reasoning_effort


def _not_said(request: ChatRequest) -> Iterator[Loss]:
    if request.reasoning_budget is not None:
        yield Loss("reasoning_budget", "Ollama knows efforts alone", harmless=True)
    if request.reasoning_effort != _effort(request) or request.reasoning_effort in ("minimal", "xhigh"):
        yield Loss("reasoning_effort", "the nearest that Ollama knows stands for it", harmless=True)
    choice = request.tool_choice
    if isinstance(choice, NamedTool) or choice == "required":
        yield Loss("tool_choice", "Ollama cannot be made to use a tool")
    elif choice is not None:
        yield Loss("tool_choice", "Ollama always chooses for itself", harmless=True)
    if choice == "none" and request.tools:
        yield Loss("tools", "they are left out as none is to be used", harmless=True)
    elif any(tool.strict is not None for tool in request.tools):
        yield Loss("tools.strict", "Ollama has no such field", harmless=True)
    if request.parallel_tool_calls is not None:
        yield Loss("parallel_tool_calls", "Ollama has no such field", harmless=request.parallel_tool_calls)


def _tool(tool: Tool) -> dict[str, Any]:
    function: dict[str, Any] = {"name": tool.name, "parameters": tool.parameters}
    if tool.description:
        function["description"] = tool.description
    return {"type": "function", "function": function}


def _messages(messages: Iterable[Message], losses: list[Loss]) -> Iterator[dict[str, Any]]:
    names: dict[str, str] = {}
    for number, message in enumerate(messages):
        if isinstance(message.content, str):
            yield {"role": message.role, "content": message.content}
        elif message.role == "assistant":
            yield _assistant(message, f"messages[{number}]", names, losses)
        else:
            yield from _user(message, f"messages[{number}]", names, losses)


def _assistant(message: Message, where: str, names: dict[str, str], losses: list[Loss]) -> dict[str, Any]:
    parts = message.parts
    turn: dict[str, Any] = {"role": "assistant", "content": message.text}
    thoughts = [part for part in parts if isinstance(part, Reasoning)]
    if said := "".join(thought.text for thought in thoughts):
        turn["thinking"] = said
    calls = [part for part in parts if isinstance(part, ToolCall)]
    if calls:
        names.update((call.id, call.name) for call in calls)
        turn["tool_calls"] = [_call(call, f"{where}.tool_call", losses) for call in calls]
        losses.append(Loss(f"{where}.tool_call.id", "Ollama tells calls by their order", harmless=True))
    if any(thought.signature for thought in thoughts) or any(call.signature for call in calls):
        losses.append(Loss(f"{where}.signature", "Ollama has no signatures", harmless=True))
    note_order(parts, f"{where}.", losses, IMAGES_LAST)
    if any(thought.redacted or not thought.text for thought in thoughts):
        losses.append(Loss(f"{where}.reasoning", "Ollama has no place for what is redacted", harmless=True))
    return turn | _images(parts, where, losses)


def _call(call: ToolCall, where: str, losses: list[Loss]) -> dict[str, Any]:
    return {"function": {"name": call.name, "arguments": arguments_object(call, where, losses)}}


def _user(message: Message, where: str, names: Mapping[str, str], losses: list[Loss]) -> Iterator[dict[str, Any]]:
    """Results of tools first, each a message of its own, as they must follow the calls; then the rest."""
    results = [part for part in message.parts if isinstance(part, ToolResult)]
    note_order(message.parts, f"{where}.", losses, IMAGES_LAST)
    if results:
        losses.append(Loss(f"{where}.tool_result.call_id", "Ollama tells results by their order", harmless=True))
    if any(result.is_error for result in results):
        losses.append(Loss(f"{where}.tool_result.is_error", "a tool's message has no such mark", harmless=True))
    for result in results:
        content = result.content if isinstance(result.content, tuple) else ()
        note_order(content, f"{where}.tool_result.", losses, IMAGES_LAST)
        turn = {"role": "tool", "tool_name": result.name or names.get(result.call_id, ""), "content": result.text}
        yield turn | _images(content, f"{where}.tool_result", losses)
    rest = tuple(part for part in message.parts if isinstance(part, Text | Image))
    if rest or not results:
        yield {"role": message.role, "content": text_of(rest)} | _images(rest, where, losses)


def _images(parts: Iterable[Part], where: str, losses: list[Loss]) -> dict[str, Any]:
    """The images of a message, as the field that holds them; nothing where there are none."""
    images = [part for part in parts if isinstance(part, Image)]
    if any(not image.data for image in images):
        losses.append(Loss(f"{where}.image", "Ollama takes an image by its bytes, not by a URL"))
    held = [image for image in images if image.data]
    if any(media_type_of(image.data) != image.media_type for image in held):
        losses.append(Loss(f"{where}.image.media_type", "Ollama finds it out from the bytes", harmless=True))
    return {"images": [base64.b64encode(image.data).decode() for image in held]} if held else {}
