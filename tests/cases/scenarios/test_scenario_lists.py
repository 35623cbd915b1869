"""Scenarios of lists and of what may not be there twice; which answers are lists that can be checked."""

from pathlib import Path
from typing import Any

import pytest

from casecraft.cases.scenarios import chain
from casecraft.core.scenario import Listing
from tests.cases.scenarios.shop import PET, TEXT, bound, chained, operation, pets, results_of, scenarios_of

LIMIT = {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 50}}
NAMED = {"type": "object", "required": ["name", "age"], "properties": {"name": TEXT, "age": {"type": "integer"}}}


def with_listing(answer: dict[str, Any], *parameters: dict[str, Any]) -> dict[str, Any]:
    paths = pets()
    paths["/pets"]["get"] = operation({"200": answer}, parameters=list(parameters))
    return paths


def test_no_more_items_than_asked_for(tmp_path: Path) -> None:
    made = chained(tmp_path, with_listing({"type": "array", "items": PET}, LIMIT))
    page = scenarios_of(made)["pets--page"]
    assert [step.id for step in page.steps] == ["create", "create-second", "list"]
    assert page.steps[-1].request.query == {"limit": 1}
    assert [bound(step)["/path_params/petId"][0] for step in page.cleanup] == ["create", "create-second"]
    assert made.listings == {"GET /pets": Listing("", "limit", ())}


def test_a_list_whose_limit_may_not_be_one_has_no_page(tmp_path: Path) -> None:
    limit = {**LIMIT, "schema": {"type": "integer", "minimum": 10}}
    assert "pets--page" not in scenarios_of(chained(tmp_path, with_listing({"type": "array", "items": PET}, limit)))


@pytest.mark.parametrize(
    ("field", "asked", "filters"),
    [
        ({"enum": ["new", "sold"]}, {"enum": ["sold"]}, ("state",)),
        ({"enum": ["new", "sold"]}, {"enum": ["sold", "any"]}, ()),
        ({"enum": ["new", "sold"]}, {"type": "string"}, ()),
        ({"type": "string"}, {"enum": ["sold"]}, ()),
    ],
)
def test_a_filter_is_a_field_with_no_other_values(
    tmp_path: Path, field: dict[str, Any], asked: dict[str, Any], filters: tuple[str, ...]
) -> None:
    pet = {"type": "object", "properties": {"id": {"type": "integer"}, "state": field}}
    page = {"type": "object", "properties": {"total": {"type": "integer"}, "items": {"type": "array", "items": pet}}}
    parameter = {"name": "state", "in": "query", "schema": asked}
    made = chained(tmp_path, with_listing(page, parameter))
    assert made.listings == ({"GET /pets": Listing("/items", None, filters)} if filters else {})


def test_of_two_lists_in_an_answer_none_is_meant(tmp_path: Path) -> None:
    pets = {"type": "array", "items": PET}
    page = {"type": "object", "properties": {"pets": pets, "others": pets}}
    assert chained(tmp_path, with_listing(page, LIMIT)).listings == {}


def test_the_same_a_second_time_is_a_conflict(tmp_path: Path) -> None:
    made = chained(tmp_path, {"/users": {"post": operation({"201": PET, "409": None}, NAMED)}})
    first, again = scenarios_of(made)["users--duplicate"].steps
    assert (first.expect.status, again.expect.status) == ((201,), (409,))
    assert bound(first) == {"/body/name": ("run", "unique")}
    assert bound(again) == {"/body/name": ("create", "request:/body/name")}


@pytest.mark.parametrize(
    "posted",
    [
        operation({"201": PET}, NAMED),
        operation({"201": PET, "409": None}, {"type": "object", "required": ["age"], "properties": {"age": {}}}),
        operation(
            {"201": PET, "409": None},
            NAMED,
            parameters=[{"name": "Idempotency-Key", "in": "header", "required": True, "schema": TEXT}],
        ),
    ],
)
def test_without_409_or_a_name_or_with_a_key_there_is_no_second_time(tmp_path: Path, posted: dict[str, Any]) -> None:
    assert "users--duplicate" not in scenarios_of(chained(tmp_path, {"/users": {"post": posted}}))


def test_techniques_that_are_not_wanted_give_nothing(tmp_path: Path) -> None:
    results = results_of(tmp_path, pets())
    assert chain(results, techniques={"scenario_testing"}).scenarios
    bounds = chain(results, techniques={"boundary_value_analysis"})
    assert bounds.scenarios == ()
    assert not any("unknown" in case.id for result in bounds.results for case in result.cases)
    whole = chain(results)
    assert any("unknown" in case.id for result in whole.results for case in result.cases)
