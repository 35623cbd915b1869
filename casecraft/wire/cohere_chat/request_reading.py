"""Cohere's chat: bodies of clients as canonical requests."""

from collections.abc import Mapping
from typing import Any, cast

from casecraft.core.chat import (
    ChatRequest,
    Content,
    Image,
    Message,
    Part,
    Reasoning,
    ReasoningEffort,
    Role,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from casecraft.wire.answers import content_of, mapping, string
from casecraft.wire.body import encode_body
from casecraft.wire.cohere_chat.request import WRAPPED
from casecraft.wire.data_urls import read_image
from casecraft.wire.dialect import Asked
from casecraft.wire.request_fields import RequestFields, numbered, objects, text_at, wrong
from casecraft.wire.tool_arguments import arguments_text
from casecraft.wire.turns import add_message, add_result

ROLES: Mapping[str, Role] = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
CHOICES: Mapping[object, ToolChoice] = {"REQUIRED": "required", "NONE": "none"}


def decode_request(body: Mapping[str, Any], *, model: str = "", stream: bool = False) -> Asked:
    """The request in the body of a `POST /v2/chat`; what has no canonical place stays in `extra`."""
    fields = RequestFields(body)
    streamed = fields.take_of("stream", bool)
    effort, budget = _thinking(fields)
    strict = fields.take_of("strict_tools", bool)
    request = ChatRequest(
        messages=_messages(fields.take_list("messages")),
        model=fields.take_of("model", str) or model,
        temperature=fields.take_of("temperature", float),
        top_p=fields.take_of("p", float),
        top_k=fields.take_of("k", int),
        frequency_penalty=fields.take_of("frequency_penalty", float),
        presence_penalty=fields.take_of("presence_penalty", float),
        stop=_stop(fields.take_of("stop_sequences", list)),
        max_output_tokens=fields.take_of("max_tokens", int),
        seed=fields.take_of("seed", int),
        json_schema=_schema(fields),
        tools=tuple(_tool(tool, where, strict) for where, tool in numbered(fields.take_list("tools"), "tools")),
        tool_choice=_tool_choice(fields.take("tool_choice")),
        reasoning_effort=effort,
        reasoning_budget=budget,
        extra=fields.rest,
    )
    return Asked(request, stream if streamed is None else streamed, tuple(fields.losses))


def _stop(values: list[Any] | None) -> tuple[str, ...]:
    if not all(isinstance(each, str) for each in values or ()):
        raise wrong("stop_sequences", "must be a list of texts")
    return tuple(values or ())


def _thinking(fields: RequestFields) -> tuple[ReasoningEffort | None, int | None]:
    thinking = fields.take_of("thinking", dict)
    if thinking is None:
        return None, None
    if thinking.get("type") == "disabled":
        return "none", None
    budget = RequestFields(thinking).take_of("token_budget", int)
    return ("medium", None) if budget is None else (None, budget)


def _schema(fields: RequestFields) -> Mapping[str, Any] | None:
    """The schema of a `response_format`. A JSON object of any shape is the vendor's own wish and stays as it is."""
    wanted = fields.take_of("response_format", dict)
    schema = wanted.get("json_schema") if wanted is not None else None
    if isinstance(schema, dict):
        return schema
    if wanted is not None and wanted.get("type") != "text":
        fields.rest["response_format"] = wanted
    return None


def _tool(tool: dict[str, Any], where: str, strict: bool | None) -> Tool:
    function = mapping(tool.get("function"))
    name = text_at(function, "name", f"{where}.function")
    return Tool(name, string(function.get("description")), mapping(function.get("parameters")), strict)


def _tool_choice(value: object) -> ToolChoice | None:
    if value is None:
        return None
    if not isinstance(value, str) or value not in CHOICES:
        raise wrong("tool_choice", f"must be one of {', '.join(map(str, CHOICES))}")
    return CHOICES[value]


def _messages(turns: list[dict[str, Any]]) -> tuple[Message, ...]:
    messages: list[Message] = []
    names: dict[str, str] = {}
    for where, turn in numbered(turns, "messages"):
        if turn.get("role") == "tool":
            add_result(messages, _result(turn, where, names))
        else:
            message = _message(turn, where)
            names.update((part.id, part.name) for part in message.parts if isinstance(part, ToolCall))
            add_message(messages, message)
    return tuple(messages)


def _message(turn: dict[str, Any], where: str) -> Message:
    role = ROLES.get(string(turn.get("role")))
    if role is None:
        raise wrong(f"{where}.role", f"must be one of {', '.join([*ROLES, 'tool'])}")
    content = _content(turn.get("content"), where)
    if role != "assistant":
        return Message(role, content)
    plan = string(turn.get("tool_plan"))
    parts: list[Part] = [Reasoning(plan)] if plan else []
    parts += Message(role, content).parts
    place = f"{where}.tool_calls"
    parts += [_call(call, at) for at, call in numbered(objects(turn.get("tool_calls"), place), place)]
    return Message(role, content_of(parts))


def _call(call: dict[str, Any], where: str) -> ToolCall:
    function = mapping(call.get("function"))
    name = text_at(function, "name", f"{where}.function")
    return ToolCall(text_at(call, "id", where), name, arguments_text(function.get("arguments")))


def _content(value: object, where: str) -> Content:
    if value is None or isinstance(value, str):
        return value or ""
    place = f"{where}.content"
    return tuple(_part(part, at) for at, part in numbered(objects(value, place), place))


def _part(part: dict[str, Any], where: str) -> Text | Image | Reasoning:
    kind = string(part.get("type"))
    if kind == "text":
        return Text(text_at(part, "text", where))
    if kind == "thinking":
        return Reasoning(text_at(part, "thinking", where))
    if kind == "image_url":
        url = text_at(mapping(part.get("image_url")), "url", f"{where}.image_url")
        try:
            return read_image(url)
        except ValueError as error:
            raise wrong(f"{where}.image_url.url", f"holds {error}") from error
    raise wrong(f"{where}.type", f"is {kind!r}, which cannot be passed on; text, thinking and image_url can")


def _result(turn: dict[str, Any], where: str, names: Mapping[str, str]) -> ToolResult:
    call_id = text_at(turn, "tool_call_id", where)
    content, place = turn.get("content"), f"{where}.content"
    if isinstance(content, str):
        return ToolResult(call_id, content, names.get(call_id, ""))
    texts = [_result_text(block, at) for at, block in numbered(objects(content, place), place)]
    if len(texts) == 1:
        return ToolResult(call_id, texts[0], names.get(call_id, ""))
    return ToolResult(call_id, tuple(Text(text) for text in texts), names.get(call_id, ""))


def _result_text(block: dict[str, Any], where: str) -> str:
    if block.get("type") == "text":
        return text_at(block, "text", where)
    data = mapping(block.get("document")).get("data")
    if isinstance(data, str):  # the published types want an object; clients in Cohere's own examples send text
        return data
    if not isinstance(data, dict):
        raise wrong(f"{where}.document.data", "must be an object")
    return cast("str", data[WRAPPED]) if _is_wrapped(data) else encode_body(data).decode()


def _is_wrapped(data: dict[str, Any]) -> bool:
    return set(data) == {WRAPPED} and isinstance(data[WRAPPED], str)
