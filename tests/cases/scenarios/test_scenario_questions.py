"""What models are asked beside the cases: only what rules leave open, and shortly."""

from pathlib import Path
from typing import Any

from casecraft.cases.question import Question
from casecraft.cases.scenarios import Questions
from tests.cases.scenarios.shop import PET, TEXT, Json, item, operation, pets, results_of
from tests.cases.scenarios.test_scenario_edges import FORM, READ, clinic
from tests.cases.scenarios.test_scenario_stories import shop

CHAPTER: Json = {
    "type": "object",
    "properties": {
        "animalId": {"type": "integer"},
        "animalRef": TEXT,
        "note": TEXT,
        "moodId": {"type": "integer", "enum": [1, 2]},
    },
}


def questions(tmp_path: Path, paths: Json, **more: Any) -> dict[str, Question]:
    endpoints = [result.endpoint for result in results_of(tmp_path, paths)]
    asked = Questions(endpoints, **more)
    found = {each.id: asked.of(each) for each in endpoints}
    return {name: question for name, question in found.items() if question is not None}


def named(question: Question) -> list[str]:
    return [each["endpoint"] for each in question.endpoints]


def test_nothing_is_asked_where_rules_know_all(tmp_path: Path) -> None:
    assert questions(tmp_path, pets()) == {}


def test_only_endpoints_that_are_called_alike_and_give_an_id_are_shown(tmp_path: Path) -> None:
    given = {"type": "object", "properties": {"animalId": {"type": "integer"}, "kind": TEXT}}
    paths = clinic(
        **{
            "/animal-intake": {"post": operation({"201": given}, FORM, summary="Take one in")},
            "/animal-weather": {"get": operation({"200": {"type": "object", "properties": {"wind": TEXT}}})},
            "/shoes": {"post": operation({"201": given}, FORM)},
        }
    )
    question = questions(tmp_path, paths)[READ]
    assert question == Question(
        ("path.animalId",),
        scenarios=False,
        endpoints=({"endpoint": "POST /animal-intake", "summary": "Take one in", "gives": ["/animalId"]},),
    )


def test_fields_of_bodies_and_queries_that_look_like_references_are_asked_for(tmp_path: Path) -> None:
    listed = {"type": "array", "items": PET}
    query = [{"name": name, "in": "query", "schema": TEXT} for name in ("keeperId", "color")]
    header = [{"name": "X-Request-Id", "in": "header", "schema": TEXT}]
    paths = {
        "/chapters": {"post": operation({"201": PET}, CHAPTER, parameters=[*query, *header])},
        "/animal-list": {"get": operation({"200": listed})},
        "/keeper-list": {"get": operation({"200": listed})},
    }
    question = questions(tmp_path, paths)["POST /chapters"]
    assert question.fields == ("query.keeperId", "body.animalId", "body.animalRef")
    assert named(question) == ["GET /animal-list", "GET /keeper-list"]
    assert question.endpoints[0]["gives"] == ["/0/id", "/0/name"]


def test_a_field_that_rules_fill_is_not_asked_for(tmp_path: Path) -> None:
    body = {"type": "object", "properties": {"petId": {"type": "integer"}}}
    assert "POST /orders" not in questions(tmp_path, pets(**{"/orders": {"post": operation({"201": PET}, body)}}))


def test_one_endpoint_of_a_group_is_asked_for_its_business(tmp_path: Path) -> None:
    asked = questions(tmp_path, shop())
    assert [name for name, question in asked.items() if question.scenarios] == ["POST /orders"]
    question = asked["POST /orders"]
    assert question.fields == ()
    assert named(question)[:3] == ["POST /orders", "POST /pets", "DELETE /pets/{petId}"]
    assert question.endpoints[0]["statuses"] == ["201", "409"]
    assert not any(question.scenarios for question in questions(tmp_path, shop(), scenarios=False).values())


def test_lists_are_short_in_a_large_document(tmp_path: Path) -> None:
    many = {f"/animal{number}/animal": {"get": operation({"200": PET})} for number in range(60)}
    acts = {f"/orders/{{orderId}}/act{number}": item("orderId", post=operation({"200": PET})) for number in range(60)}
    asked = questions(tmp_path, {**clinic(), **shop(), **many, **acts})
    assert len(asked[READ].endpoints) == 12
    assert len(asked["POST /orders"].endpoints) == 20


def test_one_endpoint_alone_is_asked_nothing(tmp_path: Path) -> None:
    assert questions(tmp_path, {"/pets/{petId}": item(get=operation({"200": PET}))}) == {}
