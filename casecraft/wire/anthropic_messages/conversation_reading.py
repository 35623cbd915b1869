"""Anthropic Messages: the turns of a conversation, read."""

from collections.abc import Callable, Mapping
from typing import Any, cast

from casecraft.core.chat import Content, Image, Loss, Message, Part, Reasoning, Role, Text, ToolCall, ToolResult
from casecraft.wire.answers import mapping, string
from casecraft.wire.data_urls import decode_base64
from casecraft.wire.request_fields import numbered, objects, text_at, wrong
from casecraft.wire.tool_arguments import arguments_text

Block = dict[str, Any]

ROLES: Mapping[str, Role] = {"user": "user", "assistant": "assistant", "system": "system"}


class ConversationReader:
    """Reads the turns of one request; what the canonical values cannot hold goes to its losses."""

    def __init__(self, losses: list[Loss]) -> None:
        self._losses = losses
        self._names: dict[str, str] = {}
        self._cached = False

    @property
    def losses(self) -> tuple[Loss, ...]:
        """What could not be held."""
        cached = Loss("cache_control", "the canonical values have no marks for caches", harmless=True)
        return (*self._losses, cached) if self._cached else tuple(self._losses)

    def lose(self, field: str, reason: str, *, harmless: bool = False) -> None:
        """Say that something could not be held."""
        self._losses.append(Loss(field, reason, harmless=harmless))

    def note_cache(self, block: Block) -> None:
        """See whether something is marked for the cache."""
        if block.get("cache_control") is not None:
            self._cached = True

    def read(self, system: object, turns: list[Block]) -> tuple[Message, ...]:
        """The system prompt, if there is one, and the turns. Raises `InvalidRequestError`."""
        first = () if system is None else (Message("system", self._content(system, "system")),)
        return (*first, *(self._message(turn, where) for where, turn in numbered(turns, "messages")))

    def _message(self, turn: Block, where: str) -> Message:
        role = ROLES.get(string(turn.get("role")))
        if role is None:
            raise wrong(f"{where}.role", f"must be one of {', '.join(ROLES)}")
        return Message(role, self._content(turn.get("content"), f"{where}.content"))

    def _content(self, value: object, where: str) -> Content:
        if isinstance(value, str):
            return value
        if value is None:
            raise wrong(where, "must be text or a list of blocks")
        parts = (self._part(block, place) for place, block in numbered(objects(value, where), where))
        return tuple(part for part in parts if part is not None)

    def _part(self, block: Block, where: str) -> Part | None:
        kind = string(block.get("type"))
        self.note_cache(block)
        read = READERS.get(kind)
        if read is not None:
            return read(self, block, where)
        self.lose(where, f"a block of type {kind!r} cannot be passed on")
        return None

    def text(self, block: Block, where: str) -> Text:
        """Text; of what it cites nothing is held."""
        if block.get("citations"):
            self.lose(f"{where}.citations", "the canonical values have no citations", harmless=True)
        return Text(text_at(block, "text", where))

    def image(self, block: Block, where: str) -> Image | None:
        """An image by its bytes or its URL; a file of the vendor's own has neither."""
        source = mapping(block.get("source"))
        match kind := string(source.get("type")):
            case "base64":
                return self._bytes(source, f"{where}.source")
            case "url":
                return Image(url=text_at(source, "url", f"{where}.source"))
        self.lose(where, f"an image by its {kind!r} cannot be passed on")
        return None

    def _bytes(self, source: Block, where: str) -> Image:
        try:
            return Image(decode_base64(text_at(source, "data", where)), text_at(source, "media_type", where))
        except ValueError as error:
            raise wrong(f"{where}.data", f"holds {error}") from error

    def document(self, block: Block, where: str) -> Text | None:
        """A document of plain text."""
        source = mapping(block.get("source"))
        if source.get("type") == "text":
            return Text(text_at(source, "data", f"{where}.source"))
        self.lose(where, f"a document by its {string(source.get('type'))!r} cannot be passed on")
        return None

    def thinking(self, block: Block, where: str) -> Reasoning:
        """What the model thought."""
        return Reasoning(text_at(block, "thinking", where), string(block.get("signature")))

    def redacted(self, block: Block, where: str) -> Reasoning:
        """What the model thought, closed."""
        return Reasoning(signature=text_at(block, "data", where), redacted=True)

    def call(self, block: Block, where: str) -> ToolCall:
        """A tool call."""
        call = ToolCall(text_at(block, "id", where), text_at(block, "name", where), arguments_text(block.get("input")))
        self._names[call.id] = call.name
        return call

    def result(self, block: Block, where: str) -> ToolResult:
        """What a tool gave."""
        call_id = text_at(block, "tool_use_id", where)
        content = "" if block.get("content") is None else self._content(block["content"], f"{where}.content")
        if not isinstance(content, str) and any(not isinstance(part, Text | Image) for part in content):
            raise wrong(f"{where}.content", "must be text and images")
        return ToolResult(
            call_id,
            cast("str | tuple[Text | Image, ...]", content),
            self._names.get(call_id, ""),
            is_error=block.get("is_error") is True,
        )


READERS: Mapping[str, Callable[[ConversationReader, Block, str], Part | None]] = {
    "text": ConversationReader.text,
    "image": ConversationReader.image,
    "document": ConversationReader.document,
    "thinking": ConversationReader.thinking,
    "redacted_thinking": ConversationReader.redacted,
    "tool_use": ConversationReader.call,
    "tool_result": ConversationReader.result,
}
