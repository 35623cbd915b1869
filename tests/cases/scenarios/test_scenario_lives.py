"""Scenarios: which steps a document allows, and what each must be answered with."""

from pathlib import Path
from typing import Any

import pytest

from casecraft.core.scenario import Scenario, Step
from tests.cases.scenarios.shop import PET, TEXT, Json, bound, chained, item, named, operation, pets, scenarios_of

OWN = {"/path_params/petId": ("create", "/id")}


def steps_of(scenario: Scenario) -> list[tuple[str, tuple[int | str, ...]]]:
    return [(step.id, step.expect.status) for step in scenario.steps]


def test_whole_life(tmp_path: Path) -> None:
    life = scenarios_of(chained(tmp_path, pets()))["pets--life"]
    assert steps_of(life) == [
        ("create", (201,)),
        ("read", (200,)),
        ("change", (200,)),
        ("read-changed", (200,)),
        ("list", (200,)),
        ("remove", (204,)),
        ("read-removed", (404,)),
    ]
    assert all(bound(step).items() >= OWN.items() for step in life.steps if step.id not in ("create", "list"))
    assert [(step.id, bound(step)) for step in life.cleanup] == [("cleanup-remove", OWN)]


def test_change_is_one_that_can_be_read_back(tmp_path: Path) -> None:
    life = {step.id: step for step in scenarios_of(chained(tmp_path, pets()))["pets--life"].steps}
    assert "sold" not in life["create"].request.body
    assert life["read-changed"].values == {"/sold": life["change"].request.body["sold"]}
    assert life["read"].values == {}


def test_every_way_to_change_is_taken(tmp_path: Path) -> None:
    paths = pets()
    patch = {"type": "object", "minProperties": 1, "properties": {"sold": {"type": "boolean"}}}
    paths["/pets/{petId}"]["patch"] = operation({"200": PET}, patch)
    life = {step.id: step for step in scenarios_of(chained(tmp_path, paths))["pets--life"].steps}
    assert life["change-2"].endpoint_id == "PATCH /pets/{petId}"
    assert life["read-changed"].values["/sold"] is not life["read-changed-2"].values["/sold"]


def test_dates_and_types_are_not_compared(tmp_path: Path) -> None:
    plain = {"type": "string", "pattern": "^[a-z]{3}$"}
    shown = {"id": {"type": "integer"}, "born": {"type": "string", "format": "date"}, "kind": plain, "note": plain}
    schema = {"type": "object", "properties": shown}
    paths = {
        "/pets": {"post": operation({"201": schema})},
        "/pets/{petId}": item(
            schema={"type": "integer"}, get=operation({"200": schema}), put=operation({"200": None}, schema)
        ),
    }
    life = {step.id: step for step in scenarios_of(chained(tmp_path, paths))["pets--life"].steps}
    assert set(life["read-changed"].values) == {"/note"}


PRICED = {"type": "object", "properties": {"id": {"type": "integer"}, "price": {"type": "number"}, "name": TEXT}}


def life_of(tmp_path: Path, paths: Json) -> dict[str, Step]:
    return {step.id: step for step in scenarios_of(chained(tmp_path, paths))["pets--life"].steps}


def priced(price: Json, shown: Json = PRICED) -> Json:
    new = {"type": "object", "required": ["name"], "properties": {"name": TEXT, "price": price}}
    return {
        "/pets": {"post": operation({"201": shown}, new)},
        "/pets/{petId}": item(
            schema={"type": "integer"}, get=operation({"200": shown}), put=operation({"200": shown}, new)
        ),
    }


def test_fractions_are_sent_and_read_back_after_making_and_changing(tmp_path: Path) -> None:
    life = life_of(tmp_path, priced({"type": "number", "minimum": 0}))
    assert life["create"].request.body["price"] == 12.34
    assert life["read"].values == {"/price": 12.34}
    assert life["change"].request.body["price"] == life["read-changed"].values["/price"] == 23.45


@pytest.mark.parametrize(
    ("price", "sent"),
    [
        ({"type": "number", "maximum": 1}, 0.34),
        ({"type": "number", "minimum": 200, "maximum": 201}, 200.34),
        ({"type": "number", "multipleOf": 0.5}, 12.5),
        ({"type": ["number", "null"]}, 12.34),
    ],
)
def test_fractions_conform(tmp_path: Path, price: Json, sent: float) -> None:
    assert life_of(tmp_path, priced(price))["read"].values == {"/price": sent}


@pytest.mark.parametrize(
    ("price", "shown"),
    [
        ({"type": "integer"}, PRICED),
        ({"type": "number", "multipleOf": 2}, PRICED),
        ({"type": "number", "multipleOf": 0.001, "maximum": 0.009}, PRICED),
        ({"type": "number", "enum": [1.5]}, PRICED),
        ({"type": ["number", "string"]}, PRICED),
        ({"type": "number", "readOnly": True}, PRICED),
        ({"type": "number"}, PET),
        ({"type": "number"}, {"properties": {"id": {"type": "integer"}, "price": {"type": ["number", "string"]}}}),
    ],
)
def test_no_fraction_is_compared_that_may_come_back_otherwise(tmp_path: Path, price: Json, shown: Json) -> None:
    assert life_of(tmp_path, priced(price, shown))["read"].values == {}


def test_fractions_keep_the_rules_between_fields(tmp_path: Path) -> None:
    number = {"type": "number"}
    new = {"type": "object", "properties": {"minPrice": number, "maxPrice": number}}
    shown = {"type": "object", "properties": {"id": {"type": "integer"}, "minPrice": number, "maxPrice": number}}
    paths = {
        "/pets": {"post": operation({"201": shown}, new)},
        "/pets/{petId}": item(schema={"type": "integer"}, get=operation({"200": shown})),
    }
    life = life_of(tmp_path, paths)
    assert life["read"].values == {}
    assert not {"minPrice", "maxPrice"} & set(life["create"].request.body)


def test_after_its_removal_nothing_can_be_done_with_it(tmp_path: Path) -> None:
    notes = {"/pets/{petId}/notes": item(schema={"type": "integer"}, post=operation({"201": None, "404": None}))}
    after = scenarios_of(chained(tmp_path, pets(**notes)))["pets--after-removal"]
    assert steps_of(after) == [
        ("create", (201,)),
        ("remove", (204,)),
        ("change-removed", (404,)),
        ("use-removed", (404,)),
        ("remove-removed", (404,)),
    ]


def test_hidden_is_gone_too_where_the_document_says_so(tmp_path: Path) -> None:
    paths = pets()
    paths["/pets/{petId}"]["get"] = operation({"200": PET, "401": None, "403": None, "404": None, "410": None})
    life = scenarios_of(chained(tmp_path, paths))["pets--life"]
    assert life.steps[-1].expect.status == (401, 403, 404, 410)
    keyed = {
        "security": [{"key": []}],
        "components": {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}},
    }
    assert scenarios_of(chained(tmp_path, paths, **keyed))["pets--life"].steps[-1].expect.status == (403, 404, 410)


def test_only_documented_answers_are_waited_for(tmp_path: Path) -> None:
    paths = pets()
    for method in ("get", "put", "delete"):
        del paths["/pets/{petId}"][method]["responses"]["404"]
    made = scenarios_of(chained(tmp_path, paths))
    assert list(made) == ["pets--life"]
    assert made["pets--life"].steps[-1].id == "remove"


def test_put_that_creates_is_no_use_of_what_is_gone(tmp_path: Path) -> None:
    paths = {
        "/pets/{petId}": item(
            put=operation({"200": None, "201": None, "404": None}, PET),
            delete=operation({"204": None, "404": None}),
        )
    }
    after = scenarios_of(chained(tmp_path, paths))["pets--after-removal"]
    assert [step.id for step in after.steps] == ["create", "remove", "remove-removed"]


def toys(**collection: Any) -> dict[str, Any]:
    """Toys of a pet, and what can be done with all of them."""
    number = {"type": "integer"}
    return {
        "/pets/{petId}/toys": item(schema=number, post=operation({"201": PET}), **collection),
        "/pets/{petId}/toys/{toyId}": {
            "parameters": [named("petId", number), named("toyId", number)],
            "get": operation({"200": PET, "404": None}),
        },
    }


def test_child_is_gone_with_its_parent(tmp_path: Path) -> None:
    made = scenarios_of(chained(tmp_path, pets(**toys())))
    orphan = made["pets.toys--orphan"]
    assert steps_of(orphan) == [
        ("create-parent", (201,)),
        ("create", (201,)),
        ("remove-parent", (204,)),
        ("read-orphan", (404,)),
    ]
    parent = {"/path_params/petId": ("create-parent", "/id")}
    assert [bound(step) for step in orphan.steps[1:3]] == [parent, parent]
    assert bound(orphan.steps[3]) == {**parent, "/path_params/toyId": ("create", "/id")}
    assert bound(made["pets.toys--life"].steps[0]) == {"/path_params/petId": ("pets", "/id")}


def test_all_are_removed_from_a_parent_of_their_own(tmp_path: Path) -> None:
    made = scenarios_of(chained(tmp_path, pets(**toys(delete=operation({"204": None})))))
    cleared = made["pets.toys--cleared"]
    assert steps_of(cleared) == [
        ("create-parent", (201,)),
        ("create", (201,)),
        ("clear", (204,)),
        ("read-cleared", (404,)),
    ]
    parent = {"/path_params/petId": ("create-parent", "/id")}
    assert [bound(step) for step in cleared.steps[1:3]] == [parent, parent]
    assert bound(cleared.steps[3]) == {**parent, "/path_params/toyId": ("create", "/id")}
    assert [(step.endpoint_id, bound(step)) for step in cleared.cleanup] == [("DELETE /pets/{petId}", parent)]


def test_only_what_has_a_parent_is_cleared_and_without_a_body(tmp_path: Path) -> None:
    paths = pets(**toys(delete=operation({"204": None}, PET)))
    paths["/pets"]["delete"] = operation({"204": None})
    assert not any(name.endswith("--cleared") for name in scenarios_of(chained(tmp_path, paths)))


def test_what_can_only_be_made_has_no_scenario(tmp_path: Path) -> None:
    paths = {
        "/pets": {"post": operation({"201": PET})},
        "/pets/{petId}/notes": item(schema={"type": "integer"}, post=operation({"201": None})),
    }
    assert scenarios_of(chained(tmp_path, paths)) == {}
