"""What people did to a suite stays when it is made anew, or is said to be stale: it never goes silently."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import casecraft
from casecraft.errors import SuiteError

DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Things", "version": "1"},
    "paths": {
        "/things": {
            "get": {
                "parameters": [
                    {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 100}}
                ],
                "responses": {"200": {"description": "ok"}, "400": {"description": "wrong"}},
            }
        },
        "/others": {"get": {"responses": {"200": {"description": "ok"}}}},
    },
}
FILE = "cases/get.things.json"


class Workshop:
    """A document, the suite that is made from it, and a person who edits."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.suite = folder, folder / "suite"
        self.document = json.loads(json.dumps(DOCUMENT))

    def make(self) -> casecraft.Summary:
        path = self.folder / "things.json"
        path.write_text(json.dumps(self.document))
        return casecraft.generate(path, providers=["rules"], output=self.suite, state_dir=self.folder / "state")

    def cases(self, file: str = FILE) -> dict[str, dict[str, Any]]:
        return {case["id"]: case for case in self.read(file)["cases"]}

    def read(self, file: str) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.suite / file).read_text())
        return content

    def edit(self, change: Callable[[list[dict[str, Any]]], None], file: str = FILE) -> None:
        content = self.read(file)
        change(content["cases"])
        (self.suite / file).write_text(json.dumps(content, indent=7))

    @property
    def limit(self) -> dict[str, Any]:
        schema: dict[str, Any] = self.document["paths"]["/things"]["get"]["parameters"][0]["schema"]
        return schema


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    shop = Workshop(tmp_path)
    shop.make()
    return shop


MINE = {
    "id": "mine",
    "title": "Fifty is a good page",
    "valid": True,
    "request": {"query": {"limit": 50}},
    "expect": {"status": [200]},
    "note": "asked for by support",
}


def reworded(cases: list[dict[str, Any]]) -> None:
    next(case for case in cases if case["valid"])["title"] = "In a person's words"


def added(cases: list[dict[str, Any]]) -> None:
    cases.append(MINE)


def turned(cases: list[dict[str, Any]]) -> None:
    cases[:] = [dict(reversed(case.items())) for case in reversed(cases)]


def test_layout_alone_is_no_change(shop: Workshop) -> None:
    before = shop.cases()
    shop.edit(turned)
    shop.make()
    assert shop.cases() == before
    assert all(case["source"]["provider"] == "rules" for case in before.values())


@pytest.mark.parametrize("changed", [False, True])
def test_an_edited_case_stays_as_it_is_and_is_marked(shop: Workshop, changed: bool) -> None:
    before = shop.cases()
    shop.edit(reworded)
    if changed:
        shop.limit["maximum"] = 90
    for _ in range(2):  # for good
        summary = shop.make()
        (kept,) = (case for case in shop.cases().values() if case.get("edited"))
        assert kept["title"] == "In a person's words"
        assert kept["source"] == {"provider": "person", "model": None}
        assert {**kept, **{key: before[kept["id"]][key] for key in ("title", "source")}} == {
            **before[kept["id"]],
            "edited": True,
        }
        assert summary.manifest["counts"]["by_provider"]["person"] == 1
    assert (shop.cases() | {kept["id"]: None} == before | {kept["id"]: None}) is not changed


def test_an_added_case_stays_with_all_that_the_person_wrote(shop: Workshop) -> None:
    shop.edit(added)
    shop.limit["maximum"] = 90
    shop.make()
    case = shop.cases()["mine"]
    assert case["note"] == MINE["note"]
    assert case["title"] == MINE["title"]
    assert case["source"] == {"provider": "person", "model": None}
    assert "edited" not in case
    assert case["request"]["path"] == "/things"
    assert (case["priority"], case["technique"]) == ("P1", "equivalence_partitioning")


def test_what_does_not_conform_any_longer_is_stale_until_it_does_again(shop: Workshop) -> None:
    shop.edit(added)
    shop.limit["maximum"] = 40
    for _ in range(2):
        summary = shop.make()
        assert "mine" not in shop.cases()
        (stale,) = shop.read("stale.json")["cases"]
        assert stale["case"] == MINE
        assert stale["endpoint"] == "GET /things"
        assert "no longer conforms: query.limit" in stale["reason"]
        assert summary.manifest["counts"]["stale"] == 1
    shop.limit["maximum"] = 60
    shop.make()
    assert "mine" in shop.cases()
    assert not (shop.suite / "stale.json").exists()


def test_an_invalid_case_in_which_nothing_is_wrong_any_more_is_stale(shop: Workshop) -> None:
    wrong = {**MINE, "valid": False, "request": {"query": {"limit": 150}}, "expect": {"status": ["4XX"]}}
    shop.edit(lambda cases: cases.append(wrong))
    shop.make()
    assert "mine" in shop.cases()
    shop.limit["maximum"] = 200
    shop.make()
    assert shop.read("stale.json")["cases"][0]["reason"] == "nothing in its request is wrong any more"


def test_the_case_of_an_endpoint_that_is_gone_is_stale(shop: Workshop) -> None:
    shop.edit(added)
    del shop.document["paths"]["/things"]
    shop.make()
    assert not (shop.suite / FILE).exists()
    assert "its endpoint is not in the document" in shop.read("stale.json")["cases"][0]["reason"]


def test_a_case_whose_resource_is_gone_is_stale(shop: Workshop) -> None:
    binding = {"place": "/query/limit", "step": "made-nowhere", "source": "/id"}
    unique = {"place": "/query/limit", "step": "run", "source": "unique:integer"}
    shop.edit(lambda cases: cases.extend([{**MINE, "bindings": [binding]}, {**MINE, "id": "b", "bindings": [unique]}]))
    shop.make()
    (stale,) = shop.read("stale.json")["cases"]
    assert stale["reason"] == "it needs 'made-nowhere', which the suite makes no more"
    assert shop.cases()["b"]["bindings"] == [unique]


def test_what_is_no_case_is_stale_with_the_reason(shop: Workshop) -> None:
    shop.edit(lambda cases: cases.append({"id": "half", "valid": True, "expect": {"status": [200]}}))
    shop.make()
    assert "'request' is missing" in shop.read("stale.json")["cases"][0]["reason"]


def test_a_file_that_cannot_be_read_is_not_written_over(shop: Workshop) -> None:
    (shop.suite / FILE).write_text("{")
    with pytest.raises(SuiteError, match=r"get\.things\.json' is no JSON"):
        shop.make()
    assert (shop.suite / FILE).read_text() == "{"


def test_a_suite_from_before_digests_is_taken_as_generated(shop: Workshop) -> None:
    (shop.suite / "generated.json").unlink()
    shop.edit(added)
    shop.make()
    assert "mine" not in shop.cases()


@pytest.mark.parametrize(
    ("types", "expected"),
    [
        (["application/json"], "application/json"),
        (["application/x-www-form-urlencoded", "application/vnd.thing+json"], "application/vnd.thing+json"),
        (["application/x-www-form-urlencoded"], "application/x-www-form-urlencoded"),
        (["*/*"], "application/json"),
    ],
)
def test_added_bodies_need_no_content_type(shop: Workshop, types: list[str], expected: str) -> None:
    schema = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
    body = {"required": True, "content": {name: {"schema": schema} for name in types}}
    shop.document["paths"]["/things"]["post"] = {"requestBody": body, "responses": {"201": {"description": "ok"}}}
    shop.make()
    added = {"id": "p3", "valid": True, "request": {"body": {"name": "Rex"}}, "expect": {"status": [201]}}
    shop.edit(lambda cases: cases.append(added), "cases/post.things.json")
    shop.make()
    assert shop.cases("cases/post.things.json")["p3"]["request"]["content_type"] == expected
