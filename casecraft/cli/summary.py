"""What is said at the end of a run: what was made, where, and what to do next."""

from collections import Counter
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from casecraft.cli.exits import one_line
from casecraft.cli.reporters import money
from casecraft.cli.tables import output_console
from casecraft.core.usage import UsageMeter

if TYPE_CHECKING:
    from casecraft.api import Summary

SHOWN_FAILURES = 10


def show_summary(summary: "Summary", console: Console | None = None) -> None:
    """A table of what was made, by provider, and the commands that come next."""
    console = console or output_console()
    console.print(_table(summary))
    counts = summary.manifest["counts"]
    console.print(
        f"\n{counts['cases']} cases ({counts['valid']} valid, {counts['invalid']} invalid requests) "
        f"for {counts['endpoints']} endpoints in {summary.suite}/",
        markup=False,
        highlight=False,
    )
    for name in sorted(path for path in summary.manifest["files"] if path.endswith((".py", ".md"))):
        console.print(f"  {summary.suite / name}", markup=False, highlight=False)
    console.print(
        f"Manifest: {summary.suite / 'suite.json'}; state: {summary.state_file}", markup=False, highlight=False
    )
    if counts["reused"]:
        console.print(f"{counts['reused']} endpoints were unchanged: taken from the state file, nobody was asked")
    if persons := counts["by_provider"].get("person"):
        console.print(f"{persons} cases that people added or changed were kept")
    if counts["stale"]:
        stale = summary.suite / "stale.json"
        console.print(f"{counts['stale']} cases of people hold no longer; {stale} says why", highlight=False)
    _show_failures(summary, console)
    console.print(_next_step(summary), markup=False, highlight=False)


def _table(summary: "Summary") -> Table:
    table = Table(title=None, header_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("made by")
    for name in ("endpoints", "cases", "dropped", "tokens", "cost"):
        table.add_column(name, justify="right")
    endpoints: Counter[str] = Counter()
    dropped: Counter[str] = Counter()
    for result in summary.results:
        if result.provider is not None:
            endpoints[result.provider] += 1
            dropped[result.provider] += result.dropped
    cases = summary.manifest["counts"]["by_provider"]
    for name in sorted({*endpoints, *cases, *summary.spending}):
        spent = summary.spending.get(name, UsageMeter())
        tokens = spent.usage.input + spent.usage.output
        cost = money(spent) if spent.answers else "0"
        table.add_row(
            name, *(f"{number:,}" for number in (endpoints[name], cases.get(name, 0), dropped[name], tokens)), cost
        )
    return table


def _show_failures(summary: "Summary", console: Console) -> None:
    failed = [result for result in summary.results if result.status == "failed"]
    for result in failed[:SHOWN_FAILURES]:
        console.print(f"failed: {result.endpoint.id}: {one_line(result.error or '')}", markup=False, highlight=False)
    if len(failed) > SHOWN_FAILURES:
        console.print(f"… and {len(failed) - SHOWN_FAILURES} more; all are in suite.json", highlight=False)


def _next_step(summary: "Summary") -> str:
    if summary.status == "interrupted":
        return f"stopped; go on with: casecraft resume {summary.run_id}"
    if summary.status == "budget":
        return f"the budget is used up; go on with: casecraft resume {summary.run_id} --max-cost MORE"
    if summary.status == "failed":
        return f"try the failed ones again with: casecraft resume {summary.run_id}"
    return _how_to_run(summary)


def _how_to_run(summary: "Summary") -> str:
    files = summary.manifest["files"]
    if "conftest.py" in files:
        return f"run it with: casecraft run {summary.suite} --base-url http://localhost:8000"
    if "README.md" in files:
        return f"how to use it: {summary.suite / 'README.md'}"
    return f"the cases are in {summary.suite / 'cases'}; --format pytest makes them run"
