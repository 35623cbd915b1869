"""Cases that use resources: what is bound, what is left as it is written, and what is expected then."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from casecraft.cases import generate
from casecraft.cases.scenarios import Chained, chain
from casecraft.core.case import Case, CaseRequest, Expectation, MissingScope
from casecraft.core.endpoint import Endpoint
from casecraft.core.job import JobResult
from casecraft.spec import load, split
from tests.cases.scenarios.shop import (
    PET,
    TEXT,
    bound,
    cases_of,
    chained,
    item,
    named,
    operation,
    pets,
    resources_of,
    results_of,
)

SPECS = Path(__file__).parents[3] / "specs"
BY_ID = {"/path_params/petId": ("pets", "/id")}


def with_target(made: Chained, endpoint: str, target: str) -> Case:
    return next(case for case in cases_of(made, endpoint) if target in case.targets)


def test_case_of_an_item_asks_for_one_that_exists(tmp_path: Path) -> None:
    case = with_target(chained(tmp_path, pets()), "GET /pets/{petId}", "request:minimal")
    assert bound(case) == BY_ID
    assert case.expect.status == (200,)
    assert not case.fresh


def test_case_without_a_resource_stays_as_it_is(tmp_path: Path) -> None:
    paths = pets()
    del paths["/pets"]
    results = results_of(tmp_path, paths)
    assert chain(results, fill=False).results == tuple(results)


def test_wrong_body_meets_an_item_and_wrong_id_is_sent_as_written(tmp_path: Path) -> None:
    made = chained(tmp_path, pets())
    missing = with_target(made, "PUT /pets/{petId}", "body.name:missing")
    assert bound(missing) == BY_ID
    assert 404 not in missing.expect.status
    wrong = with_target(made, "GET /pets/{petId}", "path.petId:wrong-type")
    assert bound(wrong) == {}
    assert wrong.request.path_params != {"petId": 1}


def test_wrong_id_stands_under_a_parent_that_exists(tmp_path: Path) -> None:
    toys = {
        "/pets/{petId}/toys/{toyId}": {
            "parameters": [named("petId", {"type": "integer"}), named("toyId", {"type": "integer"})],
            "get": operation({"200": PET, "400": None, "404": None}),
        }
    }
    wrong = with_target(chained(tmp_path, pets(**toys)), "GET /pets/{petId}/toys/{toyId}", "path.toyId:wrong-type")
    assert bound(wrong) == BY_ID
    assert 404 in wrong.expect.status


def test_removal_has_an_item_of_its_own_only_where_it_is_carried_out(tmp_path: Path) -> None:
    made = chained(tmp_path, pets())
    fresh = {case.targets[0]: case.fresh for case in cases_of(made, "DELETE /pets/{petId}")}
    assert fresh == {"request:minimal": True, "path.petId:wrong-type": False, "path.petId:unknown": False}


@pytest.mark.parametrize(("action", "fresh"), [("cancel", True), ("close-down", True), ("notes", False)])
def test_action_that_ends_an_item_has_one_of_its_own(tmp_path: Path, action: str, fresh: bool) -> None:
    path = f"/pets/{{petId}}/{action}"
    made = chained(tmp_path, pets(**{path: item(schema={"type": "integer"}, post=operation({"200": None}))}))
    assert with_target(made, f"POST {path}", "request:minimal").fresh is fresh


def test_hostile_text_in_the_path_is_sent_as_written(tmp_path: Path) -> None:
    named_pet = {**PET, "properties": {**PET["properties"], "id": TEXT}}
    paths = {
        "/pets": {"post": operation({"201": named_pet})},
        "/pets/{petId}": item(put=operation({"200": None, "404": None}, {"type": "object"})),
    }
    hostile = with_target(chained(tmp_path, paths), "PUT /pets/{petId}", "security:sql-injection")
    assert hostile.request.path_params == {"petId": "casecraft'\"("}
    assert bound(hostile) == {}


def test_value_that_a_case_is_about_is_sent_once_as_written(tmp_path: Path) -> None:
    bounded = {"type": "integer", "minimum": 1, "maximum": 99}
    limit = {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 9}}
    paths = pets()
    paths["/pets/{petId}"] = item(schema=bounded, get=operation({"200": PET, "404": None}, parameters=[limit]))
    made = chained(tmp_path, paths)
    cases = [case for case in cases_of(made, "GET /pets/{petId}") if case.valid and case.bindings]
    assert {target for case in cases for target in case.targets} >= {"query.limit:minimum", "query.limit:maximum"}
    assert not any(target.startswith("path.") for case in cases for target in case.targets)
    written = [case for case in cases_of(made, "GET /pets/{petId}") if case.id.endswith("-as-written")]
    assert {target for case in written for target in case.targets} >= {"path.petId:minimum", "path.petId:maximum"}
    assert all(case.expect.status == (200, 404) and not case.bindings for case in written)


def test_parted_cases_say_what_they_check_and_none_repeats_another(tmp_path: Path) -> None:
    bounded = {"type": "integer", "minimum": 1, "maximum": 9}
    verbose = {"name": "verbose", "in": "query", "schema": {"type": "boolean"}}
    condition = {"name": "If-Match", "in": "header", "schema": TEXT}
    paths = pets()
    paths["/pets/{petId}"] = item(schema=bounded, get=operation({"200": PET, "404": None}))
    paths["/pets/{petId}/toys"] = item(schema=bounded, get=operation({"200": None}, parameters=[verbose, condition]))
    made = chained(tmp_path, paths)
    titles = [case.title for case in valid_cases(made, "GET /pets/{petId}")]
    assert sorted(titles) == [
        "Accepts a request with only what is required",
        "Accepts path.petId: the largest value allowed (9)",
        "Accepts path.petId: the smallest value allowed (1)",
    ]
    for endpoint in ("GET /pets/{petId}", "GET /pets/{petId}/toys"):
        cases = valid_cases(made, endpoint)
        assert len({case.title for case in cases}) == len(cases)
        assert len({(frozenset(bound(case)), *case.targets) for case in cases}) == len(cases)
        hit = [target for case in cases for target in case.targets]
        assert all(any(hit.count(target) == 1 for target in case.targets) for case in cases)


def valid_cases(made: Chained, endpoint: str) -> list[Case]:
    return [case for case in cases_of(made, endpoint) if case.valid and case.technique != "error_guessing"]


def test_value_in_brackets_that_a_case_is_about_stays(tmp_path: Path) -> None:
    pet = {"type": "object", "required": ["id"], "properties": {"id": {**TEXT, "maxLength": 9}}}
    count = {"type": "integer", "minimum": 1}
    body = {"type": "object", "required": ["pet"], "properties": {"pet": pet, "count": count}}
    form = {"application/x-www-form-urlencoded": {"schema": body, "encoding": {"pet": {"style": "deepObject"}}}}
    order = {"requestBody": {"required": True, "content": form}, "responses": {"201": {"description": "made"}}}
    named = {**PET, "properties": {**PET["properties"], "id": TEXT}}
    paths = pets()
    paths["/pets"]["post"] = operation({"201": named}, PET)
    paths["/pets/{petId}"] = item(get=operation({"200": named}), schema=TEXT)
    made = chained(tmp_path, {**paths, "/orders": {"post": order}})
    bound_ids = {case.id: bound(case) for case in cases_of(made, "POST /orders") if case.request.body}
    assert "/body/pet[id]" in bound_ids["post.orders--body.count:below-minimum"]
    assert bound_ids["post.orders--body.pet.id:too-long"] == {}


def test_no_target_is_lost(tmp_path: Path) -> None:
    results = results_of(tmp_path, pets())
    targets = {target for result in results for case in result.cases for target in case.targets}
    after = {target for result in chain(results).results for case in result.cases for target in case.targets}
    assert targets <= after


def test_field_that_names_a_resource_is_bound(tmp_path: Path) -> None:
    order = {
        "type": "object",
        "required": ["petId", "owner", "pet_ids"],
        "properties": {
            "petId": {"type": "integer"},
            "pet_ids": {"type": "array", "minItems": 1, "items": {"type": "integer"}},
            "owner": {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}},
            "note": TEXT,
        },
    }
    orders = {"/orders": {"post": operation({"201": None, "422": None}, order)}}
    made = chained(tmp_path, pets(**orders))
    accepted = with_target(made, "POST /orders", "request:minimal")
    assert bound(accepted) == {"/body/petId": ("pets", "/id"), "/body/pet_ids/0": ("pets", "/id")}
    assert "/body/petId" not in bound(with_target(made, "POST /orders", "body.petId:wrong-type"))
    assert "/body/petId" in bound(with_target(made, "POST /orders", "body.owner:missing"))


def test_nested_id_is_that_of_its_object(tmp_path: Path) -> None:
    order = {
        "type": "object",
        "required": ["pet"],
        "properties": {"pet": {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}},
    }
    made = chained(tmp_path, pets(**{"/orders": {"post": operation({"201": None}, order)}}))
    assert bound(with_target(made, "POST /orders", "request:minimal")) == {"/body/pet/id": ("pets", "/id")}


def test_text_is_no_id_where_ids_are_numbers(tmp_path: Path) -> None:
    text = {"type": "string", "pattern": "^[0-9]+$"}
    order = {"type": "object", "required": ["petId"], "properties": {"petId": text}}
    made = chained(tmp_path, pets(**{"/orders": {"post": operation({"201": None}, order)}}))
    assert bound(with_target(made, "POST /orders", "request:minimal")) == {}


@pytest.mark.parametrize(
    ("name", "schema", "source"),
    [
        ("name", {"type": "string", "pattern": "^[a-z0-9]+$"}, "unique"),
        ("userName", {"type": "string", "pattern": "^[a-z][a-z0-9_]{2,15}$"}, "unique"),
        ("email", {"type": "string", "format": "email"}, "unique:email"),
        ("slug", {"type": "string", "maxLength": 5}, None),
        ("login", {"type": "string", "enum": ["ada"]}, None),
        ("first_name", TEXT, None),
        ("note", TEXT, None),
    ],
)
def test_what_may_be_taken_is_new_each_time(tmp_path: Path, name: str, schema: Any, source: str | None) -> None:
    body = {"type": "object", "required": [name], "properties": {name: schema}}
    wanted = {f"/body/{name}": ("run", source)} if source else {}
    for status, expected in (("409", wanted), ("400", {})):
        made = chained(tmp_path, {"/users": {"post": operation({"201": None, status: None}, body)}})
        assert bound(with_target(made, "POST /users", "request:minimal")) == expected


@pytest.mark.parametrize(("longest", "sources"), [(5, {}), (12, {"/body/name": ("run", "unique")})])
def test_name_of_what_is_made_is_new_where_the_schema_allows_it(tmp_path: Path, longest: int, sources: Any) -> None:
    paths = pets()
    named_pet = {"type": "object", "required": ["name"], "properties": {"name": {**TEXT, "maxLength": longest}}}
    paths["/pets"]["post"] = operation({"201": PET}, named_pet)
    assert bound(resources_of(chained(tmp_path, paths))["pets"].create) == sources


def test_parameter_that_nothing_fills_may_still_name_nothing(tmp_path: Path) -> None:
    toys = {
        "/pets/{petId}/toys/{toy}": {
            "parameters": [named("petId", {"type": "integer"}), named("toy")],
            "get": operation({"200": PET, "404": None}),
        }
    }
    case = with_target(chained(tmp_path, pets(**toys)), "GET /pets/{petId}/toys/{toy}", "request:minimal")
    assert bound(case) == BY_ID
    assert case.expect.status == (200, 404)


def test_idempotency_key_is_new_each_time(tmp_path: Path) -> None:
    key = {"name": "Idempotency-Key", "in": "header", "required": True, "schema": {"type": "string", "format": "uuid"}}
    paths = pets()
    paths["/pets"]["post"]["parameters"] = [key]
    made = resources_of(chained(tmp_path, paths))["pets"]
    assert bound(made.create)["/headers/Idempotency-Key"] == ("run", "unique:uuid")


@pytest.mark.parametrize(
    ("schema", "found"),
    [
        (TEXT, True),
        ({"type": "string", "format": "uuid"}, True),
        ({"type": "integer"}, True),
        ({"type": "string", "pattern": "^ORD-[0-9]{6}$"}, True),
        ({"type": "integer", "minimum": 1, "maximum": 4}, False),
        ({"type": "string", "enum": ["a", "b"]}, False),
    ],
)
def test_unknown_object_is_not_found(tmp_path: Path, schema: Any, found: bool) -> None:
    paths = {"/orders/{id}": item("id", schema, get=operation({"200": PET, "404": None}))}
    unknown = [case for case in cases_of(chained(tmp_path, paths), "GET /orders/{id}") if "unknown" in case.id]
    assert [(case.targets, case.expect.status, case.valid) for case in unknown] == [
        (("path.id:unknown",), (404,), True)
    ] * found


def test_unknown_object_is_asked_for_only_where_the_document_has_an_answer(tmp_path: Path) -> None:
    paths = {
        "/orders/{id}": item(
            "id",
            get=operation({"200": PET}),
            put=operation({"201": None, "404": None}, PET),
            delete=operation({"204": None, "403": None, "404": None, "410": None}),
        )
    }
    made = chained(tmp_path, paths)
    unknown = {it.request.method: it.expect.status for each in made.results for it in each.cases if "unknown" in it.id}
    assert unknown == {"DELETE": (403, 404, 410)}


def test_without_rules_no_case_is_added(tmp_path: Path) -> None:
    made = chain(results_of(tmp_path, pets()), fill=False)
    assert not any("unknown" in case.id for result in made.results for case in result.cases)


def test_condition_is_tested_apart_from_the_rest(tmp_path: Path) -> None:
    headers = [{"name": name, "in": "header", "schema": TEXT} for name in ("If-Match", "If-None-Match")]
    limit = {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1}}
    paths = {"/pets": {"get": operation({"200": None, "304": None, "412": None}, parameters=[*headers, limit])}}
    made = chained(tmp_path, paths)
    cases = cases_of(made, "GET /pets")
    conditional = [case for case in cases if case.request.headers]
    assert [(case.id[-12:], case.expect.status) for case in conditional] == [("-conditional", (200, 304, 412))]
    assert "request:all-parameters" in conditional[0].targets
    plain = with_target(made, "GET /pets", "query.limit:minimum")
    assert plain.request.query == {"limit": 1}
    assert plain.expect.status == (200,)
    requests = [repr(case.request) for case in cases]
    assert len(set(requests)) == len(requests)


def test_other_headers_stay(tmp_path: Path) -> None:
    header = {"name": "If-Nothing", "in": "header", "schema": TEXT}
    results = results_of(tmp_path, {"/pets": {"get": operation({"200": None, "412": None}, parameters=[header])}})
    assert chain(results).results == tuple(results)


def test_requests_that_differ_in_a_condition_alone_become_one(tmp_path: Path) -> None:
    header = {"name": "If-Match", "in": "header", "schema": {"type": "string", "enum": ["a", "b", "c"]}}
    limit = {"name": "limit", "in": "query", "required": True, "schema": {"type": "integer", "enum": [1]}}
    paths = {"/pets": {"get": operation({"200": None, "412": None}, parameters=[header, limit])}}
    plain = [
        case for case in cases_of(chained(tmp_path, paths), "GET /pets") if case.valid and not case.request.headers
    ]
    assert [case.request.query for case in plain].count({"limit": 1}) == 1


def test_condition_that_must_be_sent_stays(tmp_path: Path) -> None:
    header = {"name": "If-Match", "in": "header", "required": True, "schema": TEXT}
    results = results_of(tmp_path, {"/pets": {"get": operation({"200": None, "412": None}, parameters=[header])}})
    assert chain(results).results == tuple(results)


def test_same_results_give_the_same_in_any_order() -> None:
    endpoints = split(load(str(SPECS / "petstore.yaml")))
    results = _ruled(endpoints)
    first, second = chain(results), chain(list(reversed(results)))
    assert second.results == tuple(reversed(first.results))
    assert {it.id: it for it in second.scenarios} == {it.id: it for it in first.scenarios}
    assert chain(results) == first


def _ruled(endpoints: tuple[Endpoint, ...]) -> list[JobResult]:
    return [JobResult(each, "done", "rules", cases=generate(each)) for each in endpoints]


@pytest.mark.parametrize("name", ["dangling", "reference-loop", "wrong-types"])
def test_broken_documents_are_borne(name: str) -> None:
    results = _ruled(split(load(str(SPECS / "broken" / f"{name}.yaml"))))
    assert len(chain(results).results) == len(results)


def test_raw_bodies_and_refusals_make_nothing(tmp_path: Path) -> None:
    results = results_of(tmp_path, pets())
    raw = CaseRequest("POST", "/pets", content_type="application/json", raw_body="{")
    broken = [
        replace(result, cases=tuple(replace(case, request=raw) for case in result.cases))
        if result.endpoint.id == "POST /pets"
        else result
        for result in results
    ]
    assert [resource.create.endpoint_id for resource in chain(broken).resources] == ["GET /pets"]


@pytest.mark.parametrize(("status", "places"), [(404, set()), (409, {"/path_params/petId"})])
def test_what_a_request_is_refused_for_stays_in_it(tmp_path: Path, status: int, places: set[str]) -> None:
    changed = []
    for result in results_of(tmp_path, pets()):
        cases = result.cases
        if result.endpoint.id == "PUT /pets/{petId}":
            meant = replace(cases[0], id="meant", targets=("meaning:1",), expect=Expectation((status,)))
            cases = (*cases, meant)
        changed.append(replace(result, cases=cases))
    meant = next(case for case in cases_of(chain(changed), "PUT /pets/{petId}") if case.id == "meant")
    assert set(bound(meant)) == places
    assert meant.expect.status == (status,)


@pytest.mark.parametrize("change", [{"credentials": "foreign"}, {"without_scope": MissingScope("login", "pets:read")}])
def test_who_may_not_see_a_thing_may_be_told_that_nothing_is_there(tmp_path: Path, change: dict[str, Any]) -> None:
    changed = [
        replace(
            result,
            cases=tuple(replace(each, request=replace(each.request, **change)) for each in result.cases),
        )
        if result.endpoint.id == "GET /pets/{petId}"
        else result
        for result in results_of(tmp_path, pets())
    ]
    case = with_target(chain(changed), "GET /pets/{petId}", "request:minimal")
    assert bound(case) == BY_ID
    assert case.expect.status == (200, 404)


def test_probes_make_nothing(tmp_path: Path) -> None:
    probing = [
        replace(result, cases=tuple(replace(case, technique="error_guessing") for case in result.cases))
        for result in results_of(tmp_path, pets())
    ]
    assert chain(probing).resources == ()
