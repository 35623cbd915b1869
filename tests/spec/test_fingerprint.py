"""Fingerprints: what an endpoint reaches changes them, and nothing else does."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from casecraft.spec import load, split

DOCUMENT: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "T", "version": "1"},
    "servers": [{"url": "/v1"}],
    "security": [{"key": []}],
    "tags": [{"name": "a"}],
    "paths": {
        "/a": {
            "parameters": [{"name": "p", "in": "query", "schema": {"type": "string"}}],
            "get": {"responses": {"200": {"$ref": "#/components/responses/R"}}},
        },
        "/b": {"get": {"security": [], "servers": [{"url": "/b"}], "responses": {"204": {"description": "none"}}}},
        "/c": {"servers": [{"url": "/c"}], "get": {"security": [], "responses": {"204": {"description": "none"}}}},
    },
    "components": {
        "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "K"}, "other": {"type": "http"}},
        "responses": {
            "R": {"description": "r", "content": {"a/b": {"schema": {"$ref": "#/components/schemas/S"}}}},
        },
        "schemas": {
            "S": {"type": "object", "properties": {"t": {"$ref": "#/components/schemas/T"}}},
            "T": {"type": "string"},
            "U": {"type": "string"},
        },
    },
}


def fingerprints(tmp_path: Path, document: dict[str, Any]) -> dict[str, str]:
    (tmp_path / "x.json").write_text(json.dumps(document))
    return {endpoint.path: endpoint.fingerprint for endpoint in split(load(str(tmp_path / "x.json")))}


def reverse_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: reverse_keys(value[key]) for key in reversed(value)}
    return [reverse_keys(each) for each in value] if isinstance(value, list) else value


CHANGES: dict[str, tuple[Callable[[dict[str, Any]], Any], set[str]]] = {
    "schema reached over others": (lambda d: d["components"]["schemas"]["T"].update(maxLength=3), {"/a"}),
    "schema not reached": (lambda d: d["components"]["schemas"]["U"].update(maxLength=3), set()),
    "response": (lambda d: d["components"]["responses"]["R"].update(description="q"), {"/a"}),
    "parameter of the path": (lambda d: d["paths"]["/a"]["parameters"][0].update(required=True), {"/a"}),
    "operation": (lambda d: d["paths"]["/b"]["get"].update(summary="s"), {"/b"}),
    "security scheme used": (lambda d: d["components"]["securitySchemes"]["key"].update(name="L"), {"/a"}),
    "security scheme not used": (lambda d: d["components"]["securitySchemes"]["other"].update(scheme="x"), set()),
    "default security": (lambda d: d.update(security=[]), {"/a"}),
    "default server": (lambda d: d["servers"][0].update(url="/v2"), {"/a"}),
    "title": (lambda d: d["info"].update(title="U"), set()),
    "lost schema": (lambda d: d["components"]["schemas"].pop("T"), {"/a"}),
}


@pytest.mark.parametrize("name", CHANGES)
def test_changes_with_what_is_reached(tmp_path: Path, name: str) -> None:
    change, expected = CHANGES[name]
    document = copy.deepcopy(DOCUMENT)
    before = fingerprints(tmp_path, document)
    change(document)
    after = fingerprints(tmp_path, document)
    assert {path for path in before if before[path] != after[path]} == expected


def test_order_of_keys_does_not_matter(tmp_path: Path) -> None:
    assert fingerprints(tmp_path, DOCUMENT) == fingerprints(tmp_path, reverse_keys(DOCUMENT))


def test_is_a_sha_256_in_hexadecimal(tmp_path: Path) -> None:
    assert all(len(bytes.fromhex(each)) == 32 for each in fingerprints(tmp_path, DOCUMENT).values())


def test_what_inherits_from_a_base_is_reached_with_it(tmp_path: Path) -> None:
    base = {"type": "object", "discriminator": {"propertyName": "kind"}}
    heir = {"allOf": [{"$ref": "#/components/schemas/S"}]}
    changed = copy.deepcopy(DOCUMENT)
    changed["components"]["schemas"].update(S=base, Heir=heir)
    before = fingerprints(tmp_path, changed)
    heir["title"] = "An heir"
    after = fingerprints(tmp_path, changed)
    assert [path for path in before if before[path] != after[path]] == ["/a"]
