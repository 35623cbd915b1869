"""Replicate: canonical requests as inputs of a prediction."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from casecraft.core.chat import ChatRequest, Image, Loss, Message
from casecraft.core.profile import StructuredOutput
from casecraft.wire.data_urls import data_url
from casecraft.wire.dialect import Encoded
from casecraft.wire.prompt_text import prompt_text, with_worded_schema
from casecraft.wire.replicate.paths import version_of
from casecraft.wire.turns import IMAGES_LAST, note_order, texts_of_system

# Canonical field -> the input's name.
INPUTS: Mapping[str, str] = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
    "max_output_tokens": "max_tokens",
    "seed": "seed",
}
SEPARATOR = ","
"""Between the stop sequences of the one text that holds them."""


def encode_request(request: ChatRequest, *, stream: bool, structured_output: StructuredOutput) -> Encoded:
    """The body of a prediction. Fields of `request.extra` win over ours, in its `input` each for itself."""
    request, worded = with_worded_schema(request, structured_output)
    system = request.messages[:1] if request.messages and request.messages[0].role == "system" else ()
    rest = replace(request, messages=request.messages[len(system) :])
    prompt, lost = prompt_text(rest, first=len(system))
    losses = list(lost)
    inputs: dict[str, Any] = {"prompt": prompt}
    if system:
        texts = texts_of_system(system[0].parts, "messages[0].", losses)
        inputs["system_prompt"] = "".join(part.text for part in texts)
    image = _first_image(rest.messages)
    if image is not None:
        inputs["image"] = data_url(image)
        losses = list(_without_held(losses, rest.messages, len(system)))
        for number, message in enumerate(rest.messages, len(system)):
            note_order(message.parts, f"messages[{number}].", losses, IMAGES_LAST)
    for ours, theirs in INPUTS.items():
        value = getattr(request, ours)
        if value is not None:
            inputs[theirs] = value
    stops = [stop for stop in request.stop if SEPARATOR not in stop]
    if stops:
        inputs["stop_sequences"] = SEPARATOR.join(stops)
    return Encoded(_body(request, inputs, stream=stream), (*worded, *losses, *_not_said(request)))


def _body(request: ChatRequest, inputs: dict[str, Any], *, stream: bool) -> dict[str, Any]:
    more = request.extra.get("input")
    body: dict[str, Any] = {"input": {**inputs, **more} if isinstance(more, Mapping) else inputs}
    if version_of(request.model):
        body["version"] = version_of(request.model)
    if stream:
        body["stream"] = True
    return body | {name: value for name, value in request.extra.items() if name != "input"}


def _first_image(messages: Iterable[Message]) -> Image | None:
    return next((part for message in messages for part in message.parts if isinstance(part, Image)), None)


def _without_held(losses: Iterable[Loss], messages: tuple[Message, ...], first: int) -> Iterator[Loss]:
    """The losses without that of the first image, which has an input, where its message has no other."""
    held = Counter(
        number for number, message in enumerate(messages, first) for part in message.parts if isinstance(part, Image)
    )
    number = min(held)
    kept = f"messages[{number}].image" if held[number] == 1 else ""
    return (loss for loss in losses if loss.field != kept)


def _not_said(request: ChatRequest) -> Iterator[Loss]:
    if any(SEPARATOR in stop for stop in request.stop):
        yield Loss("stop", "a stop sequence with a comma cannot be told from two")
    for name in ("reasoning_effort", "reasoning_budget"):
        if getattr(request, name) is not None:
            yield Loss(name, "models on Replicate have no common input for it", harmless=True)
