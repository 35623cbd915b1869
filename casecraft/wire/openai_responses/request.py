"""Responses: canonical requests as bodies."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count, groupby
from typing import Any

from casecraft.core.chat import (
    ChatRequest,
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
from casecraft.wire.openai_responses.items import own_id, proof_of, write_call
from casecraft.wire.reasoning import effort_of
from casecraft.wire.schema_prompt import with_schema_in_prompt
from casecraft.wire.turns import note_order

SCHEMA_NAME = "answer"
NO_PARAMETERS: Mapping[str, Any] = {"type": "object", "properties": {}}

# They have the same names on both sides.
PLAIN_FIELDS = ("temperature", "top_p", "max_output_tokens", "parallel_tool_calls")
UNKNOWN_FIELDS = ("top_k", "frequency_penalty", "presence_penalty", "seed")


def encode_request(request: ChatRequest, *, stream: bool, structured_output: StructuredOutput) -> Encoded:
    """The body for `POST /responses`. Fields of `request.extra` win over ours, within `text` and `reasoning` too."""
    schema = request.json_schema
    if structured_output != "json_schema":
        request = with_schema_in_prompt(request)
    losses = list(_not_said(request))
    body: dict[str, Any] = {"model": request.model, **_conversation(request, losses)}
    for name in PLAIN_FIELDS:
        value = getattr(request, name)
        if value is not None:
            body[name] = value
    if schema is not None and structured_output != "prompt":
        body["text"] = {"format": _format(schema, structured_output)}
    if request.reasoning_effort is not None:
        body["reasoning"] = {"effort": request.reasoning_effort}
    elif request.reasoning_budget is not None:
        body["reasoning"] = {"effort": effort_of(request.reasoning_budget)}
    if request.tools:
        body["tools"] = [_tool(tool) for tool in request.tools]
    if request.tool_choice is not None:
        body["tool_choice"] = _tool_choice(request.tool_choice)
    if stream:
        body["stream"] = True
    return Encoded(_merge(body, request.extra), tuple(losses))


def _not_said(request: ChatRequest) -> Iterator[Loss]:
    for name in UNKNOWN_FIELDS:
        if getattr(request, name) is not None:
            yield Loss(name, "Responses has no such field", harmless=True)
    if request.stop:
        yield Loss("stop", "Responses has no stop sequences")
    if request.reasoning_budget is not None:
        yield Loss("reasoning_budget", "Responses knows efforts alone", harmless=True)
        if request.reasoning_effort is None:
            yield Loss("reasoning_effort", "it stands for the budget", harmless=True)


def _merge(body: dict[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    for name, value in extra.items():
        ours = body.get(name)
        body[name] = {**ours, **value} if isinstance(ours, dict) and isinstance(value, Mapping) else value
    return body


def _format(schema: Mapping[str, Any], structured_output: StructuredOutput) -> dict[str, Any]:
    if structured_output == "json_object":
        return {"type": "json_object"}
    return {"type": "json_schema", "name": SCHEMA_NAME, "schema": schema, "strict": True}


def _tool(tool: Tool) -> dict[str, Any]:
    """A function. `strict` must be said: left out it means true here, unlike in Chat Completions."""
    function: dict[str, Any] = {"type": "function", "name": tool.name, "strict": tool.strict}
    if tool.description:
        function["description"] = tool.description
    function["parameters"] = tool.parameters or NO_PARAMETERS
    return function


def _tool_choice(choice: ToolChoice) -> object:
    return {"type": "function", "name": choice.name} if isinstance(choice, NamedTool) else choice


def _conversation(request: ChatRequest, losses: list[Loss]) -> dict[str, Any]:
    """The first words of the system as instructions, unless they are all that there is."""
    messages = request.messages
    first = messages[0] if len(messages) > 1 else None
    if first is None or first.role != "system" or not all(isinstance(part, Text) for part in first.parts):
        return {"input": list(_items(request, 0, losses))}
    return {"instructions": first.text, "input": list(_items(request, 1, losses))}


def _items(request: ChatRequest, start: int, losses: list[Loss]) -> Iterator[dict[str, Any]]:
    stored = request.extra.get("store") is not False
    numbers = count()
    for place, message in enumerate(request.messages[start:], start):
        if isinstance(message.content, str):
            yield _said(message.role, message.content)
        else:
            yield from _turn(message, f"messages[{place}]", losses, numbers, stored=stored)


def _turn(
    message: Message, where: str, losses: list[Loss], numbers: Iterator[int], *, stored: bool
) -> Iterator[dict[str, Any]]:
    """The items of one turn. Results of tools come first, as some servers want them right after the calls."""
    parts = message.parts
    if message.role == "user":
        note_order(parts, f"{where}.", losses)
        parts = tuple(sorted(parts, key=_comes_later))
    for said, group in groupby(parts, key=_is_said):
        if said:
            yield from _message(message.role, group, where, losses)
            continue
        for part in group:
            if isinstance(part, ToolCall):
                yield _call(part, where, losses)
            elif isinstance(part, ToolResult):
                yield _result(part, where, losses)
            elif isinstance(part, Reasoning):
                yield from _reasoning(part, where, losses, next(numbers), stored=stored)


def _comes_later(part: Part) -> bool:
    return not isinstance(part, ToolResult)


def _is_said(part: Part) -> bool:
    return isinstance(part, Text | Image)


def _said(role: str, content: object) -> dict[str, Any]:
    return {"type": "message", "role": role, "content": content}


def _message(role: str, parts: Iterable[Part], where: str, losses: list[Loss]) -> Iterator[dict[str, Any]]:
    if role != "assistant":
        yield _said(role, _contents(parts))
        return
    for part in parts:
        if isinstance(part, Text):
            yield _said(role, part.text)
        else:
            losses.append(Loss(f"{where}.image", "an assistant's turn has no images"))


def _contents(parts: Iterable[Part]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for part in parts:
        if isinstance(part, Text):
            found.append({"type": "input_text", "text": part.text})
        elif isinstance(part, Image):
            found.append({"type": "input_image", "image_url": data_url(part), "detail": "auto"})
    return found


def _call(call: ToolCall, where: str, losses: list[Loss]) -> dict[str, Any]:
    if call.signature:
        losses.append(Loss(f"{where}.tool_call.signature", "Responses signs reasoning alone", harmless=True))
    return write_call(call)


def _result(result: ToolResult, where: str, losses: list[Loss]) -> dict[str, Any]:
    if result.is_error:
        losses.append(Loss(f"{where}.tool_result.is_error", "an output has no such mark", harmless=True))
    output = result.content if isinstance(result.content, str) else _contents(result.content)
    return {"type": "function_call_output", "call_id": result.call_id, "output": output}


def _reasoning(
    reasoning: Reasoning, where: str, losses: list[Loss], number: int, *, stored: bool
) -> Iterator[dict[str, Any]]:
    """What the model thought, as it came: signed, in a summary; unsigned, as open models say it, in full."""
    proof = proof_of(reasoning)
    if proof.id and not proof.encrypted and not stored:
        losses.append(Loss(f"{where}.reasoning", "it is known by its id alone, and nothing is stored", harmless=True))
    elif proof.id or proof.encrypted:
        item: dict[str, Any] = {"type": "reasoning", "summary": _texts("summary_text", reasoning.text)}
        if proof.id:
            item["id"] = proof.id
        if proof.encrypted:
            item["encrypted_content"] = proof.encrypted
        yield item
    elif reasoning.text:
        # Servers of open models want an id here, whichever.
        content = _texts("reasoning_text", reasoning.text)
        yield {"type": "reasoning", "id": own_id("rs", number, "input"), "summary": [], "content": content}


def _texts(kind: str, text: str) -> Sequence[dict[str, str]]:
    return [{"type": kind, "text": text}] if text else []
