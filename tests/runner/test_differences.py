"""What a change of the document means for endpoints and cases."""

import json
from pathlib import Path
from typing import Any

import pytest

import casecraft
from casecraft.api import Difference
from casecraft.errors import SuiteError


def document(paths: dict[str, Any]) -> dict[str, Any]:
    return {"openapi": "3.1.0", "info": {"title": "Things", "version": "1"}, "paths": paths}


def listing(maximum: int = 100, **more: Any) -> dict[str, Any]:
    limit = {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": maximum}}
    return {"get": {"parameters": [limit], "responses": {"200": {"description": "ok"}, "400": {"description": "no"}}}}


PLAIN = {"get": {"responses": {"200": {"description": "ok"}}}}
OLD = document({"/a": listing(), "/b": PLAIN, "/c": PLAIN})
NEW = document({"/a": listing(90), "/b": PLAIN, "/d": PLAIN})


@pytest.fixture
def paths(tmp_path: Path) -> tuple[Path, Path]:
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    old.write_text(json.dumps(OLD))
    new.write_text(json.dumps(NEW))
    return old, new


def made(old: Path) -> Path:
    suite = old.parent / "suite"
    casecraft.generate(old, providers=["rules"], output=suite, state_dir=old.parent / "state")
    return suite


def check(found: Difference) -> None:
    assert (found.new_endpoints, found.changed_endpoints, found.stale_endpoints) == (
        ("GET /d",),
        ("GET /a",),
        ("GET /c",),
    )
    assert found.unchanged == 1
    assert not found.is_empty
    assert {case.endpoint_id for case in found.new_cases} == {"GET /d"}
    assert {case.endpoint_id for case in found.stale_cases} == {"GET /c"}
    changed = {case.id for case in found.changed_cases}
    assert "get.a--query.limit:above-maximum" in changed
    assert "get.a--query.limit:below-minimum" not in changed
    assert {case.endpoint_id for case in found.changed_cases} == {"GET /a"}


def test_two_documents(paths: tuple[Path, Path]) -> None:
    check(casecraft.diff(*paths))


def test_a_suite_and_a_document(paths: tuple[Path, Path]) -> None:
    check(casecraft.diff(made(paths[0]), paths[1]))


def test_what_is_the_same_differs_in_nothing(paths: tuple[Path, Path]) -> None:
    suite = made(paths[0])
    for old in (suite, paths[0]):
        found = casecraft.diff(old, paths[0])
        assert found.is_empty
        assert (found.unchanged, found.new_cases, found.changed_cases, found.stale_cases) == (3, (), (), ())


def test_a_persons_case_is_stale_where_it_no_longer_conforms(paths: tuple[Path, Path]) -> None:
    suite = made(paths[0])
    file = suite / "cases" / "get.a.json"
    content = json.loads(file.read_text())
    source = {"provider": "person"}
    for name, limit in (("mine-95", 95), ("mine-50", 50)):
        request = {"query": {"limit": limit}}
        content["cases"].append(
            {"id": name, "valid": True, "request": request, "expect": {"status": [200]}, "source": source}
        )
    file.write_text(json.dumps(content))
    found = casecraft.diff(suite, paths[1])
    (stale,) = (case for case in found.stale_cases if case.endpoint_id == "GET /a")
    assert stale.id == "mine-95"
    assert "no longer conforms" in stale.reason


def test_a_models_case_that_still_conforms_needs_no_new_one(paths: tuple[Path, Path]) -> None:
    suite = made(paths[0])
    file = suite / "cases" / "get.a.json"
    content = json.loads(file.read_text())
    name = "get.a--query.limit:above-maximum"
    (case,) = (case for case in content["cases"] if case["id"] == name)
    case.update(id="of-a-model", source={"provider": "glm", "model": "glm-4"})
    case["request"]["query"]["limit"] = 500
    file.write_text(json.dumps(content))
    found = casecraft.diff(suite, paths[1])
    assert name not in {case.id for case in (*found.new_cases, *found.changed_cases)}
    assert "of-a-model" not in {case.id for case in found.stale_cases}


def test_what_is_new_about_an_endpoint_is_new(paths: tuple[Path, Path]) -> None:
    more = json.loads(json.dumps(OLD))
    more["paths"]["/b"]["get"]["parameters"] = [{"name": "q", "in": "query", "schema": {"type": "boolean"}}]
    paths[1].write_text(json.dumps(more))
    found = casecraft.diff(*paths)
    assert found.changed_endpoints == ("GET /b",)
    assert "get.b--query.q:wrong-type" in {case.id for case in found.new_cases}
    assert not found.stale_cases


def test_the_new_side_is_a_document(paths: tuple[Path, Path]) -> None:
    suite = made(paths[0])
    with pytest.raises(SuiteError, match="is a folder"):
        casecraft.diff(paths[0], suite)
    manifest = json.loads((suite / "suite.json").read_text())
    for row in manifest["endpoints"]:
        del row["fingerprint"]
    (suite / "suite.json").write_text(json.dumps(manifest))
    with pytest.raises(SuiteError, match="does not say what its endpoints were like"):
        casecraft.diff(suite, paths[1])
