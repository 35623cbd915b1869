"""Styles of parameters: what is written reads back."""

import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casecraft.cases import generate
from casecraft.cases.shape_reader import ShapeReader
from casecraft.cases.styles import read, text_tree, write
from casecraft.core.case import Case
from casecraft.core.endpoint import Endpoint, Parameter
from casecraft.core.schema import Definitions
from tests.cases.sample_endpoints import endpoint, query

READER = ShapeReader(Definitions({}.__getitem__))
LIST = {"type": "array", "items": {"type": "string"}}
MAPPING = {"type": "object", "properties": {"R": {"type": "integer"}, "G": {"type": "integer"}}}


def parameter(schema: Any, location: Any, style: str, explode: bool) -> Parameter:
    return Parameter("color", location, True, schema, style=style, explode=explode)


@pytest.mark.parametrize(
    ("location", "style", "explode", "value", "expected"),
    [
        ("query", "form", True, ["a", "b"], {"color": ["a", "b"]}),
        ("query", "form", False, ["a", "b"], {"color": "a,b"}),
        ("query", "spaceDelimited", False, ["a", "b"], {"color": "a b"}),
        ("query", "pipeDelimited", False, ["a", "b"], {"color": "a|b"}),
        ("query", "form", True, {"R": 1, "G": 2}, {"R": 1, "G": 2}),
        ("query", "form", False, {"R": 1, "G": 2}, {"color": "R,1,G,2"}),
        ("query", "deepObject", True, {"R": 1, "G": 2}, {"color[R]": 1, "color[G]": 2}),
        ("path", "simple", False, ["a", "b"], {"color": "a,b"}),
        ("path", "simple", True, {"R": 1, "G": 2}, {"color": "R=1,G=2"}),
        ("path", "label", False, ["a", "b"], {"color": ".a,b"}),
        ("path", "label", True, ["a", "b"], {"color": ".a.b"}),
        ("path", "matrix", False, ["a", "b"], {"color": ";color=a,b"}),
        ("path", "matrix", True, ["a", "b"], {"color": ";color=a;color=b"}),
        ("path", "matrix", True, {"R": 1, "G": 2}, {"color": ";R=1;G=2"}),
        ("path", "matrix", False, {"R": 1, "G": 2}, {"color": ";color=R,1,G,2"}),
        ("path", "label", False, "blue", {"color": ".blue"}),
        ("path", "matrix", False, "blue", {"color": ";color=blue"}),
        ("header", "simple", False, ["a", "b"], {"color": "a,b"}),
    ],
)
def test_values_are_written_as_openapi_shows(
    location: str, style: str, explode: bool, value: Any, expected: dict[str, Any]
) -> None:
    schema = LIST if isinstance(value, list) else MAPPING if isinstance(value, dict) else {"type": "string"}
    of = parameter(schema, location, style, explode)
    assert write(of, value) == expected
    assert read(of, READER.read(schema), expected) == text_tree(value)


@pytest.mark.parametrize(
    ("location", "text"),
    [
        ("path", ""),
        ("path", ".."),
        ("path", "a/b"),
        ("header", "a\nb"),
        ("header", " a"),
        ("cookie", "a;b"),
        ("query", "\ud800"),
    ],
)
def test_some_places_cannot_carry_some_texts(location: str, text: str) -> None:
    assert write(parameter({"type": "string"}, location, "simple", False), text) is None


STYLES = st.sampled_from(
    [
        ("query", "form"), ("query", "spaceDelimited"), ("query", "pipeDelimited"), ("query", "deepObject"),
        ("path", "simple"), ("path", "label"), ("path", "matrix"), ("header", "simple"), ("cookie", "form"),
    ]
)  # fmt: skip
TEXTS = st.text(string.ascii_letters + "0 ,.;|=&[]/", min_size=1, max_size=5)


@given(STYLES, st.booleans(), st.lists(TEXTS, min_size=1, max_size=3))
def test_a_list_reads_back_or_is_not_written(style: tuple[str, str], explode: bool, value: list[str]) -> None:
    of = parameter(LIST, *style, explode)
    written = write(of, value)
    if written is not None:
        assert read(of, READER.read(LIST), written) == value


@given(STYLES, st.booleans(), st.fixed_dictionaries({"R": TEXTS}, optional={"G": TEXTS}))
def test_a_mapping_reads_back_or_is_not_written(style: tuple[str, str], explode: bool, value: dict[str, str]) -> None:
    of = parameter(MAPPING, *style, explode)
    written = write(of, value)
    if written is not None:
        assert read(of, READER.read(MAPPING), written) == value


def deep_filter(**more: Any) -> Endpoint:
    fields = {"tag": {"type": "array", "items": {"type": "string"}}, "n": {"type": "integer"}}
    schema = {"type": "object", "properties": fields, **more}
    return endpoint(query("filter", schema, style="deepObject"), method="GET")


def is_nested(case: Case) -> bool:
    return any(name.startswith("filter[tag]") for name in case.request.query)


def test_what_deep_objects_leave_open_is_left_out_but_for_a_probe() -> None:
    nested = [case for case in generate(deep_filter()) if is_nested(case)]
    assert [case.targets for case in nested] == [("query.filter:nested-deep-object",)]
    assert nested[0].expect.status == (200, "4XX")
    assert "query.filter:all-fields" in {target for case in generate(deep_filter()) for target in case.targets}


def test_what_deep_objects_leave_open_and_must_be_sent_is_a_probe() -> None:
    nested = [case for case in generate(deep_filter(required=["tag"])) if is_nested(case) and case.valid]
    assert {case.targets for case in nested} == {("query.filter:nested-deep-object",)}
