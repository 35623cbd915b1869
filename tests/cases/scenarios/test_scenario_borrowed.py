"""Ids of several parts, and things that are only listed."""

from pathlib import Path
from typing import Any

import pytest

from casecraft.core.case import Case
from casecraft.core.scenario import CREATED
from tests.cases.scenarios.shop import (
    PET,
    TEXT,
    Json,
    bound,
    cases_of,
    chained,
    item,
    named,
    operation,
    pets,
    resources_of,
    scenarios_of,
)

REF = {"$ref": "#/components/schemas/Repository"}
OWNER: Json = {"type": "object", "properties": {"id": {"type": "integer"}, "login": TEXT}}
NEW: Json = {"type": "object", "required": ["name"], "properties": {"name": TEXT}}
BY_PARTS = {"/path_params/owner": ("repos", "/owner/login"), "/path_params/repo": ("repos", "/name")}


def repositories(owner: Json = OWNER, **more: Json) -> Json:
    """A repository's schema, as components."""
    properties = {"id": {"type": "integer"}, "name": TEXT, "owner": owner, **more}
    return {"components": {"schemas": {"Repository": {"type": "object", "properties": properties}}}}


def hub(made_by: str = "/user/repos", **more: Json) -> Json:
    """Repositories that are read by owner and name and made elsewhere."""
    parameters = [named("owner"), named("repo")]
    return {
        made_by: {"post": operation({"201": REF}, NEW)},
        "/repos/{owner}/{repo}": {
            "parameters": parameters,
            "get": operation({"200": REF, "404": None}),
            "delete": operation({"204": None, "404": None}),
        },
        "/repos/{owner}/{repo}/stars": {"parameters": parameters, "get": operation({"200": {"type": "array"}})},
        **more,
    }


def first_valid(made: Any, endpoint: str) -> Case:
    return next(case for case in cases_of(made, endpoint) if case.valid and not case.id.endswith("unknown"))


@pytest.mark.parametrize("made_by", ["/user/repos", "/repos"])
def test_all_parts_of_an_id_come_from_the_answer_that_made_it(tmp_path: Path, made_by: str) -> None:
    made = chained(tmp_path, hub(made_by), **repositories())
    assert bound(first_valid(made, "GET /repos/{owner}/{repo}")) == BY_PARTS
    assert bound(first_valid(made, "GET /repos/{owner}/{repo}/stars")) == BY_PARTS
    resource = resources_of(made)["repos"]
    assert resource.create.endpoint_id == f"POST {made_by}"
    assert resource.remove is not None
    assert bound(resource.remove) == BY_PARTS
    (removal,) = made.removals
    assert bound(removal.step) == {place: (CREATED, source) for place, (_, source) in BY_PARTS.items()}


@pytest.mark.parametrize(
    ("owner", "source"),
    [
        (TEXT, "/owner"),
        ({"type": "object", "properties": {"id": {"type": "integer"}, "name": TEXT}}, "/owner/name"),
    ],
)
def test_parts_are_found_by_name_and_type(tmp_path: Path, owner: Json, source: str) -> None:
    made = chained(tmp_path, hub(), **repositories(owner))
    assert bound(first_valid(made, "GET /repos/{owner}/{repo}"))["/path_params/owner"] == ("repos", source)


@pytest.mark.parametrize("owner", [{"type": "object", "properties": {"id": {"type": "integer"}}}, {"title": "Any"}])
def test_parts_that_the_answer_lacks_make_no_resource(tmp_path: Path, owner: Json) -> None:
    assert resources_of(chained(tmp_path, hub(), **repositories(owner))) == {}


def test_parts_go_through_the_whole_life(tmp_path: Path) -> None:
    life = scenarios_of(chained(tmp_path, hub(), **repositories()))["repos--life"]
    assert [step.id for step in life.steps] == ["create", "read", "remove", "read-removed"]
    own = {place: ("create", source) for place, (_, source) in BY_PARTS.items()}
    assert [bound(step) for step in life.steps[1:]] == [own, own, own]


def test_an_id_of_its_own_gives_way_to_the_whole_of_another(tmp_path: Path) -> None:
    owners = {
        "/repos/{owner}": item("owner", get=operation({"200": OWNER})),
        "/repos": {"post": operation({"201": OWNER}, NEW)},
    }
    made = chained(tmp_path, hub(**owners), **repositories())
    places = bound(first_valid(made, "GET /repos/{owner}/{repo}"))
    assert len({step for step, _ in places.values()}) == 1


def things(entry: Json | None = None, **more: Json) -> Json:
    """Pets that are there and are listed, but cannot be made."""
    paths = pets(**more)
    paths["/pets"] = {"get": operation({"200": entry or {"type": "array", "items": PET}})}
    return paths


@pytest.mark.parametrize(
    ("answer", "source"),
    [
        ({"type": "array", "items": PET}, "/0/id"),
        ({"type": "object", "properties": {"data": {"type": "array", "items": PET}, "next": TEXT}}, "/data/0/id"),
        ({"type": "array", "items": {"type": "integer"}}, "/0"),
    ],
)
def test_the_first_of_a_list_is_read_where_nothing_makes_any(tmp_path: Path, answer: Json, source: str) -> None:
    made = chained(tmp_path, things(answer))
    assert bound(first_valid(made, "GET /pets/{petId}")) == {"/path_params/petId": ("pets", source)}
    assert first_valid(made, "GET /pets/{petId}").expect.status == (200,)
    resource = resources_of(made)["pets"]
    assert (resource.create.endpoint_id, resource.create.title) == ("GET /pets", "Take one of /pets")


def test_what_is_only_listed_is_neither_changed_nor_removed(tmp_path: Path) -> None:
    made = chained(tmp_path, things())
    assert resources_of(made)["pets"].remove is None
    assert (scenarios_of(made), made.removals) == ({}, ())
    for endpoint in ("PUT /pets/{petId}", "DELETE /pets/{petId}"):
        assert not any(case.bindings for case in cases_of(made, endpoint))


def test_nothing_is_made_below_what_is_only_listed(tmp_path: Path) -> None:
    toys = {"/pets/{petId}/toys": item(post=operation({"201": PET}, NEW), get=operation({"200": PET}))}
    toys["/pets/{petId}/toys/{toyId}"] = {
        "parameters": [named("petId"), named("toyId")],
        "get": operation({"200": PET}),
    }
    made = chained(tmp_path, things(**toys))
    assert list(resources_of(made)) == ["pets"]
    assert not any(case.bindings for case in cases_of(made, "POST /pets/{petId}/toys"))


def test_wrong_requests_do_not_wait_for_a_list(tmp_path: Path) -> None:
    read = item(
        get=operation({"200": PET}, parameters=[{"name": "deep", "in": "query", "schema": {"type": "boolean"}}])
    )
    made = chained(tmp_path, {**things(), "/pets/{petId}/tree": read})
    cases = cases_of(made, "GET /pets/{petId}/tree")
    assert {case.valid for case in cases if case.bindings} == {True}
    assert any(not case.valid and "query.deep:wrong-type" in case.targets for case in cases)


def test_a_field_that_names_what_is_listed_gets_its_id(tmp_path: Path) -> None:
    body = {"type": "object", "required": ["petId"], "properties": {"petId": {"type": "integer"}, "note": TEXT}}
    made = chained(tmp_path, things(**{"/orders": {"post": operation({"201": PET}, body)}}))
    assert bound(first_valid(made, "POST /orders")) == {"/body/petId": ("pets", "/0/id")}
    wrong = [case for case in cases_of(made, "POST /orders") if "body.note:wrong-type" in case.targets]
    assert [case.bindings for case in wrong] == [()]


def test_a_name_that_means_another_field_is_not_bound(tmp_path: Path) -> None:
    user = {"type": "object", "properties": {"id": {"type": "integer"}, "login": TEXT}}
    paths = {
        "/users": {"get": operation({"200": {"type": "array", "items": user}})},
        "/users/{username}": item("username", get=operation({"200": user})),
        "/users/{user_id}/boards": item("user_id", get=operation({"200": user})),
    }
    made = chained(tmp_path, paths)
    assert bound(first_valid(made, "GET /users/{username}")) == {"/path_params/username": ("users", "/0/login")}
    assert bound(first_valid(made, "GET /users/{user_id}/boards")) == {}


def test_texts_in_an_answer_about_something_else_are_no_list(tmp_path: Path) -> None:
    answer = {"type": "object", "properties": {"id": {"type": "integer"}, "events": {"type": "array", "items": TEXT}}}
    paths = {
        "/app": {"get": operation({"200": answer})},
        "/apps/{slug}": item("slug", get=operation({"200": answer})),
    }
    assert resources_of(chained(tmp_path, paths)) == {}
