"""Anthropic Messages: content blocks that requests and answers have in common, written."""

import re
from base64 import b64encode
from typing import Any

import orjson

from casecraft.core.chat import Image, Loss, Reasoning, ToolCall

IMAGE_TYPES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})

# What an id of a tool call may not hold; others refuse nothing there, and Kimi's ids have dots and colons.
NOT_IN_IDS = re.compile(r"[^a-zA-Z0-9_-]")


def write_text(text: str) -> dict[str, Any]:
    """A block of text."""
    return {"type": "text", "text": text}


def write_reasoning(part: Reasoning) -> dict[str, Any]:
    """What the model thought, its signature as it came."""
    if part.redacted:
        return {"type": "redacted_thinking", "data": part.signature}
    return {"type": "thinking", "thinking": part.text, "signature": part.signature}


def write_call(call: ToolCall, where: str, losses: list[Loss]) -> dict[str, Any]:
    """A tool call, whole."""
    return {
        "type": "tool_use",
        "id": write_id(call.id, where, losses),
        "name": call.name,
        "input": write_input(call.arguments, where, losses),
    }


def write_id(call_id: str, where: str, losses: list[Loss]) -> str:
    """An id of a call in the letters that Messages allows. A call and its result get the same."""
    allowed = NOT_IN_IDS.sub("_", call_id) or "_"
    if allowed != call_id:
        losses.append(Loss(f"{where}.id", "an id has letters, digits, _ and - alone", harmless=True))
    return allowed


def write_input(arguments: str, where: str, losses: list[Loss]) -> dict[str, Any]:
    """Arguments as the object that Messages wants. Text that is none goes in whole, under `arguments`."""
    try:
        value = orjson.loads(arguments)
    except orjson.JSONDecodeError:
        value = None
    if isinstance(value, dict):
        return value
    if not arguments.strip():
        losses.append(Loss(f"{where}.arguments", "no arguments are written as an empty object", harmless=True))
        return {}
    losses.append(Loss(f"{where}.arguments", "they are no JSON object, so their text goes under 'arguments'"))
    return {"arguments": arguments}


def write_image(image: Image, where: str, losses: list[Loss]) -> dict[str, Any] | None:
    """An image, or None where Messages does not take its type."""
    if image.url:
        return {"type": "image", "source": {"type": "url", "url": image.url}}
    if image.media_type not in IMAGE_TYPES:
        losses.append(Loss(f"{where}.image", f"Messages takes no {image.media_type!r}"))
        return None
    data = b64encode(image.data).decode()
    return {"type": "image", "source": {"type": "base64", "media_type": image.media_type, "data": data}}
