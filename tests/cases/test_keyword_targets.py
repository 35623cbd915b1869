"""For each keyword of a schema: the targets that it gives, each hit by a verified case."""

from typing import Any

import pytest

from casecraft.cases import generate, targets_of, unreachable
from casecraft.core.endpoint import Endpoint, Parameter
from tests.cases.sample_endpoints import endpoint, query


def ids_under(of: Endpoint, place: str) -> set[str]:
    return {target.id for target in targets_of(of) if target.id.startswith(place)}


TEXT = {"type": "string"}
BOTH = {"a": {"type": "integer"}, "b": {"type": "integer"}}

KEYWORDS: list[tuple[str, dict[str, Any], set[str], set[str]]] = [
    ("minLength", {"type": "string", "minLength": 3}, {"min-length"}, {"too-short"}),
    ("maxLength", {"type": "string", "maxLength": 3}, {"max-length"}, {"too-long"}),
    ("pattern", {"type": "string", "pattern": "^[a-z]{3}$"}, {"valid-pattern"}, {"wrong-pattern"}),
    ("format", {"type": "string", "format": "date"}, {"valid-format"}, {"wrong-format"}),
    ("minimum", {"type": "integer", "minimum": 3}, {"minimum"}, {"below-minimum"}),
    ("exclusiveMinimum", {"type": "integer", "exclusiveMinimum": 3}, {"minimum"}, {"below-minimum"}),
    ("maximum", {"type": "number", "maximum": 3.5}, {"maximum"}, {"above-maximum"}),
    ("exclusiveMaximum", {"type": "integer", "exclusiveMaximum": 3}, {"maximum"}, {"above-maximum"}),
    ("multipleOf", {"type": "integer", "multipleOf": 5}, {"valid"}, {"not-multiple"}),
    ("enum", {"enum": ["x", 2]}, {"enum=x", "enum=2"}, {"not-in-enum"}),
    ("const", {"const": "x"}, {"enum=x"}, {"not-in-enum"}),
    ("boolean", {"type": "boolean"}, {"true", "false"}, {"wrong-type"}),
    ("nullable", {"type": ["integer", "null"]}, {"null"}, {"wrong-type"}),
    ("minItems", {"type": "array", "minItems": 2}, {"min-items"}, {"too-few-items"}),
    ("maxItems", {"type": "array", "maxItems": 2}, {"max-items"}, {"too-many-items"}),
    ("uniqueItems", {"type": "array", "uniqueItems": True}, {"valid"}, {"duplicate-items"}),
    ("minProperties", {"type": "object", "minProperties": 2}, {"min-properties"}, {"too-few-properties"}),
    ("maxProperties", {"type": "object", "maxProperties": 2}, {"max-properties"}, {"too-many-properties"}),
    ("required", {"type": "object", "properties": BOTH, "required": ["a"]}, {"minimal"}, {".a:missing"}),
    ("closed", {"type": "object", "properties": BOTH, "additionalProperties": False}, {"all-fields"}, {"extra-field"}),
    (
        "unevaluatedProperties",
        {"allOf": [{"type": "object", "properties": BOTH}], "unevaluatedProperties": False},
        {"all-fields"},
        {"extra-field"},
    ),
    (
        "map",
        {"type": "object", "additionalProperties": {"type": "integer", "minimum": 1}},
        {".*:minimum"},
        {".*:below-minimum"},
    ),
    ("not", {"type": "string", "not": {"enum": ["root"]}}, set(), {"not-allowed"}),
    (
        "not together",
        {"type": "object", "properties": BOTH, "not": {"required": ["a", "b"]}},
        {"minimal"},
        {"not-allowed"},
    ),
    ("not a pattern", {"type": "string", "not": {"pattern": "^x-"}}, set(), {"not-allowed"}),
    (
        "contains",
        {"type": "array", "items": {"type": "integer"}, "contains": {"minimum": 5}},
        {"min-matching-items"},
        {"too-few-matching-items"},
    ),
    (
        "minContains, maxContains",
        {"type": "array", "contains": {"const": "x"}, "minContains": 2, "maxContains": 3},
        {"min-matching-items", "max-matching-items"},
        {"too-few-matching-items", "too-many-matching-items"},
    ),
    (
        "prefixItems",
        {"type": "array", "prefixItems": [{"type": "integer", "minimum": 1}, {"enum": ["x", "y"]}], "minItems": 2},
        {"[0]:minimum", "[1]:enum=x", "[1]:enum=y"},
        {"[0]:below-minimum", "[1]:not-in-enum", "too-few-items"},
    ),
    (
        "prefixItems, closed",
        {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}], "items": False},
        {"max-items"},
        {"too-many-items"},
    ),
    (
        "unevaluatedItems",
        {"type": "array", "prefixItems": [{"type": "integer"}], "unevaluatedItems": False},
        {"max-items"},
        {"too-many-items"},
    ),
    (
        "propertyNames",
        {"type": "object", "additionalProperties": {"type": "integer"}, "propertyNames": {"pattern": "^[a-z]+$"}},
        {".*:valid"},
        {"wrong-name"},
    ),
    (
        "patternProperties",
        {"type": "object", "patternProperties": {"^x-[a-z]+$": {"type": "integer"}}},
        {"named-field=^x-[a-z]+$"},
        {"wrong-named-field"},
    ),
    (
        "patternProperties, closed",
        {"type": "object", "patternProperties": {"^x-": {"type": "integer"}}, "additionalProperties": False},
        {"named-field=^x-"},
        {"wrong-named-field", "extra-field"},
    ),
    (
        "dependentRequired",
        {"type": "object", "properties": BOTH, "dependentRequired": {"a": ["b"]}},
        {"with-dependents=a", "minimal"},
        {".b:missing-dependent"},
    ),
    (
        "dependentSchemas",
        {"type": "object", "properties": BOTH, "dependentSchemas": {"a": {"required": ["b"]}}},
        {"with-dependents=a", "minimal"},
        {"wrong-dependent"},
    ),
    (
        "if, then",
        {
            "type": "object",
            "properties": {"kind": {"enum": ["card", "cash"]}, "number": TEXT},
            "required": ["kind"],
            "if": {"properties": {"kind": {"const": "card"}}},
            "then": {"required": ["number"]},
        },
        {"then", "else", ".kind:enum=card", ".kind:enum=cash"},
        {"wrong-then"},
    ),
    (
        "if, then, else",
        {
            "type": "object",
            "properties": {"country": {"enum": ["US", "DE"]}, "zip": TEXT},
            "required": ["country", "zip"],
            "if": {"properties": {"country": {"const": "US"}}},
            "then": {"properties": {"zip": {"pattern": "^[0-9]{5}$"}}},
            "else": {"properties": {"zip": {"pattern": "^D-[0-9]{5}$"}}},
        },
        {"then", "else"},
        {"wrong-then", "wrong-else"},
    ),
    (
        "two conditions",
        {
            "type": "object",
            "properties": BOTH,
            "allOf": [
                {"if": {"required": ["a"]}, "then": {"required": ["b"]}},
                {"if": {"required": ["b"]}, "then": {"properties": {"b": {"minimum": 5}}}},
            ],
        },
        {"then=1", "then=2", "else=1", "else=2"},
        {"wrong-then"},
    ),
    ("oneOf", {"oneOf": [{"type": "integer", "minimum": 3}, TEXT]}, {"/oneOf:1", "/oneOf:2"}, {"below-minimum"}),
    (
        "oneOf of required",
        {"type": "object", "properties": BOTH, "oneOf": [{"required": ["a"]}, {"required": ["b"]}]},
        {"/oneOf:1", "/oneOf:2"},
        {".a:missing", "several-branches"},
    ),
    (
        "anyOf of required",
        {"type": "object", "properties": BOTH, "anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
        {"/anyOf:1", "/anyOf:2"},
        {".a:missing"},
    ),
    (
        "allOf",
        {"allOf": [{"type": "integer", "minimum": 1}, {"maximum": 9}]},
        {"minimum", "maximum"},
        {"below-minimum"},
    ),
    (
        "readOnly",
        {"type": "object", "properties": {"id": {"type": "integer", "readOnly": True}, **BOTH}},
        {"all-fields", ".a:valid"},
        {"wrong-type"},
    ),
    (
        "writeOnly",
        {"type": "object", "properties": {"secret": {"type": "string", "writeOnly": True, "minLength": 8}}},
        {".secret:min-length"},
        {".secret:too-short"},
    ),
]


def place_of(prefix: str, part: str) -> str:
    return f"{prefix}{part}" if part[0] in ".[/" else f"{prefix}:{part}"


@pytest.mark.parametrize(("name", "schema", "valid", "invalid"), KEYWORDS, ids=[row[0] for row in KEYWORDS])
def test_each_keyword_in_a_json_body(name: str, schema: dict[str, Any], valid: set[str], invalid: set[str]) -> None:
    of = endpoint(body={"type": "object", "required": ["it"], "properties": {"it": schema}})
    labels = {target.id: target.valid for target in targets_of(of)}
    wanted = {
        **{place_of("body.it", each): True for each in valid},
        **{place_of("body.it", each): False for each in invalid},
    }
    lacking = wanted.keys() - labels.keys()
    assert not lacking, {each: unreachable(of).get(each, "no such target") for each in lacking}
    assert all(labels[each] == valid for each, valid in wanted.items())
    out_of_reach = {target for target in unreachable(of) if target.startswith("body")}
    assert out_of_reach == {place_of("body.it", each) for each in OUT_OF_REACH.get(name, ())}


OUT_OF_REACH = {
    "not together": {"all-fields"},
    "if, then, else": {".country:not-in-enum", ".zip:non-ascii"},
    "oneOf of required": {"all-fields", ".b:missing"},
    "anyOf of required": {".b:missing"},
}
"""Where the schema itself leaves no such request, or none that tells two targets apart."""


NUMBER = {"type": "integer", "minimum": 1, "maximum": 9}
NUMBERS = {
    "type": "array",
    "items": {"type": "integer", "minimum": 1},
    "minItems": 2,
    "maxItems": 3,
    "uniqueItems": True,
}
RECORD = {
    "type": "object",
    "required": ["a"],
    "properties": {"a": {"type": "integer", "minimum": 1}, "b": {"enum": ["x", "y"]}},
}
OF_NUMBER = {":minimum", ":maximum", ":below-minimum", ":above-maximum", ":wrong-type"}
OF_NUMBERS = {
    *(":min-items", ":max-items", ":too-few-items", ":too-many-items", ":duplicate-items"),
    *("[]:minimum", "[]:below-minimum", "[]:wrong-type"),
}
OF_RECORD = {
    *(":minimal", ":all-fields", ".a:minimum", ".a:missing", ".a:below-minimum", ".a:wrong-type"),
    *(".b:enum=x", ".b:enum=y", ".b:not-in-enum"),
}
STYLES = [
    *(("path", style) for style in ("simple", "label", "matrix")),
    *(("query", style) for style in ("form", "spaceDelimited", "pipeDelimited")),
    ("header", "simple"),
]


@pytest.mark.parametrize(("schema", "expected"), [(NUMBER, OF_NUMBER), (NUMBERS, OF_NUMBERS), (RECORD, OF_RECORD)])
@pytest.mark.parametrize("explode", [False, True])
@pytest.mark.parametrize(("location", "style"), STYLES)
def test_each_style_of_a_parameter(
    location: Any, style: str, explode: bool, schema: dict[str, Any], expected: set[str]
) -> None:
    parameter = Parameter("p", location, True, schema, style=style, explode=explode)
    of = endpoint(parameter, method="GET", path="/things/{p}" if location == "path" else "/things")
    missing = set() if location == "path" else {":missing"}
    assert ids_under(of, location) == {f"{location}.p{each}" for each in expected | missing}
    assert not unreachable(of)


def test_deep_objects_in_a_query() -> None:
    of = endpoint(query("p", RECORD, style="deepObject", explode=True), method="GET")
    assert ids_under(of, "query") == {f"query.p{each}" for each in OF_RECORD}
    assert {"p[a]", "p[b]"} <= {name for case in generate(of) for name in case.request.query}


def test_a_number_in_a_cookie() -> None:
    of = endpoint(Parameter("p", "cookie", True, NUMBER, style="form"), method="GET")
    assert ids_under(of, "cookie") == {f"cookie.p{each}" for each in OF_NUMBER | {":missing"}}


def test_a_list_that_a_cookie_cannot_carry_says_so() -> None:
    of = endpoint(Parameter("p", "cookie", True, NUMBERS, style="form"), method="GET")
    assert "style" in unreachable(of)["cookie.p:min-items"]


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_the_fields_of_a_form(content_type: str) -> None:
    schema = {"type": "object", "required": ["i"], "properties": {"i": NUMBER, "a": NUMBERS, "o": RECORD}}
    of = endpoint(body=schema, content_type=content_type)
    fields = {
        *(f"body.i{each}" for each in OF_NUMBER | {":missing"}),
        *(f"body.a{each}" for each in OF_NUMBERS),
        *(f"body.o{each}" for each in OF_RECORD),
    }
    assert ids_under(of, "body.") == fields
    assert not unreachable(of)


def test_a_plain_text_body() -> None:
    schema = {"type": "string", "minLength": 3, "maxLength": 5, "pattern": "^[a-z]+$"}
    of = endpoint(body=schema, content_type="text/plain")
    kinds = {"min-length", "max-length", "valid-pattern", "too-short", "too-long", "wrong-pattern", "missing"}
    assert ids_under(of, "body") == {f"body:{kind}" for kind in kinds}
