"""References to other files: which are followed, and which must never be."""

import json
from pathlib import Path
from typing import Any

import pytest

from casecraft.core.document import Document
from casecraft.errors import DocumentLimitError
from casecraft.spec import Limits, load, split
from casecraft.spec import source as sources

SPECS = Path(__file__).parents[2] / "specs"


def write(folder: Path, response: Any) -> str:
    content = {
        "openapi": "3.0.3",
        "info": {"title": "T", "version": "1"},
        "paths": {"/a": {"get": {"responses": {"200": response}}}},
    }
    folder.mkdir(exist_ok=True)
    (folder / "openapi.json").write_text(json.dumps(content))
    return str(folder / "openapi.json")


def references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [each for child in value.values() for each in references(child)]
    return [each for child in value for each in references(child)] if isinstance(value, list) else []


def description_of(document: Document) -> str:
    return split(document)[0].responses[0].description


def test_brings_files_of_its_own_folder_inside() -> None:
    document = load(str(SPECS / "catalogue/openapi.yaml"))
    assert document.problems == ()
    assert sorted(document.root["x-casecraft-files"]) == ["paths.yaml", "schemas/product.yaml"]
    assert all(reference.startswith("#/") for reference in references(document.root))
    (endpoint,) = split(document)
    assert endpoint.body is not None
    product = endpoint.definitions.resolve(endpoint.body.media_types[0].schema)
    assert isinstance(product, dict)
    assert product["properties"]["parts"]["items"] == endpoint.body.media_types[0].schema
    stored = endpoint.response_definitions.resolve(endpoint.responses[0].media_types[0].schema)
    assert isinstance(stored, dict)
    assert list(stored["properties"]) == ["product"]


@pytest.mark.parametrize(
    "reference",
    [
        "/etc/passwd",
        "file:///etc/passwd",
        "../secret.yaml#/a",
        "sub/../../secret.yaml",
        "http://127.0.0.1:1/x.yaml",
        "link.yaml#/a",
        "%2e%2e/secret.yaml",
    ],
)
def test_never_reads_outside_without_leave(reference: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret.yaml").write_text("a: {description: secret}\n")
    source = write(tmp_path / "own", {"$ref": reference})
    (tmp_path / "own" / "link.yaml").symlink_to(tmp_path / "secret.yaml")
    read: list[str] = []
    really_read = sources.read
    monkeypatch.setattr(sources, "read", lambda place, limit: read.append(place) or really_read(place, limit))
    document = load(source)
    assert read == [source]
    (problem,) = document.problems
    assert problem.location == "/paths/~1a/get/responses/200/$ref"
    assert repr(reference) in problem.message
    assert "--allow-external-refs" in problem.message
    assert all(each.startswith("#/") for each in references(document.root))
    assert reference in " ".join(split(document)[0].notes)


def test_reads_other_folders_with_leave(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other/r.yaml").write_text("ok: {$ref: 's.yaml#/deep'}\n")
    (tmp_path / "other/s.yaml").write_text("deep: {description: reached}\n")
    document = load(write(tmp_path / "own", {"$ref": "../other/r.yaml#/ok"}), allow_external_refs=True)
    assert document.problems == ()
    assert description_of(document) == "reached"
    assert sorted(document.root["x-casecraft-files"]) == ["../other/r.yaml", "../other/s.yaml"]


def test_a_file_may_refer_back_to_the_document(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own/r.yaml").write_text("ok: {description: back, x: {$ref: 'openapi.json#/info'}}\n")
    document = load(write(tmp_path / "own", {"$ref": "r.yaml#/ok"}))
    assert references(document.root["x-casecraft-files"]) == ["#/info"]


def test_a_missing_file_is_a_problem(tmp_path: Path) -> None:
    document = load(write(tmp_path, {"$ref": "none.yaml#/a"}))
    (problem,) = document.problems
    assert problem.location == "/paths/~1a/get/responses/200/$ref"
    assert problem.message.startswith("`$ref` 'none.yaml#/a' cannot be followed: there is no file ")


def test_limits_count_all_files_together(tmp_path: Path) -> None:
    source = write(tmp_path, {"$ref": "r.yaml#/a"})
    (tmp_path / "r.yaml").write_text("a: {description: " + "x" * 300 + ", x: {$ref: s.yaml}}\n")
    (tmp_path / "s.yaml").write_text("description: " + "x" * 300 + "\n")
    size = sum(path.stat().st_size for path in tmp_path.iterdir())
    load(source, limits=Limits(max_bytes=size))
    with pytest.raises(DocumentLimitError):
        load(source, limits=Limits(max_bytes=size - 1))


def test_references_of_3_1_by_id_and_anchor() -> None:
    document = load(str(SPECS / "sensors-3.1.json"))
    assert set(references(document.root)) == {
        "#/components/schemas/Reading",
        "#/components/schemas/Reading/$defs/value",
        "#/components/schemas/Reading/$defs/unit",
    }
