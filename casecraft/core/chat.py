"""Requests to a model and its answers, in no vendor's format."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from casecraft.core.usage import Usage

Role: TypeAlias = Literal["system", "user", "assistant"]
StopReason: TypeAlias = Literal["stop", "stop_sequence", "length", "content_filter", "tool_use", "other"]
ReasoningEffort: TypeAlias = Literal["none", "minimal", "low", "medium", "high", "xhigh"]


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of text."""

    text: str


@dataclass(frozen=True, slots=True)
class Image:
    """An image, either by its bytes with their media type, or by a URL."""

    data: bytes = field(default=b"", repr=False)
    media_type: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Reasoning:
    """What the model thought. `signature` is the vendor's proof of it, opaque; what is `redacted` has no text, and the
    signature is all of it. It goes back to its vendor as it came.
    """

    text: str = ""
    signature: str = ""
    redacted: bool = False


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The model asks for a tool. `arguments` is JSON text as the model wrote it: it may be no JSON.

    `signature` is the vendor's proof of the reasoning that led to the call, opaque. A call of a tool that its client
    knows as `freeform`, or in a `namespace`, says so when it goes to that client.
    """

    id: str
    name: str
    arguments: str = "{}"
    signature: str = ""
    freeform: bool = False
    namespace: str = ""


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool gave for the call of this id; `name` is the tool's, which some vendors want."""

    call_id: str
    content: "str | tuple[Text | Image, ...]" = ""
    name: str = ""
    is_error: bool = False

    @property
    def text(self) -> str:
        """The text of the result, without images."""
        return text_of(self.content)


Part: TypeAlias = Text | Image | Reasoning | ToolCall | ToolResult
Content: TypeAlias = str | tuple[Part, ...]
"""What a message says: text alone, or parts in their order."""


def text_of(content: Content) -> str:
    """The text in some content."""
    if isinstance(content, str):
        return content
    return "".join(part.text for part in content if isinstance(part, Text))


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of the conversation. Results of tools stand in the user's turn."""

    role: Role
    content: Content

    @property
    def text(self) -> str:
        """The text of it."""
        return text_of(self.content)

    @property
    def parts(self) -> tuple[Part, ...]:
        """All that it holds."""
        if isinstance(self.content, str):
            return (Text(self.content),) if self.content else ()
        return self.content


NAMESPACE_END = "__"
"""Between a namespace and the name of a tool in it, where both are one name."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the model may ask for. `parameters` is the JSON Schema of its arguments.

    A `freeform` one is called by its client's model with text alone, which is its only argument here. The name of one
    in a `namespace` begins with that, as most vendors have no namespaces; `short_name` is without.
    """

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    strict: bool | None = None
    freeform: bool = False
    namespace: str = ""

    @property
    def short_name(self) -> str:
        """The name within its namespace."""
        return self.name.removeprefix(f"{self.namespace}{NAMESPACE_END}") if self.namespace else self.name


@dataclass(frozen=True, slots=True)
class NamedTool:
    """The one tool that the model has to use."""

    name: str


ToolChoice: TypeAlias = Literal["auto", "none", "required"] | NamedTool


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What is asked of a model.

    `json_schema` asks for an answer of that shape; how, is the dialect's business. `model` is filled in by the
    provider where it is empty. `reasoning_budget` is in tokens. `extra` holds vendors' own fields, merged into the top
    of the body as they are; `headers` go with this request alone.
    """

    messages: tuple[Message, ...]
    model: str = ""
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    stop: tuple[str, ...] = ()
    max_output_tokens: int | None = None
    seed: int | None = None
    json_schema: Mapping[str, Any] | None = None
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    reasoning_effort: ReasoningEffort | None = None
    reasoning_budget: int | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Loss:
    """Something that a dialect cannot say. `field` is its canonical name, such as `top_k` or `messages[2].image`.

    What is `harmless` changes no meaning by being left out.
    """

    field: str
    reason: str
    harmless: bool = False


@dataclass(frozen=True, slots=True)
class ChatResponse:
    """A model's answer. `usage` is None where the provider did not say. `raw` is the body as it came.

    `losses` are what of the request could not be said to the provider.
    """

    content: Content
    model: str = ""
    stop_reason: StopReason = "stop"
    usage: Usage | None = None
    request_id: str | None = None
    losses: tuple[Loss, ...] = ()
    raw: bytes = field(default=b"", repr=False)

    @property
    def text(self) -> str:
        """The text of the answer."""
        return text_of(self.content)

    @property
    def parts(self) -> tuple[Part, ...]:
        """All that it holds."""
        return Message("assistant", self.content).parts

    @property
    def reasoning(self) -> str:
        """What the model said of its reasoning."""
        return "".join(part.text for part in self.parts if isinstance(part, Reasoning))

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The tools that it asks for."""
        return tuple(part for part in self.parts if isinstance(part, ToolCall))


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of a streamed answer."""

    text: str


@dataclass(frozen=True, slots=True)
class ReasoningDelta:
    """A piece of streamed reasoning, or its signature."""

    text: str = ""
    signature: str = ""
    redacted: bool = False


@dataclass(frozen=True, slots=True)
class ToolCallStart:
    """A tool is asked for. `index` counts the calls of this answer from 0; the rest is as of a `ToolCall`."""

    index: int
    id: str
    name: str
    signature: str = ""
    freeform: bool = False
    namespace: str = ""


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """A piece of the arguments of the call with this index."""

    index: int
    arguments: str


@dataclass(frozen=True, slots=True)
class StreamEnd:
    """The end of a streamed answer: the whole of it."""

    response: ChatResponse


StreamEvent: TypeAlias = TextDelta | ReasoningDelta | ToolCallStart | ToolCallDelta | StreamEnd


def events_of(response: ChatResponse) -> list[StreamEvent]:
    """The events of an answer that came whole, as if it had been streamed."""
    events: list[StreamEvent] = []
    calls = 0
    for part in response.parts:
        if isinstance(part, Text):
            events.append(TextDelta(part.text))
        elif isinstance(part, Reasoning):
            events.append(ReasoningDelta(part.text, part.signature, part.redacted))
        elif isinstance(part, ToolCall):
            start = ToolCallStart(calls, part.id, part.name, part.signature, part.freeform, part.namespace)
            events += (start, ToolCallDelta(calls, part.arguments))
            calls += 1
    return [*events, StreamEnd(response)]
