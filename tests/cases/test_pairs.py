"""Options in pairs: few requests, and all pairs that the schemas allow."""

from dataclasses import replace
from itertools import product
from typing import Any

from casecraft.cases import complete, generate, hits, notes_of, targets_of, unreachable
from casecraft.cases.pairs import PAIR_LIMIT, ROW_LIMIT
from casecraft.core.case import Case
from casecraft.core.endpoint import Endpoint, Parameter
from tests.cases.sample_endpoints import endpoint, query

SORT = query("sort", {"enum": ["name", "age", "size"]})
ORDER = query("order", {"enum": ["asc", "desc"]})
DEEP = query("deep", {"type": "boolean"})
LIMIT = query("limit", {"type": "integer", "minimum": 1})


def listing() -> Endpoint:
    return endpoint(SORT, ORDER, DEEP, LIMIT, method="GET")


def pairs_of(of: Endpoint) -> set[str]:
    return {target.id for target in targets_of(of) if target.technique == "pairwise_testing"}


def level(case: Case, name: str, values: tuple[Any, ...]) -> Any:
    sent = case.request.query.get(name, "absent")
    return sent if sent in (*values, "absent") else "present"


def test_every_pair_of_options_is_sent() -> None:
    options: dict[str, tuple[Any, ...]] = {
        "sort": ("name", "age", "size"),
        "order": ("asc", "desc"),
        "deep": (True, False),
        "limit": (),
    }
    levels = {name: (*values, "absent") if values else ("present", "absent") for name, values in options.items()}
    probes = {"error_guessing", "security", "syntax_testing"}
    valid = [case for case in generate(listing()) if case.valid and case.technique not in probes]
    names = list(options)
    for index, one in enumerate(names):
        for other in names[index + 1 :]:
            sent = {(level(case, one, options[one]), level(case, other, options[other])) for case in valid}
            assert sent == set(product(levels[one], levels[other])), (one, other)
    assert len(valid) <= 4 * 3 + 2


def test_a_pair_has_a_readable_id_that_any_request_is_read_for() -> None:
    of = listing()
    assert {"pair:query.sort=age+query.limit=absent", "pair:query.order=asc+query.deep=true"} <= pairs_of(of)
    case = next(case for case in generate(of) if "pair:query.sort=age+query.limit=absent" in case.targets)
    assert "pair:query.sort=age+query.limit=absent" in hits(of, case.request)
    assert case.request.query["sort"] == "age"
    assert "limit" not in case.request.query


def test_fields_of_a_body_and_headers_are_options_too() -> None:
    body = {
        "type": "object",
        "required": ["name"],
        "properties": {"name": {"type": "string"}, "kind": {"enum": ["a", "b"]}, "note": {"type": "string"}},
    }
    of = endpoint(Parameter("X-Mode", "header", False, {"enum": ["fast", "slow"]}), body=body)
    assert {
        "pair:header.X-Mode=slow+body.kind=b",
        "pair:header.X-Mode=absent+body.kind=absent",
        "pair:body.kind=a+body.note=present",
    } <= pairs_of(of)
    assert not any("body.name=" in pair for pair in pairs_of(of))


def test_fields_of_an_optional_body_are_paired_in_one_that_is_sent() -> None:
    number, text = {"type": "number"}, {"type": "string"}
    schema = {"type": "object", "properties": {"price": number, "name": text}, "example": {"price": 5, "name": "B"}}
    of = endpoint(body=schema, method="PATCH")
    assert of.body is not None
    of = replace(of, body=replace(of.body, required=False))
    assert len(pairs_of(of)) == 4
    [case] = [case for case in generate(of) if "pair:body.price=absent+body.name=present" in case.targets]
    assert case.request.body.keys() == {"name"}


def test_what_is_required_is_paired_by_its_values_alone() -> None:
    of = endpoint(query("mode", {"enum": ["x", "y"]}, required=True), LIMIT, method="GET")
    assert pairs_of(of) == {
        f"pair:query.mode={mode}+query.limit={limit}" for mode in "xy" for limit in ("present", "absent")
    }


def test_a_pair_that_the_schema_forbids_says_so() -> None:
    body = {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
        "dependentRequired": {"a": ["b"]},
    }
    of = endpoint(body=body)
    assert unreachable(of)["pair:body.a=present+body.b=absent"] == "no request that conforms was found with both"
    assert "pair:body.a=absent+body.b=present" in pairs_of(of)


def test_a_hundred_options_stay_few() -> None:
    many = [query(f"p{number}", {"enum": ["x", "y", "z"]}) for number in range(60)]
    more = [query(f"q{number}", {"type": "string"}) for number in range(60)]
    of = endpoint(*more, *many, method="GET")
    assert 0 < len(pairs_of(of)) <= PAIR_LIMIT
    assert all("query.p" in pair and "query.q" not in pair for pair in pairs_of(of)), "listed values come first"
    assert sum(case.technique == "pairwise_testing" for case in generate(of)) <= ROW_LIMIT
    assert any("of 120 options are tested in pairs" in note for note in notes_of(of))


def test_one_option_alone_has_no_pairs() -> None:
    assert not pairs_of(endpoint(LIMIT, method="GET"))


def test_a_model_s_case_counts_for_its_pairs() -> None:
    of = listing()
    made = next(case for case in generate(of) if case.technique == "pairwise_testing")
    kept = complete(of, [made])
    assert sum(case.request == made.request for case in kept) == 1
    assert pairs_of(of) == {target for case in kept for target in case.targets if target.startswith("pair:")}
