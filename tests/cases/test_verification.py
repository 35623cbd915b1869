"""Drafts are checked in the terms of the wire; a wrong claim is rejected, with the right label where there is one."""

from dataclasses import replace
from typing import Any

import pytest

from casecraft.cases import Draft, Rejected, Verified, complete, hits, verify
from casecraft.core.case import Case, Source
from casecraft.core.endpoint import Parameter
from tests.cases.sample_endpoints import KEY, endpoint, pet_endpoint, query

PETS = pet_endpoint()
GOOD = Draft(
    title="A cat",
    valid=True,
    path_params={"petId": 7},
    query={"limit": 10},
    headers={},
    cookies={},
    body={"name": "Tom", "kind": "cat"},
    content_type="application/json",
    expect_status=(),
)


def verified(of: Any, draft: Draft) -> Case:
    result = verify(of, draft)
    assert isinstance(result, Verified), result
    return result.case


def rejected(of: Any, draft: Draft) -> Rejected:
    result = verify(of, draft)
    assert isinstance(result, Rejected), result
    return result


def test_a_draft_that_conforms_is_kept_with_what_it_hits() -> None:
    result = verify(PETS, GOOD, source=Source("glm", "glm-5"))
    assert isinstance(result, Verified)
    assert result.case.valid
    assert result.case.source == Source("glm", "glm-5")
    assert "body.kind:enum=cat" in result.case.targets
    assert "body:minimal" in result.case.targets
    assert "request:minimal" not in result.case.targets
    assert frozenset(result.case.targets) == hits(PETS, result.case.request)


def test_a_value_between_the_bounds_hits_neither() -> None:
    targets = verified(PETS, GOOD).targets
    assert not {"query.limit:minimum", "query.limit:maximum", "body.name:min-length", "body.name:max-length"} & {
        *targets
    }
    longest = verified(PETS, replace(GOOD, query={"limit": 100}, body={"name": "T" * 10, "kind": "cat"})).targets
    assert {"query.limit:maximum", "body.name:max-length"} <= {*longest}


def test_a_draft_wrong_in_the_way_it_says_is_kept() -> None:
    draft = replace(GOOD, valid=False, query={"limit": 101}, violates="query.limit:above-maximum")
    case = verified(PETS, draft)
    assert case.targets == ("query.limit:above-maximum",)
    assert not case.valid


def test_a_draft_wrong_in_another_way_gets_the_right_target() -> None:
    draft = replace(GOOD, valid=False, query={"limit": 101}, violates="query.limit:below-minimum")
    result = rejected(PETS, draft)
    assert "query.limit:above-maximum" in result.problems[0]
    assert result.relabelled is not None
    assert result.relabelled.targets == ("query.limit:above-maximum",)
    assert not result.relabelled.valid


def test_a_wrong_draft_that_conforms_becomes_a_valid_case() -> None:
    result = rejected(PETS, replace(GOOD, valid=False, title="Refuses Tom", expect_status=(400,)))
    assert result.relabelled is not None
    assert result.relabelled.valid
    assert result.relabelled.expect.status == (200, 404)
    assert result.relabelled.title.startswith("Accepts")


def test_a_valid_draft_with_one_fault_becomes_an_invalid_case() -> None:
    result = rejected(PETS, replace(GOOD, body={"name": "Tom"}, expect_status=(200,)))
    assert result.relabelled is not None
    assert not result.relabelled.valid
    assert result.relabelled.targets == ("body.kind:missing",)
    assert result.relabelled.expect.status == (400, 404)
    assert result.relabelled.title.startswith("Refuses")


@pytest.mark.parametrize("valid", [True, False])
def test_two_faults_prove_no_label(valid: bool) -> None:
    result = rejected(PETS, replace(GOOD, valid=valid, body={"name": "T"}))
    assert result.relabelled is None
    assert any("body.name:too-short" in problem for problem in result.problems)
    assert any("body.kind:missing" in problem for problem in result.problems)


@pytest.mark.parametrize(
    "change",
    [
        {"query": {"color": "red"}},
        {"headers": {"X-Other": "1"}},
        {"cookies": {"session": "1"}},
        {"path_params": {"petId": 7, "other": 1}},
        {"path_params": {}},
        {"path_params": {"petId": ""}},
        {"path_params": {"petId": {"a": {"b": 1}}}},
        {"body": {"name": "Tom", "kind": float("nan")}},
        {"body": {"name": "\ud800m", "kind": "cat"}},
    ],
)
def test_what_cannot_be_judged_is_rejected(change: dict[str, Any]) -> None:
    for valid in (True, False):
        result = rejected(PETS, replace(GOOD, valid=valid, **change))
        assert result.problems
        assert result.relabelled is None


def test_headers_that_the_suite_sends_itself_are_taken_out() -> None:
    headers = {"Content-Type": "application/json", "accept": "*/*", "Authorization": "Bearer x", "x-key": "secret"}
    case = verified(PETS, replace(GOOD, headers=headers))
    assert case.request.headers == {}


def test_a_wrong_credential_is_no_proof_of_anything() -> None:
    result = rejected(PETS, replace(GOOD, valid=False, headers={"Authorization": "Bearer wrong"}))
    assert result.relabelled is None


def test_header_names_take_the_case_of_the_document() -> None:
    case = verified(PETS, replace(GOOD, headers={"x-trace": "3f2b8c1e-6a4d-4e0b-9f57-2c8d1a7b5e90"}))
    assert list(case.request.headers) == ["X-Trace"]
    assert "header.X-Trace:valid-format" in case.targets


def test_a_null_parameter_is_not_sent() -> None:
    assert verified(PETS, replace(GOOD, query={"limit": None})).request.query == {}


def test_credentials_are_needed_where_the_document_says() -> None:
    draft = replace(GOOD, valid=False, authenticated=False, violates="auth:missing")
    case = verified(PETS, draft)
    assert case.targets == ("auth:missing",)
    assert case.request.credentials == "none"
    assert case.expect.status == (401,)


def test_credentials_do_not_matter_where_none_are_asked_for() -> None:
    of = endpoint(method="GET")
    draft = replace(GOOD, path_params={}, query={}, body=None, content_type=None, authenticated=False)
    assert verified(of, draft).request.credentials == "own"


def test_a_type_that_is_not_documented() -> None:
    draft = replace(GOOD, valid=False, content_type="application/xml", body="<pet/>")
    assert verified(PETS, draft).targets == ("body:unsupported-content-type",)


def test_a_documented_type_may_have_parameters() -> None:
    assert verified(PETS, replace(GOOD, content_type="application/json; charset=utf-8")).valid


@pytest.mark.parametrize(
    ("schema", "value", "target"),
    [
        ({"type": "string", "maxLength": 3}, 5, None),
        ({"type": "string", "maxLength": 3}, 12345, "query.q:too-long"),
        ({"type": "integer"}, "12", None),
        ({"type": "integer"}, "twelve", "query.q:wrong-type"),
        ({"type": "integer"}, 1.5, "query.q:wrong-type"),
        ({"type": "boolean"}, "true", None),
        ({"type": "boolean"}, "yes", "query.q:wrong-type"),
        ({"type": "array", "items": {"type": "integer"}}, ["1", 2], None),
        ({"type": "array", "items": {"type": "integer"}}, ["1", "b"], "query.q[]:wrong-type"),
        ({"type": "array", "items": {"type": "string"}, "maxItems": 1}, ["a", "b"], "query.q:too-many-items"),
        ({"type": "array", "items": {"type": "string"}, "minItems": 2}, "a", "query.q:too-few-items"),
        ({"enum": [1, "a"]}, "1", None),
        ({"enum": [1, "a"]}, "2", "query.q:not-in-enum"),
        ({"anyOf": [{"type": "integer"}, {"type": "string", "format": "date"}]}, "2024-01-02", None),
        ({"anyOf": [{"type": "integer"}, {"type": "string", "format": "date"}]}, "12", None),
        ({"anyOf": [{"type": "integer", "maximum": 5}, {"type": "string"}]}, "12", None),
        ({"type": "integer", "enum": [1, 2], "maximum": 2}, 3, "query.q:not-in-enum"),
        ({"type": "string", "format": "ipv4"}, "1.2.3.4", None),
        ({"type": "string", "format": "ipv4"}, "1.2.3.400", "query.q:wrong-format"),
    ],
)
def test_parameters_are_judged_as_the_server_reads_them(schema: Any, value: Any, target: str | None) -> None:
    of = endpoint(query("q", schema), method="GET")
    draft = replace(
        GOOD, path_params={}, query={"q": value}, body=None, content_type=None, valid=target is None, violates=target
    )
    case = verified(of, draft)
    assert case.valid == (target is None)


@pytest.mark.parametrize(("style", "name"), [("deepObject", "q[least]"), ("form", "least")])
def test_an_object_given_as_its_json_text_is_written_in_the_style_of_its_parameter(style: str, name: str) -> None:
    properties = {"least": {"type": "integer", "maximum": 5}}
    schema = {"type": "object", "properties": properties, "additionalProperties": False}
    of = endpoint(query("q", schema, style=style), method="GET")
    draft = replace(GOOD, path_params={}, query={"q": '{"least": 3}'}, body=None, content_type=None)
    assert verified(of, draft).request.query == {name: 3}
    wrong = replace(draft, query={"q": '{"least": 6}'}, valid=False, violates="query.q.least:above-maximum")
    assert verified(of, wrong).request.query == {name: 6}


def test_a_delimiter_inside_an_item_cannot_be_carried() -> None:
    of = endpoint(query("q", {"type": "array", "items": {"type": "string"}}, explode=False), method="GET")
    draft = replace(GOOD, path_params={}, query={"q": ["a,b"]}, body=None, content_type=None)
    assert "style" in rejected(of, draft).problems[0]


def test_the_branch_that_a_value_means_says_what_is_wrong() -> None:
    cat = {
        "type": "object",
        "required": ["kind", "lives"],
        "properties": {"kind": {"const": "cat"}, "lives": {"type": "integer"}},
    }
    dog = {
        "type": "object",
        "required": ["kind", "name"],
        "properties": {"kind": {"const": "dog"}, "name": {"type": "string"}},
    }
    of = endpoint(body={"oneOf": [cat, dog]}, security=KEY)
    draft = replace(GOOD, path_params={}, query={}, body={"kind": "dog"}, valid=False, violates="body.name:missing")
    assert verified(of, draft).targets == ("body.name:missing",)


def test_proposed_statuses_only_narrow_what_the_document_allows() -> None:
    of = endpoint(
        Parameter("id", "path", True, {"enum": [1]}), path="/x/{id}", method="PUT", statuses=("200", "204", "400")
    )
    draft = replace(GOOD, path_params={"id": 1}, query={}, body=None, content_type=None)
    assert verified(of, replace(draft, expect_status=(204,))).expect.status == (204,)
    assert verified(of, replace(draft, expect_status=(201,))).expect.status == (200, 204)


def test_a_conforming_draft_may_be_refused_for_its_meaning_and_then_covers_nothing_else() -> None:
    case = verified(PETS, replace(GOOD, title="A pet of tomorrow", expect_status=(404,)))
    assert case.valid
    assert case.expect.status == (404,)
    assert [target.partition(":")[0] for target in case.targets] == ["meaning"]
    kept = complete(PETS, [case])
    assert case.targets[0] in {target for it in kept for target in it.targets}
    assert any("body:minimal" in it.targets for it in kept)


def test_a_refusal_that_the_document_does_not_list_is_not_believed() -> None:
    case = verified(PETS, replace(GOOD, expect_status=(418,)))
    assert case.expect.status == (200, 404)
    assert "body:minimal" in case.targets
