"""`casecraft report`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from casecraft.cli import options

if TYPE_CHECKING:
    from casecraft.api import History

SHOWN = 20

Suite = Annotated[
    Path | None, typer.Argument(metavar="[SUITE]", help="The folder of a suite. Default: the only one in suites/.")
]
Html = Annotated[
    Path | None, typer.Option("--html", metavar="FILE", rich_help_panel=options.OUTPUT, help="Write it as a page.")
]
WORDS = {
    "newly_failing": "newly failing",
    "still_failing": "still failing",
    "fixed": "fixed",
    "flaky": "flaky",
    "unanswered": "no answer of the service",
    "blocked": "blocked",
    "never_run": "never run",
    "stale": "stale: not run any longer",
}


def report(
    suite: Suite = None, html: Html = None, state_dir: options.StateDir = None, as_json: options.Json = False
) -> None:
    """Show what is new since the last run of a suite: newly failing, still failing, fixed, flaky, never run, stale.

    The newest run is compared with what was known of each case before, at the same base URL.
    """
    from casecraft.api import report as compare_runs  # noqa: PLC0415  # `--help` must not pay for it
    from casecraft.cli.machine import write_json  # noqa: PLC0415
    from casecraft.cli.suite_reports import write_file  # noqa: PLC0415
    from casecraft.runner.history import as_json as history_json  # noqa: PLC0415

    history = compare_runs(only_suite(suite), state_dir=state_dir)
    if html is not None:
        from casecraft.runner.page import as_history_page  # noqa: PLC0415

        write_file(html, lambda: as_history_page(history))
    if as_json:
        write_json(history_json(history))
    else:
        _show(history)


def only_suite(suite: Path | None) -> Path:
    """The suite that is meant: the one named, or the only one in `suites/`. Raises SuiteError."""
    from casecraft.errors import SuiteError  # noqa: PLC0415

    if suite is not None:
        return suite
    found = sorted(path.parent for path in Path("suites").glob("*/suite.json"))
    if len(found) == 1:
        return found[0]
    names = ", ".join(map(str, found))
    problem = f"there are several suites: {names}" if found else "there is no suite in 'suites'"
    raise SuiteError(problem, hint="Name the folder of a suite.")


def _show(history: "History") -> None:
    from casecraft.cli.exits import one_line  # noqa: PLC0415

    if history.run is None:
        typer.echo(f"{history.suite} was never run")
    else:
        before = f"; before it {history.before.id}" if history.before is not None else "; the first against it"
        typer.echo(f"run {history.run.id} ({history.run.status}) against {history.run.base_url}{before}")
    for name, words in WORDS.items():
        cases = history.changes[name]
        if cases:
            typer.echo(f"\n{words}: {len(cases)}")
        for case in cases[:SHOWN]:
            since = f" (since {case.since})" if case.since and name == "still_failing" else ""
            message = f": {case.message}" if case.message else ""
            typer.echo(f"  {one_line(f'{case.case_id}{message}{since}')}")
        if len(cases) > SHOWN:
            typer.echo(f"  … and {len(cases) - SHOWN} more; --json has all")
    typer.echo(f"\n{history.passed} passed")
