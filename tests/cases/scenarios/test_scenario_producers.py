"""Who makes what: the signs in a document that an endpoint gives the id that another asks for."""

from pathlib import Path
from typing import Any

import pytest

from casecraft.cases.scenarios.paths import common_segments, noun_of, places_of, shape_of, singular, words_of
from casecraft.cases.scenarios.producers import source_of
from tests.cases.scenarios.shop import (
    PET,
    TEXT,
    bound,
    cases_of,
    chained,
    find_source,
    item,
    named,
    operation,
    pets,
    resources_of,
)


def answer(*names: str, **schemas: Any) -> dict[str, Any]:
    return {"type": "object", "properties": dict.fromkeys(names, TEXT) | schemas}


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("/pets/{petId}", "/pets/{}"),
        ("/pets/{id}/", "/pets/{}"),
        ("/pets/{id}?full=true#top", "/pets/{}"),
        ("/files/{name}.{ending}", "/files/{name}.{ending}"),
        ("/", "/"),
    ],
)
def test_shape_of_a_path_has_no_names(path: str, shape: str) -> None:
    assert shape_of(path) == shape


def test_places_are_whole_segments() -> None:
    places = places_of("/shops/{shop}/files/{name}.txt/{copy}")
    assert [(place.name, place.shape) for place in places] == [
        ("shop", "/shops/{}"),
        ("copy", "/shops/{}/files/{name}.txt/{}"),
    ]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("petId", ("pet", "id")),
        ("PET_ID", ("pet", "id")),
        ("petID2", ("pet", "id", "2")),
        ("HTTPServer", ("http", "server")),
    ],
)
def test_words_of_a_name(name: str, words: tuple[str, ...]) -> None:
    assert words_of(name) == words


@pytest.mark.parametrize(
    ("plural", "one"),
    [("pets", "pet"), ("categories", "category"), ("boxes", "box"), ("addresses", "address"), ("status", "status")],
)
def test_singular(plural: str, one: str) -> None:
    assert singular(plural) == one


def test_noun_is_that_of_the_last_literal_segment() -> None:
    assert noun_of("/shops/{}/gpg_keys/{}") == ("gpg", "key")
    assert common_segments("/shops/{}/pets", "/shops/{}/toys") == 3


@pytest.mark.parametrize(
    ("schema", "source"),
    [
        (answer("name", "id"), "/id"),
        (answer("id", "petId"), "/petId"),
        (answer("id", "pet_id"), "/pet_id"),
        (answer("name", "uuid"), "/uuid"),
        (answer(pet=answer("id")), "/pet/id"),
        (answer(data=answer("id")), "/data/id"),
        (answer("note", owner=answer("id")), None),
        (answer(id={"type": "object"}), None),
        (answer(id={"type": "integer"}), "/id"),
        ({"allOf": [answer("name"), answer("id")]}, "/id"),
        (answer(**{"pet/id": TEXT}), "/pet~1id"),
    ],
)
def test_id_is_found_in_the_body_of_the_answer(tmp_path: Path, schema: Any, source: str | None) -> None:
    assert find_source(tmp_path, operation({"201": schema})) == source


def test_own_name_of_an_item_means_its_id(tmp_path: Path) -> None:
    assert find_source(tmp_path, operation({"201": answer("name", "id")}), "pet") == "/id"


def test_number_is_found_without_its_noun(tmp_path: Path) -> None:
    assert find_source(tmp_path, operation({"201": answer("id", "number")}), "pet_number") == "/number"


def test_type_of_the_parameter_is_respected(tmp_path: Path) -> None:
    paths = {
        "/pets": {"post": operation({"201": answer("id")})},
        "/pets/{id}": item("id", {"type": "integer"}, get=operation({"200": PET})),
    }
    assert resources_of(chained(tmp_path, paths)) == {}


def test_id_is_found_in_the_location_header(tmp_path: Path) -> None:
    made = operation({"201": None})
    made["responses"]["201"]["headers"] = {"Location": {"schema": TEXT}}
    assert find_source(tmp_path, made) == "header:Location#last"


def test_natural_key_comes_from_the_request_and_is_new_each_time(tmp_path: Path) -> None:
    user = {"type": "object", "required": ["userName"], "properties": {"userName": TEXT}}
    paths = {
        "/user": {"post": operation({"200": None}, user)},
        "/users/{username}": item("username", get=operation({"200": PET})),
    }
    made = resources_of(chained(tmp_path, paths))["users"]
    assert {it.place: (it.step, it.source) for it in made.create.bindings} == {"/body/userName": ("run", "unique")}
    assert bound(cases_of(chained(tmp_path, paths), "GET /users/{username}")[0]) == {
        "/path_params/username": ("users", "request:/body/userName")
    }


def test_put_that_creates_takes_an_id_of_the_client(tmp_path: Path) -> None:
    paths = {
        "/buckets": {"post": operation({"201": answer("data")}, answer("data"))},
        "/buckets/{id}": item("id", put=operation({"200": None, "201": None}, answer("data"))),
        "/buckets/{bucket_id}/groups/{id}": {
            "parameters": [named("bucket_id"), named("id", {"type": "string", "format": "uuid"})],
            "put": operation({"201": None}, answer("data")),
            "get": operation({"200": None}),
        },
    }
    made = chained(tmp_path, paths)
    group = resources_of(made)["buckets.groups"].create
    assert group.endpoint_id == "PUT /buckets/{bucket_id}/groups/{id}"
    assert {it.place: (it.step, it.source) for it in group.bindings} == {
        "/path_params/bucket_id": ("buckets", "request:/path_params/id"),
        "/path_params/id": ("run", "unique:uuid"),
    }


def test_put_that_only_replaces_makes_nothing(tmp_path: Path) -> None:
    paths = {"/buckets/{id}": item("id", put=operation({"200": None}, answer("data")))}
    assert resources_of(chained(tmp_path, paths)) == {}


def test_link_of_the_document_comes_first(tmp_path: Path) -> None:
    made = operation({"201": answer("id", "tag")})
    link = {"operationId": "readPet", "parameters": {"petId": "$response.body#/tag"}}
    made["responses"]["201"]["links"] = {"read": link}
    read = item(get=operation({"200": PET}, operationId="readPet"))
    assert find_source(tmp_path, made, **{"/pets/{petId}": read}) == "/tag"


def test_link_by_reference_leads_to_another_path(tmp_path: Path) -> None:
    made = operation({"201": answer("ticket")})
    reference = "#/paths/~1cages~1{cage}/get"
    made["responses"]["201"]["links"] = {
        "cage": {"operationRef": reference, "parameters": {"path.cage": "$response.body#/ticket"}}
    }
    paths = {"/pets": {"post": made}, "/cages/{cage}": item("cage", get=operation({"200": PET}))}
    assert bound(cases_of(chained(tmp_path, paths), "GET /cages/{cage}")[0]) == {
        "/path_params/cage": ("cages", "/ticket")
    }


@pytest.mark.parametrize(
    ("expression", "source"),
    [
        ("$response.body#/a/b", "/a/b"),
        ("$response.header.X-Id", "header:X-Id"),
        ("$request.body#/name", "request:/body/name"),
        ("$request.path.id", "request:/path_params/id"),
        ("$request.query.a/b", "request:/query/a~1b"),
        ("$response.body", ""),
        ("$response.query.a", ""),
        ("$url", ""),
        ("constant", ""),
    ],
)
def test_runtime_expressions(expression: str, source: str) -> None:
    assert source_of(expression) == source


def test_schema_of_the_same_name_is_made_elsewhere(tmp_path: Path) -> None:
    reference = {"$ref": "#/components/schemas/User"}
    components = {"schemas": {"User": answer("id"), "Other": answer("id")}}
    paths = {
        "/signup": {"post": operation({"201": reference}, answer("name"))},
        "/log": {"post": operation({"201": {"$ref": "#/components/schemas/Other"}}, answer("name"))},
        "/users/{userId}": item("userId", get=operation({"200": reference})),
    }
    assert resources_of(chained(tmp_path, paths, components=components))["users"].create.endpoint_id == "POST /signup"


def test_id_of_two_parts_is_made_by_none(tmp_path: Path) -> None:
    reference = {"$ref": "#/components/schemas/Repository"}
    components = {"schemas": {"Repository": answer("id", "name")}}
    paths = {
        "/repos": {"post": operation({"201": reference}, answer("name"))},
        "/repos/{owner}/{repo}": {"parameters": [named("owner"), named("repo")], "get": operation({"200": reference})},
    }
    made = chained(tmp_path, paths, components=components)
    assert not any(place.endswith("/repo") for place in bound(cases_of(made, "GET /repos/{owner}/{repo}")[0]))


def test_action_on_an_item_does_not_make_it(tmp_path: Path) -> None:
    reference = {"$ref": "#/components/schemas/User"}
    components = {"schemas": {"User": answer("id")}}
    paths = {
        "/users/{userId}": item("userId", get=operation({"200": reference})),
        "/users/{userId}/copies": item("userId", post=operation({"201": reference})),
        "/search": {"post": operation({"200": reference})},
    }
    assert resources_of(chained(tmp_path, paths, components=components)) == {}


def test_nothing_is_made_under_a_parent_that_may_not_exist(tmp_path: Path) -> None:
    paths = {
        "/shops/{shop}/pets": item("shop", post=operation({"201": PET})),
        "/shops/{shop}/pets/{petId}": {"parameters": [named("shop"), named("petId")], "get": operation({"200": PET})},
    }
    assert resources_of(chained(tmp_path, paths)) == {}
    paths["/shops/{shop}/pets"]["parameters"] = [named("shop", example="north")]
    assert list(resources_of(chained(tmp_path, paths))) == ["shops.pets"]


def test_parents_come_first_and_removal_names_them(tmp_path: Path) -> None:
    toys = {
        "/pets/{id}/toys": item("id", {"type": "integer"}, post=operation({"201": PET})),
        "/pets/{petId}/toys/{toyId}": {
            "parameters": [named("petId", {"type": "integer"}), named("toyId", {"type": "integer"})],
            "get": operation({"200": PET}),
            "delete": operation({"204": None}),
        },
    }
    made = resources_of(chained(tmp_path, pets(**toys)))
    assert list(made) == ["pets", "pets.toys"]
    assert bound(made["pets.toys"].create) == {"/path_params/id": ("pets", "/id")}
    removal = made["pets.toys"].remove
    assert removal is not None
    assert bound(removal) == {"/path_params/petId": ("pets", "/id"), "/path_params/toyId": ("pets.toys", "/id")}


def test_needs_that_go_round_end(tmp_path: Path) -> None:
    def thing(other: str) -> Any:
        return {"type": "object", "required": [other], "properties": {other: {"type": "integer"}}}

    paths = {
        "/hens": {"post": operation({"201": PET}, thing("eggId"))},
        "/hens/{henId}": item("henId", {"type": "integer"}, get=operation({"200": PET})),
        "/eggs": {"post": operation({"201": PET}, thing("henId"))},
        "/eggs/{eggId}": item("eggId", {"type": "integer"}, get=operation({"200": PET})),
    }
    made = resources_of(chained(tmp_path, paths))
    needs = {name: {it.step for it in resource.create.bindings} for name, resource in made.items()}
    assert needs == {"hens": set(), "eggs": {"hens"}}
    assert list(made) == ["hens", "eggs"]


def test_endpoints_outside_the_run_make_nothing(tmp_path: Path) -> None:
    paths = pets()
    del paths["/pets"]
    assert resources_of(chained(tmp_path, paths)) == {}
