"""What of a request decides where it goes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from casecraft.core.chat import ChatRequest, Content, Reasoning, Text, ToolCall, ToolResult

_BYTES_PER_TOKEN = 4
"""Of UTF-8: English and code have about as many, and an ideograph of three bytes is a little less than a token."""

_IMAGE = 4000
_MESSAGE = 16
_TOOL = 40
_PROPERTY = 120
"""What each takes beside its texts, in bytes. An image is about a thousand tokens with most vendors; a property of a
tool mostly has a sentence of description."""

_TEXTS = (Text, Reasoning)


@dataclass(frozen=True, slots=True)
class Traits:
    """What of a request decides where it goes. `model` is as the client named it; `input_tokens` is an estimate.

    `images` and `thinking` say whether it has some and asks for it; `tools` is their number, `dialect` the client's.
    """

    model: str
    input_tokens: int = 0
    images: bool = False
    thinking: bool = False
    tools: int = 0
    dialect: str = ""


def traits_of(request: ChatRequest, *, dialect: str, model: str) -> Traits:
    """The traits of a request that came in this dialect and asks for this model.

    Tokens are estimated by the size of the texts, and of tools' schemas by the number of their properties: a guess that
    may be a quarter off, but that costs next to nothing.
    """
    size, images = 0, 0
    for message in request.messages:
        more, seen = _measure(message.content)
        size += more + _MESSAGE
        images += seen
    for tool in request.tools:
        size += _TOOL + len(tool.name) + _bytes(tool.description) + _measure_schema(tool.parameters)
    if request.json_schema is not None:
        size += _measure_schema(request.json_schema)
    return Traits(
        model=model,
        input_tokens=(size + images * _IMAGE) // _BYTES_PER_TOKEN,
        images=images > 0,
        thinking=_thinks(request),
        tools=len(request.tools),
        dialect=dialect,
    )


def _thinks(request: ChatRequest) -> bool:
    """Whether reasoning is asked for; the least effort is what clients say who want none."""
    effort, budget = request.reasoning_effort, request.reasoning_budget
    if effort in {"none", "minimal"}:
        return False
    return effort is not None or (budget is not None and budget != 0)


def _measure(content: Content) -> tuple[int, int]:
    """The bytes of all texts, and the number of images."""
    if isinstance(content, str):
        return _bytes(content), 0
    size, images = 0, 0
    for part in content:
        # The commonest first: all parts of a long conversation pass here.
        if isinstance(part, _TEXTS):
            text = part.text
            size += len(text) if text.isascii() else _bytes(text)
        elif isinstance(part, ToolResult):
            more, seen = _measure(part.content)
            size += more
            images += seen
        elif isinstance(part, ToolCall):
            size += _bytes(part.arguments)
        else:
            images += 1
    return size, images


def _measure_schema(schema: Mapping[str, Any]) -> int:
    properties = schema.get("properties")
    return _PROPERTY * len(properties) if isinstance(properties, Mapping) else 0


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
