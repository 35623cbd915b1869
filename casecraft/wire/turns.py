"""Turns of dialects that have fixed places for what stands in any order here, and so lose the order.

Some give each result of a tool a message of its own; here they stand in the user's turn.
"""

from collections.abc import Iterable, Mapping, Sequence

from casecraft.core.chat import Image, Loss, Message, Part, Reasoning, Text, ToolCall, ToolResult

ORDER: Mapping[type[Part], int] = {ToolResult: 0, Reasoning: 1, Text: 2, Image: 2, ToolCall: 3}
"""Results first, as they have to follow their calls; what was thought, what is said, what is called."""
IMAGES_LAST: Mapping[type[Part], int] = {**ORDER, Image: 4}


def note_order(parts: Iterable[Part], where: str, losses: list[Loss], order: Mapping[type[Part], int] = ORDER) -> None:
    """Note the loss where the parts stand in another order than the dialect has them in."""
    ranks = [order[type(part)] for part in parts]
    if ranks != sorted(ranks):
        losses.append(Loss(f"{where}order", "the parts of a turn have fixed places", harmless=True))


def texts_of_system(parts: Sequence[Part], where: str, losses: list[Loss]) -> tuple[Text, ...]:
    """What a system says, for dialects in which that is text alone."""
    texts = tuple(part for part in parts if isinstance(part, Text))
    if len(texts) < len(parts):
        losses.append(Loss(f"{where}image", "what a system says is text alone"))
    return texts


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
