"""Gemini: the turns of a client's request, read."""

from collections.abc import Mapping
from typing import Any

from casecraft.core.chat import Content, Image, Loss, Message, Part, Text, ToolResult
from casecraft.wire.answers import string
from casecraft.wire.body import encode_body
from casecraft.wire.gemini.field_names import with_camel_names
from casecraft.wire.gemini.parts_reading import add_text, read_call, read_media
from casecraft.wire.request_fields import RequestFields, numbered, objects, wrong

# What says more about a part than its kind, and of what kind it may be.
KINDS = ("text", "functionCall", "functionResponse", "inlineData", "fileData")


def read_messages(fields: RequestFields) -> tuple[Message, ...]:
    """The system's message, where there is one, and the turns. Raises `InvalidRequestError`."""
    turns = _Turns(fields.losses)
    messages: list[Message] = []
    system = fields.take_of("systemInstruction", dict)
    if system is not None:
        messages.append(Message("system", turns.read(system, "systemInstruction")))
    for where, turn in numbered(fields.take_list("contents"), "contents"):
        role = turn.get("role") or "user"
        if role not in ("user", "model", "function"):
            raise wrong(f"{where}.role", "must be 'user' or 'model'")
        messages.append(Message("assistant" if role == "model" else "user", turns.read(turn, where)))
    return tuple(messages)


class _Turns:
    """Reads turn after turn: results without ids belong to the first open call of their tool."""

    def __init__(self, losses: list[Loss]) -> None:
        self._losses = losses
        self._calls = 0
        self._open: list[tuple[str, str]] = []
        """Name and id of each call that has no result yet."""

    def read(self, turn: Mapping[str, Any], where: str) -> Content:
        parts: list[Part] = []
        sent = objects(turn.get("parts"), f"{where}.parts")
        for place, part in numbered(sent, f"{where}.parts"):
            self._add(parts, with_camel_names(part), place)
        if not parts:
            return ""
        if len(parts) == 1 and isinstance(parts[0], Text):
            return parts[0].text
        return tuple(parts)

    def _add(self, parts: list[Part], part: Mapping[str, Any], where: str) -> None:
        kind = next((kind for kind in KINDS if part.get(kind) is not None), None)
        if kind == "text":
            add_text(parts, part)
            return
        if kind == "functionCall":
            parts.append(self._call(part, where))
            return
        if part.get("thoughtSignature"):
            self._losses.append(Loss(f"{where}.signature", "it stands on no text and no call", harmless=True))
        if kind == "functionResponse":
            parts.append(self._result(part, where))
        elif kind is None:
            names = ", ".join(repr(name) for name in part) or "nothing"
            raise wrong(where, f"holds {names}, which cannot be passed on; {', '.join(KINDS)} can")
        else:
            parts.append(_image(part, where))

    def _call(self, part: Mapping[str, Any], where: str) -> Part:
        call = read_call(part, f"call_{self._calls}")
        if not call.name:
            raise wrong(f"{where}.functionCall.name", "must be text")
        self._calls += 1
        self._open.append((call.name, call.id))
        return call

    def _result(self, part: Mapping[str, Any], where: str) -> Part:
        result = part["functionResponse"]
        if not isinstance(result, dict) or not isinstance(result.get("name"), str):
            raise wrong(f"{where}.functionResponse.name", "must be text")
        name, call_id = result["name"], string(result.get("id"))
        answered = next((each for each in self._open if call_id in ("", each[1]) and each[0] == name), None)
        if answered is not None:
            self._open.remove(answered)
            call_id = answered[1]
        text, is_error = _output(result.get("response"))
        images = tuple(
            _image(with_camel_names(each), place)
            for place, each in numbered(objects(result.get("parts"), f"{where}.parts"), f"{where}.parts")
        )
        if not images:
            return ToolResult(call_id, text, name, is_error)
        return ToolResult(call_id, (Text(text), *images) if text else images, name, is_error)


def _output(response: object) -> tuple[str, bool]:
    """What a tool gave, and whether that is an error. An object without those two keys is all output."""
    if isinstance(response, dict) and len(response) == 1:
        for key in ("output", "error"):
            if key in response:
                return _text(response[key]), key == "error"
    return _text(response), False


def _text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else encode_body(value).decode()


def _image(part: Mapping[str, Any], where: str) -> Image:
    try:
        image = read_media(part)
    except ValueError as error:
        raise wrong(where, f"holds {error}, which cannot be passed on") from error
    if image is None:
        raise wrong(where, "must hold an image")
    return image
