"""What is sent as text may be read in several ways: labels hold for every one of them."""

from dataclasses import replace
from typing import Any

import pytest

from casecraft.cases import Draft, Rejected, Verified, generate, unreachable, verify
from casecraft.core.endpoint import Endpoint, Parameter
from tests.cases.sample_endpoints import endpoint, query

NUMBER_OR_NAME = {"oneOf": [{"type": "integer"}, {"type": "string"}]}
TEXT_OR_LISTED = {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string", "enum": ["a", "b"]}}]}
PLAIN = Draft("A request", True, {}, {}, {}, {}, None, None, ())


def with_number_or_name() -> Endpoint:
    of = Parameter("id", "path", True, NUMBER_OR_NAME, style="simple", explode=False)
    return endpoint(of, method="GET", path="/things/{id}")


def test_a_number_that_is_a_text_as_well_proves_no_label() -> None:
    verdict = verify(with_number_or_name(), replace(PLAIN, path_params={"id": 7}))
    assert isinstance(verdict, Rejected)
    assert verdict.relabelled is None
    assert "several branches" in verdict.problems[0]


def test_a_text_that_is_no_number_fits_one_branch() -> None:
    assert isinstance(verify(with_number_or_name(), replace(PLAIN, path_params={"id": "main"})), Verified)


def test_only_texts_of_one_branch_are_made() -> None:
    cases = generate(with_number_or_name())
    assert cases
    assert not any(str(case.request.path_params["id"]).lstrip("-").isdigit() for case in cases)
    assert "several branches" in unreachable(with_number_or_name())["path.id/oneOf:1"]


def test_where_every_text_is_ambiguous_any_branch_will_do() -> None:
    either = {"oneOf": [{"type": "integer"}, {"type": "string", "pattern": "^[1-9]$"}]}
    of = endpoint(Parameter("id", "path", True, either, style="simple", explode=False), path="/things/{id}")
    assert any(case.valid for case in generate(of))
    assert isinstance(verify(of, replace(PLAIN, path_params={"id": 7})), Verified)


@pytest.mark.parametrize("value", ["7", "main"])
def test_any_of_several_branches_may_fit(value: str) -> None:
    of = endpoint(query("q", {"anyOf": NUMBER_OR_NAME["oneOf"]}), method="GET")
    assert isinstance(verify(of, replace(PLAIN, query={"q": value})), Verified)


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_fields_of_forms_are_texts_as_well(content_type: str) -> None:
    body = {"type": "object", "properties": {"id": NUMBER_OR_NAME}}
    of = endpoint(body=body, content_type=content_type)
    assert all(not str((case.request.body or {}).get("id")).isdigit() for case in generate(of) if case.valid)
    verdict = verify(of, replace(PLAIN, body={"id": 7}, content_type=content_type))
    assert isinstance(verdict, Rejected)
    assert verdict.relabelled is None


def test_json_says_itself_what_is_meant() -> None:
    of = endpoint(body=NUMBER_OR_NAME)
    assert isinstance(verify(of, replace(PLAIN, body=7, content_type="application/json")), Verified)
    assert not unreachable(of).keys() & {"body/oneOf:1", "body/oneOf:2"}


def test_a_list_of_one_text_is_that_text() -> None:
    of = endpoint(query("has", TEXT_OR_LISTED), method="GET")
    assert isinstance(verify(of, replace(PLAIN, query={"has": ["other"]})), Verified)
    assert not any("not-in-enum" in target for case in generate(of) for target in case.targets)


@pytest.mark.parametrize(
    ("schema", "sent"),
    [(TEXT_OR_LISTED, ["a", "other"]), (TEXT_OR_LISTED["oneOf"][1], ["other"])],
)
def test_several_texts_are_no_text(schema: Any, sent: list[str]) -> None:
    of = endpoint(query("has", schema), method="GET")
    verdict = verify(of, replace(PLAIN, query={"has": sent}))
    assert isinstance(verdict, Rejected)
    assert verdict.relabelled is not None
    assert verdict.relabelled.targets == ("query.has[]:not-in-enum",)


def one_of(*branches: Any) -> dict[str, Any]:
    return {"oneOf": [{"type": each} if isinstance(each, str) else each for each in branches]}


def in_xml(schema: Any, inner: str) -> Verified | Rejected:
    body = {"type": "object", "required": ["v"], "properties": {"v": schema}, "xml": {"name": "pet"}}
    of = endpoint(body=body, content_type="application/xml")
    return verify(of, replace(PLAIN, body=f"<pet>{inner}</pet>", content_type="application/xml"))


def having(schema: str) -> dict[str, Any]:
    return {"type": "object", "required": ["a"], "properties": {"a": {"type": schema}}}


def listing(schema: str) -> dict[str, Any]:
    return {"type": "array", "items": {"type": schema}}


@pytest.mark.parametrize(
    ("schema", "inner"),
    [
        (one_of("integer", "string"), "<v>+7</v>"),
        (one_of("integer", "string"), "<v> 7 </v>"),
        (one_of("number", "string"), "<v>7.</v>"),
        (one_of("boolean", "integer"), "<v>1</v>"),
        (one_of("boolean", "string"), "<v> true </v>"),
        (one_of(having("integer"), having("string")), "<v><a>7</a></v>"),
        (one_of(having("boolean"), having("integer")), "<v><a>1</a></v>"),
        (one_of("string", {"type": "object"}), "<v/>"),
        (one_of("string", listing("string")), "<v/>"),
        ({**one_of(listing("integer"), listing("string")), "xml": {"wrapped": True}}, "<v><v>7</v></v>"),
        (listing("string") | {"items": one_of(having("integer"), having("string"))}, "<v><a>7</a></v>"),
    ],
)
def test_xml_that_reads_as_several_branches_proves_no_label(schema: Any, inner: str) -> None:
    verdict = in_xml(schema, inner)
    assert isinstance(verdict, Rejected), verdict
    assert verdict.relabelled is None
    assert "several branches" in verdict.problems[0]


@pytest.mark.parametrize(
    ("schema", "inner"),
    [
        (one_of("integer", "string"), "<v>7.0</v>"),
        (one_of(having("integer"), having("string")), "<v><a>x</a></v>"),
        (one_of(having("boolean"), having("integer")), "<v><a>7</a></v>"),
        (one_of("string", {"type": "object"}), "<v>x</v>"),
        ({"anyOf": [having("integer"), having("string")]}, "<v><a>7</a></v>"),
    ],
)
def test_xml_that_reads_as_one_branch_is_read_by_it(schema: Any, inner: str) -> None:
    assert isinstance(in_xml(schema, inner), Verified)


def test_what_fits_several_branches_in_any_reading_is_wrong() -> None:
    verdict = in_xml({**one_of(listing("integer"), listing("string")), "xml": {"wrapped": True}}, "<v/>")
    assert isinstance(verdict, Rejected)
    assert verdict.relabelled is not None
    assert verdict.relabelled.targets == ("body.v:several-branches",)
