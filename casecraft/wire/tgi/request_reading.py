"""Text Generation Inference: bodies of clients as canonical requests."""

from collections.abc import Mapping
from typing import Any

from casecraft.core.chat import ChatRequest, Message
from casecraft.wire.dialect import Asked
from casecraft.wire.request_fields import RequestFields, text_at, wrong


def decode_request(body: Mapping[str, Any], *, model: str = "", stream: bool = False) -> Asked:
    """The request in the body of a `POST /generate`; what has no canonical place stays in `extra`."""
    fields = RequestFields(body)
    prompt = text_at(body, "inputs", "body")
    fields.take("inputs")
    stream = fields.take_of("stream", bool) or stream
    wanted = RequestFields(fields.take_of("parameters", dict) or {})
    for name in ("details", "return_full_text"):  # what an answer says of itself is for its dialect to choose
        wanted.take(name)
    request = ChatRequest(
        messages=(Message("user", prompt),),
        model=model,
        temperature=_temperature(wanted),
        top_p=wanted.take_of("top_p", float),
        top_k=wanted.take_of("top_k", int),
        frequency_penalty=wanted.take_of("frequency_penalty", float),
        stop=_stop(wanted.take("stop")),
        max_output_tokens=wanted.take_of("max_new_tokens", int),
        seed=wanted.take_of("seed", int),
        json_schema=_schema(wanted),
        extra={**fields.rest, **({"parameters": wanted.rest} if wanted.rest else {})},
    )
    return Asked(request, stream, tuple(fields.losses))


def _temperature(wanted: RequestFields) -> float | None:
    """The temperature; 0 where a client asks for the likeliest tokens."""
    temperature = wanted.take_of("temperature", float)
    sampled = wanted.take_of("do_sample", bool)
    return 0.0 if temperature is None and sampled is False else temperature


def _stop(value: object) -> tuple[str, ...]:
    values = value or []
    if not isinstance(values, list) or not all(isinstance(each, str) for each in values):
        raise wrong("parameters.stop", "must be a list of texts")
    return tuple(values)


def _schema(wanted: RequestFields) -> Mapping[str, Any] | None:
    """The schema of a `grammar`. One of another kind is the server's own and stays as it is."""
    grammar = wanted.take_of("grammar", dict)
    if grammar is None:
        return None
    value = grammar.get("value")
    if grammar.get("type") == "json" and isinstance(value, dict):
        return value
    wanted.rest["grammar"] = grammar
    return None
