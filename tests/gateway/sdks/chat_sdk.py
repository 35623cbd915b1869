"""OpenAI's own SDK as a client of Chat Completions."""

import base64
import json
from typing import Any

import openai
import pytest
from openai.lib.streaming.chat import ChatCompletionStreamState

from tests.gateway.sdks.openai_client import OpenAiClient
from tests.gateway.spoken import TOOLS, Ask, Call, Got, Refusal, Tokens, Turn

STOPS = {"tool_calls": "tools", "content_filter": "filter"}


class Chat(OpenAiClient):
    """Asks by `chat.completions`."""

    def ask(self, model: str, ask: Ask) -> Got:
        fields = fields_of(model, ask)
        if not ask.stream:
            return got_of(self.sdk.chat.completions.create(**fields))
        pieces = argument_pieces = 0
        thought = ""
        state = ChatCompletionStreamState()
        for chunk in self.sdk.chat.completions.create(**fields, stream=True, stream_options={"include_usage": True}):
            for event in state.handle_chunk(chunk):
                pieces += event.type == "content.delta" and bool(event.delta)
                argument_pieces += event.type == "tool_calls.function.arguments.delta" and bool(event.arguments_delta)
            if chunk.choices:
                thought += getattr(chunk.choices[0].delta, "reasoning_content", None) or ""
        return got_of(state.current_completion_snapshot, pieces, argument_pieces, thought)

    def fail(self, model: str, ask: Ask) -> Refusal:
        """What the SDK raises, which must be one of its errors that have a status."""
        with pytest.raises(openai.APIStatusError) as caught:
            self.ask(model, ask)
        error = caught.value
        told = error.code or error.type or ""
        return Refusal(error.status_code, told, str(error), error.response.headers.get("retry-after", ""))

    def begin(self, model: str, ask: Ask) -> Any:
        """A stream, once its first event is there."""
        stream = self.sdk.chat.completions.create(**fields_of(model, ask), stream=True)
        next(iter(stream))
        return stream


def fields_of(model: str, ask: Ask) -> dict[str, Any]:
    messages = [{"role": "system", "content": ask.system}]
    messages += [message for turn in ask.turns for message in messages_of(turn)]
    fields: dict[str, Any] = {"model": model, "messages": messages, "max_completion_tokens": ask.limit}
    if ask.tools:
        fields["tools"] = [
            {
                "type": "function",
                "function": {"name": name, "description": TOOLS[name][0], "parameters": TOOLS[name][1]},
            }
            for name in ask.tools
        ]
    if ask.choice:
        named = {"type": "function", "function": {"name": ask.choice}}
        fields["tool_choice"] = ask.choice if ask.choice == "required" else named
    if ask.schema:
        shape = {"name": "answer", "schema": ask.schema, "strict": True}
        fields["response_format"] = {"type": "json_schema", "json_schema": shape}
    if ask.thinks:
        fields["reasoning_effort"] = "low"
    if ask.stop:
        fields["stop"] = list(ask.stop)
    return fields


def messages_of(turn: Turn) -> list[dict[str, Any]]:
    """A result is a message of its own here."""
    role, parts = turn
    if parts[0][0] == "native":
        return [parts[0][1]]
    results = [{"role": "tool", "tool_call_id": it[1], "content": it[2]} for it in parts if it[0] == "result"]
    content = [content_of(it) for it in parts if it[0] in ("text", "image")]
    calls = [
        {"id": it[1], "type": "function", "function": {"name": it[2], "arguments": json.dumps(it[3])}}
        for it in parts
        if it[0] == "call"
    ]
    said: dict[str, Any] = {"role": role, "content": content or None, **({"tool_calls": calls} if calls else {})}
    return [*results, said] if content or calls else results


def content_of(part: tuple[Any, ...]) -> dict[str, Any]:
    if part[0] == "text":
        return {"type": "text", "text": part[1]}
    return {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{base64.b64encode(part[1]).decode()}"}}


def got_of(completion: Any, pieces: int = 0, argument_pieces: int = 0, thought: str = "") -> Got:
    [choice] = completion.choices
    message, usage = choice.message, completion.usage
    calls = message.tool_calls or ()
    native = message.model_dump(exclude_none=True, exclude={"parsed", "annotations"})
    for call in native.get("tool_calls", ()):
        call["function"].pop("parsed_arguments", None)
        call.pop("index", None)
    return Got(
        text=message.content or "",
        calls=tuple(Call(it.function.name, json.loads(it.function.arguments), it.id) for it in calls),
        thought=thought or getattr(message, "reasoning_content", None) or "",
        signature="",
        stop=STOPS.get(choice.finish_reason, choice.finish_reason),
        tokens=Tokens(usage.prompt_tokens, usage.completion_tokens, cached_of(usage)) if usage else None,
        pieces=pieces,
        argument_pieces=argument_pieces,
        native={**native, "reasoning_content": thought} if thought else native,
    )


def cached_of(usage: Any) -> int:
    details = usage.prompt_tokens_details
    return (details.cached_tokens or 0) if details else 0
