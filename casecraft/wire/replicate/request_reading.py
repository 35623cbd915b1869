"""Replicate: inputs of clients' predictions as canonical requests."""

from collections.abc import Mapping
from typing import Any

from casecraft.core.chat import ChatRequest, Content, Message, Text
from casecraft.wire.data_urls import read_image
from casecraft.wire.dialect import Asked
from casecraft.wire.replicate.request import SEPARATOR
from casecraft.wire.request_fields import RequestFields, wrong


def decode_request(body: Mapping[str, Any], *, model: str = "", stream: bool = False) -> Asked:
    """The request in the body of a prediction; what has no canonical place stays in `extra`, inputs in its `input`."""
    fields = RequestFields(body)
    inputs = RequestFields(fields.take_of("input", dict) or {})
    version = fields.take_of("version", str) or ""
    streamed = fields.take_of("stream", bool)
    fields.lose("webhook", "webhook_events_filter", reason="answers go back to the client alone")
    stops = inputs.take_of("stop_sequences", str)
    request = ChatRequest(
        messages=_messages(inputs),
        model=model or version,
        temperature=inputs.take_of("temperature", float),
        top_p=inputs.take_of("top_p", float),
        top_k=inputs.take_of("top_k", int),
        frequency_penalty=inputs.take_of("frequency_penalty", float),
        presence_penalty=inputs.take_of("presence_penalty", float),
        stop=tuple(stops.split(SEPARATOR)) if stops else (),
        max_output_tokens=inputs.take_of("max_tokens", int),
        seed=inputs.take_of("seed", int),
        extra=fields.rest | ({"input": inputs.rest} if inputs.rest else {}),
    )
    return Asked(request, stream if streamed is None else streamed, tuple(fields.losses))


def _messages(inputs: RequestFields) -> tuple[Message, ...]:
    system, prompt = inputs.take_of("system_prompt", str), inputs.take_of("prompt", str)
    content: Content = prompt or ""
    image = inputs.take_of("image", str)
    if image:
        try:
            content = (Text(prompt or ""), read_image(image))
        except ValueError as error:
            raise wrong("input.image", f"holds {error}") from error
    messages = [Message("system", system)] if system else []
    return (*messages, Message("user", content)) if content else tuple(messages)
