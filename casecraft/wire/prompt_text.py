"""A conversation as one text, for models that continue a text and know no turns."""

from collections.abc import Iterator
from itertools import groupby

from casecraft.core.chat import ChatRequest, Image, Loss, Message, Part, Reasoning, ToolCall, ToolResult, text_of
from casecraft.core.profile import StructuredOutput
from casecraft.wire.schema_prompt import with_schema_in_prompt

LABELS = {"system": "System", "user": "User", "assistant": "Assistant"}


def prompt_text(request: ChatRequest, *, first: int = 0) -> tuple[str, tuple[Loss, ...]]:
    """The messages as one prompt, and what a text cannot say. `first` is the number of the first message.

    One question, with or without a system message before it, is its plain text. Where there are more turns, each is
    told by a label, and the last label asks for the assistant's. The fields for tools are among the losses; the other
    fields of the request are the caller's business.
    """
    losses = tuple(_not_said(request, first))
    turns = [(message, text) for message in request.messages if (text := _text(message))]
    roles = [message.role for message, _ in turns]
    if roles in ([], ["system"], ["user"], ["system", "user"]):
        return "\n\n".join(text for _, text in turns), losses
    labelled = [f"{LABELS[message.role]}: {text}" for message, text in turns]
    return "\n\n".join([*labelled, f"{LABELS['assistant']}:"]), losses


def with_worded_schema(
    request: ChatRequest, structured_output: StructuredOutput
) -> tuple[ChatRequest, tuple[Loss, ...]]:
    """The request with its schema in words, for dialects that have no field for one; a loss where one was wished."""
    if request.json_schema is None:
        return request, ()
    losses = (
        Loss("json_schema", "asked for in words", harmless=True),
        Loss("messages", "the schema stands in the system message", harmless=True),
    )
    return with_schema_in_prompt(request), losses if structured_output != "prompt" else ()


def _text(message: Message) -> str:
    """One turn in words. Calls of tools and their results are told, as what follows builds on them."""
    if isinstance(message.content, str):
        return message.content
    lines: list[str] = []
    for told, group in groupby(message.content, key=_is_told):
        if told:
            lines += map(_told, group)
        elif said := text_of(tuple(group)):
            lines.append(said)
    return "\n".join(lines)


def _is_told(part: Part) -> bool:
    return isinstance(part, ToolCall | ToolResult)


def _told(part: Part) -> str:
    if isinstance(part, ToolCall):
        return f"[call {part.id} of the tool {part.name}: {part.arguments}]"
    return f"[result of the call {part.call_id}: {part.text}]" if isinstance(part, ToolResult) else ""


def _not_said(request: ChatRequest, first: int) -> Iterator[Loss]:
    if [message.role for message in request.messages] != ["user"]:
        yield Loss("messages", "the turns are told in one text", harmless=True)
    if request.tools:
        yield Loss("tools", "a prompt of text has no tools")
    if request.tool_choice not in (None, "auto", "none"):
        yield Loss("tool_choice", "a prompt of text has no tools")
    elif request.tool_choice is not None:
        yield Loss("tool_choice", "a prompt of text has no tools", harmless=True)
    if request.parallel_tool_calls is not None:
        yield Loss("parallel_tool_calls", "a prompt of text has no tools", harmless=True)
    for number, message in enumerate(request.messages, first):
        if not isinstance(message.content, str):
            yield from _parts_not_said(message, f"messages[{number}]")


def _parts_not_said(message: Message, where: str) -> Iterator[Loss]:
    parts = message.parts
    results = [part for part in parts if isinstance(part, ToolResult)]
    if any(isinstance(part, Image) for part in parts):
        yield Loss(f"{where}.image", "a prompt of text has no images")
    if any(isinstance(part, Reasoning) for part in parts):
        yield Loss(f"{where}.reasoning", "a prompt of text has no place for what was thought", harmless=True)
    if any(isinstance(part, ToolCall) for part in parts):
        yield Loss(f"{where}.tool_calls", "told in words")
    if results:
        yield Loss(f"{where}.tool_result", "told in words")
    if any(
        isinstance(part, Image) for result in results if not isinstance(result.content, str) for part in result.content
    ):
        yield Loss(f"{where}.tool_result.image", "a prompt of text has no images")
