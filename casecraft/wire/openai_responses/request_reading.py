"""Responses: bodies of clients as canonical requests."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast, get_args

from casecraft.core.chat import (
    ChatRequest,
    Content,
    Image,
    Loss,
    Message,
    NamedTool,
    ReasoningEffort,
    Role,
    Text,
    Tool,
    ToolChoice,
    ToolResult,
)
from casecraft.wire.answers import mapping, mappings, string
from casecraft.wire.data_urls import read_image
from casecraft.wire.dialect import Asked
from casecraft.wire.openai_responses.items import FREEFORM_ARGUMENT, read_call, read_reasoning
from casecraft.wire.request_fields import RequestFields, numbered, objects, text_at, wrong

ROLES: Mapping[str, Role] = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
NEAREST_EFFORTS: Mapping[str, ReasoningEffort] = {"max": "xhigh"}


def decode_request(body: Mapping[str, Any], *, model: str = "", stream: bool = False) -> Asked:
    """The request in the body of a `POST /responses`; what has no canonical place stays in `extra`."""
    fields = RequestFields(body)
    fields.lose("stream_options", reason="streams are written without padding")
    stream = fields.take_of("stream", bool) or stream
    messages = _messages(fields)
    tools, tool_choice = _allowed(_tools(fields), fields.take("tool_choice"), fields)
    request = ChatRequest(
        messages=messages,
        model=fields.take_of("model", str) or model,
        temperature=fields.take_of("temperature", float),
        top_p=fields.take_of("top_p", float),
        max_output_tokens=fields.take_of("max_output_tokens", int),
        json_schema=_schema(fields),
        tools=tools,
        tool_choice=tool_choice,
        parallel_tool_calls=fields.take_of("parallel_tool_calls", bool),
        reasoning_effort=_effort(fields),
        extra=fields.rest,
    )
    return Asked(request, stream, tuple(fields.losses))


def _schema(fields: RequestFields) -> Mapping[str, Any] | None:
    """The schema of `text.format`. Whatever else `text` says stays as it is."""
    wanted = fields.take_of("text", dict) or {}
    form = mapping(wanted.get("format"))
    schema: Mapping[str, Any] | None = None
    if form.get("type") == "json_schema":
        schema = form.get("schema")
        if not isinstance(schema, dict):
            raise wrong("text.format.schema", "must be an object")
    if schema is not None or form.get("type") == "text":
        wanted = {name: value for name, value in wanted.items() if name != "format"}
    if wanted:
        fields.rest["text"] = wanted
    return schema


def _effort(fields: RequestFields) -> ReasoningEffort | None:
    """The effort of `reasoning`, or the nearest of ours. What we cannot say in full stays as it is."""
    wanted = fields.take_of("reasoning", dict) or {}
    value = wanted.get("effort")
    known = get_args(ReasoningEffort)
    if value is not None and value not in known and value not in NEAREST_EFFORTS:
        raise wrong("reasoning.effort", f"must be one of {', '.join([*known, *NEAREST_EFFORTS])}")
    rest = {name: each for name, each in wanted.items() if name != "effort" or each in NEAREST_EFFORTS}
    if rest:
        fields.rest["reasoning"] = rest
    return NEAREST_EFFORTS.get(value, cast("ReasoningEffort | None", value)) if value is not None else None


def _tools(fields: RequestFields) -> tuple[Tool, ...]:
    return tuple(
        tool for where, each in numbered(fields.take_list("tools"), "tools") for tool in _tool(each, where, fields)
    )


def _tool(tool: dict[str, Any], where: str, fields: RequestFields) -> Iterator[Tool]:
    """A function, or none: tools that the vendor's own servers run cannot be passed on."""
    kind = tool.get("type")
    if kind not in ("function", "custom"):
        fields.losses.append(Loss(where, f"a tool of type {kind!r} is the vendor's own"))
        return
    parameters = mapping(tool.get("parameters"))
    if kind == "custom":
        fields.losses.append(Loss(f"{where}.format", f"free text is asked for as the argument {FREEFORM_ARGUMENT!r}"))
        parameters = _freeform_parameters(tool)
    yield Tool(
        name=text_at(tool, "name", where),
        description=string(tool.get("description")),
        parameters=parameters,
        strict=tool["strict"] if isinstance(tool.get("strict"), bool) else None,
    )


def _freeform_parameters(tool: dict[str, Any]) -> dict[str, Any]:
    text = {"type": "string"}
    grammar = string(mapping(tool.get("format")).get("definition"))
    if grammar:
        text["description"] = f"Text that conforms to this grammar:\n{grammar}"
    return {
        "type": "object",
        "properties": {FREEFORM_ARGUMENT: text},
        "required": [FREEFORM_ARGUMENT],
        "additionalProperties": False,
    }


def _allowed(
    tools: tuple[Tool, ...], choice: object, fields: RequestFields
) -> tuple[tuple[Tool, ...], ToolChoice | None]:
    """The tools that may be used, and how they are to be chosen."""
    if choice is None or isinstance(choice, str):
        if choice not in (None, "auto", "none", "required"):
            raise wrong("tool_choice", "must be 'auto', 'none', 'required' or an object")
        return tools, cast("ToolChoice | None", choice)
    wanted = mapping(choice)
    kind, name = wanted.get("type"), wanted.get("name")
    if kind == "allowed_tools":
        names = {each.get("name") for each in mappings(wanted.get("tools"))}
        mode: ToolChoice = "required" if wanted.get("mode") == "required" else "auto"
        return tuple(tool for tool in tools if tool.name in names), mode
    if kind in ("function", "custom") and isinstance(name, str):
        return tools, NamedTool(name)
    if not isinstance(kind, str):
        raise wrong("tool_choice", "must be 'auto', 'none', 'required' or an object")
    fields.losses.append(Loss("tool_choice", f"a tool of type {kind!r} is the vendor's own"))
    return tools, None


def _messages(fields: RequestFields) -> tuple[Message, ...]:
    instructions, given = fields.take_of("instructions", str), fields.take("input")
    reader = ConversationReader(stored=fields.rest.get("store") is not False, losses=fields.losses)
    if instructions:
        reader.messages.append(Message("system", instructions))
    if isinstance(given, str):
        reader.messages.append(Message("user", given))
    else:
        for where, item in numbered(objects(given, "input"), "input"):
            reader.read(item, where)
    return tuple(reader.messages)


class ConversationReader:
    """Puts items together into turns: what the model thinks, says and calls is one, as are results and what follows."""

    def __init__(self, *, stored: bool, losses: list[Loss]) -> None:
        self.messages: list[Message] = []
        self._stored = stored
        self._losses = losses
        self._names: dict[str, str] = {}
        """Ids of calls -> names of their tools."""
        self._readers: Mapping[str, Callable[[dict[str, Any], str], None]] = {
            "message": self._message,
            "reasoning": self._reasoning,
            "function_call": self._call,
            "custom_tool_call": self._call,
            "function_call_output": self._result,
            "custom_tool_call_output": self._result,
        }

    def read(self, item: dict[str, Any], where: str) -> None:
        """Take in the next item. Raises `InvalidRequestError` where it is malformed."""
        kind = item.get("type") or ("message" if "role" in item else None)
        read = self._readers.get(string(kind))
        if read is not None:
            read(item, where)
        elif isinstance(kind, str):
            self._losses.append(Loss(where, f"an item of type {kind!r} is the vendor's own"))
        else:
            raise wrong(f"{where}.type", "must be text")

    def _message(self, item: dict[str, Any], where: str) -> None:
        role = ROLES.get(string(item.get("role")))
        if role is None:
            raise wrong(f"{where}.role", f"must be one of {', '.join(ROLES)}")
        if item.get("phase"):
            self._losses.append(Loss(f"{where}.phase", "other vendors have no phases", harmless=True))
        content = read_content(item.get("content"), f"{where}.content")
        if role == "assistant":
            self._add(role, content, joins=self._follows("assistant"))
        else:
            self._add(role, content, joins=role == "user" and self._follows_result())

    def _reasoning(self, item: dict[str, Any], where: str) -> None:  # noqa: ARG002 - all readers take the place
        reasoning = read_reasoning(item, stored=self._stored)
        if reasoning is not None:
            self._add("assistant", (reasoning,), joins=self._follows("assistant"))

    def _call(self, item: dict[str, Any], where: str) -> None:
        call_id, name = text_at(item, "call_id", where), text_at(item, "name", where)
        self._names[call_id] = name
        self._add("assistant", (read_call(item),), joins=self._follows("assistant"))

    def _result(self, item: dict[str, Any], where: str) -> None:
        call_id = text_at(item, "call_id", where)
        content = cast("str | tuple[Text | Image, ...]", read_content(item.get("output"), f"{where}.output"))
        name = self._names.get(call_id, "")
        self._add("user", (ToolResult(call_id, content, name),), joins=self._follows_result())

    def _follows(self, role: Role) -> bool:
        return bool(self.messages) and self.messages[-1].role == role

    def _follows_result(self) -> bool:
        return self._follows("user") and isinstance((self.messages[-1].parts or ("",))[-1], ToolResult)

    def _add(self, role: Role, content: Content, *, joins: bool) -> None:
        if joins:
            self.messages[-1] = Message(role, (*self.messages[-1].parts, *Message(role, content).parts))
        else:
            self.messages.append(Message(role, content))


def read_content(value: object, where: str) -> Content:
    """What an item says: text, or texts and images. Raises `InvalidRequestError` for what cannot be passed on."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return tuple(_part(part, place) for place, part in numbered(objects(value, where), where))


def _part(part: dict[str, Any], where: str) -> Text | Image:
    kind = part.get("type")
    if kind in ("input_text", "output_text", "text"):
        return Text(text_at(part, "text", where))
    if kind == "refusal":
        return Text(text_at(part, "refusal", where))
    if kind == "input_image" and part.get("image_url") is not None:
        try:
            return read_image(text_at(part, "image_url", where))
        except ValueError as error:
            raise wrong(f"{where}.image_url", f"holds {error}") from error
    raise wrong(f"{where}.type", f"is {kind!r}, which cannot be passed on; texts and images with a URL can")
