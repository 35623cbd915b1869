"""A provider of Anthropic's Messages, after docs.anthropic.com (messages, streaming, extended thinking, errors)."""

import base64
import json
from collections.abc import Iterator
from typing import Any

from tests.gateway.spoken import Heard, Said, Turn, merged, pieces_of
from tests.wire.test_anthropic_requests import validate

REASONS = {"stop": "end_turn", "stop_sequence": "stop_sequence", "length": "max_tokens", "filter": "refusal"}
BASE = ""
KIND = "text/event-stream"


def is_stream(path: str, body: dict[str, Any]) -> bool:
    return body.get("stream", False)


def check(body: dict[str, Any], path: str) -> None:
    """Hold a body against the SDK's types."""
    validate(body)


def read(body: dict[str, Any], path: str) -> Heard:
    system = body.get("system", "")
    choice = body.get("tool_choice", {})
    turns: list[Turn] = [(it["role"], tuple(map(part_of, blocks_of(it["content"])))) for it in body["messages"]]
    assert turns == list(merged(turns)), "roles must alternate"
    return Heard(
        model=body["model"],
        system=system if isinstance(system, str) else "\n".join(it["text"] for it in system),
        turns=tuple(turns),
        tools={it["name"]: it["input_schema"] for it in body.get("tools", ())},
        choice={"any": "required", "tool": choice.get("name")}.get(choice.get("type"), choice.get("type", "")),
        schema=body.get("output_config", {}).get("format", {}).get("schema"),
        thinks=body.get("thinking", {}).get("type") in ("enabled", "adaptive"),
        limit=body["max_tokens"],
        stop=tuple(body.get("stop_sequences", ())),
    )


def blocks_of(content: Any) -> list[dict[str, Any]]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def part_of(block: dict[str, Any]) -> tuple[Any, ...]:
    match block["type"]:
        case "text":
            return ("text", block["text"])
        case "image":
            return ("image", base64.b64decode(block["source"]["data"]))
        case "tool_use":
            return ("call", block["id"], block["name"], block["input"])
        case "tool_result":
            text = "".join(it["text"] for it in blocks_of(block["content"]))
            return ("result", block["tool_use_id"], text)
        case "thinking":
            return ("thought", block["thinking"], block["signature"])
        case "redacted_thinking":
            return ("withheld", block["data"])
    raise AssertionError(block)


def usage(said: Said) -> dict[str, Any]:
    tokens = said.tokens
    return {
        "input_tokens": tokens.input - tokens.cached,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": tokens.cached,
        "output_tokens": tokens.output,
        "service_tier": "standard",
    }


def blocks(said: Said) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    if said.thought:
        made.append({"type": "thinking", "thinking": said.thought, "signature": said.signature})
    if said.text:
        made.append({"type": "text", "text": said.text})
    return made + [{"type": "tool_use", "id": it.id, "name": it.name, "input": it.arguments} for it in said.calls]


def ending(said: Said) -> dict[str, Any]:
    reason = "tool_use" if said.calls else REASONS[said.stop]
    return {"stop_reason": reason, "stop_sequence": "END" if said.stop == "stop_sequence" else None}


def whole(said: Said, model: str) -> dict[str, Any]:
    message = {"id": "msg_01", "type": "message", "role": "assistant", "model": model}
    return {**message, "content": blocks(said), **ending(said), "usage": usage(said)}


def events(said: Said, model: str) -> Iterator[bytes]:
    begun = {**whole(said, model), "content": [], "stop_reason": None, "stop_sequence": None}
    yield event("message_start", message={**begun, "usage": {**usage(said), "output_tokens": 1}})
    for index, block in enumerate(blocks(said)):
        empty, deltas = in_pieces(block)
        yield event("content_block_start", index=index, content_block=empty)
        if index == 0:
            yield event("ping")
        for delta in deltas:
            yield event("content_block_delta", index=index, delta=delta)
        yield event("content_block_stop", index=index)
    yield event("message_delta", delta=ending(said), usage={"output_tokens": said.tokens.output})
    yield event("message_stop")


def in_pieces(block: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    if block["type"] == "text":
        return {**block, "text": ""}, [{"type": "text_delta", "text": it} for it in pieces_of(block["text"])]
    if block["type"] == "thinking":
        deltas = [{"type": "thinking_delta", "thinking": it} for it in pieces_of(block["thinking"])]
        signed = {"type": "signature_delta", "signature": block["signature"]}
        return {**block, "thinking": "", "signature": ""}, [*deltas, signed]
    pieces = ["", *pieces_of(json.dumps(block["input"]))]
    return {**block, "input": {}}, [{"type": "input_json_delta", "partial_json": it} for it in pieces]


def event(kind: str, **values: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **values})}\n\n".encode()


ERRORS = {
    "authentication": (401, "authentication_error"),
    "rate_limit": (429, "rate_limit_error"),
    "invalid": (400, "invalid_request_error"),
    "no_model": (404, "not_found_error"),
    "overloaded": (529, "overloaded_error"),
    "too_long": (400, "invalid_request_error"),
}


def error(kind: str, message: str) -> tuple[int, dict[str, str], dict[str, Any]]:
    status, name = ERRORS[kind]
    if kind == "too_long":
        message = "prompt is too long: 200042 tokens > 200000 maximum"
    if kind == "no_model":
        message = f"model: {message}"
    return status, {"request-id": "req_1"}, {"type": "error", "error": {"type": name, "message": message}}
