"""Splitting: what becomes of each part of an operation."""

import json
from pathlib import Path
from typing import Any

import pytest

from casecraft.core.endpoint import Endpoint, SecurityScheme
from casecraft.spec import load, split

SPECS = Path(__file__).parents[2] / "specs"


def endpoints_of(name: str) -> dict[str, Endpoint]:
    return {endpoint.id: endpoint for endpoint in split(load(str(SPECS / name)))}


def parameters_of(endpoint: Endpoint) -> dict[str, Any]:
    return {parameter.name: parameter for parameter in endpoint.parameters}


def endpoint_from(tmp_path: Path, operation: dict[str, Any], **root: Any) -> Endpoint:
    path, method = root.pop("path", "/a"), root.pop("method", "get")
    document = {"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": {path: {method: operation}}}
    (tmp_path / "x.json").write_text(json.dumps(document | root))
    return split(load(str(tmp_path / "x.json")))[0]


def test_keeps_the_order_of_the_document() -> None:
    assert list(endpoints_of("library-3.0.yaml")) == [
        "GET /books",
        "POST /books",
        "DELETE /books/{id}/copies/{copy}",
        "GET /search?term={term}#top",
    ]


def test_parameters_of_3_x() -> None:
    find = endpoints_of("library-3.0.yaml")["GET /books"]
    assert find.operation_id == "findBooks"
    assert find.tags == ("books",)
    parameters = parameters_of(find)
    assert list(parameters) == ["lang", "filter", "point"]
    assert parameters["lang"].schema == {"type": "string", "enum": ["en", "no"]}
    assert (parameters["lang"].style, parameters["lang"].explode) == ("form", True)
    assert parameters["filter"].content_type == "application/json"
    assert parameters["point"].style == "deepObject"
    assert find.notes == ()


def test_undeclared_path_parameter_is_added() -> None:
    delete = endpoints_of("library-3.0.yaml")["DELETE /books/{id}/copies/{copy}"]
    copy = parameters_of(delete)["copy"]
    assert (copy.location, copy.required, copy.schema) == ("path", True, {"type": "string", "minLength": 1})
    assert "the path parameter 'copy' is not declared; taken as a string" in delete.notes


def test_query_written_in_the_path_becomes_a_path_parameter() -> None:
    search = endpoints_of("library-3.0.yaml")["GET /search?term={term}#top"]
    (term,) = search.parameters
    assert (term.location, term.required) == ("path", True)
    assert term.schema == {"type": "string", "minLength": 2}


def test_bodies_of_3_x() -> None:
    endpoints = endpoints_of("library-3.0.yaml")
    body = endpoints["POST /books"].body
    assert body is not None
    assert body.required
    assert [each.content_type for each in body.media_types] == ["application/json", "application/xml"]
    assert body.media_types[0].schema == {"$ref": "#/$defs/Book"}
    assert body.media_types[0].examples == ({"title": "Emma", "kind": "novel"},)
    delete = endpoints["DELETE /books/{id}/copies/{copy}"]
    assert delete.body is not None
    assert delete.deprecated
    assert "a body on DELETE has no defined meaning; kept as declared" in delete.notes


def test_responses_of_3_x() -> None:
    responses = endpoints_of("library-3.0.yaml")["GET /books"].responses
    assert [response.status for response in responses] == ["200", "4XX"]
    (media_type,) = responses[0].media_types
    assert media_type.schema == {"type": "array", "items": {"$ref": "#/$defs/Book"}}
    assert media_type.examples == ([],)


def test_servers_at_all_levels() -> None:
    endpoints = endpoints_of("library-3.0.yaml")
    assert endpoints["GET /books"].servers == ("https://books.example.com",)
    assert endpoints["POST /books"].servers == ("/admin",)
    assert endpoints["DELETE /books/{id}/copies/{copy}"].servers == ("https://eu.example.com/v1",)


def test_security() -> None:
    endpoints = endpoints_of("library-3.0.yaml")
    assert endpoints["GET /books"].security == ((SecurityScheme("token", "oauth2", scopes=("read",)),),)
    assert endpoints["POST /books"].security == ()
    orders = endpoints_of("orders-2.0.yaml")
    key = SecurityScheme("key", "apiKey", location="header", parameter="X-Key")
    assert orders["GET /orders"].security == ((key,),)
    assert orders["POST /orders"].security == ((key, SecurityScheme("login", "http", "basic")), ())


def test_parameters_of_2_0() -> None:
    orders = endpoints_of("orders-2.0.yaml")["GET /orders"]
    parameters = parameters_of(orders)
    assert list(parameters) == ["ids", "states", "limit", "tenant"]
    assert (parameters["ids"].style, parameters["ids"].explode) == ("form", True)
    assert (parameters["states"].style, parameters["states"].explode) == ("pipeDelimited", False)
    assert parameters["limit"].schema == {"type": "integer", "exclusiveMinimum": 0, "maximum": 100}
    assert parameters["limit"].examples == (20,)
    assert (parameters["tenant"].location, parameters["tenant"].required) == ("header", True)
    assert orders.servers == ("https://api.example.com/v2", "http://api.example.com/v2")


def test_bodies_and_responses_of_2_0() -> None:
    endpoints = endpoints_of("orders-2.0.yaml")
    create = endpoints["POST /orders"].body
    assert create is not None
    assert create.required
    assert [(each.content_type, each.schema) for each in create.media_types] == [
        ("application/json", {"$ref": "#/$defs/Order"})
    ]
    upload = endpoints["PUT /orders/{id}/invoice"].body
    assert upload is not None
    (form,) = upload.media_types
    assert form.content_type == "multipart/form-data"
    assert form.schema == {
        "type": "object",
        "properties": {
            "scan": {"type": "string", "format": "binary", "description": "the scanned page"},
            "pages": {"type": "array", "items": {"type": "integer"}},
        },
        "required": ["scan"],
    }
    assert form.encoding == {"pages": {"style": "form", "explode": False}}
    listed = endpoints["GET /orders"].responses[0]
    assert listed.media_types[0].examples == ([],)
    assert [(header.name, header.schema) for header in listed.headers] == [("X-Total", {"type": "integer"})]


@pytest.mark.parametrize(
    ("kind", "consumes", "expected"),
    [
        ("file", ["application/x-www-form-urlencoded"], ["multipart/form-data"]),
        ("string", ["application/json"], ["application/x-www-form-urlencoded"]),
        ("string", ["multipart/form-data"], ["multipart/form-data"]),
    ],
)
def test_content_type_of_a_form(tmp_path: Path, kind: str, consumes: list[str], expected: list[str]) -> None:
    operation = {"consumes": consumes, "parameters": [{"name": "a", "in": "formData", "type": kind}]}
    document = {"swagger": "2.0", "info": {"title": "T", "version": "1"}, "paths": {"/a": {"post": operation}}}
    (tmp_path / "x.json").write_text(json.dumps(document))
    (endpoint,) = split(load(str(tmp_path / "x.json")))
    assert endpoint.body is not None
    assert [each.content_type for each in endpoint.body.media_types] == expected


def test_methods_of_3_2() -> None:
    endpoints = endpoints_of("search-3.2.yaml")
    assert list(endpoints) == ["QUERY /documents", "COPY /documents"]
    assert endpoints["QUERY /documents"].body is not None
    (stream,) = endpoints["QUERY /documents"].responses[0].media_types
    assert stream.schema == {"type": "array", "items": {"type": "object"}}


def test_query_is_no_method_before_3_2(tmp_path: Path) -> None:
    document = {"openapi": "3.1.0", "info": {}, "paths": {"/a": {"query": {}, "get": {}}}}
    (tmp_path / "x.json").write_text(json.dumps(document))
    assert [endpoint.id for endpoint in split(load(str(tmp_path / "x.json")))] == ["GET /a"]


def test_wrong_parts_are_passed_over_with_a_note() -> None:
    get, post = endpoints_of("broken/wrong-types.yaml").values()
    parameters = parameters_of(get)
    assert list(parameters) == ["q", "name", "tag", "size", "id"]
    assert parameters["q"].schema == {"type": "integer", "default": "many"}
    assert parameters["name"].schema["pattern"] == r"^\p{L}+$"
    assert parameters["size"].schema == {"type": "integer", "minimum": 3}
    assert [response.status for response in get.responses] == ["200"]
    for note in (
        "the parameter 'q' in query is declared twice; the first counts",
        "the parameter 'odd' was passed over: 'nowhere' is no place for one",
        "the path parameter 'gone' was passed over: the path has no such part",
        "parameter 7 was passed over: it is no mapping",
        "the response 'soon' was passed over: it is no status",
    ):
        assert note in get.notes
    assert "no responses are documented" in post.notes
    assert "the security scheme 'unknown' is not defined" in post.notes
    assert post.security == ((SecurityScheme("unknown", ""),),)


def test_dangling_schemas_allow_all_and_are_noted() -> None:
    (endpoint,) = endpoints_of("broken/dangling.yaml").values()
    schema = endpoint.responses[0].media_types[0].schema
    assert endpoint.response_definitions.self_contained(schema) == {
        "$ref": "#/$defs/A",
        "$defs": {"A": {"type": "object", "properties": {"b": {}}}},
    }
    assert "the `$ref` '#/components/schemas/Lost' leads nowhere" in endpoint.notes


def test_reference_loop_ends() -> None:
    (endpoint,) = endpoints_of("broken/reference-loop.yaml").values()
    assert endpoint.responses[0].media_types[0].schema == {}


def test_path_item_by_reference(tmp_path: Path) -> None:
    item = {"get": {"responses": {"204": {"description": "fine"}}}}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "T", "version": "1"},
        "paths": {"/a": {"$ref": "#/components/pathItems/A"}},
        "components": {"pathItems": {"A": item}},
    }
    (tmp_path / "x.json").write_text(json.dumps(document))
    (endpoint,) = split(load(str(tmp_path / "x.json")))
    assert endpoint.responses[0].status == "204"


@pytest.mark.parametrize("name", ["Accept", "content-type", "AUTHORIZATION"])
def test_headers_that_the_client_sets_are_no_parameters(tmp_path: Path, name: str) -> None:
    raw = {"name": name, "in": "header", "schema": {"type": "string"}}
    assert endpoint_from(tmp_path, {"parameters": [raw]}).parameters == ()


def test_operation_parameters_override_those_of_the_path(tmp_path: Path) -> None:
    def declare(kind: str) -> dict[str, Any]:
        return {"name": "X-A", "in": "header", "schema": {"type": kind}}

    document = {
        "openapi": "3.1.0",
        "info": {"title": "T", "version": "1"},
        "paths": {
            "/a": {"parameters": [{**declare("string"), "name": "x-a"}], "get": {"parameters": [declare("integer")]}}
        },
    }
    (tmp_path / "x.json").write_text(json.dumps(document))
    (endpoint,) = split(load(str(tmp_path / "x.json")))
    assert [parameter.schema for parameter in endpoint.parameters] == [{"type": "integer"}]
    assert not any("twice" in note for note in endpoint.notes)
