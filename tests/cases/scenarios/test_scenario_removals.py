"""What is removed after a case that made it, and which cases are run alone."""

from pathlib import Path
from typing import Any

import pytest

from casecraft.core.scenario import Removal
from tests.cases.scenarios.shop import PET, TEXT, bound, cases_of, chained, item, named, operation, pets

NOTE: dict[str, Any] = {"type": "object", "properties": {"id": {"type": "integer"}, "text": TEXT}}


def removal_after(tmp_path: Path, endpoint: str, paths: dict[str, Any]) -> Removal | None:
    return next((it for it in chained(tmp_path, paths).removals if it.endpoint_id == endpoint), None)


def test_what_a_post_makes_has_the_id_of_its_answer(tmp_path: Path) -> None:
    removal = removal_after(tmp_path, "POST /pets", pets())
    assert removal is not None
    assert (removal.step.endpoint_id, removal.statuses) == ("DELETE /pets/{petId}", (201,))
    assert bound(removal.step) == {"/path_params/petId": ("create", "/id")}
    assert removal.step.request.credentials == "own"


def test_parents_are_those_that_the_case_had(tmp_path: Path) -> None:
    notes = {
        "/pets/{pet}/notes": {
            "parameters": [named("pet", {"type": "integer"})],
            "post": operation({"200": NOTE}, NOTE),
        },
        "/pets/{petId}/notes/{noteId}": {
            "parameters": [named("petId", {"type": "integer"}), named("noteId", {"type": "integer"})],
            "delete": operation({"204": None}),
        },
    }
    removal = removal_after(tmp_path, "POST /pets/{pet}/notes", pets(**notes))
    assert removal is not None
    assert removal.statuses == ("2XX",)
    assert bound(removal.step) == {
        "/path_params/petId": ("create", "request:/path_params/pet"),
        "/path_params/noteId": ("create", "/id"),
    }


def test_a_put_has_made_something_where_it_says_so(tmp_path: Path) -> None:
    paths = {"/pets/{petId}": item(put=operation({"200": PET, "201": PET}, PET), delete=operation({"204": None}))}
    removal = removal_after(tmp_path, "PUT /pets/{petId}", paths)
    assert removal is not None
    assert removal.statuses == (201,)
    assert bound(removal.step) == {"/path_params/petId": ("create", "request:/path_params/petId")}


def test_what_an_answer_links_to_was_there_before(tmp_path: Path) -> None:
    order = operation({"201": {"type": "object", "properties": {"petId": {"type": "integer"}}}}, {"type": "object"})
    order["responses"]["201"]["links"] = {
        "pet": {"operationId": "removePet", "parameters": {"petId": "$response.body#/petId"}}
    }
    pet = item(schema={"type": "integer"}, delete=operation({"204": None}, operationId="removePet"))
    assert removal_after(tmp_path, "POST /orders", {"/orders": {"post": order}, "/pets/{petId}": pet}) is None


def test_without_a_way_to_remove_it_stays(tmp_path: Path) -> None:
    paths = pets()
    del paths["/pets/{petId}"]["delete"]
    assert chained(tmp_path, paths).removals == ()


@pytest.mark.parametrize(
    ("path", "method", "body", "lone"),
    [
        ("/pets", "delete", None, True),
        ("/pets", "put", {"type": "array", "items": PET}, True),
        ("/pets", "patch", PET, True),
        ("/users/me", "delete", None, True),
        ("/users/me", "put", PET, False),
        ("/pets/purge", "post", PET, True),
        ("/pets/search", "post", PET, False),
        ("/pets", "get", None, False),
    ],
)
def test_cases_that_take_away_what_others_use_are_alone(
    tmp_path: Path, path: str, method: str, body: Any, lone: bool
) -> None:
    paths = pets()
    paths.setdefault(path, {})[method] = operation({"204": None} if method == "delete" else {"200": PET}, body)
    made = chained(tmp_path, paths)
    names = {case.id for case in cases_of(made, f"{method.upper()} {path}") if case.request.method == method.upper()}
    assert names
    assert names & made.alone == (names if lone else set())


def test_what_has_a_resource_of_its_own_is_not_alone(tmp_path: Path) -> None:
    notes = {"/pets/{petId}/notes": {"parameters": [named("petId", {"type": "integer"})]}}
    notes["/pets/{petId}/notes"]["delete"] = operation({"204": None, "404": None})
    made = chained(tmp_path, pets(**notes))
    cases = [case for case in cases_of(made, "DELETE /pets/{petId}/notes") if case.bindings]
    assert cases
    assert not {case.id for case in cases} & made.alone
    assert not any(case.id in made.alone for case in cases_of(made, "DELETE /pets/{petId}"))
