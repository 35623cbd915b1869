"""The JSON of the earlier tool, held against what `docs/from-the-earlier-tool.md` says of its fields."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from casecraft.core.case import Binding, CaseRequest, Expectation, Source
from casecraft.suites import render
from tests.suites.samples import PET, answer_of, make_case, make_endpoint, make_result, make_suite

PAGE = Path(__file__).parents[2] / "docs" / "from-the-earlier-tool.md"
STRING = {"type": "string"}
STRINGS = {"type": "array", "items": STRING}
CASE_FIELDS = {
    "test_id": STRING,
    "case_id": {"type": "string", "pattern": "^[A-Z]{3}-[A-Z]+-[0-9]{3,}$"},
    "name": STRING,
    "description": STRING,
    "module": STRING,
    "priority": {"enum": ["P0", "P1", "P2"]},
    "preconditions": STRINGS,
    "method": STRING,
    "path": STRING,
    "headers": {"type": "object", "additionalProperties": STRING},
    "path_params": {"type": "object"},
    "query_params": {"type": "object"},
    "body": {"type": ["object", "null"]},
    "status": {"type": "integer", "minimum": 100, "maximum": 599},
    "resp_schema": {"type": ["object", "boolean", "null"]},
    "resp_headers": {"type": "object"},
    "resp_content": True,
    "rules": STRINGS,
    "postconditions": STRINGS,
    "remarks": STRING,
    "test_type": {"enum": ["positive", "negative", "boundary"]},
}
FILE_FIELDS = {
    "endpoint_id": STRING,
    "method": STRING,
    "path": STRING,
    "summary": STRING,
    "description": STRING,
    "test_cases": {
        "type": "array",
        "items": {"properties": CASE_FIELDS, "required": [*CASE_FIELDS], "additionalProperties": False},
    },
    "metadata": {"type": "object", "required": ["generated_at", "api_version", "llm_model"]},
}
FILE = {"properties": FILE_FIELDS, "required": [*FILE_FIELDS], "additionalProperties": False}


def write(folder: Path, *results: Any) -> dict[str, Any]:
    render(make_suite(results), folder, ["casecraft-v1"])
    return {path.stem: json.loads(path.read_text("utf-8")) for path in (folder / "casecraft-v1").glob("*.json")}


def send(**more: Any) -> CaseRequest:
    return CaseRequest("POST", "/pets/{petId}", {"petId": 1}, {"limit": [1, 2]}, {"X-A": 5}, {"lang": "en"}, **more)


def test_the_fields_are_those_of_the_page() -> None:
    rows = re.findall(r"^\| (`.*?) \|", PAGE.read_text("utf-8").partition("## Case files")[2], re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`([a-z_.]+)`", row)}
    values = {"positive", "negative", "boundary"}
    described = {*CASE_FIELDS, *FILE_FIELDS, "metadata.generated_at", "metadata.api_version", "metadata.llm_model"}
    assert named - values == described - {"metadata"}


def test_every_kind_of_case_has_the_form(tmp_path: Path) -> None:
    endpoint = make_endpoint(
        "POST", "/pets/{petId}", tags=("pets",), summary="s", description="d", responses=(answer_of("201", PET),)
    )
    form = send(body={"a": "b"}, content_type="multipart/form-data")
    cases = [
        make_case("c1", request=send(body={"a": 1}, content_type="application/json"), expect=Expectation((201,))),
        make_case("c2", request=send(), valid=False, technique="boundary_value_analysis", priority="P1"),
        make_case("c3", request=send(credentials="none"), valid=False, expect=Expectation((401, 403), False)),
        make_case("c4", request=form, source=Source("glm", "glm-5")),
    ]
    files = write(tmp_path, make_result(endpoint, *cases), make_result(make_endpoint(tags=("p",)), make_case("c5")))
    assert set(files) == {"post.pets._petid", "get.pets"}
    for file in files.values():
        jsonschema.validate(file, FILE)
    first, third, second, fourth = sorted(files["post.pets._petid"]["test_cases"], key=lambda case: case["case_id"])
    assert first | {"resp_schema": None} == {
        "test_id": "c1",
        "case_id": "PET-POST-001",
        "name": "A pet is found",
        "description": "A pet is found",
        "module": "pets",
        "priority": "P0",
        "preconditions": [],
        "method": "POST",
        "path": "/pets/{petId}",
        "headers": {"X-A": "5", "Cookie": "lang=en", "Content-Type": "application/json"},
        "path_params": {"petId": 1},
        "query_params": {"limit": [1, 2]},
        "body": {"a": 1},
        "status": 201,
        "resp_schema": None,
        "resp_headers": {},
        "resp_content": None,
        "rules": ["path:valid"],
        "postconditions": [],
        "remarks": "expected status: 201; made by rules",
        "test_type": "positive",
    }
    assert third["remarks"] == "expected status: 200; made by glm-5"
    assert (second["test_type"], second["preconditions"]) == ("negative", ["Send it without credentials."])
    assert (second["status"], second["remarks"], second["resp_schema"]) == (
        401,
        "expected status: 401 or 403; made by rules",
        None,
    )
    assert fourth["test_type"] == "boundary"
    assert files["get.pets"]["test_cases"][0]["case_id"] == "API-GET-001"


def test_schemas_resolve_from_the_folder(tmp_path: Path) -> None:
    (case,) = write(tmp_path, make_result(make_endpoint(), make_case()))["get.pets"]["test_cases"]
    assert case["resp_schema"] == {"$ref": "../schemas.json#/$defs/Pet"}
    content = json.loads((tmp_path / "casecraft-v1" / case["resp_schema"]["$ref"].partition("#")[0]).read_text("utf-8"))
    registry = Registry().with_resource("../schemas.json", DRAFT202012.create_resource(content))
    validator = jsonschema.Draft202012Validator(case["resp_schema"], registry=registry)
    assert validator.is_valid({"id": 1})
    assert not validator.is_valid({"id": "1"})


@pytest.mark.parametrize(
    ("expected", "status"), [(("4XX",), 404), (("5XX",), 500), ((400, "2XX"), 400), (("2XX", 202), 202)]
)
def test_one_status_is_chosen(tmp_path: Path, expected: tuple[int | str, ...], status: int) -> None:
    endpoint = make_endpoint(responses=(answer_of("422", {}), answer_of("404", {}), answer_of("default", {})))
    case = make_case(expect=Expectation(expected))
    assert write(tmp_path, make_result(endpoint, case))["get.pets"]["test_cases"][0]["status"] == status


def test_what_has_no_place_is_listed_with_the_reason(tmp_path: Path) -> None:
    bodies: list[tuple[Any, str, str]] = [
        ([1], "application/json", "a list"),
        ("x", "application/json", "a text"),
        (None, "application/json", "null"),
        (True, "application/x+json", "a boolean"),
        (1.5, "application/json", "a number"),
        (None, "text/plain", "a text"),
    ]
    cases = [make_case(f"c{n}", request=send(body=it, content_type=kind)) for n, (it, kind, _) in enumerate(bodies)]
    cases += [make_case("raw", request=send(raw_body="{", content_type="application/json")), make_case("stays")]
    files = write(tmp_path, make_result(make_endpoint(), *cases))
    assert [case["test_id"] for case in files["get.pets"]["test_cases"]] == ["stays"]
    reasons = {skipped["id"]: skipped["reason"] for skipped in files["skipped"]["skipped"]}
    assert reasons == {f"c{n}": f"its body is no object but {said}" for n, (_, _, said) in enumerate(bodies)} | {
        "raw": "its body is an exact text"
    }
    assert "7 cases are not here" in (tmp_path / "casecraft-v1" / "README.md").read_text("utf-8")
    assert "casecraft-v1/skipped.json" in render(make_suite([]), tmp_path, ["casecraft-v1"]).removed


def test_bound_values_say_where_they_come_from(tmp_path: Path) -> None:
    case = make_case(request=send(), bindings=(Binding("/path_params/petId", "pets", "/id"),))
    (written,) = write(tmp_path, make_result(make_endpoint(), case))["get.pets"]["test_cases"]
    assert written["path_params"] == {"petId": "{pets./id}"}
    assert written["preconditions"] == ["pets exists."]
