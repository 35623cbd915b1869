"""A service with boxes that can all be removed at once, and what its document says of it."""

import itertools
import json
from typing import Any

BOX = {"type": "object", "required": ["id", "size"], "properties": {"id": {"type": "integer"}, "size": {}}}
NEW = {
    "type": "object",
    "additionalProperties": False,
    "required": ["size"],
    "properties": {"size": {"type": "integer", "minimum": 1, "maximum": 9}, "label": {"type": "string"}},
}
NUMBER = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}}


def answers(**schemas: Any) -> dict[str, Any]:
    return {
        name.removeprefix("a"): {
            "description": "An answer.",
            **({"content": {"application/json": {"schema": schema}}} if schema else {}),
        }
        for name, schema in schemas.items()
    }


def operation(body: Any = None, **schemas: Any) -> dict[str, Any]:
    sent = {"requestBody": {"required": True, "content": {"application/json": {"schema": body}}}} if body else {}
    return {"responses": answers(**schemas), **sent}


DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "Boxes", "version": "1"},
    "paths": {
        "/boxes": {
            "get": operation(a200={"type": "array", "items": BOX}),
            "post": operation(NEW, a201=BOX, a422=None),
            "delete": operation(a204=None),
        },
        "/boxes/{id}": {
            "parameters": [NUMBER],
            "get": operation(a200=BOX, a404=None, a422=None),
            "put": operation(NEW, a200=BOX, a404=None, a422=None),
            "delete": operation(a204=None, a404=None, a422=None),
        },
    },
}


class Boxes:
    """An ASGI application. `requests` are the methods and paths that came; `most` is how many boxes there ever were."""

    def __init__(self) -> None:
        self.kept: dict[int, Any] = {}
        self.requests: list[tuple[str, str]] = []
        self.most = 0
        self.keeps = False
        self._numbers = itertools.count(1)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        self.requests.append((scope["method"], scope["path"]))
        status, answer = self.answer(scope["method"], scope["path"], body, scope["headers"])
        self.most = max(self.most, len(self.kept))
        headers = [(b"content-type", b"application/json")] if answer is not None else []
        headers += [(b"allow", b"GET")] if status == 405 else []
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(answer).encode() if answer is not None else b""})

    def answer(self, method: str, path: str, body: bytes, headers: Any) -> tuple[int, Any]:
        kind = dict(headers).get(b"content-type", b"")
        if path == "/boxes":
            return self.of_all(method, body, kind)
        text = path.removeprefix("/boxes/")
        if not text.isdecimal() or int(text) < 1:
            return 422, None
        return self.of_one(method, int(text), body, kind)

    def of_all(self, method: str, body: bytes, kind: bytes) -> tuple[int, Any]:
        if method == "GET":
            return 200, list(self.kept.values())
        if method == "DELETE":
            self.kept.clear()
            return 204, None
        if method != "POST":
            return 405, None
        new = read(body, kind)
        if new is None:
            return 422, None
        number = next(self._numbers)
        self.kept[number] = {**new, "id": number}
        return 201, self.kept[number]

    def of_one(self, method: str, number: int, body: bytes, kind: bytes) -> tuple[int, Any]:
        if method not in ("GET", "PUT", "DELETE"):
            return 405, None
        new = read(body, kind) if method == "PUT" else {}
        if new is None:
            return 422, None
        if number not in self.kept:
            return 404, None
        if method == "DELETE" and self.keeps:
            return 500, None
        if method == "DELETE":
            del self.kept[number]
            return 204, None
        self.kept[number] |= new
        return 200, self.kept[number]


def read(body: bytes, kind: bytes) -> Any:
    """What a body says; None where it says nothing that a box could be."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if kind != b"application/json" or not isinstance(value, dict) or not {*value} <= {"size", "label"}:
        return None
    size, label = value.get("size"), value.get("label", "")
    fits = isinstance(size, int) and not isinstance(size, bool) and 1 <= size <= 9 and isinstance(label, str)
    return value if fits else None
