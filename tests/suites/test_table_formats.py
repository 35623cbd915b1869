"""The tables, read back by `csv` and by openpyxl, which has no part in writing them."""

import csv
import io
import warnings
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from casecraft.core.case import Binding, Case, CaseRequest, Expectation, Source
from casecraft.suites import render, xlsx_format
from casecraft.suites.tables import COLUMNS, MAX_CELL, cell_text, guarded
from tests.suites.life_cycle import bound, life_cycle_suite
from tests.suites.samples import make_case, make_endpoint, make_result, make_suite

FORMULAS = [
    '=HYPERLINK("http://evil.example","x")',
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1+1",
    "\n=1",
    "  =1+1",
    "＝1+1",
    "'=1",
    "'",
]
TEXTS = [
    *FORMULAS,
    "\r=1+1",
    "plain",
    'a,b;c|d "quoted" \\ back',
    "宠物 🐈 é",
    "two\nlines",
    "_x0041_ stays",
    "https://example.com/not-a-link",
    "0001",
    "1e5",
    "TRUE",
    "{=1}",
    "",
]


def read_csv(folder: Path) -> list[dict[str, str]]:
    text = (folder / "csv" / "cases.csv").read_bytes().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def open_sheet(folder: Path) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return openpyxl.load_workbook(folder / "xlsx" / "cases.xlsx")


def read_xlsx(folder: Path) -> list[dict[str, str]]:
    header, *rows = open_sheet(folder)["Cases"].iter_rows(values_only=True)
    return [dict(zip(header, [cell or "" for cell in row], strict=True)) for row in rows]


def write(folder: Path, *cases: Case) -> None:
    render(make_suite([make_result(make_endpoint("POST", "/pets/{petId}"), *cases)]), folder, ["csv", "xlsx"])


def post(content_type: str, body: Any = None, **more: Any) -> CaseRequest:
    return CaseRequest("POST", "/", body=body, content_type=content_type, **more)


def test_a_row_has_all_of_a_case(tmp_path: Path) -> None:
    request = CaseRequest(
        "POST",
        "/pets/{petId}",
        {"petId": "a/b c"},
        {"limit": 5, "tag": ["x", "y&z"], "on": True},
        {"X-Trace": "t"},
        {"lang": "en"},
        {"name": "Rex", "age": 3},
        "application/json",
        credentials="foreign",
    )
    case = make_case(
        "post.pets--one",
        request=request,
        valid=False,
        priority="P1",
        targets=("body.name:too-long", "query.limit:maximum"),
        expect=Expectation((400, "4XX"), check_schema=False),
        source=Source("glm", "glm-5"),
    )
    write(tmp_path, case)
    expected = {
        "id": "post.pets--one",
        "endpoint": "POST /pets/{petId}",
        "title": "A pet is found",
        "step": "1",
        "action": "Send POST /pets/{petId}",
        "technique": "equivalence_partitioning",
        "priority": "P1",
        "valid": "no",
        "preconditions": "Send it with the credentials of another user.",
        "method": "POST",
        "url": "/pets/a%2Fb%20c?limit=5&tag=x&tag=y%26z&on=true",
        "headers": "X-Trace: t\nCookie: lang=en\nContent-Type: application/json",
        "body": '{\n  "name": "Rex",\n  "age": 3\n}',
        "expected status": "400 or 4XX",
        "expected body": "any",
        "targets": "body.name:too-long\nquery.limit:maximum",
        "source": "glm/glm-5",
    } | dict.fromkeys(("result", "actual status", "tester", "date", "comment"), "")
    assert read_csv(tmp_path) == [expected]
    assert read_xlsx(tmp_path) == [expected]


def test_bound_values_say_where_they_come_from(tmp_path: Path) -> None:
    bindings = (
        Binding("/path_params/petId", "pets", "/id"),
        Binding("/body/owners/0/id", "users", "header:Location#last"),
        Binding("/query/shop", "pets", "/shop~1id"),
        Binding("/body/a~1b~0c", "pets", "/x"),
    )
    body = {"owners": [{"id": 7, "role": "x"}], "a/b~c": 1}
    request = CaseRequest("POST", "/pets/{petId}", {"petId": 1}, body=body, content_type="application/json")
    write(tmp_path, make_case(request=request, bindings=bindings, fresh=True))
    (row,) = read_csv(tmp_path)
    assert row["url"] == "/pets/{pets./id}?shop={pets./shop~1id}"
    assert '"id": "{users.header:Location#last}"' in row["body"]
    assert '"a/b~c": "{pets./x}"' in row["body"]
    assert row["preconditions"].splitlines() == [
        "pets exists, made for this case alone.",
        "users exists, made for this case alone.",
    ]
    assert body == {"owners": [{"id": 7, "role": "x"}], "a/b~c": 1}, "the case itself stays as it is"
    assert read_xlsx(tmp_path) == [row]


@pytest.mark.parametrize(
    ("request_", "body", "headers"),
    [
        (post("application/json", None), "null", "Content-Type: application/json"),
        (post("text/xml", "<a/>"), "<a/>", "Content-Type: text/xml"),
        (post("application/x+json", "a"), '"a"', "Content-Type: application/x+json"),
        (post("application/json", raw_body='{"a":'), '{"a":', "Content-Type: application/json"),
        (post("", raw_body="x"), "x", ""),
        (post("c/d", {}, headers={"content-type": "a/b"}), "{}", "content-type: a/b"),
        (CaseRequest("POST", "/?x=1#y"), "", ""),
    ],
)
def test_bodies_are_written_as_they_go_out(tmp_path: Path, request_: CaseRequest, body: str, headers: str) -> None:
    write(tmp_path, make_case(request=request_))
    (row,) = read_csv(tmp_path)
    assert (row["body"], row["headers"]) == (body, headers)
    assert row["url"] == request_.path.partition("#")[0]


def test_no_cell_of_csv_can_be_taken_for_a_formula_and_none_is_lost(tmp_path: Path) -> None:
    write(tmp_path, *[make_case(f"case-{number:02}", title=text) for number, text in enumerate(TEXTS)])
    titles = [row["title"] for row in read_csv(tmp_path)]
    for text, title in zip(TEXTS, titles, strict=True):
        assert title.startswith("'") == (text in FORMULAS)
        shown = text.replace("\r", "\\u000d")
        assert title.removeprefix("'" if text in FORMULAS else "") == shown


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@a", "\t1", "\r1", "\n1", " \t=1", "＠a", "'a"])
def test_guard(text: str) -> None:
    assert guarded(text) == f"'{text}"
    assert guarded(f"a{text}") == f"a{text}"


def test_every_cell_of_the_workbook_is_text(tmp_path: Path) -> None:
    write(tmp_path, *[make_case(f"case-{number:02}", title=text) for number, text in enumerate(TEXTS)])
    sheet = open_sheet(tmp_path)["Cases"]
    column = list(COLUMNS).index("title") + 1
    cells = [sheet.cell(number, column) for number in range(2, len(TEXTS) + 2)]
    assert [cell.value or "" for cell in cells] == [text.replace("\r", "\\u000d") for text in TEXTS]
    filled = [cell for row in sheet.iter_rows(min_row=2) for cell in row if cell.value is not None]
    assert {cell.data_type for cell in filled} == {"s"}
    assert {cell.hyperlink for cell in filled} == {None}
    assert all(cell.quotePrefix for cell in filled)


def test_the_workbook_is_ready_to_work_with(tmp_path: Path) -> None:
    write(tmp_path, make_case("a"), make_case("b"))
    sheet = open_sheet(tmp_path)["Cases"]
    assert sheet.freeze_panes == "B2"
    assert sheet.auto_filter.ref == "A1:V3"
    assert [sheet.column_dimensions[letter].width > 20 for letter in "ACK"] == [True] * 3
    (validation,) = sheet.data_validations.dataValidation
    assert str(validation.sqref) == "R2:R3"
    assert validation.formula1 == '"passed,failed,blocked,not run"'
    assert sheet["R1"].value == "result"


def test_characters_that_have_no_place_in_a_cell_are_shown_as_escapes(tmp_path: Path) -> None:
    title = "".join(map(chr, range(32))) + "\x7f\x85\ud800\udfff\ufffe\uffff|"
    write(tmp_path, make_case(title=title))
    (row,) = read_xlsx(tmp_path)
    assert row["title"].startswith("\\u0000\\u0001")
    assert "\\u0008\t\n\\u000b\\u000c\\u000d\\u000e" in row["title"]
    assert row["title"].endswith("\\u001f\\u007f\\u0085\\ud800\\udfff\\ufffe\\uffff|")
    assert read_csv(tmp_path)[0]["title"] == row["title"]


@pytest.mark.parametrize("text", ["a" * 40_000, "🐈" * 20_000, "a" + "🐈" * 20_000])
def test_a_text_too_long_for_a_cell_says_where_all_of_it_is(tmp_path: Path, text: str) -> None:
    request = CaseRequest("POST", "/", body=text, content_type="text/plain")
    write(tmp_path, make_case(request=request))
    (row,) = read_xlsx(tmp_path)
    assert len(row["body"].encode("utf-16-le")) // 2 in (MAX_CELL, MAX_CELL - 1)
    assert row["body"].endswith("… all of it is in cases/post.pets._petid.json")
    assert text.startswith(row["body"].partition("\n")[0])
    assert cell_text("a" * MAX_CELL, "f") == "a" * MAX_CELL


def test_the_same_cases_give_the_same_bytes(tmp_path: Path) -> None:
    write(tmp_path / "a", make_case())
    write(tmp_path / "b", make_case())
    for name in ("csv/cases.csv", "xlsx/cases.xlsx"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert {open_sheet(tmp_path / "a").properties.created, open_sheet(tmp_path / "a").properties.modified} == {
        datetime(2000, 1, 1)  # noqa: DTZ001  # as openpyxl gives it
    }


def test_a_scenario_has_a_row_for_each_step(tmp_path: Path) -> None:
    suite = life_cycle_suite()
    (life,) = suite.scenarios
    made, read, rename, *others = life.steps
    needing = replace(read, values={"/name": "Mia", "/gone": None}, bindings=(*read.bindings, bound("/id")))
    scenario = replace(life, steps=(made, needing, rename, *others))
    render(replace(suite, scenarios=(scenario,)), tmp_path, ["csv", "xlsx"])
    rows = [row for row in read_csv(tmp_path) if row["id"] == "life"]
    assert rows == [row for row in read_xlsx(tmp_path) if row["id"] == "life"]
    assert {(row["title"], row["priority"], row["technique"], row["targets"]) for row in rows} == {
        ("A pet lives", "P0", "scenario_testing", "life")
    }
    assert [(row["step"], row["action"], row["expected status"]) for row in rows] == [
        ("1", "makes a pet", "201"),
        ("2", "reads it", "200"),
        ("3", "renames it", "200"),
        ("4", "removes it", "204"),
        ("5", "finds it gone", "404"),
        ("6", "Clear up: clears up", "any"),
    ]
    assert rows[1]["endpoint"] == "GET /pets/{petId}"
    assert rows[1]["preconditions"] == "pet exists."
    assert rows[3]["preconditions"] == ""
    assert rows[3]["url"] == "/pets/{step 1./id}"
    assert rows[1]["expected body"] == 'fits its schema\n/name is "Mia"\n/gone is null'
    assert '"status": "{step 1.request:/body/status}"' in rows[2]["body"]
    assert '"name": "{run.unique}"' in rows[0]["body"]


def test_more_rows_than_a_sheet_has_go_on_in_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx_format, "MAX_ROWS", 3)
    write(tmp_path, *[make_case(f"case-{number}") for number in range(5)])
    book = open_sheet(tmp_path)
    assert {sheet.title: sheet.max_row for sheet in book} == {"Cases": 3, "Cases 2": 3, "Cases 3": 2}


def test_without_cases_the_tables_have_a_header_alone(tmp_path: Path) -> None:
    write(tmp_path)
    assert read_csv(tmp_path) == []
    assert [cell.value for cell in open_sheet(tmp_path)["Cases"][1]] == list(COLUMNS)
