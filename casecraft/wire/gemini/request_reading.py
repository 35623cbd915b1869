"""Gemini: bodies of clients as canonical requests."""

from collections.abc import Mapping
from typing import Any

from casecraft.core.chat import ChatRequest, NamedTool, Tool, ToolChoice
from casecraft.wire.answers import mapping, string
from casecraft.wire.dialect import Asked
from casecraft.wire.gemini.field_names import with_camel_names
from casecraft.wire.gemini.schema_reading import read_schema
from casecraft.wire.gemini.thinking import read_thinking
from casecraft.wire.gemini.turns_reading import read_messages
from casecraft.wire.request_fields import RequestFields, numbered, objects, text_at, wrong

CHOICES: Mapping[str, ToolChoice] = {"AUTO": "auto", "NONE": "none", "ANY": "required"}
JSON_TYPE = "application/json"


def decode_request(body: Mapping[str, Any], *, model: str = "", stream: bool = False) -> Asked:
    """The request in the body of a `generateContent`; what has no canonical place stays in `extra`, where it stood."""
    fields = RequestFields(with_camel_names(body))
    named = fields.take_of("model", str) or ""
    messages = read_messages(fields)
    config = RequestFields(with_camel_names(fields.take_of("generationConfig", dict) or {}))
    top_k = config.take_of("topK", float)
    thinking = with_camel_names(config.take_of("thinkingConfig", dict) or {})
    effort, budget = read_thinking(thinking)
    request = ChatRequest(
        messages=messages,
        model=model or named.removeprefix("models/"),
        temperature=config.take_of("temperature", float),
        top_p=config.take_of("topP", float),
        top_k=None if top_k is None else int(top_k),
        frequency_penalty=config.take_of("frequencyPenalty", float),
        presence_penalty=config.take_of("presencePenalty", float),
        stop=_stop(config),
        max_output_tokens=config.take_of("maxOutputTokens", int),
        seed=config.take_of("seed", int),
        json_schema=_schema(config),
        tools=_tools(fields),
        tool_choice=_tool_choice(fields),
        reasoning_effort=effort,
        reasoning_budget=budget,
        extra=_left_over(fields, config, thinking),
    )
    return Asked(request, stream, tuple(fields.losses))


def _left_over(fields: RequestFields, config: RequestFields, thinking: dict[str, Any]) -> dict[str, Any]:
    if thinking:
        config.rest["thinkingConfig"] = thinking
    return {**fields.rest, "generationConfig": config.rest} if config.rest else fields.rest


def _stop(config: RequestFields) -> tuple[str, ...]:
    values = config.take_of("stopSequences", list) or []
    if not all(isinstance(each, str) for each in values):
        raise wrong("generationConfig.stopSequences", "must be a list of texts")
    return tuple(values)


def _schema(config: RequestFields) -> Mapping[str, Any] | None:
    """The schema of a JSON answer. Other types of answers, and JSON of no schema, are the vendor's own: they stay."""
    media_type = config.take_of("responseMimeType", str)
    if media_type not in (None, JSON_TYPE, "text/plain"):
        config.rest["responseMimeType"] = media_type
        return None
    schema = config.take_of("responseJsonSchema", dict)
    older = config.take_of("responseSchema", dict)
    if schema is None and older is not None:
        schema = read_schema(older)
    if schema is None and media_type == JSON_TYPE:
        config.rest["responseMimeType"] = media_type
    return schema


def _tools(fields: RequestFields) -> tuple[Tool, ...]:
    """The functions; tools that run on the vendor's side stay as they are."""
    tools: list[Tool] = []
    others: list[dict[str, Any]] = []
    for where, tool in numbered(fields.take_list("tools"), "tools"):
        named = with_camel_names(tool)
        place = f"{where}.functionDeclarations"
        declarations = objects(named.pop("functionDeclarations", None), place)
        tools += [_tool(with_camel_names(each), at) for at, each in numbered(declarations, place)]
        if named:
            others.append(named)
    if others:
        fields.rest["tools"] = others
    return tuple(tools)


def _tool(declaration: dict[str, Any], where: str) -> Tool:
    schema = declaration.get("parametersJsonSchema")
    return Tool(
        name=text_at(declaration, "name", where),
        description=string(declaration.get("description")),
        parameters=schema if isinstance(schema, dict) else read_schema(mapping(declaration.get("parameters"))),
    )


def _tool_choice(fields: RequestFields) -> ToolChoice | None:
    """Which tool is wanted. What goes beyond that, such as several names to choose from, stays as it is."""
    config = with_camel_names(fields.take_of("toolConfig", dict) or {})
    calling = with_camel_names(mapping(config.pop("functionCallingConfig", None)))
    choice = CHOICES.get(string(calling.get("mode")).upper())
    if choice is not None:
        del calling["mode"]
    names = calling.get("allowedFunctionNames")
    if choice == "required" and isinstance(names, list) and len(names) == 1 and isinstance(names[0], str):
        del calling["allowedFunctionNames"]
        choice = NamedTool(names[0])
    if calling:
        config["functionCallingConfig"] = calling
    if config:
        fields.rest["toolConfig"] = config
    return choice
