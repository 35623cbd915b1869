"""The `csv` format: one table of all cases, for any spreadsheet and test management tool."""

import csv
import io
from collections.abc import Iterator

from casecraft.suites.suite import Entry, Suite
from casecraft.suites.tables import BY_HAND, COLUMNS, RESULTS, case_rows, guarded
from casecraft.suites.templating import render_template


def write_csv(suite: Suite, entries: tuple[Entry, ...]) -> Iterator[tuple[str, bytes]]:
    """A table of all cases, to import into a test management tool.

    RFC 4180 in UTF-8, with the mark by which Excel knows that.
    """
    table = io.StringIO(newline="")
    writer = csv.writer(table)
    writer.writerow(COLUMNS)
    writer.writerows([guarded(cell) for cell in row] for row in case_rows(suite, entries))
    yield "csv/cases.csv", table.getvalue().encode("utf-8-sig")
    facts = {"columns": list(COLUMNS), "by_hand": BY_HAND, "results": RESULTS, "has_scenarios": bool(suite.scenarios)}
    yield "csv/README.md", render_template("csv/README.md.j2", **facts)
