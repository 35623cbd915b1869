"""Answers as models really give them, and worse."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from casecraft.cases.answer import ANSWER_SCHEMA, CASE_FIELDS
from casecraft.cases.draft import Draft
from casecraft.cases.parse import MOST_CASES, Parsed, parse


def case(number: int = 1, **changes: Any) -> dict[str, Any]:
    fields = {
        "title": f"Pet {number} is registered",
        "valid": True,
        "violates": None,
        "technique": "error_guessing",
        "priority": "P0",
        "authenticated": True,
        "path_params": [{"name": "shelterId", "value": number}],
        "query": [{"name": "tag", "value": ["a", "b"]}],
        "headers": [{"name": "X-Trace", "value": "t-1"}],
        "cookies": [],
        "content_type": "application/json",
        "body": '{"name":"Mochi","kind":"cat"}',
        "expect_status": ["201", "4XX"],
    }
    return fields | changes


def answer(*cases: Any) -> str:
    return json.dumps({"cases": list(cases)}, ensure_ascii=False)


def titles(parsed: Parsed) -> list[str]:
    return [draft.title for draft in parsed.drafts]


def only(text: str) -> Draft:
    parsed = parse(text)
    assert parsed.problems == ()
    (draft,) = parsed.drafts
    return draft


def test_an_answer_in_the_asked_form_comes_as_drafts() -> None:
    assert only(answer(case(3))) == Draft(
        title="Pet 3 is registered",
        valid=True,
        path_params={"shelterId": 3},
        query={"tag": ["a", "b"]},
        headers={"X-Trace": "t-1"},
        cookies={},
        body={"name": "Mochi", "kind": "cat"},
        content_type="application/json",
        expect_status=(201, "4XX"),
        technique="error_guessing",
        priority="P0",
    )


TWO = answer(case(1), case(2))
BOTH = ["Pet 1 is registered", "Pet 2 is registered"]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"```json\n{TWO}\n```", id="fence"),
        pytest.param(f"The cases for {{shelterId}} [as asked]:\n{TWO}\nI hope {{this}} helps!", id="prose"),
        pytest.param(f'<think>Perhaps {{"cases": [1]}}?</think>\n{TWO}', id="thinking"),
        pytest.param(f'Perhaps {{"cases": [1]}}?</think>\n{TWO}', id="thinking-without-its-tag"),
        pytest.param(f"\ufeff{TWO}", id="byte-order-mark"),
        pytest.param(TWO.replace("]}", ",],}"), id="trailing-commas"),
        pytest.param(str(json.loads(TWO)), id="python-literals"),
        pytest.param(json.dumps([case(1), case(2)]), id="bare-list"),
        pytest.param(json.dumps(case(1)) + "\n" + json.dumps(case(2)), id="one-object-a-line"),
        pytest.param(f"```json\n{answer(case(1))}\n```\nand\n```json\n{answer(case(2))}\n```", id="blocks"),
        pytest.param(f"{answer(case(1))[:-2]},]}} and {answer(case(2))[:-2]},]}}", id="damaged-blocks"),
        pytest.param(json.dumps({"result": {"test_cases": [case(1), case(2)]}}), id="wrapped"),
        pytest.param(TWO[:-2], id="without-its-last-brackets"),
        pytest.param(f"```json\n{TWO[:-1]}\n```", id="fence-without-the-last-bracket"),
        pytest.param(TWO.replace("}, {", "}\n{"), id="missing-comma"),
        pytest.param(TWO.replace('"4XX"]}, {', '"4XX"], {'), id="missing-brace"),
        pytest.param(TWO.replace('"cases"', "cases"), id="bare-key"),
        pytest.param(answer(case(1), case(2), case(1)), id="said-twice"),
    ],
)
def test_wrapping_and_damage_around_the_cases_cost_none(text: str) -> None:
    parsed = parse(text)
    assert titles(parsed) == BOTH
    assert parsed.problems == ()
    assert all(draft.body == {"name": "Mochi", "kind": "cat"} for draft in parsed.drafts)


def test_a_truncated_answer_keeps_its_whole_cases_and_names_the_lost_one() -> None:
    text = answer(case(1), case(2), case(3))
    lost = text.index("Pet 3")
    for end in range(lost, len(text) - len("}]}"), 7):
        parsed = parse(text[:end])
        assert titles(parsed) == BOTH
        assert parsed.problems == ("case 3: cut off before its end",)


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("title", None, "title: missing"),
        ("title", " ", "title: missing"),
        ("valid", None, "valid: missing"),
        ("valid", "perhaps", "valid: must be true or false"),
        ("authenticated", [], "authenticated: must be true or false"),
        ("violates", 3, "violates: must be text"),
        ("query", [{"name": "tag"}], "query: each entry needs a name and a value"),
        ("headers", 3, "headers: must be a list"),
        ("cookies", ["a"], "cookies: must be a list"),
        ("content_type", {}, "content_type: must be text"),
        ("expect_status", ["soon"], "expect_status: must hold status codes"),
        ("expect_status", [True], "expect_status: must hold status codes"),
        ("expect_status", 700, "expect_status: must hold status codes"),
        ("body", {"n": 2**64}, "body: cannot be written as JSON"),
        ("body", "\ud800", "body: cannot be written as JSON"),
    ],
)
def test_a_wrong_field_is_named_with_its_case_and_the_other_cases_stay(field: str, value: Any, problem: str) -> None:
    parsed = parse(json.dumps({"cases": [case(1), case(2, **{field: value}), case(3)]}))
    assert titles(parsed) == ["Pet 1 is registered", "Pet 3 is registered"]
    (said,) = parsed.problems
    assert said.startswith(f"case 2: {problem}")


def test_a_fence_ends_a_block_that_nothing_else_ends() -> None:
    parsed = parse(f'```json\n{{"cases":[{{"title":"A pet\n```\nOnce more:\n```json\n{TWO}\n```')
    assert titles(parsed) == BOTH
    assert parsed.problems == ("case 1: cut off before its end",)


def test_what_is_no_case_at_all_is_named() -> None:
    parsed = parse(answer("Pet 1", case(2)))
    assert titles(parsed) == ["Pet 2 is registered"]
    assert parsed.problems == ("case 1: not an object",)


def test_all_that_is_wrong_with_a_case_is_said_at_once() -> None:
    assert [line.split(":")[1].strip() for line in parse('{"cases":[{"body":"{}"}]}').problems] == ["title", "valid"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["201", 404, 422.0, "4xx"], (201, 404, 422, "4XX")),
        ("400 Bad Request", (400,)),
        (204, (204,)),
        (["200", 200], (200,)),
        (["default"], ()),
        (None, ()),
    ],
)
def test_statuses_are_read_from_numbers_and_texts(given: Any, expected: tuple[int | str, ...]) -> None:
    assert only(answer(case(expect_status=given))).expect_status == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([{"name": "a", "value": 1}, {"name": "b", "value": None}], {"a": 1, "b": None}),
        ([{"name": "a", "value": 1}, {"name": "a", "value": 2}], {"a": [1, 2]}),
        ({"a": 1}, {"a": 1}),
        ([{"a": 1}, {"b": 2}], {"a": 1, "b": 2}),
        ('{"a": 1}', {"a": 1}),
        (None, {}),
        ("", {}),
    ],
)
def test_parameters_are_read_from_lists_and_mappings(given: Any, expected: dict[str, Any]) -> None:
    assert only(answer(case(query=given))).query == expected


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        ('{"a": 1}', "application/json", ({"a": 1}, "application/json")),
        ('{"a": 1}', "application/vnd.api+json; charset=utf-8", ({"a": 1}, "application/vnd.api+json; charset=utf-8")),
        ({"a": 1}, None, ({"a": 1}, "application/json")),
        ("{'a': 1,}", "application/json", ({"a": 1}, "application/json")),
        ("plain words", "application/json", ("plain words", "application/json")),
        ('"quoted"', "application/json", ("quoted", "application/json")),
        ('{"a": 1}', "text/plain", ('{"a": 1}', "text/plain")),
        ('{"a": "1"}', "application/x-www-form-urlencoded", ({"a": "1"}, "application/x-www-form-urlencoded")),
        ("null", "application/json", (None, "application/json")),
        (None, "application/json", (None, None)),
        (0, "application/json", (0, "application/json")),
    ],
)
def test_a_body_is_read_as_its_content_type_says(body: Any, content_type: Any, expected: tuple[Any, Any]) -> None:
    draft = only(answer(case(body=body, content_type=content_type)))
    assert (draft.body, draft.content_type) == expected


def test_numbers_that_json_lacks_become_text() -> None:
    assert only('{"cases":[{"title":"t","valid":true,"body":{"a":NaN,"b":-Infinity,"c":1e999}}]}').body == {
        "a": "NaN",
        "b": "-Infinity",
        "c": "1e999",
    }


def test_labels_that_nothing_depends_on_are_no_problem() -> None:
    draft = only(answer(case(technique="intuition", priority=1)))
    assert (draft.technique, draft.priority) == ("equivalence_partitioning", "P1")


def test_a_valid_case_violates_nothing() -> None:
    assert only(answer(case(violates="body.name:too-long"))).violates is None
    assert only(answer(case(valid="false", violates="body.name:too-long"))).violates == "body.name:too-long"


def test_hostile_text_stays_the_data_that_it_is() -> None:
    hostile = "'); __import__('os').system('x') {{ 7*7 }} </think> ../../etc \"\"\" \\ ```"
    draft = only(answer(case(title=hostile, body=json.dumps({"name": hostile}))))
    assert draft.title == hostile
    assert draft.body == {"name": hostile}


def test_a_title_is_one_short_line() -> None:
    assert only(answer(case(title="a\n\tb\x00c\u202ed" + "e" * 500))).title == ("a b c d" + "e" * 500)[:200]


@pytest.mark.parametrize(
    "text", ["", "   ", "I cannot help with that.", "<html></html>", "[]", "{}", '{"cases":[]}', "7"]
)
def test_an_answer_without_cases_says_so(text: str) -> None:
    assert parse(text) == Parsed((), ("the answer has no JSON object with cases",))


def test_cases_past_the_limit_are_not_read() -> None:
    parsed = parse(answer(*(case(number) for number in range(MOST_CASES + 1))))
    assert len(parsed.drafts) == MOST_CASES
    assert parsed.problems == ("the answer is longer than is read; what comes late in it is left out",)


@pytest.mark.parametrize(
    "unit",
    [
        "[",
        "{",
        '{"a":',
        '[{"a":',
        '{"cases":[',
        "{a:b c:d ",
        '"',
        '"\\"',
        "<think>",
        "```\n{",
        "{'a",
        '{"body":"{a:b c:d "},',
        "[{x},] ",
        "\\'",
    ],
)
def test_a_megabyte_of_garbage_is_survived(unit: str) -> None:
    text = unit * (1_000_000 // len(unit))
    assert parse(text).problems
    assert parse(f'{{"cases":[{json.dumps(case())},{text}').problems
    assert parse(f"{{'cases':[{{'{text[:390_000]}}}]}}").problems


def test_the_work_on_broken_pieces_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    mended: list[int] = []

    def count(text: str, **options: Any) -> str:
        mended.append(len(text))
        return "{}"

    monkeypatch.setattr("casecraft.cases.extraction.json_repair.repair_json", count)
    broken = '{"title": x, ' + "y" * 3_000 + "}"
    parse('{"cases":[' + ",".join([broken] * 130) + "]}")
    assert 1 < len(mended) < 20
    assert sum(length**2 for length in mended) <= 180_000_000


def test_nesting_deeper_than_a_suite_can_hold_is_a_problem_of_its_field() -> None:
    deep = "[" * 300 + "]" * 300
    parsed = parse(f'{{"cases":[{{"title":"t","valid":true,"body":{deep}}},{{"title":"u","valid":true}}]}}')
    assert titles(parsed) == ["u"]
    assert parsed.problems[0].startswith("case 1: body: cannot be written as JSON")


PIECES = st.lists(
    st.one_of(
        st.sampled_from(["{", "}", "[", "]", ",", ":", '"', "'", "\\", "```json\n", "</think>", "NaN", "null", "\n"]),
        st.sampled_from([f'"{field}"' for field in CASE_FIELDS]),
        st.sampled_from([answer(case(1)), json.dumps(case(2)), '{"cases":[']),
        st.text(max_size=8),
    ),
    max_size=30,
).map("".join)

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
CASES = st.dictionaries(st.sampled_from(CASE_FIELDS), VALUES, max_size=len(CASE_FIELDS))


@given(PIECES | st.text() | st.lists(CASES, max_size=4).map(lambda cases: json.dumps({"cases": cases})))
def test_any_text_gives_drafts_that_can_be_written_or_problems(text: str) -> None:
    parsed = parse(text)
    assert parsed.drafts or parsed.problems
    for draft in parsed.drafts:
        orjson.dumps(draft)
        assert draft.title
        assert (draft.content_type is not None) or draft.body is None


def test_the_schema_asked_for_is_closed_everywhere() -> None:
    waiting: list[Any] = [ANSWER_SCHEMA]
    known = {"type", "properties", "required", "additionalProperties", "items", "anyOf", "enum"}
    while waiting:
        schema = waiting.pop()
        assert schema.keys() <= known
        if schema.get("type") == "object":
            assert schema["additionalProperties"] is False
            assert schema["required"] == list(schema["properties"])
            waiting += schema["properties"].values()
        waiting += schema.get("anyOf", [])
        waiting += [schema["items"]] if "items" in schema else []


def test_a_case_in_the_form_of_suites_is_read_too() -> None:
    text = """{"cases": [{"title": "Too many", "valid": false, "targets": ["query.limit:above-maximum"],
        "request": {"method": "GET", "path": "/pets", "query": {"limit": 101}, "body": null, "content_type": null},
        "expect": {"status": [400, "422"], "check_schema": true}}]}"""
    (draft,) = parse(text).drafts
    assert draft.query == {"limit": 101}
    assert draft.expect_status == (400, 422)
    assert draft.violates == "query.limit:above-maximum"
    assert draft.content_type is None
