"""Rules between fields: found by names and texts, proposed by models, checked, and tested both ways."""

import json
from typing import Any

import pytest

from casecraft.cases import (
    complete,
    generate,
    hits,
    proposed_cases,
    read_relations,
    refused_relations,
    targets_of,
    unreachable,
)
from casecraft.cases.relation_search import CONTRADICTED, UNSOUND
from casecraft.cases.relations import PREFIX, Relation, relation_of
from casecraft.cases.requests import request_model
from casecraft.core.case import Case, CaseRequest, Source
from casecraft.core.endpoint import Endpoint, Parameter
from tests.cases.sample_endpoints import endpoint, query

DATE = {"type": "string", "format": "date"}
MOMENT = {"type": "string", "format": "date-time"}
NUMBER = {"type": "integer", "minimum": 0, "maximum": 50}
MODEL = Source("glm", "glm-5")


def found(*parameters: Parameter, **more: Any) -> set[str]:
    of = endpoint(*parameters, **more)
    return {target.id for target in targets_of(of) if target.id.startswith(PREFIX)}


def period(**more: Any) -> Endpoint:
    return endpoint(query("since", MOMENT), query("until", MOMENT), method="GET", **more)


def state_case(of: Endpoint, target: str) -> Case:
    return next(case for case in generate(of) if target in case.targets)


@pytest.mark.parametrize(
    ("low", "high", "schema"),
    [
        ("since", "until", MOMENT),
        ("start_date", "end_date", DATE),
        ("startDate", "endDate", DATE),
        ("from", "to", DATE),
        ("min_price", "max_price", {"type": "number"}),
        ("priceMin", "priceMax", NUMBER),
        ("created_after", "created_before", MOMENT),
        ("createdAfter", "createdBefore", MOMENT),
        ("price[gte]", "price[lte]", NUMBER),
        ("valid_from", "valid_until", MOMENT),
    ],
)
def test_names_tell_which_value_is_the_lower_one(low: str, high: str, schema: dict[str, Any]) -> None:
    relation = f"relation:query.{low}<=query.{high}"
    wanted = {f"{relation}:{state}" for state in ("kept", "equal", "broken")}
    assert found(query(low, schema), query(high, schema), method="GET") == wanted
    assert found(query(high, schema), query(low, schema), method="GET") == wanted


@pytest.mark.parametrize(
    ("low", "high", "one", "other"),
    [
        ("from", "to", {"type": "string"}, {"type": "string"}),
        ("from", "to", NUMBER, NUMBER),
        ("from_account", "to_account", DATE, DATE),
        ("fromId", "toId", NUMBER, NUMBER),
        ("start", "end", DATE, MOMENT),
        ("start", "end", NUMBER, DATE),
        ("after", "before", NUMBER, NUMBER),
        ("min", "max", {"enum": [1, 2]}, {"enum": [1, 2]}),
        ("minA", "maxB", NUMBER, NUMBER),
    ],
)
def test_names_alone_make_no_order(low: str, high: str, one: dict[str, Any], other: dict[str, Any]) -> None:
    assert not found(query(low, one), query(high, other), method="GET")


def test_both_sides_and_the_boundary_are_sent() -> None:
    of = period()
    sent = {
        state: state_case(of, f"relation:query.since<=query.until:{state}").request.query
        for state in ("kept", "equal", "broken")
    }
    assert sent["kept"]["since"] < sent["kept"]["until"]
    assert sent["equal"]["since"] == sent["equal"]["until"]
    assert sent["broken"]["since"] > sent["broken"]["until"]


def test_what_only_names_say_may_be_refused_or_not_and_never_fails() -> None:
    of = period(statuses=("200", "400", "404", "500"))
    broken = state_case(of, "relation:query.since<=query.until:broken")
    assert broken.valid
    assert broken.priority == "P2"
    assert broken.technique == "decision_table_testing"
    assert broken.expect.status == (200, 400)
    assert broken.targets == ("relation:query.since<=query.until:broken",)
    undocumented = state_case(period(statuses=("200",)), "relation:query.since<=query.until:broken")
    assert undocumented.expect.status == (200, "4XX")
    assert state_case(of, "relation:query.since<=query.until:kept").expect.status == (200,)


def test_every_other_valid_case_keeps_the_rules() -> None:
    schema = {
        "type": "object",
        "required": ["min", "max"],
        "properties": {
            "min": NUMBER,
            "max": NUMBER,
            "period": {"type": "object", "required": ["start"], "properties": {"start": DATE, "end": DATE}},
        },
    }
    of = endpoint(query("from", DATE, required=True), query("to", DATE, required=True), body=schema)
    checked = 0
    for case in generate(of):
        probing = case.technique in ("error_guessing", "security", "syntax_testing")
        if not case.valid or probing or any(target.endswith((":equal", ":broken")) for target in case.targets):
            continue
        checked += 1
        body = case.request.body
        assert case.request.query["from"] < case.request.query["to"], case
        assert body["min"] < body["max"], case
        dates = body.get("period", {})
        assert dates.get("start", "") < dates.get("end", "9"), case
    assert checked > 2
    assert {target.id for target in targets_of(of)} >= {
        "relation:body.min<=body.max:broken",
        "relation:body.period.start<=body.period.end:equal",
        "relation:query.from<=query.to:kept",
        "body.min:minimum",
        "body.max:maximum",
    }
    assert unreachable(of)["body.min:maximum"] == "every request tried goes against a rule between fields"


def test_texts_tell_what_excludes_what() -> None:
    one = Parameter("page", "query", False, NUMBER, style="form", description="Cannot be used together with `cursor`.")
    of = endpoint(one, query("cursor", {"type": "string"}), method="GET")
    case = state_case(of, "relation:query.cursor|query.page:broken")
    assert case.request.query.keys() == {"page", "cursor"}
    valid = [each for each in generate(of) if each.valid and each is not case]
    assert not any({"page", "cursor"} <= each.request.query.keys() for each in valid)
    assert unreachable(of)["request:all-parameters"] == "what is declared excludes each other"


@pytest.mark.parametrize(
    ("text", "relation"),
    [
        ("Mutually exclusive with `b`.", "relation:query.a|query.b"),
        ("This may not be combined with the `b` parameter.", "relation:query.a|query.b"),
        ("Must be used together with `b`", "relation:query.a&query.b"),
        ("Requires `b`.", "relation:query.a->query.b"),
        ("Must be greater than `b`.", "relation:query.b<=query.a"),
        ("Requires `b` to be set; unlike `c`.", "relation:query.a->query.b"),
    ],
)
def test_texts_that_name_another_field(text: str, relation: str) -> None:
    one = Parameter("a", "query", False, NUMBER, style="form", description=text)
    assert f"{relation}:broken" in found(one, query("b", NUMBER), query("c", NUMBER), method="GET")


@pytest.mark.parametrize(
    "text", ["Cannot be used with `a`.", "Mutually exclusive with `x`.", "Cannot be used with `b` set to `z`.", "b"]
)
def test_texts_that_say_nothing_of_use(text: str) -> None:
    one = Parameter("a", "query", False, {"type": "string"}, style="form", description=text)
    assert not found(one, query("b", {"type": "string"}), method="GET")


def test_examples_that_contradict_a_rule_take_it_away() -> None:
    first = Parameter("start", "query", False, DATE, style="form", examples=("2024-05-02",))
    second = Parameter("end", "query", False, DATE, style="form", examples=("2024-05-01",))
    assert not found(first, second, method="GET")


def test_a_rule_is_read_back_from_its_target() -> None:
    relations = [
        Relation("ordered", ("query.a", "query.b")),
        Relation("exclusive", ("query.a", "body.b", "header.c")),
        Relation("together", ("body.a.x", "body.b")),
        Relation("requires", ("query.a", "query.b")),
    ]
    assert [relation_of(relation.target("broken")) for relation in relations] == relations
    assert relation_of("query.a:minimum") is None


SPAN = {"type": "object", "properties": {"opened": DATE, "closed": DATE, "code": {"type": "string"}, "tag": {}}}


def proposal(kind: str, *fields: str) -> dict[str, Any]:
    return {"kind": kind, "fields": list(fields)}


def test_a_proposed_rule_is_tested_both_ways_by_its_model() -> None:
    of = endpoint(body=SPAN, statuses=("201", "422"))
    (relation,) = read_relations(
        json.dumps({"cases": [], "rules": [proposal("ordered", "body.opened", "body.closed")]})
    )
    cases = proposed_cases(of, [relation], MODEL)
    assert [case.targets[0].rpartition(":")[2] for case in cases] == ["kept", "equal", "broken"]
    assert [case.expect.status for case in cases] == [(201,), (201, 422), (201, 422)]
    assert cases[2].request.body["opened"] > cases[2].request.body["closed"]
    assert all(case.source == MODEL and case.valid for case in cases)
    kept = complete(of, cases)
    assert {case.id for case in kept} >= {case.id for case in cases}


def test_cases_of_rules_do_not_go_against_a_proposed_rule() -> None:
    of = endpoint(body=SPAN, statuses=("201", "422"))
    relation = Relation("exclusive", ("body.code", "body.tag"))
    for case in complete(of, proposed_cases(of, [relation], MODEL)):
        if case.valid and {"code", "tag"} <= (case.request.body or {}).keys():
            assert case.expect.status == (201, 422), case


@pytest.mark.parametrize(
    "rule",
    [
        proposal("ordered", "body.opened", "body.nowhere"),
        proposal("ordered", "body.opened", "body.code"),
        proposal("ordered", "body.opened", "body.opened"),
        proposal("smaller", "body.opened", "body.closed"),
        proposal("ordered", "body.opened"),
        proposal("requires", "body.tag", "query.must"),
        proposal("exclusive", "query.must", "query.need"),
        {"kind": "ordered", "fields": "body.opened, body.closed"},
        {"kind": "ordered"},
        "ordered",
        None,
    ],
)
def test_a_proposed_rule_that_the_document_does_not_bear_out_is_left(rule: Any) -> None:
    of = endpoint(query("must", NUMBER, required=True), query("need", NUMBER, required=True), body=SPAN)
    read = read_relations(json.dumps({"rules": [rule]}))
    assert proposed_cases(of, read, MODEL) == ()
    assert None not in refused_relations(of, read)


@pytest.mark.parametrize(
    "text",
    [
        'Here it is:\n```json\n{"cases": [], "rules": [{"kind": "together", "fields": ["body.a", "body.b"]}]}\n```',
        '{"cases": [{"title": "cut", "rules": [{"kind": "together", "fields": ["body.a", "body.b"]}]',
        '{"rules": [{"kind": "together", "fields": ["body.b", "body.a"]}]}',
    ],
)
def test_rules_are_found_in_whatever_stands_around_them(text: str) -> None:
    assert read_relations(text) == (Relation("together", ("body.a", "body.b")),)


@pytest.mark.parametrize("text", ["", "no JSON", "[]", '{"rules": 3}', '{"rules": [', '"rules": [' * 500])
def test_no_text_makes_the_reader_of_rules_raise(text: str) -> None:
    assert read_relations(text) == ()


def test_rules_that_names_give_already_are_not_made_again() -> None:
    of = period()
    assert request_model(of).mender.relations == (Relation("ordered", ("query.since", "query.until")),)
    known = request_model(of).mender.relations
    assert proposed_cases(of, known, MODEL) == ()
    assert refused_relations(of, known) == ["rules know it already"] * len(known)


def test_refused_rules_say_why() -> None:
    of = endpoint(
        query("opened", {**DATE, "default": "2026-02-01"}),
        query("closed", {**DATE, "default": "2026-01-01"}),
        method="GET",
    )
    missing, contradicted = (
        Relation("ordered", ("query.no", "query.such")),
        Relation("ordered", ("query.opened", "query.closed")),
    )
    assert refused_relations(of, [missing, contradicted]) == [UNSOUND, CONTRADICTED]
    assert refused_relations(of, [Relation("together", ("query.closed", "query.opened"))]) == [None]


def test_a_request_that_breaks_two_rules_hits_neither() -> None:
    of = endpoint(query("min", NUMBER), query("max", NUMBER), query("start", DATE), query("end", DATE), method="GET")
    wrong = CaseRequest("GET", "/things", query={"min": 5, "max": 1, "start": "2024-02-02", "end": "2024-01-01"})
    assert hits(of, wrong) == frozenset()
