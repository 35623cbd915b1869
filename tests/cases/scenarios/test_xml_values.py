"""Values that are bound into XML bodies, at marks in their text."""

from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from casecraft.cases.scenarios import Chained
from casecraft.core.scenario import Step
from tests.cases.scenarios.shop import PET, TEXT, Json, chained, item, operation, resources_of, scenarios_of

NAMED: Json = {
    "type": "object",
    "required": ["name"],
    "properties": {"name": {**TEXT, "xml": {"attribute": True}}},
    "xml": {"name": "pet"},
}
TOY: Json = {
    "type": "object",
    "required": ["petId"],
    "properties": {"petId": {"type": "integer"}},
    "xml": {"name": "toy"},
}


def taking(schema: Json, answers: Any, content_type: str = "application/xml") -> Json:
    body = {"required": True, "content": {content_type: {"schema": schema}}}
    return {**operation(answers), "requestBody": body}


def shop(**more: Any) -> Json:
    read = operation({"200": PET, "404": None})
    return {
        "/pets": {"post": taking(NAMED, {"201": PET, "409": None})},
        "/pets/{petId}": item(schema={"type": "integer"}, get=read),
        "/toys": {"post": taking(TOY, {"201": None})},
        **more,
    }


def places(step: Any) -> dict[str, tuple[str, str]]:
    return {binding.place: (binding.step, binding.source) for binding in step.bindings}


def valid_toy(made: Chained) -> Any:
    cases = next(result.cases for result in made.results if result.endpoint.id == "POST /toys")
    return next(case for case in cases if "request:minimal" in case.targets)


def test_a_resource_in_xml_gets_a_name_of_its_own(tmp_path: Path) -> None:
    step = resources_of(chained(tmp_path, shop()))["pets"].create
    assert places(step) == {"/body#[bound-1]": ("run", "unique")}
    root = ET.fromstring(step.request.body.partition("\n")[2])
    assert (root.tag, root.attrib) == ("pet", {"name": "[bound-1]"})


def test_a_reference_in_xml_gets_the_id_of_what_exists(tmp_path: Path) -> None:
    toy = valid_toy(chained(tmp_path, shop()))
    assert places(toy) == {"/body#[bound-1]": ("pets", "/id")}
    assert "<petId>[bound-1]</petId>" in toy.request.body


def test_a_case_about_the_field_keeps_its_text(tmp_path: Path) -> None:
    made = chained(tmp_path, shop())
    cases = next(result.cases for result in made.results if result.endpoint.id == "POST /toys")
    wrong = next(case for case in cases if case.targets == ("body.petId:wrong-type",))
    assert "[bound-" not in wrong.request.body
    assert wrong.bindings == ()


def test_the_same_in_xml_again_is_what_was_sent(tmp_path: Path) -> None:
    steps: dict[str, Step] = {
        step.id: step for step in scenarios_of(chained(tmp_path, shop()))["pets--duplicate"].steps
    }
    assert places(steps["create"]) == {"/body#[bound-1]": ("run", "unique")}
    assert places(steps["create-again"]) == {"/body#[bound-1]": ("create", "request:/body#[bound-1]")}
    assert steps["create"].request == steps["create-again"].request


def test_where_a_mark_may_stand_already_nothing_is_bound(tmp_path: Path) -> None:
    marked = {**TOY, "properties": {**TOY["properties"], "note": {"const": "[bound-1]"}}, "required": ["petId", "note"]}
    toy = valid_toy(chained(tmp_path, shop(**{"/toys": {"post": taking(marked, {"201": None})}})))
    assert toy.bindings == ()
    assert "<note>[bound-1]</note>" in toy.request.body


def test_json_is_bound_by_pointers(tmp_path: Path) -> None:
    paths = shop(**{"/toys": {"post": taking(TOY, {"201": None}, "application/json")}})
    assert places(valid_toy(chained(tmp_path, paths))) == {"/body/petId": ("pets", "/id")}
