"""Gemini's API, after ai.google.dev (generateContent, function calling, thought signatures, troubleshooting).

Its calls have no ids, as those of the models before Gemini 3.
"""

import base64
import json
from collections.abc import Iterator
from typing import Any

from tests.gateway.spoken import Heard, Said, Turn, merged, pieces_of
from tests.wire.test_gemini_requests import Body

REASONS = {"stop": "STOP", "stop_sequence": "STOP", "length": "MAX_TOKENS", "filter": "SAFETY"}
BASE = "/v1beta"
KIND = "text/event-stream"


def is_stream(path: str, body: dict[str, Any]) -> bool:
    return path.endswith(":streamGenerateContent")


def check(body: dict[str, Any], path: str) -> None:
    """Hold a body against the SDK's types."""
    Body.model_validate_json(json.dumps(body))


def read(body: dict[str, Any], path: str) -> Heard:
    # Names come in either form, and the SDK writes base64 in the alphabet for URLs.
    known = Body.model_validate_json(json.dumps(body))
    body = known.model_dump(mode="json", by_alias=True, exclude_none=True)
    config = body.get("generationConfig", {})
    calling = body.get("toolConfig", {}).get("functionCallingConfig", {})
    named = calling.get("allowedFunctionNames", ())
    turns: list[Turn] = [
        ("assistant" if it.get("role") == "model" else "user", tuple(map(part_of, it["parts"])))
        for it in body["contents"]
    ]
    declared = [it for tool in body.get("tools", ()) for it in tool.get("functionDeclarations", ())]
    thinking = config.get("thinkingConfig", {})
    return Heard(
        model=path.rpartition("/models/")[2].partition(":")[0],
        system="\n".join(it["text"] for it in body.get("systemInstruction", {}).get("parts", ())),
        turns=merged(turns),
        tools={it["name"]: it.get("parametersJsonSchema", it.get("parameters")) for it in declared},
        choice=named[0] if named else {"ANY": "required"}.get(calling.get("mode", ""), ""),
        schema=config.get("responseJsonSchema", config.get("responseSchema")),
        thinks=bool(thinking.get("thinkingBudget") or thinking.get("thinkingLevel")),
        limit=config.get("maxOutputTokens"),
        stop=tuple(config.get("stopSequences", ())),
    )


def part_of(part: dict[str, Any]) -> tuple[Any, ...]:
    if "functionCall" in part:
        call = part["functionCall"]
        return ("call", call.get("id"), call["name"], call.get("args", {}))
    if "functionResponse" in part:
        result = part["functionResponse"]
        return ("result", result.get("id"), next(iter(result["response"].values())))
    if "inlineData" in part:
        return ("image", base64.urlsafe_b64decode(part["inlineData"]["data"]))
    if part.get("thought"):
        return ("thought", part["text"], part.get("thoughtSignature", ""))
    return ("text", part["text"])


def usage(said: Said) -> dict[str, Any]:
    tokens = said.tokens
    return {
        "promptTokenCount": tokens.input,
        "cachedContentTokenCount": tokens.cached,
        "candidatesTokenCount": tokens.output,
        "totalTokenCount": tokens.input + tokens.output,
    }


def parts(said: Said) -> list[dict[str, Any]]:
    """The proof of thinking stands beside what follows it: a call, or else the text."""
    made: list[dict[str, Any]] = [{"text": said.thought, "thought": True}] if said.thought else []
    if said.text:
        made.append({"text": said.text})
    made += [{"functionCall": {"name": it.name, "args": it.arguments}} for it in said.calls]
    if said.signature:
        signed = next((it for it in made if "functionCall" in it), made[-1])
        signed["thoughtSignature"] = said.signature
    return made


def answer(said: Said, model: str, shown: list[dict[str, Any]], reason: str | None) -> dict[str, Any]:
    candidate = {"content": {"parts": shown, "role": "model"}, "index": 0}
    if reason is not None:
        candidate["finishReason"] = reason
    return {"candidates": [candidate], "usageMetadata": usage(said), "modelVersion": model, "responseId": "r-1"}


def whole(said: Said, model: str) -> dict[str, Any]:
    return answer(said, model, parts(said), REASONS[said.stop])


def events(said: Said, model: str) -> Iterator[bytes]:
    shown = [piece for part in parts(said) for piece in in_pieces(part)]
    for number, part in enumerate(shown):
        reason = REASONS[said.stop] if number == len(shown) - 1 else None
        yield f"data: {json.dumps(answer(said, model, [part], reason))}\r\n\r\n".encode()


def in_pieces(part: dict[str, Any]) -> list[dict[str, Any]]:
    """Texts come in pieces, calls always whole. A signature is in the last piece."""
    if "text" not in part:
        return [part]
    more = {"thought": True} if part.get("thought") else {}
    pieces: list[dict[str, Any]] = [{"text": piece, **more} for piece in pieces_of(part["text"])]
    if "thoughtSignature" in part:
        pieces[-1]["thoughtSignature"] = part["thoughtSignature"]
    return pieces


ERRORS = {
    "authentication": (401, "UNAUTHENTICATED"),
    "rate_limit": (429, "RESOURCE_EXHAUSTED"),
    "invalid": (400, "INVALID_ARGUMENT"),
    "no_model": (404, "NOT_FOUND"),
    "overloaded": (503, "UNAVAILABLE"),
    "too_long": (400, "INVALID_ARGUMENT"),
}


def error(kind: str, message: str) -> tuple[int, dict[str, str], dict[str, Any]]:
    status, name = ERRORS[kind]
    if kind == "too_long":
        message = "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."
    return status, {}, {"error": {"code": status, "message": message, "status": name}}
