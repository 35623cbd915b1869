from typing import Any

import jsonschema
import pytest

from casecraft.suites.older_schemas import as_draft7

PAIR = {"prefixItems": [{"type": "integer"}], "items": {"type": "string"}}
NEEDS = {"dependentRequired": {"a": ["b"]}, "dependentSchemas": {"a": {"required": ["c"]}, "d": {"required": ["a"]}}}
BESIDE = {"$ref": "#/$defs/Pet", "minProperties": 2, "$defs": {"Pet": {"required": ["id"], **PAIR}}}


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        (PAIR, [1, "a"], [[1, 2], ["a"]]),
        (NEEDS, {"a": 1, "b": 1, "c": 1}, [{"a": 1, "b": 1}, {"a": 1, "c": 1}, {"d": 1}]),
        (BESIDE, {"id": 1, "x": 2}, [{"id": 1}, {"x": 1, "y": 2}]),
        ({"properties": {"x": {"items": PAIR}}}, {"x": [[1]]}, [{"x": [["a"]]}]),
        ({"anyOf": [PAIR, False]}, [1], [["a"]]),
        ({"properties": {"id": {"type": "integer"}, "$id": {"type": "string"}}}, {"$id": "a"}, [{"$id": 1}]),
    ],
)
def test_draft_7_says_the_same(schema: Any, good: Any, bad: list[Any]) -> None:
    for validator in (
        jsonschema.Draft202012Validator(schema),
        jsonschema.Draft7Validator(as_draft7(schema)),
    ):
        assert validator.is_valid(good)
        assert not any(map(validator.is_valid, bad))


def test_what_draft_7_cannot_say_is_left_out() -> None:
    schema = {"contains": {"const": 1}, "minContains": 0, "unevaluatedItems": False, "format": "byte", "$id": "x"}
    assert as_draft7(schema) == {}
    assert as_draft7(True) is True
    assert as_draft7({"format": "uuid", "contains": {"const": 1}}) == {"format": "uuid", "contains": {"const": 1}}
