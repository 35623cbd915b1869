"""What whole and streamed answers of all dialects have in common."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson

from casecraft.core.chat import (
    ChatResponse,
    Content,
    Part,
    Reasoning,
    ReasoningDelta,
    StopReason,
    Text,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    ToolCallStart,
)
from casecraft.errors import BadAnswerError, ContentFilteredError, OutputLimitError, ProviderError
from casecraft.wire.vendor_error import describe_body

TOO_MANY = 10**15
"""So many tokens are no number of tokens; sums of them would be more than JSON's writers take."""


def parse_answer(body: bytes, provider: str) -> dict[str, Any]:
    """The JSON object in a body. Raises `BadAnswerError` where it holds none."""
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadAnswerError(
            f"{provider!r} answered with {describe_body(body)} instead of JSON",
            provider=provider,
            status=200,
            body=body,
            hint="Check the base URL, and whether a proxy or a login page stands in between.",
        ) from error
    if not isinstance(answer, dict):
        message = f"{provider!r} answered with a JSON {type(answer).__name__} instead of an object"
        raise BadAnswerError(message, provider=provider, status=200, body=body)
    return answer


def content_of(parts: list[Part]) -> Content:
    """Parts as content: text alone where there is nothing else."""
    if all(isinstance(part, Text) for part in parts):
        return "".join(part.text for part in parts if isinstance(part, Text))
    return tuple(parts)


def problem_of(response: ChatResponse, provider: str, *, refusal: str = "") -> ProviderError | None:
    """What makes an answer unusable, or None: a filter, a refusal, or nothing in it."""
    body = response.raw
    if response.stop_reason == "content_filter":
        message = f"the content filter of {provider!r} withheld the answer"
        return ContentFilteredError(message, provider=provider, status=200, body=body)
    if response.text.strip() or response.tool_calls:
        return None
    if refusal:
        return ContentFilteredError(f"{provider!r} refused to answer", provider=provider, status=200, body=body)
    if response.stop_reason == "length":
        return _cut_before_text(response, provider)
    return BadAnswerError(f"{provider!r} answered with an empty message", provider=provider, status=200, body=body)


def _cut_before_text(response: ChatResponse, provider: str) -> OutputLimitError:
    usage = response.usage
    spent = f" after {usage.output} tokens of reasoning" if usage and usage.reasoning else ""
    return OutputLimitError(
        f"{provider!r} reached the output limit before any text{spent}",
        provider=provider,
        status=200,
        body=response.raw,
        hint="Allow more output tokens, or choose a model that reasons less.",
    )


def has_calls(content: Content | Iterable[Part]) -> bool:
    """Whether a tool is asked for."""
    return not isinstance(content, str) and any(isinstance(part, ToolCall) for part in content)


def reason_with_calls(reason: StopReason, *, called: bool) -> StopReason:
    """Why an answer ended: one with calls stopped for them, whatever word its server has for that."""
    return "tool_use" if called and reason in ("stop", "other") else reason


def count(value: object) -> int:
    """A number of tokens; 0 for what is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < TOO_MANY else 0


def string(value: object) -> str:
    """A text; empty for what is none."""
    return value if isinstance(value, str) else ""


def mapping(value: object) -> dict[str, Any]:
    """An object; empty for what is none."""
    return value if isinstance(value, dict) else {}


def mappings(value: object) -> list[dict[str, Any]]:
    """The objects in a list; empty for what is none."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


@dataclass(slots=True)
class _Block:
    kind: type[Text] | type[Reasoning] | type[ToolCall]
    texts: list[str] = field(default_factory=list)
    id: str = ""
    name: str = ""
    signature: str = ""
    redacted: bool = False

    def part(self) -> Part:
        text = "".join(self.texts)
        if self.kind is ToolCall:
            return ToolCall(self.id, self.name, text or "{}", self.signature)
        if self.kind is Reasoning:
            return Reasoning(text, self.signature, self.redacted)
        return Text(text)


class AnswerCollector:
    """Puts the pieces of a streamed answer together, and makes the events that tell of them."""

    __slots__ = ("_blocks", "_calls", "characters")

    def __init__(self) -> None:
        self._blocks: list[_Block] = []
        self._calls: list[_Block] = []
        self.characters = 0
        """Of text, so far."""

    @property
    def content(self) -> Content:
        """All that has come."""
        return content_of([block.part() for block in self._blocks])

    @property
    def calls(self) -> int:
        """How many tools were asked for."""
        return len(self._calls)

    def add_text(self, text: str) -> TextDelta:
        """Text goes on the last block of text, unless something else came after it."""
        self.characters += len(text)
        self._last(Text).texts.append(text)
        return TextDelta(text)

    def add_reasoning(
        self, text: str = "", signature: str = "", *, redacted: bool = False, apart: bool = False
    ) -> ReasoningDelta:
        """Reasoning, or its signature, which ends a block: what comes next is a block of its own.

        What comes `apart` does not belong to the reasoning before it.
        """
        block = self._open(Reasoning) if apart else self._last(Reasoning)
        if (redacted or block.signature) and (block.texts or block.signature):
            block = self._open(Reasoning)
        if text:
            block.texts.append(text)
        block.signature += signature
        block.redacted = redacted
        return ReasoningDelta(text, signature, redacted)

    def open_call(self, id: str, name: str, signature: str = "") -> ToolCallStart:  # noqa: A002
        """A call; its index counts from 0."""
        block = self._open(ToolCall)
        block.id, block.name, block.signature = id, name, signature
        self._calls.append(block)
        return ToolCallStart(len(self._calls) - 1, id, name, signature)

    def add_arguments(self, index: int, text: str) -> ToolCallDelta:
        """More of the arguments of the call with this index."""
        self._calls[index].texts.append(text)
        return ToolCallDelta(index, text)

    def arguments(self, index: int) -> str:
        """What has come of the arguments of the call with this index."""
        return "".join(self._calls[index].texts)

    def _last(self, kind: type[Text] | type[Reasoning]) -> _Block:
        if self._blocks and self._blocks[-1].kind is kind:
            return self._blocks[-1]
        return self._open(kind)

    def _open(self, kind: type[Text] | type[Reasoning] | type[ToolCall]) -> _Block:
        self._blocks.append(_Block(kind))
        return self._blocks[-1]
