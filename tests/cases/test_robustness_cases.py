"""Robustness: each kind of oddness has a case by rule, and is known again in whatever request has it."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casecraft.cases import Draft, Rejected, Verified, generate, hits, parse, targets_of, unreachable, verify
from casecraft.cases.hostile_texts import has_control_characters
from casecraft.cases.raw_bodies import malformed, nested, read_raw, text_of, truncated, with_repeated_name
from casecraft.cases.requests import request_model
from casecraft.core.case import Case, CaseRequest, Repeat, written_out
from casecraft.core.endpoint import Endpoint, MediaType, Response
from tests.cases.sample_endpoints import endpoint, query

NAMED = {
    "type": "object",
    "required": ["name"],
    "properties": {"name": {"type": "string"}, "size": {"type": "integer"}},
}
SYNTAX = {"body:truncated-json", "body:malformed-json", "body:empty", "body:deeply-nested", "body:repeated-name"}


def ids(of: Endpoint) -> set[str]:
    return {target.id for target in targets_of(of)}


def case_of(of: Endpoint, target: str) -> Case:
    return next(case for case in generate(of) if case.targets == (target,))


def answering(of: Endpoint, content_type: str = "application/json", **more: Any) -> Endpoint:
    return replace(of, responses=(Response("200", "", (MediaType(content_type, {}),)),), **more)


def json_values() -> st.SearchStrategy[Any]:
    scalars = st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5)
    return st.recursive(
        scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    )


@given(json_values())
def test_a_text_is_read_as_the_json_that_it_is(value: Any) -> None:
    read = read_raw(text_of(value))
    assert (read.fault, read.value, read.repeats) == (None, value, False)


@given(json_values())
def test_broken_texts_are_no_json_for_anybody(value: Any) -> None:
    for text in malformed(value):
        with pytest.raises(json.JSONDecodeError):
            json.loads(text)
        assert read_raw(text).fault == "malformed-json"


@given(st.lists(json_values()) | st.dictionaries(st.text(max_size=3), json_values()))
def test_a_text_that_is_cut_ends_too_early(value: Any) -> None:
    text = next(truncated(value))
    assert read_raw(text).fault == "truncated-json"


@given(st.dictionaries(st.text(max_size=3), json_values(), min_size=1))
def test_a_repeated_name_leaves_the_value_as_it_is(value: dict[str, Any]) -> None:
    (text,) = with_repeated_name(value)
    read = read_raw(text)
    assert (read.fault, read.value, read.repeats) == (None, value, True)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "empty"),
        (" \n", "empty"),
        ("NaN", "malformed-json"),
        ("{'a': 1}", "malformed-json"),
        ('{"a": "b', "truncated-json"),
        ('{"a":', "truncated-json"),
        ("[" * 100 + "]" * 100, "deeply-nested"),
        (json.dumps("[" * 100), None),
        (json.dumps('"[' * 100), None),
        ("[1, 2]", None),
    ],
)
def test_what_a_text_is(text: str, fault: str | None) -> None:
    assert read_raw(text).fault == fault


def test_a_nested_text_is_of_no_type_that_the_body_may_have() -> None:
    assert written_out(next(nested(frozenset({"object"})))).startswith("[[[")
    assert written_out(next(nested(frozenset({"array"})))).startswith('{"a":{"a":')
    assert list(nested(frozenset({"array", "object"}))) == []


def test_a_json_body_gets_cases_for_its_syntax() -> None:
    of = endpoint(body=NAMED)
    assert ids(of) >= SYNTAX | {"body:missing-content-type"}
    assert case_of(of, "body:truncated-json").request.raw_body == '{"name":"Blue harbor"'
    assert case_of(of, "body:malformed-json").request.raw_body == '{"name":"Blue harbor",}'
    assert case_of(of, "body:repeated-name").request.raw_body == '{"name":"Blue harbor","name":"Blue harbor"}'
    assert case_of(of, "body:empty").request.raw_body == ""
    assert case_of(of, "body:empty").request.content_type == "application/json"
    assert case_of(of, "body:missing-content-type").request.content_type == ""


def test_no_suite_is_bloated_by_robustness() -> None:
    odd = [case for case in generate(endpoint(body=NAMED)) if case.technique in ("syntax_testing", "error_guessing")]
    assert sum(len(str(case.request)) for case in odd) < 20_000


def test_what_is_no_json_gets_no_cases_for_the_syntax_of_json() -> None:
    of = endpoint(body=NAMED, content_type="application/x-www-form-urlencoded")
    assert not ids(of) & (SYNTAX | {"body:missing-content-type"})


def test_an_optional_body_may_be_empty_and_is_broken_all_the_same() -> None:
    of = endpoint(body=NAMED, body_required=False)
    assert "body:empty" not in ids(of)
    assert case_of(of, "body:truncated-json").request.raw_body == '{"name":"Blue harbor"'


def test_a_body_without_fields_has_no_name_to_repeat() -> None:
    of = endpoint(body={"type": "array", "items": {"type": "integer"}})
    assert "body:repeated-name" in unreachable(of)
    raw = case_of(of, "body:deeply-nested").request.raw_body
    assert raw == (Repeat('{"a":', 1000), Repeat("1"), Repeat("}", 1000))
    assert read_raw(raw).fault == "deeply-nested"


def test_a_body_in_parts_is_read_as_the_text_that_it_is() -> None:
    assert read_raw((Repeat("[1"), Repeat(",1", 3), Repeat("]"))).value == [1, 1, 1, 1]
    assert read_raw((Repeat("["), Repeat("1,", 3))).fault == "truncated-json"


def test_a_huge_body_is_never_put_together_to_be_read() -> None:
    of = endpoint(body=NAMED)
    endless = CaseRequest("POST", "/pets", raw_body=(Repeat('"'), Repeat("x", 2**50)), content_type="application/json")
    found = request_model(of).inspect(endless)
    assert [finding.target for finding in found.findings] == ["body:huge"]
    listed = replace(endless, raw_body=(Repeat("", 1), Repeat("[", 2**50)))
    assert [finding.target for finding in request_model(of).inspect(listed).findings] == ["body:huge"]


@pytest.mark.parametrize("start", ['{"name":"', " ", "1"])
def test_a_huge_body_that_may_be_right_is_not_judged(start: str) -> None:
    raw = (Repeat(start), Repeat("1", 2**50))
    request = CaseRequest("POST", "/pets", raw_body=raw, content_type="application/json")
    found = request_model(endpoint(body=NAMED)).inspect(request)
    assert found.unclear
    assert not found.findings


def test_any_deep_body_is_a_claim_that_cannot_be_made_of_a_body_of_any_type() -> None:
    assert "body:deeply-nested" not in ids(endpoint(body={}))


def test_broken_bodies_are_refused_and_ambiguous_ones_may_be() -> None:
    of = endpoint(body=NAMED, statuses=("201", "422"))
    assert case_of(of, "body:malformed-json").expect.status == (422, 400)
    assert case_of(of, "body:deeply-nested").expect.status == (422, 400, 413)
    assert not case_of(of, "body:malformed-json").valid
    for target in ("body:repeated-name", "body:missing-content-type"):
        case = case_of(of, target)
        assert (case.valid, case.expect.status, case.expect.check_schema) == (True, (201, "4XX"), False)


def test_a_path_is_tried_once_with_a_method_that_it_lacks() -> None:
    first = endpoint(method="GET", path="/things")
    of = replace(first, path_methods=("GET", "POST"))
    case = case_of(of, "request:undocumented-method")
    assert (case.request.method, case.request.path, case.valid) == ("PATCH", "/things", False)
    assert case.expect.status == (405, 404, 501, 400)
    assert not case.expect.check_schema
    assert "request:undocumented-method" not in ids(first)
    assert "request:undocumented-method" not in ids(replace(of, path_methods=("POST", "GET")))
    full = replace(of, path_methods=("GET", "PATCH", "PUT", "POST"))
    assert "request:undocumented-method" not in ids(full)


def test_a_path_is_never_tried_with_delete() -> None:
    of = replace(endpoint(method="DELETE"), path_methods=("DELETE",))
    assert case_of(of, "request:undocumented-method").request.method == "GET"


def test_a_documented_method_of_the_path_is_no_finding() -> None:
    of = replace(endpoint(method="GET"), path_methods=("GET", "POST"))
    request = case_of(of, "request:undocumented-method").request
    assert hits(of, replace(request, method="POST")) == frozenset()
    assert hits(of, replace(request, method="PUT")) == {"request:undocumented-method"}


def test_an_answer_of_another_type_is_asked_for_once_a_path() -> None:
    of = answering(endpoint(method="GET"), path_methods=("GET",))
    case = case_of(of, "request:unacceptable-answer-type")
    assert case.request.headers == {"Accept": "application/vnd.casecraft.unacceptable"}
    assert case.expect.status == (200, "4XX")
    other = {"accept": "text/css, image/*"}
    assert hits(of, replace(case.request, headers=other)) == {"request:unacceptable-answer-type"}
    for accept in ("*/*", "application/json;q=0.5", "text/html, application/*"):
        assert "request:minimal" in hits(of, replace(case.request, headers={"Accept": accept}))


@pytest.mark.parametrize("documented", ["*/*", "application/*"])
def test_where_any_answer_is_documented_none_is_unacceptable(documented: str) -> None:
    of = answering(endpoint(method="GET"), documented, path_methods=("GET",))
    assert "request:unacceptable-answer-type" not in ids(of)
    assert "request:unacceptable-answer-type" not in unreachable(of)


def test_a_parameter_that_takes_one_value_is_sent_twice() -> None:
    of = endpoint(query("tags", {"type": "array"}), query("limit", {"type": "integer", "maximum": 9}), method="GET")
    case = case_of(of, "request:repeated-parameter")
    assert case.request.query == {"limit": [1, 1]}
    assert case.valid
    assert hits(of, replace(case.request, query={"limit": [1, 2]})) == {"request:repeated-parameter"}
    assert hits(of, replace(case.request, query={"limit": [1, 20]})) == {"query.limit:wrong-type"}
    assert "request:repeated-parameter" not in hits(of, replace(case.request, query={"tags": ["a", "a"]}))


def test_deleting_is_not_repeated_for_a_probes_sake() -> None:
    of = answering(endpoint(query("q", {"type": "string"}), method="DELETE"), path_methods=("GET", "DELETE"))
    assert not [case.targets for case in generate(of) if "4XX" in case.expect.status and case.valid]


def test_text_that_shows_nothing_and_text_without_end() -> None:
    of = endpoint(body=NAMED)
    text = case_of(of, "request:control-characters").request.body["name"]
    assert has_control_characters(text)
    assert "\x00" in text
    assert len(case_of(of, "request:long-text").request.body["name"]) == 5000
    short = {**NAMED, "properties": {"name": {"type": "string", "maxLength": 20}}}
    assert "request:long-text" not in ids(endpoint(body=short))


@pytest.mark.parametrize("text", ["plain", "a\nb\tc\r\n", "Zoë 北京😀 שלום e\u0301", ""])
def test_text_of_people_has_no_control_characters(text: str) -> None:
    assert not has_control_characters(text)


# What models propose

DRAFT = Draft("A thing", True, {}, {}, {}, {}, {"name": "Rex"}, "application/json", ())


def drafted(of: Endpoint, **changes: Any) -> Case:
    verdict = verify(of, replace(DRAFT, **changes))
    assert isinstance(verdict, Verified), verdict
    return verdict.case


def test_a_models_broken_body_is_known_by_its_text() -> None:
    of = endpoint(body=NAMED)
    cut = drafted(of, valid=False, body=None, raw_body='{"name": "Re')
    assert (cut.targets, cut.valid) == (("body:truncated-json",), False)
    twice = drafted(of, body=None, raw_body='{"name": "Rex", "name": "Max"}')
    assert (twice.targets, twice.valid, twice.expect.status) == (("body:repeated-name",), True, (200, "4XX"))
    whole = drafted(of, body=None, raw_body='{"name": "Rex"}')
    assert "body:minimal" in whole.targets
    wrong = drafted(of, valid=False, body=None, raw_body='{"name": 1}')
    assert wrong.targets == ("body.name:wrong-type",)


def test_a_models_text_without_end_is_refused() -> None:
    verdict = verify(endpoint(body=NAMED), replace(DRAFT, body=None, raw_body=f'{{"name": "{"x" * 30_000}"}}'))
    assert isinstance(verdict, Rejected)
    assert "longer than" in verdict.problems[0]


def test_a_broken_body_is_neither_read_nor_mended_where_it_is_meant() -> None:
    answer = {
        "cases": [
            {"title": "Cut", "valid": False, "violates": "body:truncated-json", "body": '{"name": "Re'},
            {"title": "Odd", "valid": True, "raw_body": '{"name": "a", "name": "b"}'},
            {"title": "Meant well", "valid": True, "body": '{"name": "Re'},
        ]
    }
    cut, odd, mended = parse(json.dumps(answer)).drafts
    assert (cut.raw_body, cut.body, cut.content_type) == ('{"name": "Re', None, "application/json")
    assert odd.raw_body == '{"name": "a", "name": "b"}'
    assert (mended.raw_body, mended.body) == (None, {"name": "Re"})


def test_a_models_accept_is_kept_where_it_is_the_point() -> None:
    of = answering(endpoint(body=NAMED), path_methods=("POST",))
    assert drafted(of, headers={"accept": "text/css"}).targets == ("request:unacceptable-answer-type",)
    assert drafted(of, headers={"accept": "application/json"}).request.headers == {}


@settings(max_examples=50)
@given(st.text(max_size=40))
def test_no_text_of_a_body_stops_the_check(text: str) -> None:
    assert isinstance(verify(endpoint(body=NAMED), replace(DRAFT, body=None, raw_body=text)), Verified | Rejected)
