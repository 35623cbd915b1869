"""Amazon Bedrock's Converse, after docs.aws.amazon.com (Converse, ConverseStream). Requests are held against
botocore's service model.
"""

import base64
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from tests.gateway.spoken import Heard, Said, Turn, merged, pieces_of
from tests.gateway.vendors import aws
from tests.wire.aws_service import check_request

REASONS = {"stop": "end_turn", "stop_sequence": "stop_sequence", "length": "max_tokens", "filter": "content_filtered"}
BASE = ""
KIND = aws.KIND


def is_stream(path: str, body: dict[str, Any]) -> bool:
    return path.endswith("/converse-stream")


def model_of(path: str) -> str:
    return unquote(path.split("/model/")[1].rpartition("/")[0])


def check(body: dict[str, Any], path: str) -> None:
    """Hold a body against botocore's model."""
    operation = "ConverseStream" if is_stream(path, body) else "Converse"
    check_request("bedrock-runtime", operation, body, modelId=model_of(path))


def read(body: dict[str, Any], path: str) -> Heard:
    tools = body.get("toolConfig", {})
    choice = tools.get("toolChoice", {})
    inference = body.get("inferenceConfig", {})
    shape = body.get("outputConfig", {}).get("textFormat", {}).get("structure", {}).get("jsonSchema", {})
    turns: list[Turn] = [(it["role"], tuple(map(part_of, it["content"]))) for it in body["messages"]]
    assert turns == list(merged(turns)), "roles must alternate"
    more = body.get("additionalModelRequestFields", {})
    specs = [it["toolSpec"] for it in tools.get("tools", ())]
    return Heard(
        model=model_of(path),
        system="\n".join(it["text"] for it in body.get("system", ())),
        turns=tuple(turns),
        tools={it["name"]: it["inputSchema"]["json"] for it in specs},
        choice="required" if "any" in choice else choice.get("tool", {}).get("name", ""),
        schema=json.loads(shape["schema"]) if shape else None,
        thinks="thinking" in more or "effort" in body.get("outputConfig", {}) or "output_config" in more,
        limit=inference.get("maxTokens"),
        stop=tuple(inference.get("stopSequences", ())),
    )


def part_of(block: dict[str, Any]) -> tuple[Any, ...]:
    [(kind, value)] = block.items()
    match kind:
        case "text":
            return ("text", value)
        case "image":
            return ("image", base64.b64decode(value["source"]["bytes"]))
        case "toolUse":
            return ("call", value["toolUseId"], value["name"], value["input"])
        case "toolResult":
            text = "".join(it["text"] if "text" in it else json.dumps(it["json"]) for it in value["content"])
            return ("result", value["toolUseId"], text)
        case "reasoningContent":
            thought = value["reasoningText"]
            return ("thought", thought["text"], thought.get("signature", ""))
    raise AssertionError(block)


def usage(said: Said) -> dict[str, Any]:
    tokens = said.tokens
    return {
        "inputTokens": tokens.input - tokens.cached,
        "cacheReadInputTokens": tokens.cached,
        "cacheWriteInputTokens": 0,
        "outputTokens": tokens.output,
        "totalTokens": tokens.input + tokens.output,
    }


def reason(said: Said) -> str:
    return "tool_use" if said.calls else REASONS[said.stop]


def whole(said: Said, model: str) -> dict[str, Any]:
    content: list[dict[str, Any]] = []
    if said.thought:
        content.append({"reasoningContent": {"reasoningText": {"text": said.thought, "signature": said.signature}}})
    if said.text:
        content.append({"text": said.text})
    content += [{"toolUse": {"toolUseId": it.id, "name": it.name, "input": it.arguments}} for it in said.calls]
    message = {"role": "assistant", "content": content}
    told = {"stopReason": reason(said), "usage": usage(said), "metrics": {"latencyMs": 9}}
    return {"output": {"message": message}, **told}


def events(said: Said, model: str) -> Iterator[bytes]:
    yield frame("messageStart", role="assistant")
    number = 0
    for deltas in (thoughts(said), [{"text": it} for it in said.pieces]):
        for delta in deltas:
            yield frame("contentBlockDelta", contentBlockIndex=number, delta=delta)
        if deltas:
            yield frame("contentBlockStop", contentBlockIndex=number)
            number += 1
    for index, call in enumerate(said.calls, number):
        named = {"toolUse": {"toolUseId": call.id, "name": call.name}}
        yield frame("contentBlockStart", contentBlockIndex=index, start=named)
        for piece in pieces_of(json.dumps(call.arguments)):
            yield frame("contentBlockDelta", contentBlockIndex=index, delta={"toolUse": {"input": piece}})
        yield frame("contentBlockStop", contentBlockIndex=index)
    yield frame("messageStop", stopReason=reason(said))
    yield frame("metadata", usage=usage(said), metrics={"latencyMs": 9})


def thoughts(said: Said) -> list[dict[str, Any]]:
    deltas = [{"reasoningContent": {"text": it}} for it in pieces_of(said.thought)]
    return [*deltas, {"reasoningContent": {"signature": said.signature}}] if said.signature else deltas


def frame(kind: str, **values: Any) -> bytes:
    return aws.frame(kind, json.dumps(values).encode(), "application/json")


ERRORS = {
    "authentication": (403, "UnrecognizedClientException"),
    "rate_limit": (429, "ThrottlingException"),
    "invalid": (400, "ValidationException"),
    "no_model": (404, "ResourceNotFoundException"),
    "overloaded": (503, "ServiceUnavailableException"),
    "too_long": (400, "ValidationException"),
}


def error(kind: str, message: str) -> tuple[int, dict[str, str], dict[str, Any]]:
    status, name = ERRORS[kind]
    if kind == "too_long":
        message = "Input is too long for requested model."
    return status, aws.typed(name), {"message": message}
