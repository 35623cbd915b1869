"""Anthropic Messages: the turns of a conversation, written."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from casecraft.core.chat import Image, Loss, Message, Part, Reasoning, Text, ToolCall, ToolResult
from casecraft.wire.anthropic_messages.blocks import write_call, write_id, write_image, write_reasoning, write_text
from casecraft.wire.turns import texts_of_system

Block = dict[str, Any]

RESULT = "tool_result"


class ConversationWriter:
    """Writes messages as `system` and `turns`; what could not be said goes to `losses`.

    `signed` says that the model refuses reasoning without a signature, as Claude does; compatible vendors have none,
    and some want their reasoning back.
    """

    def __init__(self, losses: list[Loss], *, signed: bool) -> None:
        self.turns: list[dict[str, Any]] = []
        self._losses = losses
        self._signed = signed
        self._systems: list[Message] = []
        self._names: dict[str, str] = {}
        self._where = ""

    @property
    def system(self) -> str | list[Block] | None:
        """The field of this name: text where the only system message is text."""
        if len(self._systems) == 1 and isinstance(self._systems[0].content, str):
            return self._systems[0].content
        return [write_text(part.text) for message in self._systems for part in message.parts if isinstance(part, Text)]

    def write(self, messages: Iterable[Message]) -> None:
        """Take in the messages, in their order."""
        for number, message in enumerate(messages):
            self._where = f"messages[{number}]"
            if message.role == "system":
                self._add_system(message)
            elif message.role == "assistant":
                self._add_turn("assistant", message, ASSISTANT)
            else:
                self._add_turn("user", message, USER)

    def _add_system(self, message: Message) -> None:
        """System messages stand before the turns: most models and vendors take none between them."""
        texts_of_system(message.parts, f"{self._where}.", self._losses)
        if not message.text:
            self._lose("content", "an empty system prompt is not sent", harmless=True)
            return
        if self.turns:
            self._lose("role", "a system message between the turns goes before them all", harmless=True)
        elif self._systems:
            self._lose("role", "system messages are one list of texts", harmless=True)
        self._systems.append(message)

    def _add_turn(self, role: str, message: Message, writers: "Writers") -> None:
        last = self.turns[-1] if self.turns else None
        joins = role == "user" and last is not None and _results_in(last["content"])
        if isinstance(message.content, str) and not joins:
            self.turns.append({"role": role, "content": message.content})
            return
        blocks = [block for part in message.parts if (block := self._block(part, writers)) is not None]
        if not blocks:
            self._lose("content", "a turn that says nothing is not sent", harmless=True)
        elif joins and last is not None:
            self._lose("role", "results and what follows them are one turn", harmless=True)
            last["content"] = self._results_first(last["content"] + blocks)
        else:
            self.turns.append({"role": role, "content": self._results_first(blocks)})

    def _results_first(self, blocks: list[Block]) -> list[Block]:
        """Results must come before all else in their turn."""
        results = _results_in(blocks)
        if not results or all(block["type"] == RESULT for block in blocks[: len(results)]):
            return blocks
        self._lose(RESULT, "results come first in their turn", harmless=True)
        return [*results, *(block for block in blocks if block["type"] != RESULT)]

    def _block(self, part: Part, writers: "Writers") -> Block | None:
        write = writers.get(type(part))
        if write is not None:
            return write(self, part)
        self._lose(PART_NAMES[type(part)], "this role's turns have no such part")
        return None

    def text(self, part: Text) -> Block | None:
        """Text, which may not be empty."""
        if part.text:
            return write_text(part.text)
        self._lose("text", "an empty text is not sent", harmless=True)
        return None

    def image(self, part: Image) -> Block | None:
        """An image."""
        return write_image(part, self._where, self._losses)

    def reasoning(self, part: Reasoning) -> Block | None:
        """Reasoning as it came."""
        if part.signature or not self._signed:
            return write_reasoning(part)
        self._lose("reasoning", "Claude takes back what it signed alone", harmless=True)
        return None

    def call(self, part: ToolCall) -> Block:
        """A tool call."""
        if part.signature:
            self._lose("tool_call.signature", "Messages signs reasoning alone", harmless=True)
        self._names[part.id] = part.name
        return write_call(part, f"{self._where}.tool_call", self._losses)

    def result(self, part: ToolResult) -> Block:
        """What a tool gave."""
        where = f"{self._where}.tool_result"
        if part.name and part.name != self._names.get(part.call_id):
            self._lose("tool_result.name", "a result has its call's name", harmless=True)
        content: str | list[Block | None] = (
            part.content if isinstance(part.content, str) else [self._block(each, INNER) for each in part.content]
        )
        block: Block = {
            "type": RESULT,
            "tool_use_id": write_id(part.call_id, where, self._losses),
            "content": content if isinstance(content, str) else [each for each in content if each is not None],
        }
        if part.is_error:
            block["is_error"] = True
        return block

    def _lose(self, what: str, reason: str, *, harmless: bool = False) -> None:
        self._losses.append(Loss(f"{self._where}.{what}", reason, harmless=harmless))


Writers = Mapping[type[Part], Callable[[ConversationWriter, Any], Block | None]]

INNER: Writers = {Text: ConversationWriter.text, Image: ConversationWriter.image}
USER: Writers = {**INNER, ToolResult: ConversationWriter.result}
ASSISTANT: Writers = {
    Text: ConversationWriter.text,
    Reasoning: ConversationWriter.reasoning,
    ToolCall: ConversationWriter.call,
}
PART_NAMES: Mapping[type[Part], str] = {
    Text: "text",
    Image: "image",
    Reasoning: "reasoning",
    ToolCall: "tool_call",
    ToolResult: RESULT,
}


def _results_in(content: str | list[Block]) -> list[Block]:
    return [] if isinstance(content, str) else [block for block in content if block["type"] == RESULT]
