"""Ollama's chat: bodies of clients as canonical requests."""

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
    ToolResult,
)
from casecraft.wire.answers import content_of, mapping, string
from casecraft.wire.data_urls import decode_base64, media_type_of
from casecraft.wire.dialect import Asked
from casecraft.wire.request_fields import RequestFields, numbered, objects, text_at, wrong
from casecraft.wire.tool_arguments import arguments_text
from casecraft.wire.turns import add_message, add_result

ROLES: Mapping[str, Role] = {"system": "system", "user": "user", "assistant": "assistant"}
EFFORTS: Mapping[object, ReasoningEffort] = {
    False: "none",
    True: "medium",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "max": "xhigh",
}


def decode_request(body: Mapping[str, Any], *, model: str = "", stream: bool = True) -> Asked:  # noqa: ARG001
    """The request in the body of a `POST /api/chat`, which asks for a stream unless it says otherwise.

    What has no canonical place stays in `extra`; of the `options`, in its `options`.
    """
    fields = RequestFields(body)
    options = RequestFields(fields.take_of("options", dict) or {})
    streamed = fields.take_of("stream", bool)
    request = ChatRequest(
        messages=_messages(fields.take_list("messages")),
        model=fields.take_of("model", str) or model,
        temperature=options.take_of("temperature", float),
        top_p=options.take_of("top_p", float),
        top_k=options.take_of("top_k", int),
        frequency_penalty=options.take_of("frequency_penalty", float),
        presence_penalty=options.take_of("presence_penalty", float),
        stop=_stop(options.take("stop")),
        max_output_tokens=_limit(options),
        seed=options.take_of("seed", int),
        json_schema=_schema(fields),
        tools=_tools(fields.take_list("tools")),
        reasoning_effort=_effort(fields.take("think")),
        extra=fields.rest | ({"options": options.rest} if options.rest else {}),
    )
    return Asked(request, streamed is not False, tuple(fields.losses))


def _limit(options: RequestFields) -> int | None:
    """The most tokens of the answer. Below zero it stands for no limit or for the context's rest."""
    limit = options.take_of("num_predict", int)
    return limit if limit is not None and limit > 0 else None


def _stop(value: object) -> tuple[str, ...]:
    values = [value] if isinstance(value, str) else value or []
    if not isinstance(values, list) or not all(isinstance(each, str) for each in values):
        raise wrong("options.stop", "must be text or a list of texts")
    return tuple(values)


def _schema(fields: RequestFields) -> Mapping[str, Any] | None:
    """The schema of a `format`. The mode `json` is Ollama's own and stays as it is."""
    wanted = fields.take("format")
    if isinstance(wanted, dict):
        return wanted
    if wanted == "json":
        fields.rest["format"] = wanted
    elif wanted:
        raise wrong("format", "must be 'json' or a JSON Schema")
    return None


def _effort(value: object) -> ReasoningEffort | None:
    if value is None or value == "":
        return None
    if not isinstance(value, bool | str) or value not in EFFORTS:
        raise wrong("think", "must be true, false, 'low', 'medium', 'high' or 'max'")
    return EFFORTS[value]


def _tools(tools: list[dict[str, Any]]) -> tuple[Tool, ...]:
    return tuple(_tool(mapping(tool.get("function")), where) for where, tool in numbered(tools, "tools"))


def _tool(function: dict[str, Any], where: str) -> Tool:
    name = text_at(function, "name", f"{where}.function")
    return Tool(name, string(function.get("description")), mapping(function.get("parameters")))


def _messages(turns: list[dict[str, Any]]) -> tuple[Message, ...]:
    """The turns, with results of tools in the user's, and an id for every call and its result."""
    messages: list[Message] = []
    open_calls: list[ToolCall] = []
    for where, turn in numbered(turns, "messages"):
        if turn.get("role") == "tool":
            add_result(messages, _result(turn, where, open_calls))
            continue
        message = _message(turn, where, len(messages))
        if message.role == "assistant":
            open_calls = [part for part in message.parts if isinstance(part, ToolCall)]
        add_message(messages, message)
    return tuple(messages)


def _result(turn: dict[str, Any], where: str, open_calls: list[ToolCall]) -> ToolResult:
    """A result belongs to the call that it names, else to the first of its tool that has none yet."""
    name, call_id = string(turn.get("tool_name")), string(turn.get("tool_call_id"))
    fitting = (call for call in open_calls if (call.id == call_id if call_id else name in ("", call.name)))
    call = next(fitting, None)
    if call is not None:
        open_calls.remove(call)
        name, call_id = name or call.name, call.id
    content = _content(turn, where)
    return ToolResult(call_id, cast("str | tuple[Text | Image, ...]", content), name)


def _message(turn: dict[str, Any], where: str, number: int) -> Message:
    role = ROLES.get(string(turn.get("role")))
    if role is None:
        raise wrong(f"{where}.role", f"must be one of {', '.join([*ROLES, 'tool'])}")
    content = _content(turn, where)
    if role != "assistant":
        return Message(role, content)
    thought = string(turn.get("thinking"))
    parts: list[Part] = [Reasoning(thought)] if thought else []
    parts += Message(role, content).parts
    place = f"{where}.tool_calls"
    calls = enumerate(numbered(objects(turn.get("tool_calls"), place), place))
    parts += [_call(call, at, f"call_{number}_{index}") for index, (at, call) in calls]
    return Message(role, content_of(parts))


def _call(call: dict[str, Any], where: str, made_id: str) -> ToolCall:
    function = mapping(call.get("function"))
    name = text_at(function, "name", f"{where}.function")
    return ToolCall(string(call.get("id")) or made_id, name, arguments_text(function.get("arguments")))


def _content(turn: dict[str, Any], where: str) -> Content:
    text = turn.get("content")
    if text is not None and not isinstance(text, str):
        raise wrong(f"{where}.content", "must be text")
    images = turn.get("images") or []
    if not isinstance(images, list):
        raise wrong(f"{where}.images", "must be a list")
    if not images:
        return text or ""
    return (*([Text(text)] if text else []), *(_image(image, f"{where}.images") for image in images))


def _image(value: object, where: str) -> Image:
    try:
        data = decode_base64(string(value))
    except ValueError as error:
        raise wrong(where, f"holds {error}") from error
    return Image(data=data, media_type=media_type_of(data))
