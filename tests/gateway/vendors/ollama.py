"""Ollama's chat, after docs.ollama.com (chat, streaming, tool calling, thinking, structured outputs, errors)."""

import base64
import json
from collections.abc import Iterator
from itertools import count
from typing import Any

import ollama

from tests.gateway.spoken import STATUSES, Heard, Said, Turn, merged, pieces_of
from tests.wire.test_ollama_requests import as_the_client_sends, without_empty

REASONS = {"stop": "stop", "stop_sequence": "stop", "length": "length", "filter": "stop"}
BASE = ""
KIND = "application/x-ndjson"
TIMES = count()
"""Nothing is said twice at the same time."""


def is_stream(path: str, body: dict[str, Any]) -> bool:
    return body["stream"]


def check(body: dict[str, Any], path: str) -> None:
    """It is what Ollama's client sends."""
    sent = as_the_client_sends(body)
    # The client's own types of tools leave out what they do not know of JSON Schema.
    for tool in body.get("tools", ()):
        ollama.Tool.model_validate(tool, strict=True)
    assert without_empty({**sent, "tools": []}) == without_empty({**body, "tools": []})


def read(body: dict[str, Any], path: str) -> Heard:
    turns: list[Turn] = []
    system = []
    for message in body["messages"]:
        if message["role"] == "system":
            system.append(message["content"])
        elif message["role"] == "tool":
            turns.append(("user", (("result", None, message["content"]),)))
        else:
            turns.append((message["role"], tuple(parts_of(message))))
    options = body.get("options", {})
    return Heard(
        model=body["model"],
        system="\n".join(system),
        turns=merged(turns),
        tools={it["function"]["name"]: it["function"]["parameters"] for it in body.get("tools", ())},
        schema=body.get("format"),
        thinks=bool(body.get("think")),
        limit=options.get("num_predict"),
        stop=tuple(options.get("stop", ())),
    )


def parts_of(message: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    if message.get("thinking"):
        yield ("thought", message["thinking"], "")
    if message.get("content"):
        yield ("text", message["content"])
    for image in message.get("images", ()):
        yield ("image", base64.b64decode(image))
    for call in message.get("tool_calls", ()):
        yield ("call", None, call["function"]["name"], call["function"]["arguments"])


def line(model: str, done: bool, **message: Any) -> dict[str, Any]:
    told = {"role": "assistant", "content": "", **message}
    return {"model": model, "created_at": f"2025-07-07T20:22:19.{next(TIMES):06}Z", "message": told, "done": done}


def end(said: Said) -> dict[str, Any]:
    return {
        "done_reason": REASONS[said.stop],
        "total_duration": 5,
        "load_duration": 2,
        "prompt_eval_count": said.tokens.input,
        "prompt_eval_duration": 1,
        "eval_count": said.tokens.output,
        "eval_duration": 1,
    }


def calls(said: Said) -> list[dict[str, Any]]:
    return [{"function": {"name": it.name, "arguments": it.arguments}} for it in said.calls]


def whole(said: Said, model: str) -> dict[str, Any]:
    more: dict[str, Any] = {"content": said.text}
    if said.thought:
        more["thinking"] = said.thought
    if said.calls:
        more["tool_calls"] = calls(said)
    return {**line(model, True, **more), **end(said)}


def events(said: Said, model: str) -> Iterator[bytes]:
    lines = [line(model, False, thinking=it) for it in pieces_of(said.thought)]
    lines += [line(model, False, content=it) for it in said.pieces]
    lines += [line(model, False, tool_calls=[it]) for it in calls(said)]
    for each in [*lines, {**line(model, True), **end(said)}]:
        yield json.dumps(each).encode() + b"\n"


def error(kind: str, message: str) -> tuple[int, dict[str, str], dict[str, Any]]:
    if kind == "no_model":
        message = 'model "m" not found, try pulling it first'
    if kind == "too_long":
        message = "the input length exceeds the context length"
    return STATUSES[kind], {}, {"error": message}
