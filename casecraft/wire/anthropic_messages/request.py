"""Anthropic Messages: canonical requests as bodies."""

from collections.abc import Iterator, Mapping
from typing import Any

from casecraft.core.chat import ChatRequest, Loss, NamedTool, Tool, ToolChoice
from casecraft.core.profile import StructuredOutput
from casecraft.wire.anthropic_messages.conversation import ConversationWriter
from casecraft.wire.anthropic_messages.thinking import Thinking, write_thinking
from casecraft.wire.dialect import Encoded
from casecraft.wire.schema_prompt import with_schema_in_prompt

HOTTEST = 1.0
SMALLEST_TOP_P = 0.95
"""Of a request in which the model thinks."""

CHOICES: Mapping[ToolChoice, str] = {"auto": "auto", "none": "none", "required": "any"}


def encode_request(request: ChatRequest, *, stream: bool, structured_output: StructuredOutput) -> Encoded:
    """The body for `POST /v1/messages`. Fields of `request.extra` go in as they are and win over ours.

    Those of an `output_config` there win one by one, so that an effort of the caller's own leaves the schema be.
    """
    losses: list[Loss] = []
    if structured_output != "json_schema":
        request = with_schema_in_prompt(request)
    writer = ConversationWriter(losses, signed="claude" in request.model)
    writer.write(request.messages)
    thinking = write_thinking(request, losses)
    body: dict[str, Any] = {"model": request.model, "max_tokens": thinking.max_tokens, "messages": writer.turns}
    if writer.system:
        body["system"] = writer.system
    body.update(_sampling(request, losses, thinks=thinking.is_on))
    if thinking.config is not None:
        body["thinking"] = thinking.config
    output_config = _output_config(request, thinking)
    if output_config:
        body["output_config"] = output_config
    body.update(_tools(request, losses))
    if stream:
        body["stream"] = True
    losses += _not_said(request)
    body.update(_with_config(request.extra, output_config))
    return Encoded(body, tuple(losses))


def _not_said(request: ChatRequest) -> Iterator[Loss]:
    for name in ("frequency_penalty", "presence_penalty", "seed"):
        if getattr(request, name) is not None:
            yield Loss(name, "Messages has no such field", harmless=True)


def _sampling(request: ChatRequest, losses: list[Loss], *, thinks: bool) -> dict[str, Any]:
    body: dict[str, Any] = {}
    for name, allowed in (
        ("temperature", not thinks or request.temperature == HOTTEST),
        ("top_p", not thinks or (request.top_p or 0) >= SMALLEST_TOP_P),
        ("top_k", not thinks),
    ):
        value = getattr(request, name)
        if value is not None and allowed:
            body[name] = value
        elif value is not None:
            losses.append(Loss(name, "a model that thinks does not take it", harmless=True))
    if body.get("temperature", 0) > HOTTEST:
        body["temperature"] = HOTTEST
        losses.append(Loss("temperature", "the highest of Messages is 1", harmless=True))
    stop = [text for text in request.stop if text.strip()]
    if stop:
        body["stop_sequences"] = stop
    if len(stop) < len(request.stop):
        losses.append(Loss("stop", "a stop sequence may not be white space alone"))
    return body


def _output_config(request: ChatRequest, thinking: Thinking) -> dict[str, Any]:
    config: dict[str, Any] = {}
    if thinking.effort is not None:
        config["effort"] = thinking.effort
    if request.json_schema is not None:
        config["format"] = {"type": "json_schema", "schema": request.json_schema}
    return config


def _with_config(extra: Mapping[str, Any], config: dict[str, Any]) -> Mapping[str, Any]:
    theirs = extra.get("output_config")
    return {**extra, "output_config": {**config, **theirs}} if config and isinstance(theirs, dict) else extra


def _tools(request: ChatRequest, losses: list[Loss]) -> dict[str, Any]:
    if not request.tools:
        if request.tool_choice is not None or request.parallel_tool_calls is not None:
            losses.append(Loss("tool_choice", "there are no tools to choose from", harmless=True))
        return {}
    body: dict[str, Any] = {"tools": [_tool(tool, number, losses) for number, tool in enumerate(request.tools)]}
    if request.tool_choice is not None or request.parallel_tool_calls is not None:
        body["tool_choice"] = _tool_choice(request, losses)
    return body


def _tool(tool: Tool, number: int, losses: list[Loss]) -> dict[str, Any]:
    body: dict[str, Any] = {"name": tool.name, "input_schema": tool.parameters}
    if "type" not in tool.parameters:
        body["input_schema"] = {"type": "object", **tool.parameters}
        losses.append(Loss(f"tools[{number}].parameters", "Messages requires their type: object", harmless=True))
    if tool.description:
        body["description"] = tool.description
    if tool.strict is not None:
        body["strict"] = tool.strict
    return body


def _tool_choice(request: ChatRequest, losses: list[Loss]) -> dict[str, Any]:
    choice = request.tool_choice
    if choice is None:
        choice = "auto"
        losses.append(Loss("tool_choice", "parallel calls are said with a choice: auto, the default", harmless=True))
    body: dict[str, Any] = (
        {"type": "tool", "name": choice.name} if isinstance(choice, NamedTool) else {"type": CHOICES[choice]}
    )
    if choice == "none" and request.parallel_tool_calls is not None:
        losses.append(Loss("parallel_tool_calls", "no tool is to be called at all", harmless=True))
    elif request.parallel_tool_calls is not None:
        body["disable_parallel_tool_use"] = not request.parallel_tool_calls
    return body
