"""Gemini: canonical requests as bodies."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from casecraft.core.chat import ChatRequest, Loss, Message, NamedTool, Tool, ToolChoice, ToolResult
from casecraft.core.profile import StructuredOutput
from casecraft.wire.dialect import Encoded
from casecraft.wire.gemini.parts import write_parts
from casecraft.wire.gemini.thinking import write_thinking
from casecraft.wire.schema_prompt import with_schema_in_prompt
from casecraft.wire.turns import texts_of_system

# Canonical field -> that of `generationConfig`, for those that go over as they are.
PLAIN_FIELDS: Mapping[str, str] = {
    "temperature": "temperature",
    "top_p": "topP",
    "top_k": "topK",
    "frequency_penalty": "frequencyPenalty",
    "presence_penalty": "presencePenalty",
    "max_output_tokens": "maxOutputTokens",
    "seed": "seed",
}
MODES: Mapping[str, str] = {"auto": "AUTO", "none": "NONE", "required": "ANY"}


def encode_request(request: ChatRequest, *, stream: bool, structured_output: StructuredOutput) -> Encoded:  # noqa: ARG001  # the path says it
    """The body for `generateContent` and `streamGenerateContent`.

    Fields of `request.extra` win over ours. Objects among them (`generationConfig`, `toolConfig`) are merged into ours,
    and `tools` of theirs stand after ours.
    """
    losses: list[Loss] = []
    schema = request.json_schema
    if structured_output != "json_schema":
        request = with_schema_in_prompt(request)
    body: dict[str, Any] = {"contents": list(_contents(request.messages, losses))}
    system = list(_system_parts(request.messages, losses))
    if system:
        body["systemInstruction"] = {"parts": system}
    config = _config(request, losses)
    if schema is not None and structured_output != "prompt":
        config["responseMimeType"] = "application/json"
        if structured_output == "json_schema":
            config["responseJsonSchema"] = schema
    if config:
        body["generationConfig"] = config
    if request.tools:
        body["tools"] = [{"functionDeclarations": [_tool(tool) for tool in request.tools]}]
    if request.tool_choice is not None:
        body["toolConfig"] = {"functionCallingConfig": _tool_choice(request.tool_choice)}
    losses += _not_said(request)
    return Encoded(_with_extra(body, request.extra), tuple(losses))


def _not_said(request: ChatRequest) -> Iterator[Loss]:
    if request.parallel_tool_calls is not None:
        reason = "Gemini always may call several tools at once"
        yield Loss("parallel_tool_calls", reason, harmless=request.parallel_tool_calls)
    for number, tool in enumerate(request.tools):
        if tool.strict is not None:
            yield Loss(f"tools[{number}].strict", "Gemini has no such mark", harmless=True)


def _config(request: ChatRequest, losses: list[Loss]) -> dict[str, Any]:
    config = {theirs: value for ours, theirs in PLAIN_FIELDS.items() if (value := getattr(request, ours)) is not None}
    if request.stop:
        config["stopSequences"] = list(request.stop)
    thinking = write_thinking(request, losses)
    if thinking:
        config["thinkingConfig"] = thinking
    return config


def _with_extra(body: dict[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    for name, value in extra.items():
        ours = body.get(name)
        if isinstance(ours, dict) and isinstance(value, Mapping):
            body[name] = _with_extra(ours, value)
        elif name == "tools" and isinstance(ours, list) and isinstance(value, list):
            body[name] = ours + value
        else:
            body[name] = value
    return body


def _tool(tool: Tool) -> dict[str, Any]:
    declaration: dict[str, Any] = {"name": tool.name}
    if tool.description:
        declaration["description"] = tool.description
    if tool.parameters:
        declaration["parametersJsonSchema"] = tool.parameters
    return declaration


def _tool_choice(choice: ToolChoice) -> dict[str, Any]:
    if isinstance(choice, NamedTool):
        return {"mode": "ANY", "allowedFunctionNames": [choice.name]}
    return {"mode": MODES[choice]}


def _system_parts(messages: Iterable[Message], losses: list[Loss]) -> Iterator[dict[str, Any]]:
    """What all system messages say: there is one place for them, before the conversation."""
    before = False
    for number, message in enumerate(messages):
        if message.role != "system":
            before = True
            continue
        where = f"messages[{number}]"
        if before:
            losses.append(Loss(f"{where}.role", "Gemini has one system instruction, before all", harmless=True))
        before = True
        yield from write_parts(texts_of_system(message.parts, f"{where}.", losses), where, losses, {})


def _contents(messages: Iterable[Message], losses: list[Loss]) -> Iterator[dict[str, Any]]:
    """The turns. Results of tools must all stand in the one turn that follows their calls."""
    names: dict[str, str] = {}
    last: dict[str, Any] | None = None
    for number, message in enumerate(messages):
        if message.role == "system":
            continue
        parts = write_parts(message.parts, f"messages[{number}]", losses, names)
        if last is not None and last["role"] == "user" and _starts_with_result(message) and _ends_with_result(last):
            last["parts"] += parts
            continue
        if last is not None:
            yield last
        last = {"role": "model" if message.role == "assistant" else "user", "parts": parts}
    if last is not None:
        yield last


def _starts_with_result(message: Message) -> bool:
    return message.role == "user" and isinstance((message.parts or (None,))[0], ToolResult)


def _ends_with_result(turn: Mapping[str, Any]) -> bool:
    return "functionResponse" in turn["parts"][-1]
