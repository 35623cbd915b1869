"""The built-in generator: what it makes conforms where it says so and is wrong in one way where it says so."""

import json
import os
import subprocess
import sys
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from casecraft.cases import complete, generate, hits, notes_of, targets_of, unreachable
from casecraft.cases.identity import request_key
from casecraft.core.case import CaseRequest, written_out
from casecraft.core.endpoint import Endpoint, Parameter
from tests.cases.sample_endpoints import KEY, endpoint, pet_endpoint, query


def ids(of: Endpoint) -> set[str]:
    return {target.id for target in targets_of(of)}


def case_for(of: Endpoint, target: str) -> Any:
    return next(case for case in generate(of) if target in case.targets)


def integers() -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(
        lambda low, width, multiple: {"type": "integer", "minimum": low, "maximum": low + width, **multiple},
        st.integers(-50, 50),
        st.integers(0, 40),
        st.sampled_from([{}, {}, {"multipleOf": 1}, {"multipleOf": 5}]),
    )


def texts() -> st.SearchStrategy[dict[str, Any]]:
    sized = st.builds(
        lambda low, width: {"type": "string", "minLength": low, "maxLength": low + width},
        st.integers(0, 6),
        st.integers(0, 12),
    )
    fixed = st.sampled_from(
        [
            {"type": "string", "pattern": "^[a-f]{2,4}$"},
            {"type": "string", "format": "date"},
            {"type": "string", "enum": ["one", "two", "three"]},
            {"type": ["string", "null"], "maxLength": 3},
            {"const": "fixed"},
        ]
    )
    return sized | fixed


def containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    lists = st.builds(
        lambda items, low, width, unique: {
            "type": "array",
            "items": items,
            "minItems": low,
            "maxItems": low + width,
            "uniqueItems": unique,
        },
        inner,
        st.integers(0, 2),
        st.integers(0, 2),
        st.booleans(),
    )
    return lists | objects(inner) | unions(inner)


def objects(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    def build(properties: dict[str, Any], required: list[bool], additional: Any) -> dict[str, Any]:
        names = [name for name, needed in zip(properties, required, strict=False) if needed]
        return {"type": "object", "properties": properties, "required": names, **additional}

    return st.builds(
        build,
        st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), inner, min_size=1, max_size=3),
        st.lists(st.booleans(), min_size=3, max_size=3),
        st.sampled_from([{}, {"additionalProperties": False}, {"additionalProperties": {"type": "integer"}}]),
    )


def unions(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    branches = st.lists(inner, min_size=2, max_size=3)
    return st.builds(
        lambda keyword, each: {keyword: each}, st.sampled_from(["oneOf", "anyOf", "allOf"]), branches
    ) | st.builds(lambda each: {"anyOf": [each, {"type": "null"}]}, inner)


SCHEMAS = objects(st.recursive(integers() | texts() | st.just({"type": "boolean"}), containers, max_leaves=5))


def independent(schema: Any, value: Any) -> bool:
    checker = jsonschema.FormatChecker(["date"])
    return jsonschema.Draft202012Validator(schema, format_checker=checker).is_valid(value)


def has_right_body(schema: Any, request: CaseRequest) -> bool:
    if request.raw_body is None:
        return request.content_type == "application/json" and independent(schema, request.body)
    try:
        return independent(schema, json.loads(written_out(request.raw_body)))
    except (ValueError, RecursionError):
        return False


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(SCHEMAS)
def test_labels_hold_for_an_independent_validator(schema: dict[str, Any]) -> None:
    of = endpoint(query("n", {"type": "integer", "minimum": 3}), body=schema)
    for case in generate(of):
        sent = case.request.query.get("n", [])
        numbers = sent if isinstance(sent, list) else [sent]
        right = has_right_body(schema, case.request) and all(str(number).isdecimal() for number in numbers)
        right = right and all(int(str(number)) >= 3 for number in numbers)
        assert right == case.valid, case


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(SCHEMAS)
def test_no_case_repeats_a_request_or_only_what_others_hit(schema: dict[str, Any]) -> None:
    of = endpoint(body=schema, security=KEY)
    cases = complete(of, generate(of))
    assert len({request_key(case.request) for case in cases}) == len(cases)
    assert len({case.id for case in cases}) == len(cases)
    for case in cases:
        others = {target for other in cases if other is not case for target in other.targets}
        assert not set(case.targets) <= others, case
    assert {target for case in cases for target in case.targets} == ids(of)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(SCHEMAS)
def test_every_target_is_hit_or_has_a_reason(schema: dict[str, Any]) -> None:
    of = endpoint(body=schema)
    assert not ids(of) & unreachable(of).keys()
    assert all(reason for reason in unreachable(of).values())
    for case in generate(of):
        assert frozenset(case.targets) == hits(of, case.request)
        assert case.targets
        assert case.valid or len(case.targets) == 1


def test_both_sides_of_every_bound_are_sent() -> None:
    of = pet_endpoint()
    sent = [case.request.query.get("limit") for case in generate(of)]
    assert all(number in sent for number in (0, 1, 100, 101))
    lengths = {
        len(case.request.body["name"])
        for case in generate(of)
        if isinstance(case.request.body, dict) and isinstance(case.request.body.get("name"), str)
    }
    assert {1, 2, 10, 11} <= lengths
    sizes = {len(case.request.body["tags"]) for case in generate(of) if "tags" in (case.request.body or {})}
    assert {0, 1, 3, 4} <= sizes


def test_the_targets_of_an_endpoint() -> None:
    expected = {
        "request:minimal",
        "request:all-parameters",
        "auth:missing",
        "body:missing",
        "body:unsupported-content-type",
        "path.petId:minimum",
        "path.petId:below-minimum",
        "path.petId:wrong-type",
        "query.limit:maximum",
        "query.limit:above-maximum",
        "header.X-Trace:wrong-format",
        "body:minimal",
        "body:all-fields",
        "body:extra-field",
        "body.name:missing",
        "body.name:min-length",
        "body.name:too-long",
        "body.name:unexpected-null",
        "body.kind:enum=cat",
        "body.kind:enum=dog",
        "body.kind:enum=fish",
        "body.kind:not-in-enum",
        "body.email:valid-format",
        "body.email:wrong-format",
        "body.code:valid-pattern",
        "body.code:wrong-pattern",
        "body.nick:null",
        "body.tags:duplicate-items",
        "body.tags:too-few-items",
        "body.tags:too-many-items",
    }
    assert expected <= ids(pet_endpoint())
    assert not [target for target in ids(pet_endpoint()) if target.startswith("body.friend.")]


def test_required_parameters_may_be_missing_but_not_in_the_path() -> None:
    of = endpoint(
        Parameter("id", "path", True, {"type": "integer"}),
        query("q", {"type": "string"}, required=True),
        Parameter("X-Id", "header", True, {"type": "string"}),
        Parameter("c", "cookie", True, {"type": "string"}),
        method="GET",
        path="/x/{id}",
    )
    missing = {target for target in ids(of) if target.endswith(":missing")}
    assert missing == {"query.q:missing", "header.X-Id:missing", "cookie.c:missing"}
    assert "q" not in case_for(of, "query.q:missing").request.query


def test_read_only_fields_are_not_sent() -> None:
    fields = {"id": {"type": "string", "format": "uuid", "readOnly": True}, "name": {"type": "string"}}
    of = endpoint(body={"type": "object", "properties": fields})
    assert "body:all-fields" in ids(of)
    sending = [case.targets for case in generate(of) if "id" in (case.request.body or {})]
    assert sending == [("security:API3-mass-assignment",)]


def test_text_in_other_scripts_is_sent() -> None:
    of = endpoint(body={"type": "object", "properties": {"name": {"type": "string", "maxLength": 4}}})
    assert not case_for(of, "body.name:non-ascii").request.body["name"].isascii()


def test_a_positive_case_hits_many_targets() -> None:
    plain = [case for case in generate(pet_endpoint()) if case.technique != "pairwise_testing"]
    positives = [case for case in plain if case.valid and "4XX" not in case.expect.status]
    assert len(positives) <= 5
    assert max(len(case.targets) for case in positives) >= 10


def test_long_texts_do_not_meet_in_one_request() -> None:
    of = endpoint(*(query(f"long{number}", {"type": "string", "maxLength": 5000}) for number in range(4)))
    cases = generate(of)
    assert max(sum(len(str(value)) for value in case.request.query.values()) for case in cases) < 8000
    assert {f"query.long{number}:max-length" for number in range(4)} <= {t for case in cases for t in case.targets}
    assert any("request:all-parameters" in case.targets for case in cases)


def test_each_branch_of_a_union_is_sent() -> None:
    cat = {"type": "object", "required": ["lives"], "properties": {"lives": {"type": "integer"}}}
    dog = {"type": "object", "required": ["tricks"], "properties": {"tricks": {"type": "string"}}}
    of = endpoint(body={"type": "object", "required": ["pet"], "properties": {"pet": {"oneOf": [cat, dog]}}})
    assert {"body.pet/oneOf:1", "body.pet/oneOf:2"} <= ids(of)
    assert "lives" in case_for(of, "body.pet/oneOf:1").request.body["pet"]
    assert "tricks" in case_for(of, "body.pet/oneOf:2").request.body["pet"]
    assert case_for(of, "body.pet.lives:wrong-type").request.body["pet"]["lives"] == "not-a-value"


def test_values_of_the_document_come_first() -> None:
    schema = {"type": "object", "required": ["name", "city"], "properties": {"name": {"type": "string"}, "city": {}}}
    of = endpoint(
        Parameter("id", "path", True, {"type": "integer"}, examples=(77,)),
        body=schema,
        examples=({"name": "Rex", "city": "Oslo"},),
        path="/things/{id}",
    )
    case = case_for(of, "body:example=1")
    assert case.request.path_params == {"id": 77}
    assert case.request.body == {"name": "Rex", "city": "Oslo"}


@pytest.mark.parametrize(
    ("schema", "target", "part"),
    [
        ({"type": "string", "maxLength": 10**9}, "query.q:too-long", "longer than any that is made"),
        ({"type": "integer", "minimum": 5, "maximum": 1}, "query.q:minimum", "5 is greater than the maximum of 1"),
        ({"type": "string", "minLength": 9, "maxLength": 2}, "query.q:max-length", "shorter than 9"),
        ({"type": "string", "pattern": "(?=a)b"}, "query.q:valid-pattern", "no conforming value"),
        (
            {"type": "array", "items": {"enum": [1, 2]}, "uniqueItems": True, "maxItems": 2},
            "query.q:too-many-items",
            "3 different",
        ),
    ],
)
def test_what_cannot_be_reached_says_why(schema: dict[str, Any], target: str, part: str) -> None:
    of = endpoint(query("q", schema), method="GET")
    assert part in unreachable(of)[target]
    assert "request:minimal" in ids(of)


def test_a_required_value_that_cannot_exist_leaves_what_is_wrong_with_it_alone() -> None:
    schema = {"type": "integer", "minimum": 5, "maximum": 1}
    of = endpoint(query("q", schema, required=True), query("r", schema), method="GET")
    assert [case.targets for case in generate(of)] == [("query.q:missing",), ("query.q:wrong-type",)]
    assert "above the maximum" in unreachable(of)["request:minimal"]
    assert [note for note in notes_of(of) if "no request that conforms" in note and "above the maximum" in note]


def test_a_pattern_of_another_dialect_is_noted() -> None:
    of = endpoint(body={"type": "object", "properties": {"a": {"type": "string", "pattern": "(?<n"}}})
    assert any("pattern" in note for note in notes_of(of))
    assert "body:all-fields" in ids(of)


@pytest.mark.parametrize(
    "pattern", ["^(a{65535}){65535}$", "^(((a*)*)*)*$", "^(a+)+$", "^[[a]b{3,}$", "^(?:x{500}){500}$"]
)
def test_patterns_that_explode_end(pattern: str) -> None:
    of = endpoint(body={"type": "object", "properties": {"a": {"type": "string", "pattern": pattern}}})
    assert "request:minimal" in ids(of)


@pytest.mark.parametrize(
    "odd",
    [
        {"type": "int"},
        {"type": 5, "enum": "x", "required": "y"},
        {"properties": {"a": None, "b": []}},
        {"minimum": "1", "maxLength": -1, "multipleOf": 0},
        {"enum": [10**40, {"a": 1}, [1], None, True, 1.5]},
        {"enum": []},
        {"$ref": "#/$defs/Missing"},
        {"allOf": [False]},
        {"anyOf": [], "oneOf": [], "items": 3},
        {"type": "array", "prefixItems": [{"type": "integer"}], "minItems": 1},
        {"not": {}},
        {"if": {"required": ["a"]}, "then": {"required": ["b"]}, "type": "object"},
        {"type": "number", "maximum": 1e308, "minimum": -1e308, "multipleOf": 1e-9},
        {"type": "object", "patternProperties": {"(": {}}, "propertyNames": {"pattern": "^a"}, "minProperties": 2},
    ],
)
def test_odd_schemas_get_a_note_or_a_reason_and_never_stop_the_run(odd: dict[str, Any]) -> None:
    of = endpoint(query("q", odd), body={"type": "object", "properties": {"x": odd}})
    assert len(targets_of(of)) + len(unreachable(of)) > 1
    assert {"request:minimal", "body:missing"} <= ids(of)


def test_thousands_of_members_and_branches_are_sampled() -> None:
    members = [f"m{number}" for number in range(5000)]
    branches = [{"type": "object", "required": [f"k{number}"]} for number in range(10_000)]
    of = endpoint(query("q", {"enum": members}), body={"type": "object", "properties": {"u": {"anyOf": branches}}})
    found = ids(of)
    assert sum(target.startswith("query.q:enum=") for target in found) == 20
    assert {"query.q:enum=m0", "query.q:enum=m4999", "body.u/anyOf:1", "body.u/anyOf:10000"} <= found
    assert any("5000" in note for note in notes_of(of))
    assert any("10000" in note for note in notes_of(of))


def test_endless_requirements_end() -> None:
    node = {"type": "object", "required": ["next"], "properties": {"next": {"$ref": "#/$defs/Node"}}}
    of = endpoint(body={"$ref": "#/$defs/Node"}, definitions={"Node": node})
    assert not any(case.valid for case in generate(of))
    assert notes_of(of) == ("no request that conforms can be made: body.next: the required fields never end",)


def test_recursion_that_may_stop_stops() -> None:
    node = {
        "type": "object",
        "required": ["v"],
        "properties": {"v": {"type": "integer"}, "next": {"$ref": "#/$defs/N"}},
    }
    of = endpoint(body={"$ref": "#/$defs/N"}, definitions={"N": node})
    assert {"body:minimal", "body.v:missing", "body.v:wrong-type"} <= ids(of)


def test_only_what_is_uncovered_is_made_anew() -> None:
    of = pet_endpoint()
    cases = generate(of, {"body.name:missing", "query.limit:maximum"})
    assert len(cases) == 2
    assert generate(of, {"body.name:missing"}, taken=cases) == ()


def test_optional_security_is_left_out_once() -> None:
    of = endpoint(method="GET", security=(*KEY, ()))
    assert case_for(of, "auth:anonymous").valid
    assert case_for(of, "auth:anonymous").request.credentials == "none"
    assert "auth:missing" not in ids(of)


def test_a_form_is_written_as_fields() -> None:
    schema = {
        "type": "object",
        "required": ["amount"],
        "properties": {
            "amount": {"type": "integer", "minimum": 1},
            "address": {"type": "object", "required": ["city"], "properties": {"city": {"type": "string"}}},
            "tags": {"type": "array", "items": {"type": "string", "enum": ["a", "b"]}, "minItems": 2},
        },
    }
    encoding = {"address": {"style": "deepObject", "explode": True}}
    of = endpoint(body=schema, content_type="application/x-www-form-urlencoded", encoding=encoding)
    full = case_for(of, "body:all-fields").request.body
    assert full["address[city]"]
    assert len(full["tags"]) >= 2
    assert case_for(of, "body.amount:below-minimum").request.body == {"amount": 0}
    assert case_for(of, "body.amount:wrong-type").request.body == {"amount": "not-a-value"}
    assert "body.address.city:unexpected-null" not in ids(of)


def test_a_body_that_cannot_be_made_can_still_be_missing() -> None:
    of = endpoint(body={"type": "object"}, content_type="application/x-things")
    assert [case.targets for case in generate(of)] == [("body:missing",)]


SCRIPT = """
from casecraft.cases import complete, generate
from tests.cases.sample_endpoints import pet_endpoint
of = pet_endpoint()
print(repr(complete(of, generate(of))))
"""


@pytest.mark.slow
def test_the_same_endpoint_gets_the_same_cases_in_every_process() -> None:
    def run(seed: str) -> bytes:
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        return subprocess.run([sys.executable, "-c", SCRIPT], env=environment, check=True, capture_output=True).stdout

    first = run("1")
    assert first.count(b"Case(") > 20
    assert run("2") == first == run("77")
