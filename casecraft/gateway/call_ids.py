"""Ids for calls of tools that their vendor gave none.

Gemini tells calls apart by their order in one answer. Clients and other vendors want ids that are unique in
the whole conversation: those that stand for an order alone (`call_0`) get something of their answer's id.
"""

import re
from dataclasses import replace

from casecraft.core.chat import Content, StreamEnd, StreamEvent, ToolCall, ToolCallStart

_ORDER = re.compile(r"call_(\d{1,3})")
_SUFFIX = 12


def with_unique_ids(content: Content, answer_id: str) -> Content:
    """An answer whose calls have ids that no other answer has."""
    if isinstance(content, str):
        return content
    return tuple(
        replace(part, id=_unique(part.id, answer_id)) if isinstance(part, ToolCall) else part for part in content
    )


def with_unique_id(event: StreamEvent, answer_id: str) -> StreamEvent:
    """The same for an event of a streamed answer."""
    if isinstance(event, ToolCallStart):
        return replace(event, id=_unique(event.id, answer_id))
    if isinstance(event, StreamEnd):
        return StreamEnd(replace(event.response, content=with_unique_ids(event.response.content, answer_id)))
    return event


def _unique(call_id: str, answer_id: str) -> str:
    found = _ORDER.fullmatch(call_id)
    return f"call_{answer_id[-_SUFFIX:]}_{found[1]}" if found else call_id
