"""Calls of tools in the form in which their client offered them."""

from dataclasses import replace

from casecraft.core.chat import Content, Part, StreamEnd, StreamEvent, Tool, ToolCall, ToolCallStart


def restore_content(content: Content, tools: tuple[Tool, ...]) -> Content:
    """An answer whose calls are named and formed as the client's tools are."""
    if isinstance(content, str) or not (special := _special(tools)):
        return content
    return tuple(_restored(part, special) for part in content)


def restore_event(event: StreamEvent, tools: tuple[Tool, ...]) -> StreamEvent:
    """The same for an event of a streamed answer."""
    if isinstance(event, ToolCallStart):
        tool = _special(tools).get(event.name)
        if tool is None:
            return event
        return replace(event, name=tool.short_name, freeform=tool.freeform, namespace=tool.namespace)
    if isinstance(event, StreamEnd):
        content = restore_content(event.response.content, tools)
        return event if content is event.response.content else StreamEnd(replace(event.response, content=content))
    return event


def _special(tools: tuple[Tool, ...]) -> dict[str, Tool]:
    """The tools that other vendors know in another form."""
    return {tool.name: tool for tool in tools if tool.freeform or tool.namespace}


def _restored(part: Part, special: dict[str, Tool]) -> Part:
    tool = special.get(part.name) if isinstance(part, ToolCall) else None
    if tool is None or not isinstance(part, ToolCall):
        return part
    return replace(part, name=tool.short_name, freeform=tool.freeform, namespace=tool.namespace)
