"""The `xlsx` format: a workbook of all cases, for testing by hand."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from casecraft.suites.suite import Entry, Suite
from casecraft.suites.tables import BY_HAND, COLUMNS, RESULTS, case_rows
from casecraft.suites.templating import render_template

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.worksheet import Worksheet

MAX_ROWS = 1_048_576
"""The rows that Excel allows in a sheet, the header among them."""

_ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)
"""When the workbook was made, as it says: the same cases give the same bytes."""


def write_xlsx(suite: Suite, entries: tuple[Entry, ...]) -> Iterator[tuple[str, bytes]]:
    """A workbook of all cases, for testing by hand.

    Every cell is text: nothing in it is a formula or a link.
    """
    yield "xlsx/cases.xlsx", _workbook(case_rows(suite, entries))
    facts = {"columns": list(COLUMNS), "by_hand": BY_HAND, "results": RESULTS, "has_scenarios": bool(suite.scenarios)}
    yield "xlsx/README.md", render_template("xlsx/README.md.j2", **facts)


def _workbook(rows: Iterator[list[str]]) -> bytes:
    from xlsxwriter import Workbook  # noqa: PLC0415  # only this format pays for it

    content = io.BytesIO()
    with Workbook(content, {"in_memory": True}) as book:
        book.set_properties({"created": _ALWAYS, "comments": "Made by casecraft"})
        number, some = 1, list(islice(rows, MAX_ROWS - 1))
        while some or number == 1:
            _add_sheet(book, f"Cases {number}" if number > 1 else "Cases", some)
            number, some = number + 1, list(islice(rows, MAX_ROWS - 1))
    return content.getvalue()


def _add_sheet(book: "Workbook", name: str, rows: list[list[str]]) -> None:
    sheet = book.add_worksheet(name)
    header = book.add_format({"bold": True, "bottom": 1})
    # The prefix keeps a text a text when its cell is edited.
    text = book.add_format({"text_wrap": True, "valign": "top", "num_format": "@", "quote_prefix": True})
    for column, (title, width) in enumerate(COLUMNS.items()):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, title, header)
    by_hand = book.add_format({"text_wrap": True, "valign": "top"})
    for number, row in enumerate(rows, 1):
        _write_row(sheet, number, row, text, by_hand)
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, len(rows), len(COLUMNS) - 1)
    result = list(COLUMNS).index("result")
    sheet.data_validation(1, result, max(len(rows), 1), result, {"validate": "list", "source": list(RESULTS)})


def _write_row(sheet: "Worksheet", number: int, row: list[str], text: Any, by_hand: Any) -> None:
    sheet.set_row(number, 30)
    for column, (title, cell) in enumerate(zip(COLUMNS, row, strict=True)):
        if title in BY_HAND:
            sheet.write_blank(number, column, None, by_hand)
        else:
            sheet.write_string(number, column, cell, text)
