"""Suites as tables for test management: a row for each request, with columns that a tester fills by hand.

A case is one row. A scenario has one for each step, all with its id and title and numbered from 1, which is what test
management tools import as the steps of one test.

The document and the models are not trusted, and a spreadsheet takes for a formula what begins like one: `guarded` is
for formats whose cells have no type. No cell is longer than a spreadsheet allows, and none has characters that XML
has no way to write.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from casecraft.suites.cases import cases_file
from casecraft.suites.request_text import body_of, headers_of, json_text, preconditions_of, url_of, with_bindings
from casecraft.suites.scenarios import SCENARIOS_FILE, files_by_endpoint, scenarios_file
from casecraft.suites.serialization import find_styled
from casecraft.suites.suite import Entry, Suite

MAX_CELL = 32_767
"""What Excel allows, in UTF-16 code units."""

COLUMNS: Mapping[str, int] = {
    "id": 30,
    "endpoint": 24,
    "title": 48,
    "step": 6,
    "action": 30,
    "technique": 22,
    "priority": 8,
    "valid": 7,
    "preconditions": 30,
    "method": 9,
    "url": 40,
    "headers": 32,
    "body": 48,
    "expected status": 12,
    "expected body": 20,
    "targets": 36,
    "source": 16,
    "result": 12,
    "actual status": 12,
    "tester": 14,
    "date": 12,
    "comment": 36,
}
"""The columns in their order, with a width in characters."""

BY_HAND = ("result", "actual status", "tester", "date", "comment")
RESULTS = ("passed", "failed", "blocked", "not run")

_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠']|[\t\r\n]")
_ILLEGAL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def case_rows(suite: Suite, entries: tuple[Entry, ...]) -> Iterator[list[str]]:
    """The cells of each case, then of each step of a scenario, in the order of COLUMNS.

    Those for the tester are empty.
    """
    for row, file in (*_case_rows(entries), *_scenario_rows(suite, entries)):
        yield [cell_text(row.get(column, ""), file) for column in COLUMNS]


def _case_rows(entries: Iterable[Entry]) -> Iterator[tuple[dict[str, str], str]]:
    """The cells of each case, and the file that has all of it."""
    for entry in entries:
        if entry.file is not None:
            content = cases_file(entry)
            for case in content["cases"]:
                request = case["request"]
                action = {"step": "1", "action": f"Send {request['method']} {request['path']}"}
                row = _row(content["endpoint"], {"styled": content.get("styled", {}), **case})
                yield {**row, **action}, entry.file


def _scenario_rows(suite: Suite, entries: Iterable[Entry]) -> Iterator[tuple[dict[str, str], str]]:
    styled = {entry.result.endpoint.id: find_styled(entry.result.endpoint) for entry in entries}
    for scenario in scenarios_file(suite.scenarios, files_by_endpoint(entries))["scenarios"]:
        common = {**scenario, "technique": "scenario_testing", "valid": True}
        numbers = {step["id"]: str(number) for number, step in enumerate(scenario["steps"], 1)}
        for step in scenario["steps"]:
            shown = {"styled": styled[step["endpoint"]], **step}
            yield _step_row(common, shown, numbers, numbers[step["id"]]), SCENARIOS_FILE
        for number, step in enumerate(scenario["cleanup"], len(numbers) + 1):
            row = _step_row(common, {"styled": styled[step["endpoint"]], **step}, numbers, str(number))
            row |= {"action": f"Clear up: {row['action']}", "expected status": "any", "expected body": "any"}
            yield row, SCENARIOS_FILE


def _step_row(
    scenario: Mapping[str, Any], step: Mapping[str, Any], numbers: Mapping[str, str], number: str
) -> dict[str, str]:
    """The cells of a step; `numbers` are those of the scenario's steps, by id."""
    shown = [
        {**binding, "step": f"step {numbers[binding['step']]}"} if binding["step"] in numbers else binding
        for binding in step["bindings"]
    ]
    others = [binding for binding in step["bindings"] if binding["step"] not in numbers]
    row = _row(step["endpoint"], {**scenario, **step, "title": scenario["title"], "bindings": shown})
    row["preconditions"] = "\n".join(preconditions_of({**step, "bindings": others}))
    return {**row, "id": scenario["id"], "step": number, "action": step["title"]}


def cell_text(text: str, file: str) -> str:
    """The text as a cell may hold it; one that is too long ends by saying that `file` has all of it."""
    text = _ILLEGAL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    if _length(text) <= MAX_CELL:
        return text
    end = f"\n… all of it is in {file}"
    return text.encode("utf-16-le")[: 2 * (MAX_CELL - _length(end))].decode("utf-16-le", "ignore") + end


def guarded(text: str) -> str:
    """The text, after an apostrophe where it begins with one or like a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def _row(endpoint: str, case: Mapping[str, Any]) -> dict[str, str]:
    request = with_bindings(case)
    expect, source = case["expect"], case["source"]
    return {
        "id": case["id"],
        "endpoint": endpoint,
        "title": case["title"],
        "technique": case["technique"],
        "priority": case["priority"],
        "valid": "yes" if case["valid"] else "no",
        "preconditions": "\n".join(preconditions_of(case)),
        "method": request["method"],
        "url": url_of(request, case["styled"]),
        "headers": "\n".join(f"{name}: {value}" for name, value in headers_of(request)),
        "body": body_of(request) or "",
        "expected status": " or ".join(map(str, expect["status"])),
        "expected body": "\n".join(_expected_body(expect)),
        "targets": "\n".join(case["targets"]),
        "source": f"{source['provider']}/{source['model']}" if source["model"] else source["provider"],
    }


def _expected_body(expect: Mapping[str, Any]) -> Iterator[str]:
    values = expect.get("values", {})
    if expect["check_schema"]:
        yield "fits its schema"
    elif not values:
        yield "any"
    for pointer, value in values.items():
        yield f"{pointer} is {json_text(value)}"


def _length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
