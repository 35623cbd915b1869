"""Gemini: the parts of a turn, written.

A signature may stand on any part. Ours stand on reasoning and on calls, so one on plain text is reasoning without
words before it. Source: https://ai.google.dev/gemini-api/docs/thought-signatures.
"""

import base64
from collections.abc import Iterable
from typing import Any

import orjson

from casecraft.core.chat import Image, Loss, Part, Reasoning, Text, ToolCall, ToolResult


def write_parts(parts: Iterable[Part], where: str, losses: list[Loss], names: dict[str, str]) -> list[dict[str, Any]]:
    """The parts of one turn. `names` remembers which tool each call asked for, as results must say it.

    A turn must hold something, so an empty one is empty text.
    """
    written: list[dict[str, Any]] = []
    bare = False  # whether the last one is a signature without words
    for part in parts:
        if isinstance(part, Text) and bare:
            written[-1]["text"] = part.text
        elif isinstance(part, Text):
            written.append({"text": part.text})
        elif isinstance(part, Reasoning):
            written += _reasoning(part, where, losses)
        elif isinstance(part, ToolCall):
            names[part.id] = part.name
            written.append(write_call(part, where, losses))
        elif isinstance(part, Image):
            written.append(_image(part))
        else:
            written.append(_result(part, where, losses, names))
        bare = isinstance(part, Reasoning) and not part.text and bool(part.signature) and not part.redacted
    return written or [{"text": ""}]


def _reasoning(part: Reasoning, where: str, losses: list[Loss]) -> Iterable[dict[str, Any]]:
    if part.redacted:
        losses.append(Loss(f"{where}.redacted", "Gemini has no redacted reasoning", harmless=True))
        return
    if part.text or part.signature:
        yield write_thought(part.text, part.signature, thought=bool(part.text))


def write_thought(text: str, signature: str, *, thought: bool) -> dict[str, Any]:
    """Words of reasoning, its signature, or both."""
    written: dict[str, Any] = {"text": text}
    if thought:
        written["thought"] = True
    if signature:
        written["thoughtSignature"] = signature
    return written


def write_call(call: ToolCall, where: str, losses: list[Loss]) -> dict[str, Any]:
    """A call, whole, with its signature."""
    written: dict[str, Any] = {"functionCall": {"name": call.name, "args": _arguments(call, where, losses)}}
    if call.id:
        written["functionCall"]["id"] = call.id
    if call.signature:
        written["thoughtSignature"] = call.signature
    return written


def _arguments(call: ToolCall, where: str, losses: list[Loss]) -> dict[str, Any]:
    try:
        arguments = orjson.loads(call.arguments)
    except orjson.JSONDecodeError:
        arguments = None
    if isinstance(arguments, dict):
        return arguments
    losses.append(Loss(f"{where}.tool_call.arguments", "Gemini takes an object, and this is none"))
    return {"arguments": call.arguments}


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
