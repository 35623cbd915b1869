"""A query that is described as a whole, as 3.2 allows."""

import json
from pathlib import Path
from typing import Any

import pytest

from casecraft.cases import generate, targets_of
from casecraft.core.endpoint import Endpoint
from casecraft.spec import load, split

FORM = "application/x-www-form-urlencoded"
SEARCH = {
    "type": "object",
    "required": ["text"],
    "properties": {
        "text": {"type": "string", "minLength": 2},
        "tags": {"type": "array", "items": {"enum": ["new", "old"]}},
        "near": {"$ref": "#/components/schemas/Place"},
    },
}
PLACE = {"type": "object", "properties": {"lat": {"type": "number"}}}


def endpoint_of(folder: Path, content: dict[str, Any], *, version: str = "3.2.0", **more: Any) -> Endpoint:
    parameter = {"name": "all", "in": "querystring", "required": True, "content": content, **more}
    operation = {"parameters": [parameter], "responses": {"200": {"description": "found"}}}
    schemas = {"Place": PLACE, "Search": SEARCH}
    document = {"openapi": version, "info": {"title": "T", "version": "1"}, "paths": {"/a": {"get": operation}}}
    (folder / "x.json").write_text(json.dumps({**document, "components": {"schemas": schemas}}))
    (endpoint,) = split(load(str(folder / "x.json")))
    return endpoint


def test_the_fields_of_a_form_are_parameters_of_the_query(tmp_path: Path) -> None:
    encoding = {"tags": {"style": "pipeDelimited", "explode": False}}
    example = {"text": "cats", "tags": ["old"]}
    media = {"schema": {"$ref": "#/components/schemas/Search"}, "encoding": encoding, "example": example}
    endpoint = endpoint_of(tmp_path, {FORM: media})
    text, tags, near = endpoint.parameters
    assert (text.name, text.location, text.required, text.examples) == ("text", "query", True, ("cats",))
    assert (tags.style, tags.explode, tags.required, tags.examples) == ("pipeDelimited", False, False, (["old"],))
    assert (near.content_type, near.schema) == ("application/json", {"$ref": "#/$defs/Place"})
    assert {"query.text:too-short", "query.text:missing"} <= {target.id for target in targets_of(endpoint)}
    [whole] = [case for case in generate(endpoint) if case.title.endswith("everything that is declared")]
    assert whole.request.query.keys() == {"text", "tags", "near"}
    assert endpoint.notes == ()


@pytest.mark.parametrize(
    ("content", "more", "reason"),
    [
        (
            {"application/json": {"schema": SEARCH}},
            {},
            f"no query of type 'application/json' is made, only one of {FORM}",
        ),
        (
            {FORM: {"schema": {**SEARCH, "minProperties": 2}}},
            {},
            "`minProperties` of its schema bind fields of the query to each other",
        ),
        ({FORM: {"schema": {"type": "object"}}}, {}, "its schema has no fields"),
        ({FORM: {"schema": SEARCH}}, {"required": False}, "it may be left out, but not its required fields alone"),
        ({FORM: {"schema": SEARCH}}, {"version": "3.1.0"}, "'querystring' is no place for one"),
    ],
)
def test_what_cannot_be_brought_to_parameters_says_why(
    tmp_path: Path, content: dict[str, Any], more: dict[str, Any], reason: str
) -> None:
    endpoint = endpoint_of(tmp_path, content, **more)
    assert endpoint.parameters == ()
    assert endpoint.notes == (f"the parameter 'all' was passed over: {reason}",)
