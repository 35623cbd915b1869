"""Schemas that only few values meet: those are found."""

import re
from typing import Any

import jsonschema_rs
import pytest

from casecraft.cases import Draft, Rejected, generate, unreachable, verify
from casecraft.cases.format_texts import SAMPLES, format_texts
from casecraft.cases.shapes import Size
from tests.cases.sample_endpoints import endpoint, query

PATTERNED = {"type": "string", "pattern": "^[a-c]{2}$"}
NUMBERS = "body:minimum body:maximum body:below-minimum body:above-maximum"


def body_targets(schema: Any) -> set[str]:
    return {target for case in generate(endpoint(body=schema)) for target in case.targets}


@pytest.mark.parametrize(
    ("schema", "targets"),
    [
        ({"type": "number", "multipleOf": 0.01, "minimum": 0.005, "maximum": 0.035}, f"{NUMBERS} body:not-multiple"),
        ({"type": "number", "multipleOf": 0.5, "exclusiveMinimum": 1.2}, "body:minimum body:below-minimum"),
        ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.001}, NUMBERS),
        ({"type": "integer", "minimum": 5, "maximum": 6, "not": {"const": 5}}, f"{NUMBERS[13:]} body:not-allowed"),
        ({"type": "string", "pattern": "[0-9]", "minLength": 8, "maxLength": 8}, "body:too-short body:too-long"),
        ({"type": "string", "format": "email", "maxLength": 12}, "body:max-length body:too-long body:wrong-format"),
        ({"type": "string", "format": "email", "minLength": 30}, "body:min-length body:too-short body:wrong-format"),
        ({"type": "string", "format": "uri", "maxLength": 20}, "body:max-length body:too-long body:wrong-format"),
        (
            {"type": "array", "uniqueItems": True, "minItems": 5, "items": PATTERNED},
            "body:min-items body:too-few-items",
        ),
        (
            {
                "type": "object",
                "patternProperties": {"^S_": {"type": "integer"}},
                "additionalProperties": False,
                "minProperties": 2,
            },
            "body:min-properties body:too-few-properties body:extra-field",
        ),
    ],
)
def test_a_narrow_schema_is_met(schema: Any, targets: str) -> None:
    assert set(targets.split()) <= body_targets(schema)


@pytest.mark.parametrize("name", sorted(SAMPLES))
@pytest.mark.parametrize("length", [1, 2, 5, 12, 15, 21, 30, 62, 64, 65, 127, 128, 200, 253])
def test_a_text_of_a_format_has_the_length_that_is_asked_for(name: str, length: int) -> None:
    validator = jsonschema_rs.Draft202012Validator({"format": name}, validate_formats=True)
    for text in format_texts(name, Size(length, length)):
        assert len(text) == length
        assert validator.is_valid(text)


@pytest.mark.parametrize("name", ["email", "uri", "hostname", "iri", "uri-reference", "json-pointer", "regex"])
def test_formats_of_no_fixed_length_have_a_text_of_many_lengths(name: str) -> None:
    assert all(list(format_texts(name, Size(length, length))) for length in range(5, 254))


def test_a_format_and_a_length_that_exclude_each_other_are_told() -> None:
    of = endpoint(body={"type": "string", "format": "uuid", "maxLength": 20})
    assert "'uuid' and the lengths allowed exclude each other" in unreachable(of)["request:minimal"]


@pytest.mark.parametrize(
    "schema", [{"enum": ["x", None]}, {"enum": [None, "x"]}, {"type": ["integer", "null"], "enum": [1, None]}]
)
def test_no_text_means_null(schema: Any) -> None:
    of = endpoint(query("c", schema, required=True), method="GET")
    sent = [case.request.query.get("c") for case in generate(of) if case.valid]
    assert sent
    assert not [value for value in sent if value in (None, "null")]
    assert "query.c:enum=null" not in {target for case in generate(of) for target in case.targets}


def test_a_text_that_may_mean_null_proves_no_label() -> None:
    of = endpoint(query("c", {"type": ["integer", "null"]}), method="GET")
    verdict = verify(of, Draft("Sends null", True, {}, {"c": "null"}, {}, {}, None, None, ()))
    assert isinstance(verdict, Rejected)
    assert verdict.relabelled is None
    assert re.search("may mean null", verdict.problems[0])
