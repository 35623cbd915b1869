"""Anthropic's own SDK as a client."""

import base64
import json
from typing import Any

import anthropic
import pytest

from tests.gateway.spoken import TOOLS, Ask, Call, Got, Part, Refusal, Tokens

STOPS = {"end_turn": "stop", "max_tokens": "length", "tool_use": "tools", "refusal": "filter"}


class Anthropic:
    """Asks by `messages`."""

    def __init__(self, url: str, token: str, hooks: dict[str, Any]) -> None:
        http = anthropic.DefaultHttpxClient(event_hooks=hooks)
        self.sdk = anthropic.Anthropic(api_key=token, base_url=url, max_retries=0, http_client=http)

    def close(self) -> None:
        self.sdk.close()

    def ask(self, model: str, ask: Ask) -> Got:
        fields = fields_of(model, ask)
        if not ask.stream:
            return got_of(self.sdk.messages.create(**fields))
        pieces = argument_pieces = 0
        with self.sdk.messages.stream(**fields) as stream:
            for event in stream:
                pieces += event.type == "text"
                argument_pieces += event.type == "input_json" and bool(event.partial_json)
            return got_of(stream.get_final_message(), pieces, argument_pieces)

    def fail(self, model: str, ask: Ask) -> Refusal:
        """What the SDK raises, which must be one of its errors that have a status."""
        with pytest.raises(anthropic.APIStatusError) as caught:
            self.ask(model, ask)
        error = caught.value
        told = error.body["error"]["type"]
        return Refusal(error.status_code, told, str(error), error.response.headers.get("retry-after", ""))

    def begin(self, model: str, ask: Ask) -> Any:
        """A stream, once its first event is there."""
        stream = self.sdk.messages.create(**fields_of(model, ask), stream=True)
        next(iter(stream))
        return stream

    def count(self, model: str, text: str) -> int:
        messages: list[Any] = [{"role": "user", "content": text}]
        return int(self.sdk.messages.count_tokens(model=model, messages=messages).input_tokens)


def fields_of(model: str, ask: Ask) -> dict[str, Any]:
    fields: dict[str, Any] = {"model": model, "max_tokens": ask.limit, "system": ask.system}
    fields["messages"] = [
        {"role": role, "content": parts[0][1] if parts[0][0] == "native" else [block_of(part) for part in parts]}
        for role, parts in ask.turns
    ]
    if ask.tools:
        fields["tools"] = [
            {"name": name, "description": TOOLS[name][0], "input_schema": TOOLS[name][1]} for name in ask.tools
        ]
    if ask.choice:
        named = {"type": "tool", "name": ask.choice}
        fields["tool_choice"] = {"type": "any"} if ask.choice == "required" else named
    if ask.schema:
        fields["output_config"] = {"format": {"type": "json_schema", "schema": ask.schema}}
    if ask.thinks:
        fields["thinking"] = {"type": "enabled", "budget_tokens": 2048}
    if ask.stop:
        fields["stop_sequences"] = list(ask.stop)
    return fields


def block_of(part: Part) -> dict[str, Any]:
    match part:
        case ("text", text):
            return {"type": "text", "text": text}
        case ("image", data):
            source = {"type": "base64", "media_type": "image/png", "data": base64.b64encode(data).decode()}
            return {"type": "image", "source": source}
        case ("call", id_, name, arguments):
            return {"type": "tool_use", "id": id_, "name": name, "input": arguments}
        case ("result", id_, text):
            return {"type": "tool_result", "tool_use_id": id_, "content": text}
    raise AssertionError(part)


def got_of(message: anthropic.types.Message, pieces: int = 0, argument_pieces: int = 0) -> Got:
    thoughts = [block for block in message.content if block.type == "thinking"]
    calls = [block for block in message.content if block.type == "tool_use"]
    usage = message.usage
    cached = usage.cache_read_input_tokens or 0
    reason = message.stop_reason or ""
    return Got(
        text="".join(block.text for block in message.content if block.type == "text"),
        calls=tuple(Call(it.name, json.loads(json.dumps(it.input)), it.id) for it in calls),
        thought="".join(it.thinking for it in thoughts),
        signature="".join(it.signature for it in thoughts),
        stop=STOPS.get(reason, reason),
        tokens=Tokens(usage.input_tokens + cached, usage.output_tokens, cached),
        pieces=pieces,
        argument_pieces=argument_pieces,
        native=[block.model_dump(exclude_none=True, exclude={"parsed_output"}) for block in message.content],
    )
