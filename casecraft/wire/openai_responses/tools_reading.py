"""Responses: the tools that a client offers, as canonical ones.

Clients offer functions, tools that take free text (`custom`), groups of both (`namespace`), and tools that the vendor
runs. Source: https://platform.openai.com/docs/api-reference/responses/create.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from casecraft.core.chat import NAMESPACE_END, Loss, NamedTool, Tool, ToolChoice
from casecraft.wire.answers import mapping, mappings, string
from casecraft.wire.openai_responses.items import FREEFORM_ARGUMENT
from casecraft.wire.request_fields import numbered, objects, text_at, wrong

ADDITIONAL_TOOLS = "additional_tools"
"""An item of input that offers more tools: newer coding clients put all of theirs there."""

_CHOICES = ("auto", "none", "required")


def additional_tools(items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The tools that items of the input offer. Raises `InvalidRequestError`."""
    offering = (item for item in items if item.get("type") == ADDITIONAL_TOOLS)
    return [tool for item in offering for tool in objects(item.get("tools"), f"{ADDITIONAL_TOOLS}.tools")]


def read_tools(
    offered: list[dict[str, Any]], choice: object, losses: list[Loss]
) -> tuple[tuple[Tool, ...], ToolChoice | None]:
    """The tools that may be used, and how they are to be chosen.

    One that the vendor's own servers run is lost; harmlessly, where others are left and none has to be that one.
    """
    tools: list[Tool] = []
    lost: list[Loss] = []
    for where, each in numbered(offered, "tools"):
        tools += _tool(each, where, losses, lost)
    losses += (replace(loss, harmless=bool(tools)) for loss in lost)
    return _allowed(tuple(tools), choice, losses)


def _tool(tool: Mapping[str, Any], where: str, losses: list[Loss], lost: list[Loss]) -> Iterator[Tool]:
    kind = string(tool.get("type"))
    if kind == "namespace":
        namespace = text_at(tool, "name", where)
        for place, each in numbered(objects(tool.get("tools"), f"{where}.tools"), f"{where}.tools"):
            for inner in _tool(each, place, losses, lost):
                yield replace(inner, name=f"{namespace}{NAMESPACE_END}{inner.name}", namespace=namespace)
    elif kind == "custom":
        losses.append(Loss(f"{where}.format", f"free text is asked for as {FREEFORM_ARGUMENT!r}", harmless=True))
        yield replace(_function(tool, where), parameters=_freeform_parameters(tool), freeform=True)
    elif kind == "function":
        yield _function(tool, where)
    else:
        lost.append(Loss(where, f"a tool of type {kind!r} is the vendor's own"))


def _function(tool: Mapping[str, Any], where: str) -> Tool:
    return Tool(
        name=text_at(tool, "name", where),
        description=string(tool.get("description")),
        parameters=mapping(tool.get("parameters")),
        strict=tool["strict"] if isinstance(tool.get("strict"), bool) else None,
    )


def _freeform_parameters(tool: Mapping[str, Any]) -> dict[str, Any]:
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


def _allowed(tools: tuple[Tool, ...], choice: object, losses: list[Loss]) -> tuple[tuple[Tool, ...], ToolChoice | None]:
    if choice is None or isinstance(choice, str):
        if choice not in (None, *_CHOICES):
            raise wrong("tool_choice", "must be 'auto', 'none', 'required' or an object")
        return tools, cast("ToolChoice | None", choice)
    wanted = mapping(choice)
    kind, name = wanted.get("type"), wanted.get("name")
    if kind == "allowed_tools":
        names = {string(each.get("name")) for each in mappings(wanted.get("tools"))} - {""}
        mode: ToolChoice = "required" if wanted.get("mode") == "required" else "auto"
        return tuple(tool for tool in tools if {tool.name, tool.short_name, tool.namespace} & names), mode
    if kind in ("function", "custom") and isinstance(name, str):
        return tools, NamedTool(next((tool.name for tool in tools if tool.short_name == name), name))
    if not isinstance(kind, str):
        raise wrong("tool_choice", "must be 'auto', 'none', 'required' or an object")
    losses.append(Loss("tool_choice", f"a tool of type {kind!r} is the vendor's own"))
    return tools, None
