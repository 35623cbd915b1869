"""Schemas of every version as JSON Schema 2020-12."""

from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from casecraft.core.schema import Schema
from casecraft.spec import load, split
from casecraft.spec.references import References
from casecraft.spec.schemas import Schemas

SPECS = Path(__file__).parents[2] / "specs"


def convert(schema: Any, version: str = "3.0", side: Any = "request", **components: Any) -> Schema:
    root = {"components": {"schemas": components}}
    return Schemas(References(root), version, side).convert(schema)


@pytest.mark.parametrize(
    ("version", "schema", "expected"),
    [
        ("3.0", {"type": "string", "nullable": True}, {"type": ["string", "null"]}),
        ("2.0", {"type": "string", "x-nullable": True}, {"type": ["string", "null"]}),
        ("3.1", {"type": "string", "nullable": True}, {"type": "string"}),
        ("3.0", {"nullable": True, "enum": [1]}, {"anyOf": [{"enum": [1]}, {"type": "null"}]}),
        ("3.0", {"minimum": 1, "exclusiveMinimum": True}, {"exclusiveMinimum": 1}),
        ("3.0", {"maximum": 1, "exclusiveMaximum": False}, {"maximum": 1}),
        ("3.1", {"exclusiveMinimum": 1}, {"exclusiveMinimum": 1}),
        ("3.0", {"exclusiveMinimum": True}, {}),
        ("3.0", {"type": "string", "example": "a"}, {"type": "string", "examples": ["a"]}),
        ("2.0", {"type": "file"}, {"type": "string", "format": "binary"}),
        ("2.0", {"type": "int"}, {"type": "integer"}),
        ("3.0", {"type": "Float"}, {"type": "number"}),
        ("3.0", {"type": "any"}, {}),
        ("3.1", {"type": ["string", "null"]}, {"type": ["string", "null"]}),
        ("3.0", {"type": "array", "items": [{"type": "int"}]}, {"type": "array", "prefixItems": [{"type": "integer"}]}),
        ("3.0", {"minLength": "3", "maxLength": -1, "pattern": 5}, {"minLength": 3}),
        ("3.0", {"required": True, "enum": [], "properties": []}, {}),
        ("3.0", {"pattern": r"\p{L}"}, {"pattern": r"\p{L}"}),
        ("3.0", {"default": None, "x-any": 1, "xml": {}}, {"default": None}),
        (
            "3.0",
            {"xml": {"name": "a", "wrapped": True, "attribute": "no", "prefix": 1, "x-more": 1}},
            {"xml": {"name": "a", "wrapped": True}},
        ),
        ("3.2", {"xml": {"nodeType": "cdata"}}, {"xml": {"nodeType": "cdata"}}),
        ("3.0", {"additionalProperties": False}, {"additionalProperties": False}),
        (
            "3.1",
            {"const": None, "if": True, "then": {"type": "int"}},
            {"const": None, "if": True, "then": {"type": "integer"}},
        ),
        ("3.1", True, True),
        ("3.0", "no schema", {}),
    ],
)
def test_converts(version: str, schema: Any, expected: Any) -> None:
    converted = convert(schema, version)
    assert converted == expected
    jsonschema_rs.meta.validate(
        {"$schema": "https://json-schema.org/draft/2020-12/schema", **converted} if converted is not True else True
    )


def test_siblings_of_a_reference_count_from_3_1_on() -> None:
    schema = {"$ref": "#/components/schemas/A", "description": "other", "maximum": 3}
    assert convert(schema, "3.0", A={}) == {"$ref": "#/$defs/A"}
    assert convert(schema, "3.1", A={}) == {"$ref": "#/$defs/A", "description": "other", "maximum": 3}


def test_each_side_drops_what_it_does_not_send_from_required() -> None:
    schema = {
        "required": ["id", "secret", "name"],
        "properties": {"id": {"readOnly": True}, "secret": {"$ref": "#/components/schemas/Secret"}, "name": {}},
    }
    secret = {"type": "string", "writeOnly": True}
    request, response = convert(schema, side="request", Secret=secret), convert(schema, side="response", Secret=secret)
    assert isinstance(request, dict)
    assert isinstance(response, dict)
    assert request["required"] == ["secret", "name"]
    assert response["required"] == ["id", "name"]


def test_an_answer_never_has_what_is_write_only() -> None:
    schema = {"properties": {"secret": {"$ref": "#/components/schemas/Secret"}, "name": {}}}
    secret = {"type": "string", "writeOnly": True}
    request, response = convert(schema, side="request", Secret=secret), convert(schema, side="response", Secret=secret)
    assert request == {"properties": {"secret": {"$ref": "#/$defs/Secret"}, "name": {}}}
    assert response == {"properties": {"secret": False, "name": {}}}


def test_what_a_part_of_all_of_marks_counts_too() -> None:
    schema = {"required": ["id"], "allOf": [{"$ref": "#/components/schemas/Base"}]}
    converted = convert(schema, Base={"properties": {"id": {"readOnly": True}}, "allOf": [schema]})
    assert converted == {"allOf": [{"$ref": "#/$defs/Base"}]}


def test_names_are_safe_unique_keys() -> None:
    create = next(each for each in split(load(str(SPECS / "library-3.0.yaml"))) if each.id == "POST /books")
    assert create.body is not None
    reached = create.definitions.closure(create.body.media_types[0].schema)
    assert {"Author", "Book", "Paper"} < set(reached)
    (other,) = set(reached) - {"Author", "Book", "Paper"}
    assert not set(other) & set("/~%# ")
    medium = reached["Book"]["properties"]["medium"]
    references = [each["allOf"][0] for each in medium["oneOf"]]
    assert references == [{"$ref": "#/$defs/Paper"}, {"$ref": f"#/$defs/{other}"}]
    assert medium["discriminator"] == {"propertyName": "kind", "mapping": {"paper": "#/$defs/Paper"}}


def test_a_reference_to_any_place_is_a_definition() -> None:
    schemas = Schemas(References({"a": [{"b/c": {"type": "int"}}]}), "3.0", "request")
    converted = schemas.convert({"$ref": "#/a/0/b~1c"})
    assert schemas.definitions.resolve(converted) == {"type": "integer"}


def test_recursive_schemas_validate() -> None:
    create = next(each for each in split(load(str(SPECS / "library-3.0.yaml"))) if each.id == "POST /books")
    assert create.body is not None
    validator = jsonschema_rs.Draft202012Validator(create.definitions.self_contained(create.body.media_types[0].schema))
    book = {"title": "Emma", "secret": "s", "author": None, "sequel": {"title": "More", "secret": "t"}}
    assert validator.is_valid(book)
    assert not validator.is_valid({**book, "sequel": {"title": ""}})
    assert not validator.is_valid({**book, "pages": 0})
    assert not validator.is_valid({"title": "Emma"})


def test_schemas_with_id_and_defs_stand_for_themselves() -> None:
    (store,) = split(load(str(SPECS / "sensors-3.1.json")))
    assert store.body is not None
    validator = jsonschema_rs.Draft202012Validator(store.definitions.self_contained(store.body.media_types[0].schema))
    assert validator.is_valid({"value": 20, "unit": "C", "parent": {"value": 1}, "kind": "reading"})
    assert validator.is_valid(None)
    for wrong in ({"value": -300}, {"value": 501}, {"value": 1, "unit": "K"}, {"value": 1, "parent": {}}):
        assert not validator.is_valid(wrong)


def test_only_requests_are_written_as_xml() -> None:
    schema = {"xml": {"name": "a"}, "properties": {"b": {"xml": {"attribute": True}}}}
    assert convert(schema) == schema
    assert convert(schema, side="response") == {"properties": {"b": {}}}
