"""Schemas that cannot be met, that never end or that explode: a note or a reason, and the rest goes on.

None of these tests looks at a clock. What they guard against takes minutes or does not end at all.
"""

import itertools
from dataclasses import replace
from typing import Any

import pytest

from casecraft.cases import generate, notes_of, targets_of, unreachable
from casecraft.cases.requests import INVALID_LIMIT
from casecraft.cases.schema_costs import EXPLAINED_PATHS, MOST_PATHS, SchemaCosts
from casecraft.cases.validators import ValidatorCache
from casecraft.core.endpoint import Endpoint
from casecraft.core.schema import Definitions
from tests.cases.sample_endpoints import endpoint, query


def ids(of: Endpoint) -> set[str]:
    return {target.id for target in targets_of(of)}


def holding(schema: dict[str, Any], **more: Any) -> Endpoint:
    """An endpoint with a harmless parameter, and the schema in an optional field of the body."""
    body = {"type": "object", "properties": {"it": schema, "fine": {"type": "integer", "minimum": 1}}}
    return endpoint(query("limit", {"type": "integer", "maximum": 9}), body=body, **more)


REST = {
    "request:minimal",
    "body:missing",
    "query.limit:maximum",
    "query.limit:above-maximum",
    "body.fine:below-minimum",
}


@pytest.mark.parametrize(
    ("schema", "part"),
    [
        ({"type": "integer", "minimum": 5, "maximum": 1}, ""),
        ({"type": "string", "minLength": 9, "maxLength": 2}, ""),
        ({"type": "array", "minItems": 4, "maxItems": 1}, ""),
        ({"type": "array", "minItems": 10**9}, "more than are ever made"),
        ({"type": "object", "minProperties": 10**9}, "more than are ever made"),
        ({"type": "string", "pattern": "(?=a)b"}, "pattern"),
        ({"type": "string", "pattern": "a^b"}, "pattern"),
        ({"type": "string", "enum": ["a"], "minLength": 5}, ""),
        ({"type": "object", "required": ["x"], "properties": {"x": False}}, "allows no value"),
        ({"allOf": [{"type": "string"}, {"type": "integer"}]}, "allows no value"),
        ({"not": {}}, ""),
    ],
)
def test_what_cannot_be_met_says_so_and_the_rest_goes_on(schema: dict[str, Any], part: str) -> None:
    of = holding(schema)
    reasons = {target: reason for target, reason in unreachable(of).items() if target.startswith("body.it")}
    assert reasons
    assert any(part in reason for reason in reasons.values())
    assert ids(of) >= REST


@pytest.mark.parametrize(
    "pattern",
    [
        *("(a+)+$", "^(a|a)*$", "^(a|aa)+$", r"^(([a-z])+.)+[A-Z]([a-z])+$", r"^(\w+\s?)*$", "(.*a){20}"),
        *("^(a?){50}a{50}$", "^(?!x)(a+)+$", r"^(.+)+\1$", "(x+x+)+y", "^(([a-zA-Z0-9])+)+@x$", "^.{70000}$"),
        *("^((a{1,100}){1,100}){1,100}$", "^(?=.*[A-Z])(?=.*[0-9])(?=.*[a-z]).{8,}$"),
    ],
)
def test_patterns_that_backtrack_end(pattern: str) -> None:
    of = holding({"type": "string", "pattern": pattern, "minLength": 3, "maxLength": 60})
    assert ids(of) >= REST


def tree(depth: int) -> dict[str, Any]:
    """Each definition asks for two of the next one."""
    fields = [{f: {"$ref": f"#/$defs/N{level + 1}"} for f in "ab"} for level in range(depth)]
    nodes = {
        f"N{level}": {"type": "object", "required": ["a", "b"], "properties": fields[level]} for level in range(depth)
    }
    return {**nodes, f"N{depth}": {"type": "string"}}


def ladder(depth: int) -> dict[str, Any]:
    """Each definition is one of two, both of which are the next one."""
    steps = [{"$ref": f"#/$defs/N{level + 1}"} for level in range(depth)]
    return {
        **{f"N{level}": {"anyOf": [step, {"allOf": [step]}]} for level, step in enumerate(steps)},
        f"N{depth}": {"type": "string"},
    }


def chain(length: int) -> dict[str, Any]:
    """Each definition has an optional field of the next one."""
    fields = [{"x": {"type": "string"}, "n": {"$ref": f"#/$defs/N{level + 1}"}} for level in range(length)]
    nodes = {
        f"N{level}": {"type": "object", "required": ["x"], "properties": each} for level, each in enumerate(fields)
    }
    return {**nodes, f"N{length}": {"type": "string"}}


def ring(length: int, other: dict[str, Any]) -> dict[str, Any]:
    """Each definition is the next one or something else, and the last is the first."""
    return {f"N{level}": {"oneOf": [{"$ref": f"#/$defs/N{(level + 1) % length}"}, other]} for level in range(length)}


LOOPS: dict[str, dict[str, Any]] = {
    "requires itself": {"N0": {"type": "object", "required": ["n"], "properties": {"n": {"$ref": "#/$defs/N0"}}}},
    "by turns": {
        "N0": {"type": "object", "required": ["n"], "properties": {"n": {"$ref": "#/$defs/N1"}}},
        "N1": {"type": "object", "required": ["n"], "properties": {"n": {"$ref": "#/$defs/N0"}}},
    },
    "is itself": {"N0": {"allOf": [{"$ref": "#/$defs/N0"}]}},
    "holds itself": {"N0": {"anyOf": [{"type": "array", "items": {"$ref": "#/$defs/N0"}}, {"type": "string"}]}},
    "contains itself": {
        "N0": {"type": "array", "items": {"$ref": "#/$defs/N0"}, "contains": {"$ref": "#/$defs/N0"}, "minItems": 1}
    },
    "is not itself": {
        "N0": {
            "type": "object",
            "properties": {"a": {"$ref": "#/$defs/N0"}},
            "if": {"required": ["a"]},
            "then": {"$ref": "#/$defs/N0"},
            "not": {"$ref": "#/$defs/N0"},
        }
    },
    "a tree of 2^60 leaves": tree(60),
    "2^30 ways": ladder(30),
    "2^12 ways round": {**ladder(12), "N12": {"$ref": "#/$defs/N0"}},
    "a chain of 400": chain(400),
    "a ring of 3,000": ring(3_000, {"type": "null"}),
    "a ring of unions": ring(300, {"type": "integer"}),
}


@pytest.mark.parametrize("definitions", LOOPS.values(), ids=LOOPS.keys())
def test_what_never_ends_ends(definitions: dict[str, Any]) -> None:
    of = holding({"$ref": "#/$defs/N0"}, definitions=definitions)
    unchecked = any("nothing is checked" in note for note in notes_of(of))
    assert ids(of) >= (REST - {"body.fine:below-minimum"} if unchecked else REST)
    whole = endpoint(body={"$ref": "#/$defs/N0"}, definitions=definitions)
    assert "body:missing" in ids(whole)
    assert all(unreachable(whole).values())


def test_what_lies_too_deep_has_a_note() -> None:
    of = endpoint(query("limit", {"type": "integer"}), body={"$ref": "#/$defs/N0"}, definitions=ring(300, {}))
    assert any("deep one in another" in note for note in notes_of(of))
    shallow = endpoint(body={"$ref": "#/$defs/N0"}, definitions=chain(400))
    assert not any("nothing is checked" in note for note in notes_of(shallow))
    assert "body.n.n.x:missing" in ids(shallow)


def test_where_a_ring_is_entered_does_not_matter() -> None:
    definitions = Definitions(ring(300, {"type": "null"}).__getitem__)
    validators = ValidatorCache(definitions)
    for name in ("N200", "N7", "N199"):
        assert "nothing is checked" in validators.validator({"$ref": f"#/$defs/{name}"}).notes[0]


def test_ways_through_unions_are_counted_before_a_validator_is_asked() -> None:
    definitions = Definitions(ladder(30).__getitem__)
    costs = SchemaCosts(definitions.__getitem__)
    assert costs.worst({"$ref": "#/$defs/N20"}, ()).paths > 2**10
    deep = {"properties": {"deep": {"items": {"$ref": "#/$defs/N0"}}}}
    assert costs.worst(deep, definitions.closure(deep)).paths > MOST_PATHS
    assert costs.worst({"properties": {"a": {"anyOf": [{}, {"not": {}}]}, "b": {}}}, ()).paths == 4
    of = endpoint(body={"$ref": "#/$defs/N0"}, definitions=ladder(30))
    assert any("ways through its unions" in note for note in notes_of(of))


def test_a_union_of_ten_thousand_objects() -> None:
    branches = [
        {"type": "object", "required": [f"k{n}"], "properties": {f"k{n}": {"type": "integer", "minimum": n}}}
        for n in range(10_000)
    ]
    of = holding({"oneOf": branches})
    assert ids(of) >= {"body.it/oneOf:1", "body.it/oneOf:10000", *REST}
    assert "body.it: 24 of 10000 branches have a target, evenly spread" in notes_of(of)


def test_a_wide_union_is_judged_whole_and_explained_by_a_sample() -> None:
    branches = [{"const": f"v{n}"} for n in range(2 * EXPLAINED_PATHS)]
    validator = ValidatorCache(Definitions({}.__getitem__)).validator(
        {"type": "string", "oneOf": [*branches, {"pattern": "^v7"}]}
    )
    assert validator.accepts("v3")
    assert [each.keyword for each in validator.violations("v7")] == ["oneOf"]
    assert [each.keyword for each in validator.violations("other")] == ["pattern"]
    assert [each.keyword for each in validator.violations(5)] == ["type"]


def test_a_union_of_ten_thousand_in_a_query() -> None:
    of = endpoint(query("q", {"anyOf": [{"type": "string", "minLength": n} for n in range(10_000)]}), method="GET")
    assert {"query.q/anyOf:1", "query.q/anyOf:10000"} <= ids(of)


def test_a_body_of_thousands_of_fields_keeps_the_targets_that_say_most() -> None:
    fields = {f"f{n}": {"type": "integer", "minimum": n} for n in range(3_000)}
    of = endpoint(body={"type": "object", "properties": fields, "required": list(fields)})
    wrong = [target.id for target in targets_of(of) if not target.valid]
    assert sum(target.startswith("body.f") for target in wrong) == INVALID_LIMIT
    kinds = [target.rpartition(":")[2] for target in wrong if target.startswith("body.f")]
    assert set(kinds) == {"missing", "below-minimum"}
    assert any("targets for invalid values were left out" in note for note in notes_of(of))
    assert len(generate(of)) < INVALID_LIMIT + 20


def test_a_hundred_conditions_and_dependents() -> None:
    names = [f"f{n}" for n in range(100)]
    body = {
        "type": "object",
        "properties": {name: {"type": "integer"} for name in names},
        "allOf": [
            {"if": {"required": [one]}, "then": {"required": [other]}} for one, other in itertools.pairwise(names)
        ],
        "dependentRequired": dict.fromkeys(names[:30], names),
    }
    of = endpoint(query("limit", {"type": "integer", "maximum": 9}), body=body)
    assert {"request:minimal", "body:missing", "query.limit:above-maximum"} <= ids(of)


NEEDS_NO_BODY = {
    *("body:missing", "body:unsupported-content-type", "body:wrong-type", "body:unexpected-null", "body.x:missing"),
    *("body:truncated-json", "body:malformed-json", "body:empty", "body:deeply-nested", "request:undocumented-method"),
}


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"type": "integer", "minimum": 5, "maximum": 1}, "body.x: no conforming value was found (the minimum 5"),
        ({"type": "string", "pattern": "^a(?!a)a$"}, "body.x: no conforming value was found for the pattern"),
        ({"$ref": "#/$defs/N0"}, "body.x.n: the required fields never end"),
        (False, "body.x: the schema allows no value"),
    ],
)
def test_what_needs_no_conforming_body_is_made_where_there_is_none(schema: Any, reason: str) -> None:
    body = {"type": "object", "required": ["x", "y"], "properties": {"x": schema, "y": {"type": "integer"}}}
    limit = query("limit", {"type": "integer", "maximum": 9})
    of = replace(endpoint(limit, body=body, definitions=LOOPS["requires itself"]), path_methods=("POST",))
    made = generate(of)
    assert {target for case in made for target in case.targets} >= NEEDS_NO_BODY
    assert not any(case.valid for case in made)
    assert next(case.request.body for case in made if case.targets == ("body.x:missing",)) == {"y": 1}
    assert "query.limit:above-maximum" in unreachable(of)
    assert [note for note in notes_of(of) if note.startswith(f"no request that conforms can be made: {reason}")]
