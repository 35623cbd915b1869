"""Huge bodies: few, harmless, refused, and never written out."""

from pathlib import Path
from typing import Any

import pytest

from casecraft.cases.raw_bodies import HUGE
from casecraft.cases.scenarios import chain
from casecraft.core.case import Case, Repeat
from tests.cases.scenarios.shop import PET, TEXT, Json, chained, item, operation, pets, results_of

NEW: Json = {"type": "object", "required": ["name"], "properties": {"name": TEXT}}


def huge_in(made: Any) -> dict[str, Case]:
    return {result.endpoint.id: case for result in made.results for case in result.cases if "body:huge" in case.targets}


def making(body: Json | None = None, **more: Any) -> Json:
    return {"post": operation({"201": PET, "413": None}, NEW if body is None else body, **more)}


def test_one_endpoint_of_a_tag_gets_a_huge_body_that_is_refused(tmp_path: Path) -> None:
    found = huge_in(chained(tmp_path, pets()))
    assert set(found) == {"POST /pets"}
    case = found["POST /pets"]
    assert case.request.raw_body == (Repeat('"'), Repeat("x", HUGE), Repeat('"'))
    assert (case.id, case.valid, case.technique) == ("post.pets--body:huge", False, "error_guessing")
    assert case.expect.status == ("4XX",)


def test_each_tag_gets_one_and_the_plainest_path_has_it(tmp_path: Path) -> None:
    paths = {
        "/a/{petId}": item(put=operation({"200": PET}, NEW, tags=["one"])),
        "/b": making(tags=["one"]),
        "/c": making(tags=["one", "two"]),
        "/d": making(tags=["two"]),
        "/e/f": making(),
        "/e": making(),
    }
    assert set(huge_in(chained(tmp_path, paths))) == {"POST /b", "POST /d", "POST /e"}


def test_documented_sizes_are_expected(tmp_path: Path) -> None:
    (case,) = huge_in(chained(tmp_path, {"/a": making()})).values()
    assert case.expect.status == (413, 400)


@pytest.mark.parametrize("body", [{}, {"type": ["object", "string"]}, TEXT])
def test_where_a_string_is_right_none_is_sent(tmp_path: Path, body: Json) -> None:
    assert not huge_in(chained(tmp_path, {"/a": making(body)}))


def test_the_path_of_a_huge_body_leads_to_what_exists(tmp_path: Path) -> None:
    paths = pets()
    del paths["/pets"]["post"]["requestBody"]
    (case,) = huge_in(chained(tmp_path, paths)).values()
    assert (case.request.method, [binding.place for binding in case.bindings]) == ("PUT", ["/path_params/petId"])


def test_only_rules_and_their_technique_make_huge_bodies(tmp_path: Path) -> None:
    results = results_of(tmp_path, pets())
    assert not huge_in(chain(results, fill=False))
    assert not huge_in(chain(results, techniques={"security"}))
    assert huge_in(chain(results, techniques={"error_guessing"}))
