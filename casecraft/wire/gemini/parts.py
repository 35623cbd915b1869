"""Gemini: the parts of a turn, written.

A signature may stand on any part. Ours stand on reasoning and on calls, so one on plain text is reasoning without
words before it. Source: https://ai.google.dev/gemini-api/docs/thought-signatures.
"""

import base64
import re
from collections.abc import Iterable
from typing import Any

from casecraft.core.chat import Image, Loss, Part, Reasoning, Text, ToolCall, ToolResult
from casecraft.wire.tool_arguments import arguments_object

BASE64 = re.compile(r"[A-Za-z0-9+/_-]*={0,2}")


def write_parts(parts: Iterable[Part], where: str, losses: list[Loss], names: dict[str, str]) -> list[dict[str, Any]]:
    """The parts of one turn. `names` remembers which tool each call asked for, as results must say it.

    A turn must hold something, so an empty one is empty text.
    """
    written: list[dict[str, Any]] = []
    bare = False  # whether the last one is a signature without words
    for part in parts:
        if isinstance(part, Text):
            if bare:
                written[-1]["text"] = part.text
            else:
                written.append({"text": part.text})
            bare = False
            continue
        piece = _write_part(part, where, losses, names)
        if piece is not None:
            written.append(piece)
            bare = piece.get("text") == ""
    return written or [{"text": ""}]


def _write_part(
    part: Reasoning | ToolCall | Image | ToolResult, where: str, losses: list[Loss], names: dict[str, str]
) -> dict[str, Any] | None:
    if isinstance(part, Reasoning):
        return _reasoning(part, where, losses)
    if isinstance(part, ToolCall):
        names[part.id] = part.name
        return write_call(part, where, losses)
    if isinstance(part, Image):
        return _image(part)
    return _result(part, where, losses, names)


def _reasoning(part: Reasoning, where: str, losses: list[Loss]) -> dict[str, Any] | None:
    if part.redacted:
        losses.append(Loss(f"{where}.redacted", "Gemini has no redacted reasoning", harmless=True))
        return None
    signature = _signature(part.signature, where, losses)
    return write_thought(part.text, signature, thought=bool(part.text)) if part.text or signature else None


def write_thought(text: str, signature: str, *, thought: bool) -> dict[str, Any]:
    """Words of reasoning, its signature, or both."""
    written: dict[str, Any] = {"text": text}
    if thought:
        written["thought"] = True
    if signature:
        written["thoughtSignature"] = signature
    return written


def _signature(signature: str, where: str, losses: list[Loss]) -> str:
    """A signature as it is, or none where it cannot be one of Gemini's: those are base64, and others are refused."""
    if is_signature(signature):
        return signature
    losses.append(Loss(f"{where}.signature", "it is another vendor's", harmless=True))
    return ""


def is_signature(text: str) -> bool:
    """Whether this can be a signature of Gemini's, or is empty."""
    return len(text) % 4 == 0 and BASE64.fullmatch(text) is not None


def write_call(call: ToolCall, where: str, losses: list[Loss]) -> dict[str, Any]:
    """A call, whole, with its signature."""
    written: dict[str, Any] = {
        "functionCall": {"name": call.name, "args": arguments_object(call, f"{where}.tool_call", losses)}
    }
    if call.id:
        written["functionCall"]["id"] = call.id
    signature = _signature(call.signature, where, losses)
    if signature:
        written["thoughtSignature"] = signature
    return written


def _image(image: Image) -> dict[str, Any]:
    if image.url:
        place = {"fileUri": image.url}
        return {"fileData": {"mimeType": image.media_type, **place} if image.media_type else place}
    data = base64.b64encode(image.data).decode()
    return {"inlineData": {"mimeType": image.media_type, "data": data}}


def _result(result: ToolResult, where: str, losses: list[Loss], names: dict[str, str]) -> dict[str, Any]:
    name = result.name or names.get(result.call_id, "")
    if not name:
        losses.append(Loss(f"{where}.tool_result.name", "Gemini wants the tool's name, which is nowhere said"))
    text = result.text
    response: dict[str, Any] = {"name": name, "response": {"error" if result.is_error else "output": text}}
    if result.call_id:
        response["id"] = result.call_id
    if not isinstance(result.content, str):
        images = [part for part in result.content if isinstance(part, Image)]
        if images:
            response["parts"] = [_image(image) for image in images]
            if result.content != ((Text(text),) if text else ()) + tuple(images):
                losses.append(Loss(f"{where}.tool_result.order", "images stand after all text", harmless=True))
    return {"functionResponse": response}
