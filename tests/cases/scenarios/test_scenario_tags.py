"""Scenarios about tags of versions: what was read is changed once, and not sent again while it is as it was."""

from pathlib import Path
from typing import Any

from tests.cases.scenarios.shop import PET, bound, chained, operation, pets, scenarios_of

TAG = ("read", "header:ETag")


def precondition(name: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "schema": {"type": "string"}}


def tagged(*, unmet: str = "412", shown: Any = PET) -> dict[str, Any]:
    """Pets that are changed with If-Match, and read with If-None-Match."""
    paths = pets()
    new = paths["/pets"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    one = paths["/pets/{petId}"]
    one["get"] = operation({"200": shown, "304": None, "404": None}, parameters=[precondition("If-None-Match")])
    one["put"] = operation({"200": shown, unmet: None}, new, parameters=[precondition("if-match")])
    return paths


def test_tag_of_before_changes_nothing_more(tmp_path: Path) -> None:
    found = scenarios_of(chained(tmp_path, tagged()))["pets--lost-update"]
    assert [(step.id, step.expect.status) for step in found.steps] == [
        ("create", (201,)),
        ("read", (200,)),
        ("read-unchanged", (304,)),
        ("change", (200,)),
        ("change-again", (412,)),
    ]
    assert bound(found.steps[2])["/headers/If-None-Match"] == TAG
    assert [bound(step)["/headers/if-match"] for step in found.steps[3:]] == [TAG, TAG]
    # Formats that only know headers that are sent anyway need them there.
    assert [step.request.headers for step in found.steps[1:]] == [{}, {"If-None-Match": "*"}, *[{"if-match": "*"}] * 2]
    assert [step.id for step in found.cleanup] == ["cleanup-remove"]


def test_change_that_cannot_be_read_back_may_leave_the_tag(tmp_path: Path) -> None:
    found = scenarios_of(chained(tmp_path, tagged(shown={"type": "object", "properties": {"id": PET}})))
    assert found["pets--lost-update"].steps[-1].expect.status == (412, 200)


def test_unmet_condition_needs_a_documented_answer(tmp_path: Path) -> None:
    assert "pets--lost-update" not in scenarios_of(chained(tmp_path, tagged(unmet="400")))
    assert "pets--lost-update" not in scenarios_of(chained(tmp_path, pets()))
