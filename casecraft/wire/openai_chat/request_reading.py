"""Chat Completions: bodies of clients as canonical requests."""

from collections.abc import Mapping
from typing import Any, cast, get_args

from casecraft.core.chat import (
    ChatRequest,
    Content,
    Image,
    Message,
    NamedTool,
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
from casecraft.wire.data_urls import read_image
from casecraft.wire.dialect import Asked
from casecraft.wire.request_fields import RequestFields, numbered, objects, text_at, wrong

ROLES: Mapping[str, Role] = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}


def decode_request(body: Mapping[str, Any], *, model: str = "", stream: bool = False) -> Asked:
    """The request in the body of a `POST /chat/completions`; what has no canonical place stays in `extra`."""
    fields = RequestFields(body)
    limit = fields.take_of("max_completion_tokens", int)
    older = fields.take_of("max_tokens", int)
    stream = fields.take_of("stream", bool) or stream
    fields.take("stream_options")
    request = ChatRequest(
        messages=_messages(fields.take_list("messages")),
        model=fields.take_of("model", str) or model,
        temperature=fields.take_of("temperature", float),
        top_p=fields.take_of("top_p", float),
        frequency_penalty=fields.take_of("frequency_penalty", float),
        presence_penalty=fields.take_of("presence_penalty", float),
        stop=_stop(fields.take("stop")),
        max_output_tokens=limit if limit is not None else older,
        seed=fields.take_of("seed", int),
        json_schema=_schema(fields),
        tools=_tools(fields.take_list("tools")),
        tool_choice=_tool_choice(fields.take("tool_choice")),
        parallel_tool_calls=fields.take_of("parallel_tool_calls", bool),
        reasoning_effort=_effort(fields.take("reasoning_effort")),
        extra=fields.rest,
    )
    return Asked(request, stream, tuple(fields.losses))


def _stop(value: object) -> tuple[str, ...]:
    values = [value] if isinstance(value, str) else value or []
    if not isinstance(values, list) or not all(isinstance(each, str) for each in values):
        raise wrong("stop", "must be text or a list of texts")
    return tuple(values)


def _schema(fields: RequestFields) -> Mapping[str, Any] | None:
    """The schema of a `response_format`. Any other format is the vendor's own and stays as it is."""
    wanted = fields.take_of("response_format", dict)
    if wanted is None:
        return None
    if wanted.get("type") == "json_schema":
        schema = mapping(wanted.get("json_schema")).get("schema")
        if not isinstance(schema, dict):
            raise wrong("response_format.json_schema.schema", "must be an object")
        return schema
    if wanted.get("type") != "text":
        fields.rest["response_format"] = wanted
    return None


def _tools(tools: list[dict[str, Any]]) -> tuple[Tool, ...]:
    return tuple(_tool(mapping(tool.get("function")), where) for where, tool in numbered(tools, "tools"))


def _tool(function: dict[str, Any], where: str) -> Tool:
    return Tool(
        name=text_at(function, "name", f"{where}.function"),
        description=string(function.get("description")),
        parameters=mapping(function.get("parameters")),
        strict=function["strict"] if isinstance(function.get("strict"), bool) else None,
    )


def _tool_choice(value: object) -> ToolChoice | None:
    if value is None or value in ("auto", "none", "required"):
        return cast("ToolChoice | None", value)
    name = mapping(mapping(value).get("function")).get("name")
    if not isinstance(name, str):
        raise wrong("tool_choice", "must be 'auto', 'none', 'required' or a function")
    return NamedTool(name)


def _effort(value: object) -> ReasoningEffort | None:
    if value is not None and value not in get_args(ReasoningEffort):
        raise wrong("reasoning_effort", f"must be one of {', '.join(get_args(ReasoningEffort))}")
    return cast("ReasoningEffort | None", value)


def _messages(turns: list[dict[str, Any]]) -> tuple[Message, ...]:
    """The turns. Results of tools that follow each other are one user's turn, with what the user says next."""
    messages: list[Message] = []
    names: dict[str, str] = {}
    for where, turn in numbered(turns, "messages"):
        if turn.get("role") == "tool":
            _add_to_user(messages, [_result(turn, where, names)])
        elif turn.get("role") == "user" and _ends_with_result(messages):
            _add_to_user(messages, list(Message("user", _content(turn.get("content"), where)).parts))
        else:
            messages.append(_message(turn, where, names))
    return tuple(messages)


def _ends_with_result(messages: list[Message]) -> bool:
    last = messages[-1] if messages else None
    return last is not None and last.role == "user" and isinstance((last.parts or (None,))[-1], ToolResult)


def _add_to_user(messages: list[Message], parts: list[Part]) -> None:
    if _ends_with_result(messages):
        messages[-1] = Message("user", (*messages[-1].parts, *parts))
    else:
        messages.append(Message("user", tuple(parts)))


def _result(turn: dict[str, Any], where: str, names: Mapping[str, str]) -> ToolResult:
    call_id = text_at(turn, "tool_call_id", where)
    content = _content(turn.get("content"), where)
    return ToolResult(call_id, cast("str | tuple[Text | Image, ...]", content), names.get(call_id, ""))


def _message(turn: dict[str, Any], where: str, names: dict[str, str]) -> Message:
    role = ROLES.get(string(turn.get("role")))
    if role is None:
        raise wrong(f"{where}.role", f"must be one of {', '.join([*ROLES, 'tool'])}")
    content = _content(turn.get("content"), where)
    if role != "assistant":
        return Message(role, content)
    thought = string(turn.get("reasoning_content")) or string(turn.get("reasoning"))
    parts: list[Part] = [Reasoning(thought)] if thought else []
    parts += Message(role, content).parts
    for place, call in numbered(objects(turn.get("tool_calls"), f"{where}.tool_calls"), f"{where}.tool_calls"):
        parts.append(_call(call, place, names))
    return Message(role, content_of(parts))


def _call(call: dict[str, Any], where: str, names: dict[str, str]) -> ToolCall:
    function = mapping(call.get("function"))
    name = text_at(function, "name", f"{where}.function")
    call_id = text_at(call, "id", where)
    names[call_id] = name
    return ToolCall(call_id, name, string(function.get("arguments")) or "{}")


def _content(value: object, where: str) -> Content:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return tuple(_part(part, place) for place, part in numbered(objects(value, f"{where}.content"), f"{where}.content"))


def _part(part: dict[str, Any], where: str) -> Text | Image:
    kind = string(part.get("type"))
    if kind in ("text", "refusal"):
        return Text(text_at(part, kind, where))
    if kind == "image_url":
        url = text_at(mapping(part.get("image_url")), "url", f"{where}.image_url")
        try:
            return read_image(url)
        except ValueError as error:
            raise wrong(f"{where}.image_url.url", f"holds {error}") from error
    raise wrong(f"{where}.type", f"is {kind!r}, which cannot be passed on; text and image_url can")
