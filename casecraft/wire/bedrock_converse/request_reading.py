"""Converse: bodies of clients as canonical requests."""

from collections.abc import Mapping
from typing import Any, cast

import orjson

from casecraft.core.chat import (
    ChatRequest,
    Image,
    Loss,
    Message,
    NamedTool,
    Part,
    ReasoningEffort,
    Role,
    Text,
    Tool,
    ToolChoice,
    ToolResult,
)
from casecraft.wire.answers import content_of, mapping, string
from casecraft.wire.bedrock_converse.blocks import read_call, read_image, read_reasoning
from casecraft.wire.bedrock_converse.request import MORE_FIELDS
from casecraft.wire.body import encode_body
from casecraft.wire.dialect import Asked
from casecraft.wire.request_fields import RequestFields, numbered, objects, text_at, wrong

ROLES = ("user", "assistant", "system")
EFFORTS: Mapping[str, ReasoningEffort] = {
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "xhigh",
    "max": "xhigh",
}
# Under either name Anthropic's models take how much they may think.
THINKING = ("thinking", "reasoning_config")


def decode_request(body: Mapping[str, Any], *, model: str = "", stream: bool = False) -> Asked:
    """The request in the body of a `POST /model/{model}/converse`; what has no canonical place stays in `extra`."""
    fields = RequestFields(body)
    reader = _Reader(fields.losses)
    system = reader.system(fields.take_list("system"))
    turns = reader.turns(fields.take_list("messages"))
    tools = RequestFields(fields.take_of("toolConfig", dict) or {})
    inference = RequestFields(fields.take_of("inferenceConfig", dict) or {})
    output = RequestFields(fields.take_of("outputConfig", dict) or {})
    more = RequestFields(fields.take_of(MORE_FIELDS, dict) or {})
    request = ChatRequest(
        messages=system + turns,
        model=model,
        temperature=inference.take_of("temperature", float),
        top_p=inference.take_of("topP", float),
        top_k=more.take_of("top_k", int),
        stop=_stop(inference.take("stopSequences")),
        max_output_tokens=inference.take_of("maxTokens", int),
        json_schema=_schema(output.take_of("textFormat", dict)),
        tools=reader.tools(tools.take_list("tools")),
        tool_choice=_tool_choice(tools.take_of("toolChoice", dict)),
        reasoning_effort=reader.effort(output.take_of("effort", str)),
        reasoning_budget=_budget(more),
        extra={**fields.rest, **({MORE_FIELDS: more.rest} if more.rest else {})},
    )
    return Asked(request, stream, tuple(fields.losses))


def _stop(value: object) -> tuple[str, ...]:
    values = value or []
    if not isinstance(values, list) or not all(isinstance(each, str) for each in values):
        raise wrong("inferenceConfig.stopSequences", "must be a list of texts")
    return tuple(values)


def _schema(wanted: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    if wanted is None:
        return None
    where = "outputConfig.textFormat.structure.jsonSchema"
    text = text_at(mapping(mapping(wanted.get("structure")).get("jsonSchema")), "schema", where)
    try:
        schema = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise wrong(f"{where}.schema", f"is no JSON: {error}") from error
    if not isinstance(schema, dict):
        raise wrong(f"{where}.schema", "must hold an object")
    return schema


def _budget(more: RequestFields) -> int | None:
    for name in THINKING:
        thinking = more.rest.get(name)
        budget = mapping(thinking).get("budget_tokens")
        if mapping(thinking).get("type") == "enabled" and isinstance(budget, int):
            more.take(name)
            return budget
    return None


def _tool_choice(choice: Mapping[str, Any] | None) -> ToolChoice | None:
    if choice is None:
        return None
    if "tool" in choice:
        return NamedTool(text_at(mapping(choice["tool"]), "name", "toolConfig.toolChoice.tool"))
    if "any" in choice or "auto" in choice:
        return "required" if "any" in choice else "auto"
    raise wrong("toolConfig.toolChoice", "must be 'auto', 'any' or a tool")


class _Reader:
    """Reads turns and tools. It remembers what calls were for, and notes what has no canonical place."""

    def __init__(self, losses: list[Loss]) -> None:
        self._losses = losses
        self._names: dict[str, str] = {}

    def system(self, blocks: list[dict[str, Any]]) -> tuple[Message, ...]:
        parts = self._parts(blocks, "system")
        return (Message("system", content_of(parts)),) if parts else ()

    def turns(self, turns: list[dict[str, Any]]) -> tuple[Message, ...]:
        return tuple(self._turn(turn, where) for where, turn in numbered(turns, "messages"))

    def tools(self, tools: list[dict[str, Any]]) -> tuple[Tool, ...]:
        read: list[Tool] = []
        for where, tool in numbered(tools, "toolConfig.tools"):
            if "cachePoint" in tool:
                self._lose_cache_point(where)
            else:
                read.append(_tool(tool, where))
        return tuple(read)

    def effort(self, value: str | None) -> ReasoningEffort | None:
        if value is None:
            return None
        if value not in EFFORTS:
            raise wrong("outputConfig.effort", f"must be one of {', '.join(EFFORTS)}")
        if value == "max":
            self._losses.append(Loss("outputConfig.effort", "there is no effort above 'xhigh'", harmless=True))
        return EFFORTS[value]

    def _turn(self, turn: dict[str, Any], where: str) -> Message:
        role = turn.get("role")
        if role not in ROLES:
            raise wrong(f"{where}.role", f"must be one of {', '.join(ROLES)}")
        place = f"{where}.content"
        return Message(cast("Role", role), content_of(self._parts(objects(turn.get("content"), place), place)))

    def _parts(self, blocks: list[dict[str, Any]], place: str) -> list[Part]:
        found = (self._part(block, where) for where, block in numbered(blocks, place))
        return [part for part in found if part is not None]

    def _part(self, block: dict[str, Any], where: str) -> Part | None:
        if "text" in block:
            return Text(text_at(block, "text", where))
        if "toolUse" in block:
            call = read_call(mapping(block["toolUse"]))
            self._names[call.id] = call.name
            return call
        if "toolResult" in block:
            return self._result(mapping(block["toolResult"]), f"{where}.toolResult")
        if "reasoningContent" in block:
            return read_reasoning(mapping(block["reasoningContent"]))
        return self._rarer(block, where)

    def _rarer(self, block: dict[str, Any], where: str) -> Part | None:
        if "image" in block:
            return _image(block, where)
        if "cachePoint" in block:
            self._lose_cache_point(where)
            return None
        if "citationsContent" in block:
            self._losses.append(Loss(f"{where}.citations", "citations cannot be passed on", harmless=True))
            said = objects(mapping(block["citationsContent"]).get("content"), f"{where}.citationsContent.content")
            return Text("".join(string(each.get("text")) for each in said))
        kind = next(iter(block), "empty")
        raise wrong(where, f"is {kind!r}, which cannot be passed on; text, images, tools and reasoning can")

    def _result(self, result: dict[str, Any], where: str) -> ToolResult:
        call_id = text_at(result, "toolUseId", where)
        blocks = objects(result.get("content"), f"{where}.content")
        parts = [_result_part(block, place) for place, block in numbered(blocks, f"{where}.content")]
        content = cast("str | tuple[Text | Image, ...]", content_of(list(parts)))
        return ToolResult(call_id, content, self._names.get(call_id, ""), is_error=result.get("status") == "error")

    def _lose_cache_point(self, where: str) -> None:
        self._losses.append(Loss(where, "marks for caches cannot be passed on", harmless=True))


def _result_part(block: dict[str, Any], where: str) -> Text | Image:
    if "text" in block:
        return Text(text_at(block, "text", where))
    if "json" in block:
        return Text(encode_body(block["json"]).decode())
    if "image" in block:
        return _image(block, where)
    kind = next(iter(block), "empty")
    raise wrong(where, f"is {kind!r}, which cannot be passed on; text, json and image can")


def _image(block: dict[str, Any], where: str) -> Image:
    try:
        return read_image(mapping(block["image"]))
    except ValueError as error:
        raise wrong(f"{where}.image.source", f"holds {error}") from error


def _tool(tool: dict[str, Any], where: str) -> Tool:
    spec = mapping(tool.get("toolSpec"))
    return Tool(
        name=text_at(spec, "name", f"{where}.toolSpec"),
        description=string(spec.get("description")),
        parameters=mapping(mapping(spec.get("inputSchema")).get("json")),
        strict=spec["strict"] if isinstance(spec.get("strict"), bool) else None,
    )
