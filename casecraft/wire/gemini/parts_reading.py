"""Gemini: the parts of a turn, read."""

from collections.abc import Mapping
from typing import Any

from casecraft.core.chat import Image, Part, Reasoning, Text, ToolCall
from casecraft.wire.answers import mapping, string
from casecraft.wire.body import encode_body
from casecraft.wire.data_urls import decode_base64, read_image


def add_text(parts: list[Part], part: Mapping[str, Any]) -> None:
    """Text or a thought. The pieces of a streamed thought are one: its signature is that of all of it."""
    text, signature = string(part.get("text")), string(part.get("thoughtSignature"))
    if part.get("thought") is True:
        last = parts[-1] if parts else None
        if isinstance(last, Reasoning) and last.text and not last.signature:
            parts[-1] = Reasoning(f"{last.text}{text}", signature)
        elif text or signature:
            parts.append(Reasoning(text, signature))
        return
    if signature:
        parts.append(Reasoning("", signature))
    if text:
        parts.append(Text(text))


def read_call(part: Mapping[str, Any], new_id: str) -> ToolCall:
    """A call; it gets the new id where the vendor gave none."""
    call = mapping(part.get("functionCall"))
    call_id = string(call.get("id")) or new_id
    return ToolCall(call_id, string(call.get("name")), read_arguments(call), string(part.get("thoughtSignature")))


def read_arguments(call: Mapping[str, Any]) -> str:
    """The arguments of a call as JSON text."""
    arguments = call.get("args")
    return "{}" if arguments is None else encode_body(arguments).decode()


def read_media(part: Mapping[str, Any]) -> Image | None:
    """The image in a part, None where it holds none. Raises `ValueError` for other media and for broken base64."""
    inline = mapping(part.get("inlineData"))
    source = inline or mapping(part.get("fileData"))
    if not source:
        return None
    media_type = string(source.get("mimeType") or source.get("mime_type"))
    if media_type and not media_type.startswith("image/"):
        raise ValueError(f"media of type {media_type!r}")
    if inline:
        return Image(decode_base64(string(source.get("data"))), media_type)
    image = read_image(string(source.get("fileUri") or source.get("file_uri")))
    return Image(image.data, image.media_type or media_type, image.url)
