"""OpenAPI documents that tests write."""

import json
from pathlib import Path
from typing import Any


def things(count: int, **changes: dict[str, Any]) -> dict[str, Any]:
    """A document of `count` endpoints, every other one a POST with a body. `changes` replaces operations by path."""
    paths = {f"/things{number:03}/{{id}}": _operations(number) for number in range(count)}
    return {
        "openapi": "3.0.3",
        "info": {"title": "Things", "version": "1"},
        "paths": {**paths, **changes},
    }


def write_things(path: Path, count: int, **changes: dict[str, Any]) -> Path:
    """That document as a file, in a folder made for it where there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(things(count, **changes)), encoding="utf-8")
    return path


def _operations(number: int) -> dict[str, Any]:
    identifier = {
        "name": "id", "in": "path", "required": True,
        "schema": {"type": "integer", "minimum": 1, "maximum": 9999}, "example": 7 + number,
    }  # fmt: skip
    operation: dict[str, Any] = {"tags": [f"group{number % 5}"], "parameters": [identifier]}
    if number % 2:
        return {"get": {**operation, "responses": {"200": {"description": "The thing."}}}}
    schema = {
        "type": "object",
        "required": ["name"],
        "properties": {"name": {"type": "string", "maxLength": 40}, "amount": {"type": "number", "minimum": 0}},
    }
    content = {"application/json": {"schema": schema, "example": {"name": f"Thing {number}", "amount": number / 2}}}
    body = {"required": True, "content": content}
    return {"post": {**operation, "requestBody": body, "responses": {"201": {"description": "Made."}}}}
