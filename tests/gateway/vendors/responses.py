"""A provider of OpenAI's Responses, after platform.openai.com (responses, their streamed events, reasoning items)."""

import base64
import json
from collections.abc import Iterator
from itertools import count
from typing import Any

from openai.types.responses.response_create_params import (
    ResponseCreateParamsNonStreaming,
    ResponseCreateParamsStreaming,
)
from pydantic import ConfigDict, TypeAdapter, with_config

from tests.gateway.spoken import Heard, Said, Turn, merged, pieces_of
from tests.gateway.vendors.chat import ERRORS as CHAT_ERRORS

WHOLE = TypeAdapter(with_config(ConfigDict(extra="forbid"))(ResponseCreateParamsNonStreaming))
STREAMED = TypeAdapter(with_config(ConfigDict(extra="forbid"))(ResponseCreateParamsStreaming))
BASE = "/v1"
KIND = "text/event-stream"


def is_stream(path: str, body: dict[str, Any]) -> bool:
    return body.get("stream", False)


def check(body: dict[str, Any], path: str) -> None:
    """Hold a body against the SDK's types. OpenAI takes reasoning without an id, where its types ask for one."""
    if isinstance(body["input"], list):
        given = [{"id": "rs_1", **item} if item.get("type") == "reasoning" else item for item in body["input"]]
        body = {**body, "input": given}
    (STREAMED if body.get("stream") else WHOLE).validate_json(json.dumps(body), strict=True)


def read(body: dict[str, Any], path: str) -> Heard:
    given = body["input"]
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    system = [body["instructions"]] if body.get("instructions") else []
    turns: list[Turn] = []
    for item in items:
        if item.get("role") in ("system", "developer"):
            system += [text for _, text in contents(item["content"])]
        else:
            turns.append(turn_of(item))
    choice = body.get("tool_choice", "")
    shape = body.get("text", {}).get("format", {})
    return Heard(
        model=body["model"],
        system="\n".join(system),
        turns=merged(turns),
        tools={it["name"]: it["parameters"] for it in body.get("tools", ())},
        choice=choice["name"] if isinstance(choice, dict) else choice,
        schema=shape.get("schema") if shape.get("type") == "json_schema" else None,
        thinks=body.get("reasoning", {}).get("effort") is not None,
        limit=body.get("max_output_tokens"),
    )


def turn_of(item: dict[str, Any]) -> Turn:
    match item.get("type", "message"):
        case "function_call":
            return ("assistant", (("call", item["call_id"], item["name"], json.loads(item["arguments"])),))
        case "function_call_output":
            output = item["output"]
            text = output if isinstance(output, str) else "".join(it["text"] for it in output)
            return ("user", (("result", item["call_id"], text),))
        case "reasoning":
            text = "".join(it["text"] for it in item["summary"])
            return ("assistant", (("thought", text, item.get("encrypted_content", "")),))
    return (item["role"], tuple(contents(item["content"])))


def contents(content: Any) -> Iterator[tuple[Any, ...]]:
    for part in [{"type": "input_text", "text": content}] if isinstance(content, str) else content:
        if part["type"] == "input_image":
            yield ("image", base64.b64decode(part["image_url"].partition(";base64,")[2]))
        else:
            yield ("text", part["text"])


def usage(said: Said) -> dict[str, Any]:
    tokens = said.tokens
    return {
        "input_tokens": tokens.input,
        "input_tokens_details": {"cached_tokens": tokens.cached},
        "output_tokens": tokens.output,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": tokens.input + tokens.output,
    }


def items_of(said: Said) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    if said.thought:
        summary = [{"type": "summary_text", "text": said.thought}]
        made.append({"type": "reasoning", "id": "rs_1", "summary": summary, "encrypted_content": said.signature})
    if said.text:
        part = {"type": "output_text", "text": said.text, "annotations": [], "logprobs": []}
        made.append({"type": "message", "id": "msg_1", "role": "assistant", "content": [part], "status": "completed"})
    for number, call in enumerate(said.calls):
        made.append(
            {
                "type": "function_call",
                "id": f"fc_{number}",
                "call_id": call.id,
                "name": call.name,
                "arguments": json.dumps(call.arguments),
                "status": "completed",
            }
        )
    return made


def ending(said: Said) -> dict[str, Any]:
    cut = {"length": "max_output_tokens", "filter": "content_filter"}.get(said.stop)
    why = {"reason": cut} if cut else None
    return {"status": "incomplete" if cut else "completed", "incomplete_details": why}


def whole(said: Said, model: str) -> dict[str, Any]:
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1_700_000_000,
        "error": None,
        "instructions": None,
        "metadata": {},
        "model": model,
        "output": items_of(said),
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        **ending(said),
        "usage": usage(said),
    }


def events(said: Said, model: str) -> Iterator[bytes]:
    number = count()

    def event(kind: str, **values: Any) -> bytes:
        told = json.dumps({"type": kind, "sequence_number": next(number), **values})
        return f"event: {kind}\ndata: {told}\n\n".encode()

    end = whole(said, model)
    begun = {**end, "output": [], "status": "in_progress", "incomplete_details": None, "usage": None}
    yield event("response.created", response=begun)
    yield event("response.in_progress", response=begun)
    for index, item in enumerate(items_of(said)):
        for kind, values in item_events(item):
            yield event(kind, output_index=index, **values)
    kind = "response.incomplete" if end["status"] == "incomplete" else "response.completed"
    yield event(kind, response=end)


def item_events(item: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    where = {"item_id": item["id"]}
    if item["type"] == "reasoning":
        [part] = item["summary"]
        place = {**where, "summary_index": 0}
        yield "response.output_item.added", {"item": {**item, "summary": [], "encrypted_content": ""}}
        yield "response.reasoning_summary_part.added", {**place, "part": {**part, "text": ""}}
        for piece in pieces_of(part["text"]):
            yield "response.reasoning_summary_text.delta", {**place, "delta": piece}
        yield "response.reasoning_summary_text.done", {**place, "text": part["text"]}
        yield "response.reasoning_summary_part.done", {**place, "part": part}
    elif item["type"] == "message":
        [part] = item["content"]
        place = {**where, "content_index": 0}
        yield "response.output_item.added", {"item": {**item, "content": [], "status": "in_progress"}}
        yield "response.content_part.added", {**place, "part": {**part, "text": ""}}
        for piece in pieces_of(part["text"]):
            yield "response.output_text.delta", {**place, "delta": piece, "logprobs": []}
        yield "response.output_text.done", {**place, "text": part["text"], "logprobs": []}
        yield "response.content_part.done", {**place, "part": part}
    else:
        yield "response.output_item.added", {"item": {**item, "arguments": "", "status": "in_progress"}}
        for piece in pieces_of(item["arguments"]):
            yield "response.function_call_arguments.delta", {**where, "delta": piece}
        told = {"name": item["name"], "arguments": item["arguments"]}
        yield "response.function_call_arguments.done", {**where, **told}
    yield "response.output_item.done", {"item": item}


def error(kind: str, message: str) -> tuple[int, dict[str, str], dict[str, Any]]:
    status, more = CHAT_ERRORS[kind]
    return status, {"x-request-id": "req_1"}, {"error": {"message": message, "param": None, **more}}
