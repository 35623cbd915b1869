"""Anthropic Messages: bodies of clients as canonical requests."""

from collections.abc import Mapping
from typing import Any

from casecraft.core.chat import ChatRequest, NamedTool, Tool, ToolChoice
from casecraft.wire.answers import mapping, string
from casecraft.wire.anthropic_messages.conversation_reading import ConversationReader
from casecraft.wire.anthropic_messages.thinking import read_thinking
from casecraft.wire.dialect import Asked
from casecraft.wire.request_fields import RequestFields, numbered, text_at, wrong

CHOICES: Mapping[object, ToolChoice] = {"auto": "auto", "none": "none", "any": "required"}

OWN_TOOL = (None, "custom")
"""Types of a tool that the client runs itself; the others are the vendor's."""

TOOL_FIELDS = frozenset({"type", "name", "description", "input_schema", "strict"})


def decode_request(body: Mapping[str, Any], *, model: str = "", stream: bool = False) -> Asked:
    """The request in the body of a `POST /v1/messages`; what has no canonical place stays in `extra`."""
    fields = RequestFields(body)
    reader = ConversationReader(fields.losses)
    stream = fields.take_of("stream", bool) or stream
    effort, budget = read_thinking(fields)
    tools = _tools(fields.take_list("tools"), reader)
    choice, parallel = _tool_choice(fields.take_of("tool_choice", dict))
    request = ChatRequest(
        messages=reader.read(fields.take("system"), fields.take_list("messages")),
        model=fields.take_of("model", str) or model,
        temperature=fields.take_of("temperature", float),
        top_p=fields.take_of("top_p", float),
        top_k=fields.take_of("top_k", int),
        stop=_stop(fields.take("stop_sequences")),
        max_output_tokens=fields.take_of("max_tokens", int),
        json_schema=_schema(fields),
        tools=tools,
        tool_choice=choice,
        parallel_tool_calls=parallel,
        reasoning_effort=effort,
        reasoning_budget=budget,
        extra=fields.rest,
    )
    return Asked(request, stream, reader.losses)


def _stop(value: object) -> tuple[str, ...]:
    values = value if value is not None else []
    if not isinstance(values, list) or not all(isinstance(each, str) for each in values):
        raise wrong("stop_sequences", "must be a list of texts")
    return tuple(values)


def _schema(fields: RequestFields) -> Mapping[str, Any] | None:
    """The schema of `output_config.format`. The other fields beside it are the vendor's own and stay."""
    config = fields.take_of("output_config", dict) or {}
    wanted = mapping(config.get("format"))
    schema = wanted.get("schema") if wanted.get("type") == "json_schema" else None
    if wanted.get("type") == "json_schema" and not isinstance(schema, dict):
        raise wrong("output_config.format.schema", "must be an object")
    rest = {key: value for key, value in config.items() if key != "format" or (schema is None and value is not None)}
    if rest:
        fields.rest["output_config"] = rest
    return schema


def _tools(tools: list[dict[str, Any]], reader: ConversationReader) -> tuple[Tool, ...]:
    """The client's tools. One that the vendor runs is lost, harmlessly where others are left to choose from."""
    own = [(where, each) for where, each in numbered(tools, "tools") if each.get("type") in OWN_TOOL]
    for where, each in numbered(tools, "tools"):
        if each.get("type") not in OWN_TOOL:
            reason = f"the vendor's own tool {string(each.get('type'))!r} cannot be passed on"
            reader.lose(where, reason, harmless=bool(own))
    return tuple(_tool(each, where, reader) for where, each in own)


def _tool(tool: dict[str, Any], where: str, reader: ConversationReader) -> Tool:
    reader.note_cache(tool)
    for name in tool.keys() - TOOL_FIELDS - {"cache_control"}:
        reader.lose(f"{where}.{name}", "a tool's canonical value has no such field", harmless=True)
    return Tool(
        name=text_at(tool, "name", where),
        description=string(tool.get("description")),
        parameters=mapping(tool.get("input_schema")),
        strict=tool["strict"] if isinstance(tool.get("strict"), bool) else None,
    )


def _tool_choice(value: dict[str, Any] | None) -> tuple[ToolChoice | None, bool | None]:
    if value is None:
        return None, None
    disabled = value.get("disable_parallel_tool_use")
    parallel = not disabled if isinstance(disabled, bool) else None
    if value.get("type") == "tool":
        return NamedTool(text_at(value, "name", "tool_choice")), parallel
    choice = CHOICES.get(string(value.get("type")))
    if choice is None:
        raise wrong("tool_choice.type", f"must be one of {', '.join(map(str, CHOICES))}, tool")
    return choice, parallel
