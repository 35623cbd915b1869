"""Schemas read into flat records."""

from typing import Any

import pytest

from casecraft.cases.numbers import beyond, ends_of
from casecraft.cases.shape_reader import ShapeReader
from casecraft.cases.shapes import Bounds, Shape, Size
from casecraft.core.schema import Definitions

DEFINITIONS = {
    "Loop": {"$ref": "#/$defs/Loop"},
    "Base": {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}},
    "Self": {"allOf": [{"$ref": "#/$defs/Self"}, {"minLength": 2}]},
}


def shape(schema: Any) -> Shape:
    return ShapeReader(Definitions(DEFINITIONS.__getitem__)).read(schema)


def test_all_of_is_one_record() -> None:
    whole = shape(
        {
            "allOf": [
                {"$ref": "#/$defs/Base"},
                {"required": ["name"], "properties": {"name": {}, "id": {"minimum": 1}}},
            ],
            "additionalProperties": False,
        }
    )
    assert whole.required == {"id", "name"}
    assert whole.properties["id"] == {"allOf": [{"type": "integer"}, {"minimum": 1}]}
    assert whole.additional is False


def test_the_narrower_of_two_rules_counts() -> None:
    both = shape({"minimum": 1, "maxLength": 9, "allOf": [{"exclusiveMinimum": 1, "maxLength": 5}, {"minimum": -3}]})
    assert both.bounds == Bounds(1, None, open_below=True)
    assert both.length == Size(0, 5)


def test_a_union_with_null_is_nullable() -> None:
    either = shape({"anyOf": [{"$ref": "#/$defs/Base"}, {"type": "null"}]})
    assert either.types == {"object", "null"}
    assert either.required == {"id"}
    assert not either.choices


def test_a_union_of_constants_is_an_enum() -> None:
    assert shape({"oneOf": [{"const": "a"}, {"enum": ["b", "c"]}, {"type": "null"}]}).members == ("a", "b", "c", None)


def test_members_of_other_types_do_not_count() -> None:
    assert shape({"type": "string", "enum": ["a", 1, None]}).members == ("a",)


def test_loops_of_references_end() -> None:
    assert shape({"$ref": "#/$defs/Loop"}) == Shape()
    assert shape({"$ref": "#/$defs/Self"}).length == Size(2)


@pytest.mark.parametrize(
    ("schema", "ends", "outside"),
    [
        ({"type": "integer", "minimum": 1, "maximum": 9}, (1, 9), (0, 10)),
        ({"type": "integer", "exclusiveMinimum": 1, "exclusiveMaximum": 9}, (2, 8), (1, 9)),
        ({"type": "integer", "minimum": 1.5, "maximum": 8.5}, (2, 8), (1, 9)),
        ({"type": "integer", "minimum": 1, "maximum": 29, "multipleOf": 10}, (10, 20), (0, 30)),
        ({"type": "integer", "minimum": 10, "exclusiveMaximum": 30, "multipleOf": 10}, (10, 20), (0, 30)),
        ({"type": "number", "minimum": 0.1, "maximum": 0.3}, (0.1, 0.3), (0.09, 0.31)),
        ({"type": "number", "exclusiveMinimum": 0}, (0.01, None), (0, None)),
        ({"type": "number", "minimum": 0, "maximum": 1, "multipleOf": 0.25}, (0, 1), (-0.25, 1.25)),
        ({"type": "string"}, (None, None), (None, None)),
    ],
)
def test_the_ends_of_numbers_and_what_lies_beyond(schema: Any, ends: Any, outside: Any) -> None:
    assert ends_of(shape(schema)) == ends
    assert beyond(shape(schema)) == outside
