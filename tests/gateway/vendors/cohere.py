"""Cohere's chat, second version, after docs.cohere.com (chat, streamed events, tool use, reasoning, errors)."""

import base64
import json
from collections.abc import Iterator
from typing import Any

from tests.gateway.spoken import STATUSES, Heard, Said, Turn, merged, pieces_of
from tests.wire.test_cohere_requests import PUBLISHED, as_the_client_sends, unknown_fields

REASONS = {"stop": "COMPLETE", "stop_sequence": "STOP_SEQUENCE", "length": "MAX_TOKENS", "filter": "ERROR"}
BASE = ""
KIND = "text/event-stream"


def is_stream(path: str, body: dict[str, Any]) -> bool:
    return body["stream"]


def check(body: dict[str, Any], path: str) -> None:
    """It is what Cohere's client sends, and conforms to the SDK's types."""
    # What its client sends is the same but for `stream`, for which it wants a stream in return.
    sent = as_the_client_sends({**body, "stream": False})
    assert {**sent, "stream": body["stream"]} == body
    for field, published in PUBLISHED.items():
        if field in body:
            assert not unknown_fields(published.validate_python(body[field])), body[field]


def read(body: dict[str, Any], path: str) -> Heard:
    turns: list[Turn] = []
    system = []
    for message in body["messages"]:
        if message["role"] == "system":
            system.append(text_of(message["content"]))
        elif message["role"] == "tool":
            turns.append(("user", (("result", message["tool_call_id"], text_of(message["content"])),)))
        else:
            turns.append((message["role"], tuple(parts_of(message))))
    return Heard(
        model=body["model"],
        system="\n".join(system),
        turns=merged(turns),
        tools={it["function"]["name"]: it["function"]["parameters"] for it in body.get("tools", ())},
        choice=body.get("tool_choice", "").lower(),
        schema=body.get("response_format", {}).get("json_schema"),
        thinks=body.get("thinking", {}).get("type") == "enabled",
        limit=body.get("max_tokens"),
        stop=tuple(body.get("stop_sequences", ())),
    )


def text_of(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "".join(it["text"] if it["type"] == "text" else "".join(it["document"]["data"].values()) for it in content)


def parts_of(message: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    content = message.get("content") or ()
    if message.get("tool_plan"):
        yield ("thought", message["tool_plan"], "")
    for part in [{"type": "text", "text": content}] if isinstance(content, str) else content:
        if part["type"] == "image_url":
            yield ("image", base64.b64decode(part["image_url"]["url"].partition(";base64,")[2]))
        elif part["type"] == "thinking":
            yield ("thought", part["thinking"], "")
        else:
            yield ("text", part["text"])
    for call in message.get("tool_calls", ()):
        yield ("call", call["id"], call["function"]["name"], json.loads(call["function"]["arguments"]))


def usage(said: Said) -> dict[str, Any]:
    tokens = {"input_tokens": said.tokens.input, "output_tokens": said.tokens.output}
    return {"billed_units": tokens, "tokens": tokens, "cached_tokens": said.tokens.cached}


def reason(said: Said) -> str:
    return "TOOL_CALL" if said.calls else REASONS[said.stop]


def contents(said: Said) -> list[dict[str, Any]]:
    made = [{"type": "thinking", "thinking": said.thought}] if said.thought else []
    return [*made, {"type": "text", "text": said.text}] if said.text else made


def calls(said: Said) -> list[dict[str, Any]]:
    return [
        {"id": it.id, "type": "function", "function": {"name": it.name, "arguments": json.dumps(it.arguments)}}
        for it in said.calls
    ]


def whole(said: Said, model: str) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": contents(said)}
    if said.calls:
        message["tool_calls"] = calls(said)
    return {"id": "c14c80c3", "finish_reason": reason(said), "message": message, "usage": usage(said)}


def events(said: Said, model: str) -> Iterator[bytes]:
    begun = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}
    yield event("message-start", id="d93f187e", delta={"message": begun})
    for index, content in enumerate(contents(said)):
        field = content["type"]
        yield event("content-start", index=index, delta={"message": {"content": {"type": field, field: ""}}})
        for piece in pieces_of(content[field]):
            yield event("content-delta", index=index, delta={"message": {"content": {field: piece}}})
        yield event("content-end", index=index)
    for index, call in enumerate(calls(said)):
        empty = {**call, "function": {**call["function"], "arguments": ""}}
        yield event("tool-call-start", index=index, delta={"message": {"tool_calls": empty}})
        for piece in pieces_of(call["function"]["arguments"]):
            delta = {"message": {"tool_calls": {"function": {"arguments": piece}}}}
            yield event("tool-call-delta", index=index, delta=delta)
        yield event("tool-call-end", index=index)
    yield event("message-end", delta={"finish_reason": reason(said), "usage": usage(said)})


def event(kind: str, **values: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **values})}\n\n".encode()


def error(kind: str, message: str) -> tuple[int, dict[str, str], dict[str, Any]]:
    if kind == "too_long":
        message = "too many tokens: total number of tokens in the prompt cannot exceed 128000 - received 200000."
    if kind == "no_model":
        message = f"model 'm' not found, {message}"
    return STATUSES[kind], {}, {"id": "e-1", "message": message}
