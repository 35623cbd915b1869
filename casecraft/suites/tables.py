"""Suites as tables for test management: one row for each case, with columns that a tester fills by hand.

The document and the models are not trusted, and a spreadsheet takes for a formula what begins like one: `guarded` is
for formats whose cells have no type. No cell is longer than a spreadsheet allows, and none has characters that XML
has no way to write.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from casecraft.suites.cases import cases_file
from casecraft.suites.request_text import body_of, headers_of, preconditions_of, url_of, with_bindings
from casecraft.suites.suite import Entry

MAX_CELL = 32_767
"""What Excel allows, in UTF-16 code units."""

COLUMNS: Mapping[str, int] = {
    "id": 30,
    "endpoint": 24,
    "title": 48,
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


def case_rows(entries: Iterable[Entry]) -> Iterator[list[str]]:
    """The cells of each case, in the order of COLUMNS; those for the tester are empty."""
    for entry in entries:
        if entry.file is not None:
            content = cases_file(entry)
            for case in content["cases"]:
                row = _row(content["endpoint"], case)
                yield [cell_text(row.get(column, ""), entry.file) for column in COLUMNS]


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
        "url": url_of(request),
        "headers": "\n".join(f"{name}: {value}" for name, value in headers_of(request)),
        "body": body_of(request) or "",
        "expected status": " or ".join(map(str, expect["status"])),
        "expected body": "fits its schema" if expect["check_schema"] else "any",
        "targets": "\n".join(case["targets"]),
        "source": f"{source['provider']}/{source['model']}" if source["model"] else source["provider"],
    }


def _length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
