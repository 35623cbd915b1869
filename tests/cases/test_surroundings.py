"""Wrong values in surroundings that conform: exactly one rule is broken."""

from typing import Any

import pytest

from casecraft.cases import generate, targets_of, unreachable, verify
from casecraft.cases.draft import Draft
from casecraft.cases.verification import Rejected
from tests.cases.sample_endpoints import endpoint

TEXT = {"type": "string"}
SHORT = {"type": "string", "maxLength": 3}

CARD = {
    "type": "object",
    "required": ["kind"],
    "properties": {"kind": {"enum": ["card", "cash"]}, "number": TEXT, "note": {"type": "string", "maxLength": 5}},
    "if": {"properties": {"kind": {"const": "card"}}},
    "then": {"required": ["number"]},
}
DEPENDENT = {
    "type": "object",
    "minProperties": 1,
    "dependentRequired": {"a": ["b"]},
    "properties": {"a": TEXT, "b": TEXT, "k": SHORT},
}
PARTS = {
    "type": "object",
    "allOf": [{"required": ["a"], "properties": {"a": {"type": "integer"}}}, {"properties": {"b": SHORT}}],
    "unevaluatedProperties": False,
}
HOLDING_X = {"type": "array", "items": TEXT, "contains": {"const": "x"}, "minItems": 2}
POSITIONS = {**HOLDING_X, "prefixItems": [{"type": "integer"}]}


@pytest.mark.parametrize(
    ("schema", "targets"),
    [
        (CARD, {"body.note:too-long", "body.note:wrong-type", "body.number:wrong-type", "body:wrong-then"}),
        (DEPENDENT, {"body.k:wrong-type", "body.k:too-long", "body.a:wrong-type", "security:sql-injection"}),
        (PARTS, {"body.a:wrong-type", "body.a:unexpected-null", "body.b:too-long", "body:extra-field"}),
        (HOLDING_X, {"body[]:wrong-type", "body[]:non-ascii", "security:sql-injection"}),
        (POSITIONS, {"body[]:wrong-type", "body[0]:wrong-type"}),
        ({**HOLDING_X, "maxItems": 2}, {"body[]:wrong-type"}),
    ],
)
def test_one_wrong_value_breaks_one_rule(schema: dict[str, Any], targets: set[str]) -> None:
    of = endpoint(body=schema)
    assert targets <= {target.id for target in targets_of(of)}
    assert not {target for target in unreachable(of) if target.startswith("body.") or target == "body:minimal"}
    assert targets <= {target for case in generate(of) for target in case.targets}


@pytest.mark.parametrize(
    ("body", "places"),
    [
        ({"a": "wrong"}, ["body.a:wrong-type"]),
        ({"a": "wrong", "b": "too long"}, ["body.a:wrong-type", "body.b:too-long"]),
        ({"a": "wrong", "c": 1}, ["body.a:wrong-type", "body:extra-field"]),
        ({"a": 1, "c": 1}, ["body:extra-field"]),
    ],
)
def test_only_what_follows_from_a_broken_part_is_no_rule_of_its_own(body: Any, places: list[str]) -> None:
    found = verify(endpoint(body=PARTS), Draft("t", True, {}, {}, {}, {}, body, "application/json", ()))
    assert isinstance(found, Rejected)
    assert sorted(problem.split(": ")[0] for problem in found.problems) == places
