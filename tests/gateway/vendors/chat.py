"""A provider of Chat Completions, after platform.openai.com (chat, streamed chunks) and, for reasoning,
api-docs.deepseek.com and platform.moonshot.ai, whose `reasoning_content` compatible servers have taken over.
"""

import base64
import json
from collections.abc import Iterator
from typing import Any

from openai.types.chat.completion_create_params import (
    CompletionCreateParamsNonStreaming,
    CompletionCreateParamsStreaming,
)
from pydantic import ConfigDict, TypeAdapter, with_config

from tests.gateway.spoken import Heard, Said, Turn, merged, pieces_of

WHOLE = TypeAdapter(with_config(ConfigDict(extra="forbid"))(CompletionCreateParamsNonStreaming))
STREAMED = TypeAdapter(with_config(ConfigDict(extra="forbid"))(CompletionCreateParamsStreaming))
REASONS = {"stop": "stop", "stop_sequence": "stop", "length": "length", "filter": "content_filter"}
BASE = "/v1"
KIND = "text/event-stream"


def is_stream(path: str, body: dict[str, Any]) -> bool:
    return body.get("stream", False)


def check(body: dict[str, Any], path: str) -> None:
    """Hold a body against the SDK's types, but for the history's reasoning, which is the other vendors'."""
    messages = [{k: v for k, v in it.items() if k != "reasoning_content"} for it in body["messages"]]
    text = json.dumps({**body, "messages": messages})
    (STREAMED if body.get("stream") else WHOLE).validate_json(text, strict=True)


def read(body: dict[str, Any], path: str) -> Heard:
    turns: list[Turn] = []
    system = []
    for message in body["messages"]:
        if message["role"] in ("system", "developer"):
            system.append(text_of(message["content"]))
        elif message["role"] == "tool":
            turns.append(("user", (("result", message["tool_call_id"], text_of(message["content"])),)))
        else:
            turns.append((message["role"], tuple(parts_of(message))))
    choice = body.get("tool_choice", "")
    schema = body.get("response_format", {}).get("json_schema", {}).get("schema")
    stop = body.get("stop", ())
    return Heard(
        model=body["model"],
        system="\n".join(system),
        turns=merged(turns),
        tools={it["function"]["name"]: it["function"].get("parameters", {}) for it in body.get("tools", ())},
        choice=choice["function"]["name"] if isinstance(choice, dict) else choice,
        schema=schema,
        thinks="reasoning_effort" in body,
        limit=body.get("max_tokens", body.get("max_completion_tokens")),
        stop=(stop,) if isinstance(stop, str) else tuple(stop),
    )


def text_of(content: Any) -> str:
    return content if isinstance(content, str) else "".join(it["text"] for it in content)


def parts_of(message: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    if message.get("reasoning_content"):
        yield ("thought", message["reasoning_content"], "")
    content = message.get("content") or ()
    for part in [{"type": "text", "text": content}] if isinstance(content, str) else content:
        if part["type"] == "image_url":
            yield ("image", base64.b64decode(part["image_url"]["url"].partition(";base64,")[2]))
        else:
            yield ("text", part["text"])
    for call in message.get("tool_calls", ()):
        function = call["function"]
        yield ("call", call["id"], function["name"], json.loads(function["arguments"]))


def usage(said: Said) -> dict[str, Any]:
    tokens = said.tokens
    return {
        "prompt_tokens": tokens.input,
        "completion_tokens": tokens.output,
        "total_tokens": tokens.input + tokens.output,
        "prompt_tokens_details": {"cached_tokens": tokens.cached},
        "completion_tokens_details": {"reasoning_tokens": 0},
    }


def reason(said: Said) -> str:
    return "tool_calls" if said.calls else REASONS[said.stop]


def whole(said: Said, model: str) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": said.text or None, "refusal": None}
    if said.thought:
        message["reasoning_content"] = said.thought
    if said.calls:
        message["tool_calls"] = [
            {"id": it.id, "type": "function", "function": {"name": it.name, "arguments": json.dumps(it.arguments)}}
            for it in said.calls
        ]
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reason(said)}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": model,
        "choices": [choice],
        "usage": usage(said),
    }


def events(said: Said, model: str) -> Iterator[bytes]:
    yield chunk(model, {"role": "assistant", "content": ""})
    for piece in pieces_of(said.thought):
        yield chunk(model, {"reasoning_content": piece})
    for piece in said.pieces:
        yield chunk(model, {"content": piece})
    for index, call in enumerate(said.calls):
        function = {"name": call.name, "arguments": ""}
        begun = {"index": index, "id": call.id, "type": "function", "function": function}
        yield chunk(model, {"tool_calls": [begun]})
        for piece in pieces_of(json.dumps(call.arguments)):
            yield chunk(model, {"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
    yield chunk(model, {}, reason(said))
    last = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": model, "choices": []}
    yield data({**last, "usage": usage(said)})
    yield b"data: [DONE]\n\n"


def chunk(model: str, delta: dict[str, Any], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    return data(
        {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": model, "choices": [choice]}
    )


def data(values: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(values)}\n\n".encode()


ERRORS = {
    "authentication": (401, {"type": "invalid_request_error", "code": "invalid_api_key"}),
    "rate_limit": (429, {"type": "requests", "code": "rate_limit_exceeded"}),
    "invalid": (400, {"type": "invalid_request_error", "code": "invalid_value"}),
    "no_model": (404, {"type": "invalid_request_error", "code": "model_not_found"}),
    "overloaded": (503, {"type": "server_error", "code": None}),
    "too_long": (400, {"type": "invalid_request_error", "code": "context_length_exceeded"}),
}


def error(kind: str, message: str) -> tuple[int, dict[str, str], dict[str, Any]]:
    status, more = ERRORS[kind]
    return status, {}, {"error": {"message": message, "param": None, **more}}
