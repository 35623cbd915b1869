"""Responses: bodies of clients as canonical requests."""

from collections.abc import Callable, Mapping
from typing import Any, cast, get_args

from casecraft.core.chat import (
    ChatRequest,
    Content,
    Image,
    Loss,
    Message,
    ReasoningEffort,
    Role,
    Text,
    ToolResult,
)
from casecraft.wire.answers import mapping, string
from casecraft.wire.data_urls import read_image
from casecraft.wire.dialect import Asked
from casecraft.wire.openai_responses.items import read_call, read_reasoning
from casecraft.wire.openai_responses.tools_reading import ADDITIONAL_TOOLS, additional_tools, read_tools
from casecraft.wire.request_fields import RequestFields, numbered, objects, text_at, wrong

ROLES: Mapping[str, Role] = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
NEAREST_EFFORTS: Mapping[str, ReasoningEffort] = {"max": "xhigh"}


def decode_request(body: Mapping[str, Any], *, model: str = "", stream: bool = False) -> Asked:
    """The request in the body of a `POST /responses`; what has no canonical place stays in `extra`."""
    fields = RequestFields(body)
    fields.lose("stream_options", reason="streams are written without padding")
    stream = fields.take_of("stream", bool) or stream
    given = fields.take("input")
    items = [] if isinstance(given, str) else objects(given, "input")
    offered = [*fields.take_list("tools"), *additional_tools(items)]
    tools, tool_choice = read_tools(offered, fields.take("tool_choice"), fields.losses)
    messages = _messages(fields, given if isinstance(given, str) else None, items)
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
    if value is not None and value not in (*known, *NEAREST_EFFORTS):
        raise wrong("reasoning.effort", f"must be one of {', '.join([*known, *NEAREST_EFFORTS])}")
    rest = {name: each for name, each in wanted.items() if name != "effort" or value in NEAREST_EFFORTS}
    if rest:
        fields.rest["reasoning"] = rest
    return NEAREST_EFFORTS.get(value, cast("ReasoningEffort | None", value)) if value is not None else None


def _messages(fields: RequestFields, said: str | None, items: list[dict[str, Any]]) -> tuple[Message, ...]:
    instructions = fields.take_of("instructions", str)
    reader = ConversationReader(stored=fields.rest.get("store") is not False, losses=fields.losses)
    if instructions:
        reader.messages.append(Message("system", instructions))
    if said is not None:
        reader.messages.append(Message("user", said))
    for where, item in numbered(items, "input"):
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
            ADDITIONAL_TOOLS: lambda _item, _where: None,  # read with all tools
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
        text_at(item, "name", where)
        call = read_call(item)
        self._names[text_at(item, "call_id", where)] = call.name
        self._add("assistant", (call,), joins=self._follows("assistant"))

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
    kind = string(part.get("type"))
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
