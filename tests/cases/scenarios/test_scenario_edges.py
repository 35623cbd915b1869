"""Edges between endpoints that a model proposes: the ones that hold are used, the others are counted."""

import json
from pathlib import Path
from typing import Any

import pytest

from casecraft.cases.scenarios import Chained, Proposals, chain, read_proposals
from casecraft.cases.scenarios.edges import (
    BORROWED,
    KNOWN,
    LOOP,
    NO_CASE,
    NO_ENDPOINT,
    NO_FIELD,
    NO_FIT,
    NO_SOURCE,
    REMOVES,
    TAKEN,
    UNMADE,
)
from casecraft.cases.scenarios.proposals import Edge
from tests.cases.scenarios.shop import (
    PET,
    TEXT,
    Json,
    bound,
    cases_of,
    item,
    named,
    operation,
    pets,
    resources_of,
    results_of,
    scenarios_of,
)

NUMBER: Json = {"type": "integer"}
INTAKE: Json = {"type": "object", "properties": {"animal": NUMBER, "chip": TEXT, "kind": {"enum": ["cat", "dog"]}}}
FORM: Json = {"type": "object", "required": ["weight"], "properties": {"weight": NUMBER}}
READ = "GET /animals/{animalId}"
EDGE = Edge("POST /intake", "/animal", READ, "path.animalId")


def clinic(**more: Json) -> Json:
    """Animals that come in by a path that no rule connects with where they are read."""
    return {
        "/intake": {"post": operation({"201": INTAKE}, FORM)},
        "/animals/{animalId}": item(
            "animalId",
            NUMBER,
            get=operation({"200": PET, "404": None}),
            delete=operation({"204": None, "404": None}),
        ),
        "/animals/{animalId}/visits": {
            "parameters": [named("animalId", NUMBER)],
            "post": operation({"201": PET, "404": None}, FORM),
        },
        **more,
    }


def with_edges(tmp_path: Path, paths: Json, *edges: Edge) -> Chained:
    results = results_of(tmp_path, paths)
    by_consumer: dict[str, Proposals] = {}
    for edge in edges:
        held = by_consumer.get(edge.consumer, Proposals()).edges
        by_consumer[edge.consumer] = Proposals((*held, edge))
    return chain(results, proposed=by_consumer)


def refusals(made: Chained) -> list[str]:
    return [each.reason for each in made.judged.refused]


def first_bound(made: Chained, endpoint: str) -> dict[str, tuple[str, str]]:
    return bound(next(case for case in cases_of(made, endpoint) if case.valid))


def test_without_the_edge_nothing_makes_what_is_read(tmp_path: Path) -> None:
    assert resources_of(with_edges(tmp_path, clinic())) == {}


def test_an_edge_makes_a_resource_for_all_that_have_the_path(tmp_path: Path) -> None:
    made = with_edges(tmp_path, clinic(), EDGE)
    assert (made.judged.edges, refusals(made)) == (1, [])
    expected = {"/path_params/animalId": ("animals", "/animal")}
    assert first_bound(made, READ) == first_bound(made, "POST /animals/{animalId}/visits") == expected
    resource = resources_of(made)["animals"]
    assert resource.create.endpoint_id == "POST /intake"
    assert resource.remove is not None
    assert [step.endpoint_id for step in scenarios_of(made)["animals--life"].steps][:2] == ["POST /intake", READ]
    assert made.removals == ()  # other answers of that endpoint may be about what was there before


def test_an_edge_fills_a_field_of_a_body(tmp_path: Path) -> None:
    bill = {"type": "object", "required": ["subject"], "properties": {"subject": NUMBER}}
    paths = clinic(**{"/bills": {"post": operation({"201": PET}, bill)}})
    edge = Edge("POST /intake", "/animal", "POST /bills", "body.subject")
    made = with_edges(tmp_path, paths, edge)
    assert first_bound(made, "POST /bills") == {"/body/subject": ("intake", "/animal")}
    assert resources_of(made)["intake"].remove is None
    both = with_edges(tmp_path, paths, EDGE, edge)
    assert first_bound(both, "POST /bills") == {"/body/subject": ("animals", "/animal")}
    assert list(resources_of(both)) == ["animals"]


def test_what_needs_an_edge_itself_is_made_after_what_gives_it(tmp_path: Path) -> None:
    bill = {"type": "object", "required": ["subject"], "properties": {"subject": NUMBER}}
    paths = clinic(
        **{
            "/bills": {"post": operation({"201": PET}, bill)},
            "/bills/{billId}": item("billId", NUMBER, get=operation({"200": PET})),
        }
    )
    made = with_edges(tmp_path, paths, Edge("POST /intake", "/animal", "POST /bills", "body.subject"))
    assert list(resources_of(made)) == ["intake", "bills"]
    assert bound(resources_of(made)["bills"].create) == {"/body/subject": ("intake", "/animal")}


def test_two_edges_of_one_answer_share_its_resource(tmp_path: Path) -> None:
    paths = {
        "/intake": {"post": operation({"201": INTAKE}, FORM)},
        "/files/{animal}/{chip}": {
            "parameters": [named("animal", NUMBER), named("chip")],
            "get": operation({"200": {"type": "object"}}),
        },
    }
    read = "GET /files/{animal}/{chip}"
    edges = [Edge("POST /intake", f"/{name}", read, f"path.{name}") for name in ("animal", "chip")]
    made = with_edges(tmp_path, paths, *edges)
    assert made.judged.edges == 2
    assert first_bound(made, read) == {f"/path_params/{name}": ("files", f"/{name}") for name in ("animal", "chip")}
    assert len(made.resources) == 1


def test_an_edge_from_a_list_is_read_and_not_changed(tmp_path: Path) -> None:
    listed = {"/waiting": {"get": operation({"200": {"type": "array", "items": INTAKE}})}}
    edge = Edge("GET /waiting", "/0/animal", READ, "path.animalId")
    made = with_edges(tmp_path, clinic(**listed), edge)
    assert first_bound(made, READ) == {"/path_params/animalId": ("animals", "/0/animal")}
    assert not any(case.bindings for case in cases_of(made, "DELETE /animals/{animalId}"))
    assert resources_of(made)["animals"].remove is None
    removing = Edge("GET /waiting", "/0/animal", "DELETE /animals/{animalId}", "path.animalId")
    assert refusals(with_edges(tmp_path, clinic(**listed), removing)) == [BORROWED]


def test_what_a_request_named_itself_is_read_and_not_changed(tmp_path: Path) -> None:
    visit = {"type": "object", "required": ["animal"], "properties": {"animal": NUMBER}}
    paths = clinic(**{"/booking": {"post": operation({"201": INTAKE}, visit)}})
    made = with_edges(tmp_path, paths, Edge("POST /booking", "/animal", READ, "path.animalId"))
    assert first_bound(made, READ) == {"/path_params/animalId": ("animals", "/animal")}
    assert resources_of(made)["animals"].remove is None
    assert scenarios_of(made) == {}
    assert not any(case.bindings for case in cases_of(made, "DELETE /animals/{animalId}"))
    removing = Edge("POST /booking", "/animal", "DELETE /animals/{animalId}", "path.animalId")
    assert refusals(with_edges(tmp_path, paths, removing)) == [BORROWED]


@pytest.mark.parametrize(
    ("edge", "reason"),
    [
        (Edge("POST /nowhere", "/animal", READ, "path.animalId"), NO_ENDPOINT),
        (Edge("POST /intake", "/weight", READ, "path.animalId"), NO_SOURCE),
        (Edge("POST /intake", "header:Location", READ, "path.animalId"), NO_SOURCE),
        (Edge("POST /intake", "/animal", READ, "path.petId"), NO_FIELD),
        (Edge("POST /intake", "/animal", READ, "body.animalId"), NO_FIELD),
        (Edge("POST /intake", "/chip", READ, "path.animalId"), NO_FIT),
        (Edge("POST /animals/{animalId}/visits", "/id", READ, "path.animalId"), LOOP),
        (Edge("POST /impossible", "/animal", READ, "path.animalId"), NO_CASE),
        (Edge("DELETE /all", "/animal", READ, "path.animalId"), REMOVES),
        (Edge("POST /wards/{ward}/intake", "/animal", READ, "path.animalId"), UNMADE),
    ],
)
def test_an_edge_that_does_not_hold_is_refused_with_a_reason(tmp_path: Path, edge: Edge, reason: str) -> None:
    impossible = {
        "type": "object",
        "required": ["x"],
        "properties": {"x": {"type": "integer", "minimum": 2, "maximum": 1}},
    }
    more = {
        "/impossible": {"post": operation({"201": INTAKE}, impossible)},
        "/all": {"delete": operation({"200": INTAKE})},
        "/wards/{ward}/intake": item("ward", post=operation({"201": INTAKE}, FORM)),
    }
    made = with_edges(tmp_path, clinic(**more), edge)
    assert refusals(made) == [reason]
    assert (made.judged.edges, made.resources) == (0, ())


def test_what_rules_know_is_not_proposed_again(tmp_path: Path) -> None:
    edge = Edge("POST /pets", "/id", "GET /pets/{petId}", "path.petId")
    assert refusals(with_edges(tmp_path, pets(), edge)) == [KNOWN]


def test_one_field_has_one_source(tmp_path: Path) -> None:
    again = Edge("POST /arrivals", "/animal", "DELETE /animals/{animalId}", "path.animalId")
    paths = clinic(**{"/arrivals": {"post": operation({"201": INTAKE}, FORM)}})
    made = with_edges(tmp_path, paths, EDGE, again)
    assert (made.judged.edges, refusals(made)) == (1, [TAKEN])


def test_edges_that_need_each_other_are_cut(tmp_path: Path) -> None:
    def made_of(field: str) -> Json:
        body = {"type": "object", "required": [field], "properties": {field: NUMBER}}
        return {"post": operation({"201": INTAKE}, body)}

    paths = {"/hens": made_of("egg"), "/eggs": made_of("hen")}
    edges = [
        Edge("POST /eggs", "/animal", "POST /hens", "body.egg"),
        Edge("POST /hens", "/animal", "POST /eggs", "body.hen"),
    ]
    made = with_edges(tmp_path, paths, *edges)
    assert (made.judged.edges, refusals(made)) == (1, [LOOP])


@pytest.mark.parametrize(
    ("held", "wanted", "fits"),
    [
        (NUMBER, NUMBER, True),
        (NUMBER, TEXT, False),
        (NUMBER, {"type": "number"}, True),
        ({"type": "string", "format": "uuid"}, {"type": "string", "format": "uuid"}, True),
        ({"type": "string", "format": "date"}, {"type": "string", "format": "uuid"}, False),
        (TEXT, {"type": "string", "enum": ["cat", "dog"]}, False),
        ({"type": "string", "enum": ["cat"]}, {"type": "string", "enum": ["cat", "dog"]}, True),
        ({"type": "string", "enum": ["cow"]}, {"type": "string", "enum": ["cat", "dog"]}, False),
        ({"type": "string", "pattern": "^[a-f]{4}$"}, {"type": "string", "pattern": "^[a-z]{4}$"}, True),
        ({"type": "string", "pattern": "^[0-9]{4}$"}, {"type": "string", "pattern": "^[a-z]{4}$"}, False),
        ({"type": "object"}, TEXT, False),
    ],
)
def test_types_formats_lists_of_values_and_patterns_must_agree(
    tmp_path: Path, held: Json, wanted: Json, fits: bool
) -> None:
    given = {"type": "object", "properties": {"value": held}}
    taken = {"type": "object", "required": ["value"], "properties": {"value": wanted}}
    paths = {"/one": {"post": operation({"201": given}, FORM)}, "/other": {"post": operation({"201": None}, taken)}}
    made = with_edges(tmp_path, paths, Edge("POST /one", "/value", "POST /other", "body.value"))
    assert made.judged.edges == fits


def test_numbers_are_written_as_text_in_paths(tmp_path: Path) -> None:
    paths = clinic(**{"/cards/{card}": item("card", get=operation({"200": PET}))})
    assert (
        with_edges(tmp_path, paths, Edge("POST /intake", "/animal", "GET /cards/{card}", "path.card")).judged.edges == 1
    )


def test_headers_give_values_where_they_are_documented(tmp_path: Path) -> None:
    created = operation({"201": INTAKE}, FORM)
    created["responses"]["201"]["headers"] = {"Location": {"schema": TEXT}}
    paths = clinic(**{"/intake": {"post": created}})
    made = with_edges(tmp_path, paths, Edge("POST /intake", "header:Location#last", READ, "path.animalId"))
    assert first_bound(made, READ) == {"/path_params/animalId": ("animals", "header:Location#last")}


def test_edges_are_read_out_of_an_answer_as_data() -> None:
    good = {"field": "path.petId", "endpoint": "post /pets", "at": "/id"}
    bad: list[Any] = [None, 1, "x", {}, {**good, "at": 5}, {**good, "endpoint": "POST"}, {**good, "field": "x" * 400}]
    text = json.dumps({"cases": [], "sources": [good, *bad, good]})
    edge = Edge("POST /pets", "/id", "GET /pets/{petId}", "path.petId")
    assert read_proposals("GET /pets/{petId}", text) == Proposals((edge,))
    broken = f'Sure! {{"cases": [{{oops], "sources": {json.dumps([good])}}} Done'
    assert read_proposals("GET /pets/{petId}", broken) == Proposals((edge,))
    assert read_proposals("x", "[" * 100_000 + '"sources"', "", '{"sources": {}}') == Proposals()
