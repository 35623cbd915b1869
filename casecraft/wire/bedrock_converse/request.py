"""Converse: canonical requests as bodies."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from casecraft.core.chat import (
    ChatRequest,
    Loss,
    Message,
    NamedTool,
    Part,
    ReasoningEffort,
    Tool,
    ToolCall,
)
from casecraft.core.profile import StructuredOutput
from casecraft.wire.bedrock_converse.blocks import BlockWriter
from casecraft.wire.body import encode_body
from casecraft.wire.dialect import Encoded
from casecraft.wire.reasoning import effort_of
from casecraft.wire.schema_prompt import with_schema_in_prompt
from casecraft.wire.turns import note_order, texts_of_system

SCHEMA_NAME = "answer"
ANTHROPIC = "anthropic."
MORE_FIELDS = "additionalModelRequestFields"

EFFORTS: Mapping[ReasoningEffort, str] = {
    "minimal": "low",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "xhigh",
}
PLAIN_FIELDS: Mapping[str, str] = {"max_output_tokens": "maxTokens", "temperature": "temperature", "top_p": "topP"}
UNKNOWN_FIELDS = ("frequency_penalty", "presence_penalty", "seed")


def encode_request(request: ChatRequest, *, stream: bool, structured_output: StructuredOutput) -> Encoded:  # noqa: ARG001
    """The body for `POST /model/{model}/converse`, which is that of `converse-stream` too.

    Fields of `request.extra` go in as they are and win over ours; `additionalModelRequestFields` are merged.
    """
    losses: list[Loss] = []
    if structured_output != "json_schema":
        request = with_schema_in_prompt(request)
    body = _conversation(request, losses)
    inference = _inference(request)
    if inference:
        body["inferenceConfig"] = inference
    tools = _tools(request, losses)
    if tools:
        body["toolConfig"] = tools
    output = _output(request, losses)
    if output:
        body["outputConfig"] = output
    more = _model_fields(request, losses)
    losses += _not_said(request)
    body.update(request.extra)
    theirs = body.get(MORE_FIELDS, {})
    if more and isinstance(theirs, Mapping):
        body[MORE_FIELDS] = {**more, **theirs}
    return Encoded(body, tuple(losses))


def _conversation(request: ChatRequest, losses: list[Loss]) -> dict[str, Any]:
    """The turns. What a system says before them stands apart; turns of one role that follow each other are one."""
    system: list[dict[str, Any]] = []
    turns: list[dict[str, Any]] = []
    for number, message in enumerate(request.messages):
        where = f"messages[{number}]"
        blocks = _blocks(message, where, losses)
        if not blocks:
            losses.append(Loss(f"{where}.content", "a turn that says nothing is not sent", harmless=True))
            continue
        last: dict[str, Any] = turns[-1] if turns else {"role": "system", "content": system}
        if last["role"] != message.role:
            turns.append({"role": message.role, "content": blocks})
            continue
        if last["content"]:
            losses.append(Loss(f"{where}.role", "turns of one role that follow each other are one", harmless=True))
        last["content"] += blocks
    for turn in turns:
        if turn["role"] == "user":  # results of tools have to follow the calls
            turn["content"].sort(key=lambda block: "toolResult" not in block)
    body: dict[str, Any] = {"messages": turns}
    return {**body, "system": system} if system else body


def _blocks(message: Message, where: str, losses: list[Loss]) -> list[dict[str, Any]]:
    if isinstance(message.content, str):
        return [{"text": message.content}] if message.content else []
    parts: Sequence[Part] = message.content
    if message.role == "system":
        parts = texts_of_system(parts, f"{where}.", losses)
    elif message.role == "user":
        note_order(parts, f"{where}.", losses)
    return BlockWriter(losses, where).write(parts)


def _inference(request: ChatRequest) -> dict[str, Any]:
    config: dict[str, Any] = {}
    for ours, theirs in PLAIN_FIELDS.items():
        value = getattr(request, ours)
        if value is not None:
            config[theirs] = value
    if request.stop:
        config["stopSequences"] = list(request.stop)
    return config


def _tools(request: ChatRequest, losses: list[Loss]) -> dict[str, Any]:
    tools: Sequence[Tool] = request.tools
    choice = request.tool_choice
    if not tools:
        if choice not in (None, "auto", "none"):
            losses.append(Loss("tool_choice", "there are no tools to choose from"))
        elif choice is not None:
            losses.append(Loss("tool_choice", "there are no tools to choose from", harmless=True))
        tools = _tools_of_past_calls(request.messages)
        if not tools:
            return {}
        losses.append(Loss("tools", "Converse wants the tools of past calls declared again", harmless=True))
        return {"tools": [_tool(tool) for tool in tools]}
    config: dict[str, Any] = {"tools": [_tool(tool) for tool in tools]}
    if choice == "none":
        losses.append(Loss("tool_choice", "Converse cannot forbid tools that it is told of"))
    elif choice is not None:
        config["toolChoice"] = _tool_choice(choice)
    return config


def _tools_of_past_calls(messages: Sequence[Message]) -> list[Tool]:
    names = {part.name: None for message in messages for part in message.parts if isinstance(part, ToolCall)}
    return [Tool(name) for name in names]


def _tool(tool: Tool) -> dict[str, Any]:
    spec: dict[str, Any] = {"name": tool.name, "inputSchema": {"json": tool.parameters or {"type": "object"}}}
    if tool.description:
        spec["description"] = tool.description
    if tool.strict is not None:
        spec["strict"] = tool.strict
    return {"toolSpec": spec}


def _tool_choice(choice: str | NamedTool) -> dict[str, Any]:
    if isinstance(choice, NamedTool):
        return {"tool": {"name": choice.name}}
    return {"any": {}} if choice == "required" else {"auto": {}}


def _output(request: ChatRequest, losses: list[Loss]) -> dict[str, Any]:
    config: dict[str, Any] = {}
    if request.json_schema is not None:
        schema = {"name": SCHEMA_NAME, "schema": encode_body(request.json_schema).decode()}
        config["textFormat"] = {"type": "json_schema", "structure": {"jsonSchema": schema}}
    effort = request.reasoning_effort
    if effort is None and request.reasoning_budget and ANTHROPIC not in request.model:
        effort = effort_of(request.reasoning_budget)
        losses.append(Loss("reasoning_effort", "it stands for the budget", harmless=True))
    if effort is not None and effort in EFFORTS:
        config["effort"] = EFFORTS[effort]
    if effort in ("none", "minimal"):
        losses.append(Loss("reasoning_effort", f"Converse has no effort {effort!r}", harmless=True))
    return config


def _model_fields(request: ChatRequest, losses: list[Loss]) -> dict[str, Any]:
    """What Converse has no field for but Anthropic's models take beside it."""
    fields: dict[str, Any] = {}
    anthropic = ANTHROPIC in request.model
    if request.top_k is not None and anthropic:
        fields["top_k"] = request.top_k
    elif request.top_k is not None:
        losses.append(Loss("top_k", "Converse has no such field", harmless=True))
    if request.reasoning_budget is not None and anthropic:
        fields["thinking"] = {"type": "enabled", "budget_tokens": request.reasoning_budget}
    elif request.reasoning_budget is not None:
        losses.append(Loss("reasoning_budget", "Converse knows efforts alone", harmless=True))
    return fields


def _not_said(request: ChatRequest) -> Iterator[Loss]:
    for field in UNKNOWN_FIELDS:
        if getattr(request, field) is not None:
            yield Loss(field, "Converse has no such field", harmless=True)
    if request.parallel_tool_calls is not None:
        # To allow them is what Converse does anyway; with no tools there is nothing to forbid.
        harmless = request.parallel_tool_calls or not request.tools
        yield Loss("parallel_tool_calls", "Converse has no such field", harmless=harmless)
