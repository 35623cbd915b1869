"""Converse: blocks of content, written and read. Requests and answers share them."""

import base64
import re
from collections.abc import Iterable, Mapping
from hashlib import blake2s
from typing import Any

import orjson

from casecraft.core.chat import Image, Loss, Part, Reasoning, Text, ToolCall, ToolResult
from casecraft.wire.answers import mapping, string
from casecraft.wire.body import encode_body
from casecraft.wire.data_urls import decode_base64

FORMATS: Mapping[str, str] = {
    "image/png": "png",
    "image/jpeg": "jpeg",
    "image/jpg": "jpeg",
    "image/gif": "gif",
    "image/webp": "webp",
}
S3 = "s3://"
CALL_ID = re.compile(r"[a-zA-Z0-9_.:-]{1,64}")

OTHER_VENDORS_ID = "Converse does not take ids like this; another stands for it"
NO_OBJECT = "the arguments are no JSON object, as Converse wants them; they go under `arguments`"
NO_SIGNATURE = "Converse has no signatures of calls"
FOREIGN_REASONING = "the redacted reasoning is not Bedrock's"
NO_SUCH_IMAGE = "Converse takes PNG, JPEG, GIF and WebP, by their bytes or from s3://"


class BlockWriter:
    """Writes blocks, and notes under the name of `where` they stand what they could not say."""

    __slots__ = ("_losses", "_prefix")

    def __init__(self, losses: list[Loss], where: str = "") -> None:
        self._losses = losses
        self._prefix = f"{where}." if where else ""

    def write(self, parts: Iterable[Part]) -> list[dict[str, Any]]:
        """The blocks of these parts; empty text, which Converse refuses, is left out."""
        return [block for part in parts if (block := self._block(part)) is not None]

    def _block(self, part: Part) -> dict[str, Any] | None:
        if isinstance(part, Text):
            return {"text": part.text} if part.text else None
        if isinstance(part, ToolCall):
            return {"toolUse": self._call(part)}
        if isinstance(part, ToolResult):
            return {"toolResult": self._result(part)}
        if isinstance(part, Reasoning):
            return self._reasoning(part)
        return self._image(part, "image")

    def _call(self, call: ToolCall) -> dict[str, Any]:
        if call.signature:
            self._lose("tool_call.signature", NO_SIGNATURE, harmless=True)
        given = read_object(call.arguments)
        if given is None:
            self._lose("tool_call.arguments", NO_OBJECT)
            given = {"arguments": call.arguments}
        return {"toolUseId": self._id(call.id, "tool_call.id"), "name": call.name, "input": given}

    def _result(self, result: ToolResult) -> dict[str, Any]:
        parts = (Text(result.content),) if isinstance(result.content, str) else result.content
        content: list[dict[str, Any]] = []
        for part in parts:
            if isinstance(part, Image):
                image = self._image(part, "tool_result.image")
                content += [image] if image is not None else []
            elif part.text:
                content.append({"text": part.text})
        block: dict[str, Any] = {"toolUseId": self._id(result.call_id, "tool_result.call_id"), "content": content}
        if result.is_error:
            block["status"] = "error"
        return block

    def _reasoning(self, part: Reasoning) -> dict[str, Any] | None:
        if part.redacted:
            if not is_base64(part.signature):
                self._lose("reasoning", FOREIGN_REASONING, harmless=True)
                return None
            return {"reasoningContent": {"redactedContent": part.signature}}
        text = {"text": part.text}
        if part.signature:
            text["signature"] = part.signature
        return {"reasoningContent": {"reasoningText": text}}

    def _image(self, image: Image, field: str) -> dict[str, Any] | None:
        kind = FORMATS.get(image.media_type.lower())
        if image.url.startswith(S3):
            kind = kind or FORMATS.get(f"image/{image.url.rpartition('.')[2].lower()}")
            source: dict[str, Any] = {"s3Location": {"uri": image.url}}
        else:
            source = {"bytes": base64.b64encode(image.data).decode()}
        if kind is None or (image.url and not image.url.startswith(S3)):
            self._lose(field, NO_SUCH_IMAGE)
            return None
        return {"image": {"format": kind, "source": source}}

    def _id(self, call_id: str, field: str) -> str:
        """An id that Converse takes: the same for a call and its result."""
        if CALL_ID.fullmatch(call_id):
            return call_id
        self._lose(field, OTHER_VENDORS_ID, harmless=True)
        return f"call_{blake2s(call_id.encode(), digest_size=12).hexdigest()}"

    def _lose(self, field: str, reason: str, *, harmless: bool = False) -> None:
        self._losses.append(Loss(f"{self._prefix}{field}", reason, harmless=harmless))


def read_object(text: str) -> dict[str, Any] | None:
    """The JSON object in a text, None where it holds none; no text at all is an empty one."""
    if not text.strip():
        return {}
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def is_base64(text: str) -> bool:
    """Whether a text stands for bytes."""
    try:
        return bool(decode_base64(text))
    except ValueError:
        return False


def read_call(block: Mapping[str, Any]) -> ToolCall:
    """The call in a `toolUse`."""
    given = block.get("input")
    arguments = given if isinstance(given, str) else encode_body({} if given is None else given).decode()
    return ToolCall(string(block.get("toolUseId")), string(block.get("name")), arguments or "{}")


def read_reasoning(block: Mapping[str, Any]) -> Reasoning:
    """The reasoning in a `reasoningContent`, redacted or not."""
    redacted = string(block.get("redactedContent"))
    if redacted:
        return Reasoning(signature=redacted, redacted=True)
    text = mapping(block.get("reasoningText"))
    return Reasoning(string(text.get("text")), string(text.get("signature")))


def read_image(block: Mapping[str, Any]) -> Image:
    """The image in an `image`. Raises `ValueError` where it has neither bytes nor a place."""
    media_type = f"image/{string(block.get('format'))}"
    source = mapping(block.get("source"))
    place = string(mapping(source.get("s3Location")).get("uri"))
    if place:
        return Image(url=place, media_type=media_type)
    data = decode_base64(string(source.get("bytes")))
    if not data:
        raise ValueError("no bytes")
    return Image(data, media_type)
