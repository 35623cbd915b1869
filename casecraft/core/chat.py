"""Requests to a model and its answers, in no vendor's format."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from casecraft.core.usage import Usage

Role: TypeAlias = Literal["system", "user", "assistant"]
StopReason: TypeAlias = Literal["stop", "length", "content_filter", "tool_use", "other"]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of the conversation."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What is asked of a model.

    `json_schema` asks for an answer of that shape; how, is the dialect's business. `model` is filled in by the
    provider where it is empty. `extra` holds vendors' own fields, merged into the top of the body as they are.
    """

    messages: tuple[Message, ...]
    model: str = ""
    temperature: float | None = None
    max_output_tokens: int | None = None
    seed: int | None = None
    json_schema: Mapping[str, Any] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ChatResponse:
    """A model's answer. `usage` is None where the provider did not say. `raw` is the body as it came."""

    text: str
    model: str
    stop_reason: StopReason = "stop"
    usage: Usage | None = None
    request_id: str | None = None
    reasoning: str = ""
    raw: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of a streamed answer."""

    text: str


@dataclass(frozen=True, slots=True)
class StreamEnd:
    """The end of a streamed answer: the whole of it."""

    response: ChatResponse


StreamEvent: TypeAlias = TextDelta | StreamEnd
