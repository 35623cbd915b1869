"""Triton: generate requests of clients as canonical requests."""

from collections.abc import Mapping
from typing import Any

from casecraft.core.chat import ChatRequest, Message
from casecraft.wire.dialect import Asked
from casecraft.wire.request_fields import RequestFields, text_at


def decode_request(body: Mapping[str, Any], *, model: str = "", stream: bool = False) -> Asked:
    """The request in a body; the path says the model and the stream.

    Clients may send parameters beside the text too. What has no canonical place stays in `extra`, in its `parameters`.
    """
    fields = RequestFields(body)
    inner = fields.take_of("parameters", dict) or {}
    prompt = text_at({"text_input": fields.take("text_input")}, "text_input", "body")
    parameters = RequestFields({**fields.rest, **inner})
    for name in ("stream", "exclude_input_in_output"):
        parameters.take_of(name, bool)
    stop = parameters.take_of("stop", str)
    request = ChatRequest(
        messages=(Message("user", prompt),),
        model=model,
        temperature=parameters.take_of("temperature", float),
        top_p=parameters.take_of("top_p", float),
        top_k=parameters.take_of("top_k", int),
        frequency_penalty=parameters.take_of("frequency_penalty", float),
        presence_penalty=parameters.take_of("presence_penalty", float),
        stop=(stop,) if stop else (),
        max_output_tokens=parameters.take_of("max_tokens", int),
        seed=parameters.take_of("seed", int),
        extra=_extra(parameters.rest, fields.rest),
    )
    return Asked(request, stream)


def _extra(left: Mapping[str, Any], beside: Mapping[str, Any]) -> dict[str, Any]:
    """What nobody took, where the client had it: beside the text, or among the parameters."""
    extra = {name: value for name, value in left.items() if name in beside}
    inner = {name: value for name, value in left.items() if name not in beside}
    return extra | ({"parameters": inner} if inner else {})
