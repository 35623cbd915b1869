"""XML bodies: what values look like by the XML Object, and what XML means by the schema, hostile texts included."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casecraft.cases import Draft, Rejected, Verified, generate, targets_of, unreachable, verify
from casecraft.cases.requests import request_model
from casecraft.cases.xml_bodies import DECLARATION, nested, write_xml
from casecraft.cases.xml_reading import read_xml
from casecraft.core.case import Case, Repeat, written_out
from casecraft.core.endpoint import Body, Endpoint, MediaType
from tests.cases.sample_endpoints import endpoint

STRINGS = {"type": "array", "items": {"type": "string"}}
NAMED_STRINGS = {"type": "array", "items": {"type": "string", "xml": {"name": "animal"}}}

PETSTORE = {
    "Category": {
        "type": "object",
        "properties": {"id": {"type": "integer"}, "name": {"type": "string"}},
        "xml": {"name": "category"},
    },
    "Tag": {
        "type": "object",
        "properties": {"id": {"type": "integer"}, "name": {"type": "string"}},
        "xml": {"name": "tag"},
    },
    "Pet": {
        "type": "object",
        "required": ["name", "photoUrls"],
        "properties": {
            "id": {"type": "integer", "format": "int64"},
            "name": {"type": "string"},
            "category": {"$ref": "#/$defs/Category"},
            "photoUrls": {
                "type": "array",
                "xml": {"wrapped": True},
                "items": {"type": "string", "xml": {"name": "photoUrl"}},
            },
            "tags": {"type": "array", "xml": {"wrapped": True}, "items": {"$ref": "#/$defs/Tag"}},
            "either": {"oneOf": [{"type": "integer"}, {"type": "string", "maxLength": 1}]},
            "status": {"type": "string", "enum": ["available", "pending", "sold"]},
        },
        "xml": {"name": "pet"},
    },
}
REX = {
    "id": 10,
    "name": "Rex & <Co>",
    "category": {"id": 1, "name": "Dogs"},
    "photoUrls": ["a", "b"],
    "tags": [{"id": 0, "name": "x"}],
    "status": "available",
}
REX_XML = (
    "<pet><id>10</id><name>Rex &amp; &lt;Co&gt;</name><category><id>1</id><name>Dogs</name></category>"
    "<photoUrls><photoUrl>a</photoUrl><photoUrl>b</photoUrl></photoUrls>"
    "<tags><tag><id>0</id><name>x</name></tag></tags><status>available</status></pet>"
)
SAMPLE = {"namespace": "http://example.com/sample", "prefix": "sample"}


def xml_endpoint(schema: Any, definitions: Any = None, **more: Any) -> Endpoint:
    return endpoint(body=schema, definitions=definitions, content_type="application/xml", **more)


def node_of(schema: Any, definitions: Any = None) -> Any:
    body = request_model(xml_endpoint(schema, definitions)).body
    assert body is not None
    return body.node


def of(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "xml": {"name": "r"}}


ALIENS = {"name": "aliens"}
WRITTEN = [
    # The cases of the XML Object's own pages: names of lists inside and outside.
    (of(animals=STRINGS), {"animals": ["a", "b"]}, "<r><animals>a</animals><animals>b</animals></r>"),
    (of(animals=NAMED_STRINGS), {"animals": ["a"]}, "<r><animal>a</animal></r>"),
    (of(animals=NAMED_STRINGS | {"xml": ALIENS}), {"animals": ["a"]}, "<r><animal>a</animal></r>"),
    (
        of(animals=STRINGS | {"xml": {"wrapped": True}}),
        {"animals": ["a", "b"]},
        "<r><animals><animals>a</animals><animals>b</animals></animals></r>",
    ),
    (
        of(animals=NAMED_STRINGS | {"xml": {"wrapped": True}}),
        {"animals": ["a"]},
        "<r><animals><animal>a</animal></animals></r>",
    ),
    (
        of(animals=NAMED_STRINGS | {"xml": ALIENS | {"wrapped": True}}),
        {"animals": ["a"]},
        "<r><aliens><animal>a</animal></aliens></r>",
    ),
    (
        of(animals=STRINGS | {"xml": ALIENS | {"wrapped": True}}),
        {"animals": ["a"]},
        "<r><aliens><aliens>a</aliens></aliens></r>",
    ),
    (of(animals=STRINGS | {"xml": {"nodeType": "element"}}), {"animals": []}, "<r><animals/></r>"),
    (of(animals=STRINGS), {"animals": []}, "<r/>"),
    (
        of(animals=STRINGS | {"xml": {"wrapped": True} | SAMPLE}),
        {"animals": ["a"]},
        '<r><sample:animals xmlns:sample="http://example.com/sample"><animals>a</animals></sample:animals></r>',
    ),
    (
        of(animals=STRINGS | {"xml": SAMPLE}),
        {"animals": ["a"]},
        '<r><sample:animals xmlns:sample="http://example.com/sample">a</sample:animals></r>',
    ),
    # Attributes, text, names and namespaces.
    (
        of(id={"type": "integer", "xml": {"attribute": True}}, name={"type": "string", "xml": SAMPLE}),
        {"id": 123, "name": "x"},
        '<r id="123"><sample:name xmlns:sample="http://example.com/sample">x</sample:name></r>',
    ),
    (
        of(
            currency={"type": "string", "xml": {"nodeType": "attribute"}},
            sum={"type": "number", "xml": {"nodeType": "text"}},
        ),
        {"currency": "EUR", "sum": 1.5},
        '<r currency="EUR">1.5</r>',
    ),
    (of(code={"type": "string", "xml": {"nodeType": "cdata"}}), {"code": "a<b"}, "<r>a&lt;b</r>"),
    (of(name={"type": "string", "xml": {"name": "n"}}), {"name": ""}, "<r><n/></r>"),
    (of(lang={"type": "string", "xml": {"attribute": True} | SAMPLE}), {"lang": 'a"\n'}, None),
    (
        {**of(name={"type": "string"}), "xml": {"name": "r", "namespace": "urn:x"}},
        {"name": "x"},
        '<r xmlns="urn:x"><name>x</name></r>',
    ),
    (
        {
            **of(name={"type": "string", "xml": {"namespace": "urn:x", "prefix": "p"}}),
            "xml": {"namespace": "urn:x", "prefix": "p"},
        },
        {"name": "x"},
        '<p:root xmlns:p="urn:x"><p:name>x</p:name></p:root>',
    ),
    (of(name={"type": "string", "xml": {"prefix": "p"}}), {"name": "x"}, "<r><name>x</name></r>"),
    # Values.
    (of(a={"type": "boolean"}, b={"type": "number"}), {"b": 2.0, "a": True}, "<r><a>true</a><b>2</b></r>"),
    (of(a={"type": "string"}), {"a": "\r\n\t"}, "<r><a>&#13;\n\t</a></r>"),
    ({"type": "array", "items": {"type": "integer"}}, [1, 2], "<root><root>1</root><root>2</root></root>"),
    (of(rows={"type": "array", "items": STRINGS}), {"rows": [["a"], []]}, "<r><rows><rows>a</rows></rows><rows/></r>"),
    (of(o={"type": "object"}), {"o": {"any": "x"}}, "<r><o><any>x</any></o></r>"),
]


@pytest.mark.parametrize(("schema", "value", "expected"), WRITTEN)
def test_a_value_as_xml_and_back(schema: Any, value: Any, expected: str | None) -> None:
    node = node_of(schema)
    written = write_xml(node, value)
    assert written is not None
    if expected is not None:
        assert written == DECLARATION + expected
    read = read_xml(node, written)
    assert (read.fault, read.value) == (None, value)


def test_an_attribute_of_a_namespace_declares_its_prefix() -> None:
    node = node_of(of(lang={"type": "string", "xml": {"attribute": True} | SAMPLE}))
    written = write_xml(node, {"lang": 'a"\n'})
    assert written == DECLARATION + ("""<r xmlns:sample="http://example.com/sample" sample:lang='a"&#10;'/>""")


def test_the_petstores_pet_as_its_page_shows_it() -> None:
    node = node_of({"$ref": "#/$defs/Pet"}, PETSTORE)
    assert write_xml(node, dict(reversed(REX.items()))) == DECLARATION + REX_XML
    assert read_xml(node, REX_XML).value == REX


def test_the_petstore_of_2_0_names_its_tags_otherwise() -> None:
    tags = {"type": "array", "xml": {"name": "tag", "wrapped": True}, "items": {"$ref": "#/$defs/Tag"}}
    pet = {"type": "object", "properties": {"tags": tags}, "xml": {"name": "Pet"}}
    node = node_of({"$ref": "#/$defs/Pet"}, {"Pet": pet, "Tag": {**PETSTORE["Tag"], "xml": {"name": "Tag"}}})
    assert write_xml(node, {"tags": [{"id": 1}]}) == DECLARATION + "<Pet><tag><Tag><id>1</id></Tag></tag></Pet>"


def test_a_component_without_a_name_of_its_own_names_the_root() -> None:
    assert write_xml(node_of({"$ref": "#/$defs/Pet"}, {"Pet": {"type": "object"}}), {}) == DECLARATION + "<Pet/>"


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (of(a={"type": ["string", "null"]}), {"a": None}),
        (of(a={"type": "string"}), {"a": "\x00"}),
        (of(a={"type": "string"}), {"a": "\ud800"}),
        (of(a={"type": "string"}), {"a": "\ufffe"}),
        (of(), {"a b": 1}),
        (of(), {"a:b": 1}),
        (of(), {"><x": 1}),
        (of(a={"type": "string", "xml": {"name": "1"}}), {"a": "x"}),
        (of(a=STRINGS | {"xml": {"attribute": True}}), {"a": ["x"]}),
        (of(a={"type": "string"}), {"a": ["x"]}),
    ],
)
def test_what_xml_cannot_say_is_not_written(schema: Any, value: Any) -> None:
    assert write_xml(node_of(schema), value) is None


TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"), max_size=9)
FREE = {
    "type": "object",
    "required": ["many"],
    "xml": {"name": "free", "namespace": "urn:free"},
    "properties": {
        "text": {"type": "string"},
        "flag": {"type": "boolean", "xml": {"attribute": True}},
        "count": {"type": "integer", "xml": {"name": "n", **SAMPLE}},
        "share": {"type": "number"},
        "many": {"type": "array", "items": {"type": "string"}},
        "held": {"type": "array", "items": {"$ref": "#/$defs/Free"}, "xml": {"wrapped": True}},
        "one": {"$ref": "#/$defs/Free"},
    },
}


def frees(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(
        {"many": st.lists(TEXTS, max_size=3)},
        optional={
            "text": TEXTS,
            "flag": st.booleans(),
            "count": st.integers(),
            "share": st.floats(allow_nan=False, allow_infinity=False),
            "held": st.lists(inner, max_size=2),
            "one": inner,
        },
    )


@given(st.recursive(frees(st.just({"many": []})), frees, max_leaves=4))
def test_what_is_written_reads_back(value: Any) -> None:
    node = node_of({"$ref": "#/$defs/Free"}, {"Free": FREE})
    written = write_xml(node, value)
    assert written is not None
    assert read_xml(node, written).value == value


@given(st.text(), st.sampled_from(["", "<pet>", "<pet><name>", "<?xml version='1.0'?>"]))
def test_no_text_raises(text: str, start: str) -> None:
    node = node_of({"$ref": "#/$defs/Pet"}, PETSTORE)
    read_xml(node, start + text)


BOMB = '<!DOCTYPE pet [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><pet><name>&b;</name></pet>'
FILE = '<!DOCTYPE pet [<!ENTITY f SYSTEM "file:///etc/passwd">]><pet><name>&f;</name></pet>'
READ = [
    ("", "empty"),
    (" \n", "empty"),
    ("<pet>", "truncated-xml"),
    ("<pet", "truncated-xml"),
    ("<pet><![CDATA[", "truncated-xml"),
    ("pet", "malformed-xml"),
    ("<pet></Pet>", "malformed-xml"),
    ("<pet/><pet/>", "malformed-xml"),
    ("<pet>&none;</pet>", "malformed-xml"),
    ("<pet>\x00</pet>", "malformed-xml"),
    ("<pet>\ud800</pet>", "malformed-xml"),
    ("<p:pet/>", "malformed-xml"),
    (BOMB, "unclear"),
    (FILE, "unclear"),
    ("<!DOCTYPE pet><pet/>", "unclear"),
    ("<dog/>", "unclear"),
    ('<pet xmlns="urn:other"/>', "unclear"),
    ("<pet><name>a</name><name>b</name></pet>", "unclear"),
    ("<pet>loose<name>a</name></pet>", "unclear"),
    ("<pet><photoUrls><url>a</url></photoUrls></pet>", "unclear"),
    ("<pet><either>1</either></pet>", "unclear"),
    (f"<pet><id>{'9' * 400}</id></pet>", "unclear"),
    (f"<pet><id>{'0' * 5000}</id></pet>", "unclear"),
    ("<pet><id>1e999</id></pet>", "unclear"),
    ('<?xml version="1.0" encoding="UTF-16"?><pet/>', "unclear"),
    ("<pet>" + "<a>" * 5000 + "</a>" * 5000 + "</pet>", "deeply-nested"),
]


@pytest.mark.parametrize(("text", "fault"), READ)
def test_what_is_no_document_of_the_schema(text: str, fault: str) -> None:
    read = read_xml(node_of({"$ref": "#/$defs/Pet"}, PETSTORE), text)
    assert (read.fault, bool(read.message)) == (fault, True)


@pytest.mark.parametrize(
    ("schema", "text", "value"),
    [
        ({"type": "integer"}, " +07 ", 7),
        ({"type": "integer"}, "1.0", "1.0"),
        ({"type": "integer"}, "\u0661", "\u0661"),
        ({"type": "integer"}, "", ""),
        ({"type": "number"}, "1.", 1.0),
        ({"type": "boolean"}, "0", False),
        ({"type": "boolean"}, "yes", "yes"),
        ({"type": "string"}, " 7 ", " 7 "),
        ({"type": ["string", "integer"], "enum": [7, "7 "]}, "7 ", "7 "),
        ({}, "7", "7"),
        ({"type": "object"}, "", {}),
        ({"type": "object"}, "x", "x"),
        ({"type": "string"}, "<b/>", {"b": ""}),
        ({"type": "string"}, "a<!-- c -->b", "ab"),
        ({"oneOf": [{"type": "object", "properties": {"n": {"type": "integer"}}}]}, "<n>1</n>", {"n": 1}),
    ],
)
def test_texts_mean_what_the_schema_says(schema: Any, text: str, value: Any) -> None:
    read = read_xml(node_of(of(a=schema)), f"<r><a>{text}</a></r>")
    assert (read.fault, read.value) == (None, {"a": value})


def test_an_element_may_say_that_it_is_null() -> None:
    text = '<r xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><a i:nil="true"/></r>'
    assert read_xml(node_of(of(a={"type": ["string", "null"]})), text).value == {"a": None}


def test_the_name_of_json_is_not_that_of_xml() -> None:
    node = node_of(of(name={"type": "string", "xml": {"name": "n"}}))
    assert read_xml(node, "<r><name>x</name></r>").value == {"<name>": "x"}
    node = node_of(of(id={"type": "integer", "xml": {"attribute": True}}))
    assert read_xml(node, "<r><id>1</id></r>").value == {"<id>": "1"}
    node = node_of({**of(), "additionalProperties": {"type": "integer"}})
    assert read_xml(node, '<r><x>1</x><x xmlns="urn:o">2</x></r>').value == {"x": 1, "<{urn:o}x>": 2}


SIZED = of(
    name={"type": "string", "minLength": 2, "maxLength": 5},
    kind={"type": "string", "enum": ["cat", "dog"]},
    age={"type": "integer", "minimum": 1, "xml": {"attribute": True}},
    tags={"type": "array", "items": {"type": "string"}, "minItems": 1, "xml": {"wrapped": True}},
) | {"additionalProperties": False}


def case_of(target: str, at: Endpoint) -> Case:
    return next(case for case in generate(at) if case.targets == (target,))


@pytest.mark.parametrize(
    ("target", "sent"),
    [
        ("body.name:too-short", "<name>B</name>"),
        ("body.kind:not-in-enum", "<kind>not-a-listed-value</kind>"),
        ("body.age:below-minimum", '<r age="0">'),
        ("body.age:wrong-type", '<r age="not-a-value">'),
        ("body.age:missing", "<r><name>"),
        ("body.tags:too-few-items", "<tags/>"),
        ("body:extra-field", "<unexpectedField>"),
        ("body:malformed-xml", "</unopened>"),
        ("body:truncated-xml", "</tags>"),
    ],
)
def test_every_rule_has_a_case_that_breaks_it_alone(target: str, sent: str) -> None:
    case = case_of(target, xml_endpoint(SIZED))
    text = case.request.body if case.request.raw_body is None else case.request.raw_body
    assert sent in text
    assert (case.valid, case.request.content_type, case.expect.status) == (False, "application/xml", (400,))


def test_all_that_rules_aim_at_is_reached_or_has_a_reason() -> None:
    at = xml_endpoint(SIZED)
    reached = {each.id for each in targets_of(at)}
    assert {"body.name:max-length", "body.kind:enum=dog", "body.tags:min-items", "body.name:non-ascii"} <= reached
    assert not [each for each in reached if each.endswith((":null", ":unexpected-null", "-json"))]
    assert dict(unreachable(at)) == {"request:control-characters": "the value cannot be written where it belongs"}


@pytest.mark.parametrize(("wrapped", "shows"), [(True, True), (False, False)])
def test_a_list_that_may_be_left_out_is_seen_to_be_empty_if_something_wraps_it(wrapped: bool, shows: bool) -> None:
    tags = STRINGS | {"minItems": 1, "xml": {"wrapped": wrapped}}
    at = xml_endpoint({"type": "object", "properties": {"tags": tags}})
    assert ("body.tags:too-few-items" in {each.id for each in targets_of(at)}) is shows
    assert "body.tags:too-few-items" not in unreachable(at)


WITHHELD = {
    "type": "object",
    "required": ["name"],
    "properties": {"name": {"type": "string"}, "id": {"type": "integer", "readOnly": True, "xml": {"attribute": True}}},
    "xml": {"name": "pet"},
}


def test_xml_is_nested_deeply_in_parts() -> None:
    case = case_of("body:deeply-nested", xml_endpoint(WITHHELD))
    parts = case.request.raw_body
    assert isinstance(parts, tuple)
    assert parts[1:3] == (Repeat("<a>", 1000), Repeat("</a>", 1000))
    assert parts[3] == Repeat("</pet>")
    assert (case.valid, case.expect.status, case.technique) == (True, (200, "4XX"), "syntax_testing")


def test_an_empty_root_is_opened_to_be_nested_in() -> None:
    (whole,) = nested(f'{DECLARATION}<p:pet xmlns:p="u" id="1"/>')
    assert written_out(whole).startswith(f'{DECLARATION}<p:pet xmlns:p="u" id="1"><a><a>')
    assert written_out(whole).endswith("</a></a></p:pet>")


def test_deep_xml_of_a_model_is_a_probe_where_xml_is_the_main_type() -> None:
    deep = "<pet><name>a</name>" + "<b>" * 100 + "</b>" * 100 + "</pet>"
    at = xml_endpoint(WITHHELD)
    verdict = verify(at, replace(DRAFT, body=deep))
    assert isinstance(verdict, Verified)
    assert verdict.case.targets == ("body:deeply-nested",)
    assert at.body is not None
    schema = at.body.media_types[0].schema
    both = replace(at, body=Body(True, (*at.body.media_types, MediaType("application/json", schema))))
    assert isinstance(verify(both, replace(DRAFT, body=deep)), Rejected)


def test_xml_goes_without_a_type_once() -> None:
    request = case_of("body:missing-content-type", xml_endpoint(WITHHELD)).request
    assert (request.content_type, request.body) == ("", None)
    assert str(request.raw_body).endswith("<pet><name>Blue harbor</name></pet>")


def test_a_readonly_field_is_set_in_xml() -> None:
    case = case_of("security:API3-mass-assignment", xml_endpoint(WITHHELD))
    assert '<pet id="987654"><name>' in case.request.body
    assert case.valid


def test_beside_json_one_case_is_sent_as_xml() -> None:
    at = xml_endpoint({"$ref": "#/$defs/Pet"}, PETSTORE)
    assert at.body is not None
    schema = at.body.media_types[0].schema
    both = replace(at, body=Body(True, (*at.body.media_types, MediaType("application/json", schema))))
    sent = [case for case in generate(both) if case.request.content_type == "application/xml"]
    assert [case.targets for case in sent] == [("request:minimal", "body:content-type=application/xml")]
    assert sent[0].request.body.startswith(f"{DECLARATION}<pet><name>")


DRAFT = Draft(
    title="Adds a pet",
    valid=True,
    path_params={},
    query={},
    headers={},
    cookies={},
    content_type="application/xml",
    body=REX_XML,
    expect_status=(),
)


def verdict(**changes: Any) -> Verified | Rejected:
    return verify(xml_endpoint({"$ref": "#/$defs/Pet"}, PETSTORE), replace(DRAFT, **changes))


def test_a_models_xml_is_kept_as_it_wrote_it() -> None:
    kept = verdict()
    assert isinstance(kept, Verified)
    assert kept.case.request.body == REX_XML
    assert "body.status:enum=available" in kept.case.targets


def test_a_models_value_is_written_as_xml() -> None:
    kept = verdict(body=REX)
    assert isinstance(kept, Verified)
    assert kept.case.request.body == DECLARATION + REX_XML


@pytest.mark.parametrize(
    ("body", "target"),
    [
        ("<pet><photoUrls/></pet>", "body.name:missing"),
        (REX_XML.replace(">10<", ">ten<"), "body.id:wrong-type"),
        (REX_XML.replace("available", "gone"), "body.status:not-in-enum"),
        (REX_XML[:-3], "body:truncated-xml"),
        (REX_XML.replace("</id>", "</ID>", 1), "body:malformed-xml"),
    ],
)
def test_a_models_wrong_xml_is_wrong_in_the_way_that_it_says(body: str, target: str) -> None:
    kept = verdict(body=body, valid=False, violates=target)
    assert isinstance(kept, Verified)
    assert kept.case.targets == (target,)
    refused = verdict(body=body)
    assert isinstance(refused, Rejected)
    assert refused.problems[0].startswith(f"{target}: ")
    assert refused.relabelled is not None


@pytest.mark.parametrize("body", [BOMB, FILE, "<dog/>", REX_XML.replace("<pet>", '<pet a="1">loose')])
@pytest.mark.parametrize("valid", [True, False])
def test_what_cannot_be_judged_is_never_kept(body: str, valid: bool) -> None:
    refused = verdict(body=body, valid=valid)
    assert isinstance(refused, Rejected)
    assert refused.relabelled is None
