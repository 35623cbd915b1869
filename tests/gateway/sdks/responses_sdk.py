"""OpenAI's own SDK as a client of Responses."""

import base64
import json
from typing import Any

import openai
import pytest

from tests.gateway.sdks.openai_client import OpenAiClient
from tests.gateway.spoken import TOOLS, Ask, Call, Got, Refusal, Tokens, Turn


class Responses(OpenAiClient):
    """Asks by `responses`."""

    def ask(self, model: str, ask: Ask) -> Got:
        fields = fields_of(model, ask)
        if not ask.stream:
            return got_of(self.sdk.responses.create(**fields))
        pieces = argument_pieces = 0
        end: Any = None
        with self.sdk.responses.stream(**fields) as stream:
            for event in stream:
                pieces += event.type == "response.output_text.delta"
                argument_pieces += event.type == "response.function_call_arguments.delta"
                if event.type in ("response.completed", "response.incomplete"):
                    end = event.response
        return got_of(end, pieces, argument_pieces)

    def fail(self, model: str, ask: Ask) -> Refusal:
        """What the SDK raises, which must be one of its errors that have a status."""
        with pytest.raises(openai.APIStatusError) as caught:
            self.ask(model, ask)
        error = caught.value
        told = error.code or error.type or ""
        return Refusal(error.status_code, told, str(error), error.response.headers.get("retry-after", ""))

    def begin(self, model: str, ask: Ask) -> Any:
        """A stream, once its first event is there."""
        stream = self.sdk.responses.create(**fields_of(model, ask), stream=True)
        next(iter(stream))
        return stream


def fields_of(model: str, ask: Ask) -> dict[str, Any]:
    fields: dict[str, Any] = {"model": model, "instructions": ask.system, "max_output_tokens": ask.limit}
    fields["input"] = [item for turn in ask.turns for item in items_of(turn)]
    if ask.tools:
        fields["tools"] = [
            {
                "type": "function",
                "name": name,
                "description": TOOLS[name][0],
                "parameters": TOOLS[name][1],
                "strict": True,
            }
            for name in ask.tools
        ]
    if ask.choice:
        named = {"type": "function", "name": ask.choice}
        fields["tool_choice"] = ask.choice if ask.choice == "required" else named
    if ask.schema:
        fields["text"] = {"format": {"type": "json_schema", "name": "answer", "schema": ask.schema, "strict": True}}
    if ask.thinks:
        fields["reasoning"] = {"effort": "low", "summary": "auto"}
        fields["include"] = ["reasoning.encrypted_content"]
        fields["store"] = False
    assert not ask.stop, "Responses has no stop sequences"
    return fields


def items_of(turn: Turn) -> list[dict[str, Any]]:
    role, parts = turn
    if parts[0][0] == "native":
        native: list[dict[str, Any]] = parts[0][1]
        return native
    content = [content_of(it) for it in parts if it[0] in ("text", "image")]
    said: Any = content if role == "user" else "".join(it["text"] for it in content)
    items: list[dict[str, Any]] = [{"role": role, "content": said}] if said else []
    for part in parts:
        match part:
            case ("call", id_, name, arguments):
                call = {"type": "function_call", "call_id": id_, "name": name, "arguments": json.dumps(arguments)}
                items.append(call)
            case ("result", id_, text):
                items.append({"type": "function_call_output", "call_id": id_, "output": text})
    return items


def content_of(part: tuple[Any, ...]) -> dict[str, Any]:
    if part[0] == "text":
        return {"type": "input_text", "text": part[1]}
    url = f"data:image/png;base64,{base64.b64encode(part[1]).decode()}"
    return {"type": "input_image", "image_url": url, "detail": "auto"}


def got_of(response: Any, pieces: int = 0, argument_pieces: int = 0) -> Got:
    calls = [item for item in response.output if item.type == "function_call"]
    thoughts = [item for item in response.output if item.type == "reasoning"]
    cut = response.incomplete_details and response.incomplete_details.reason
    stop = {"max_output_tokens": "length", "content_filter": "filter"}.get(cut, "tools" if calls else "stop")
    usage = response.usage
    tokens = usage and Tokens(usage.input_tokens, usage.output_tokens, usage.input_tokens_details.cached_tokens)
    hidden = {"parsed", "parsed_arguments"}
    return Got(
        text=response.output_text,
        calls=tuple(Call(it.name, json.loads(it.arguments), it.call_id) for it in calls),
        thought="".join(part.text for item in thoughts for part in item.summary),
        signature="".join(item.encrypted_content or "" for item in thoughts),
        stop=stop,
        tokens=tokens,
        pieces=pieces,
        argument_pieces=argument_pieces,
        native=[item.model_dump(exclude_none=True, exclude=hidden) for item in response.output],
    )
