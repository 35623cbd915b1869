"""Turns of dialects that give each result of a tool a message of its own; here they stand in the user's turn."""

from collections.abc import Iterable

from casecraft.core.chat import Message, Part, ToolResult


def add_result(messages: list[Message], result: ToolResult) -> None:
    """Results that follow each other are one turn of the user."""
    if _ends_with_result(messages):
        _extend(messages, [result])
    else:
        messages.append(Message("user", (result,)))


def add_message(messages: list[Message], message: Message) -> None:
    """What the user says right after the results of tools belongs to the same turn."""
    if message.role == "user" and _ends_with_result(messages):
        _extend(messages, message.parts)
    else:
        messages.append(message)


def _ends_with_result(messages: list[Message]) -> bool:
    last = messages[-1] if messages else None
    return last is not None and last.role == "user" and isinstance((last.parts or (None,))[-1], ToolResult)


def _extend(messages: list[Message], parts: Iterable[Part]) -> None:
    messages[-1] = Message("user", (*messages[-1].parts, *parts))
