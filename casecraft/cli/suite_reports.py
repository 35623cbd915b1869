"""What is said and written at the end of a suite's run."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from casecraft.cli.exits import one_line
from casecraft.cli.machine import json_text, write_json
from casecraft.cli.tables import output_console
from casecraft.errors import CasecraftError
from casecraft.runner.report import FailOn, tally, tally_targets, words_of
from casecraft.runner.report import as_json as report_json

if TYPE_CHECKING:
    from rich.console import Console

    from casecraft.api import CheckedCase, SuiteReport

SHOWN = 20
"""Cases of one kind that the terminal shows; the pages have all."""

SECTIONS = (
    ("failed", "failures"),
    ("finding", "findings: invalid requests that were accepted"),
    ("unanswered", "no answer of the service"),
)

SHOWN_TARGETS = 4


def write_reports(
    report: "SuiteReport", fail_on: FailOn, *, junit: Path | None, html: Path | None, json: Path | None
) -> None:
    """Write the files that were asked for. Raises CasecraftError where one cannot be written."""
    from casecraft.runner.junit import as_junit  # noqa: PLC0415  # only who asks pays for it
    from casecraft.runner.page import as_page  # noqa: PLC0415

    if junit is not None:
        write_file(junit, lambda: as_junit(report, fail_on))
    if html is not None:
        write_file(html, lambda: as_page(report))
    if json is not None:
        write_file(json, lambda: json_text(report_json(report, fail_on)))


def write_file(path: Path, made: Callable[[], bytes]) -> None:
    """Write a report, into a new folder if need be. Raises CasecraftError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(made())
    except OSError as error:
        raise CasecraftError(
            f"cannot write the report {str(path)!r}: {error.strerror or error}",
            hint="Name another file; `casecraft report` has the results.",
        ) from error


def show_report(report: "SuiteReport", fail_on: FailOn, *, as_json: bool) -> None:
    """By endpoint, then what did not pass with the commands that show it; or all of it as JSON."""
    if as_json:
        write_json(report_json(report, fail_on))
        return
    console = output_console()
    _show_endpoints(report, console)
    for outcome, heading in SECTIONS:
        cases = [case for case in report.cases if case.result.outcome == outcome]
        _show_cases(cases, heading, console)
    _show_cases(report.flaky, "flaky: failed first, passed then", console)
    blocked = report.blocked_by_reason()
    if blocked:
        _say(console, "\nblocked")
        for reason, cases in blocked.items():
            _say(console, f"  {len(cases)} {'case' if len(cases) == 1 else 'cases'}: {one_line(reason)}")
    _show_counted(report.left_behind, "left behind at the service", console)
    _show_counted(report.other_warnings, "warnings", console)
    _say(console, "")
    for line in _verdict(report):
        _say(console, line)


def _show_endpoints(report: "SuiteReport", console: "Console") -> None:
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("endpoint")
    names = ("passed", "failed", "finding", "unanswered", "blocked")
    for name in ("cases", *names):
        table.add_column(name, justify="right")
    table.add_column("targets that did not pass")
    for endpoint, cases in report.by_endpoint().items():
        counts, wrong = tally(cases), _wrong_targets(cases)
        numbers = (len(cases), *(counts.get(name, 0) for name in names))
        table.add_row(Text(one_line(endpoint)), *(str(number or "-") for number in numbers), Text(one_line(wrong)))
    console.print(table)


def _wrong_targets(cases: Sequence["CheckedCase"]) -> str:
    tallies = tally_targets(cases).items()
    wrong = [target for target, counts in tallies if set(counts) & {"failed", "finding", "unanswered"}]
    return ", ".join(wrong[:3]) + (f" and {len(wrong) - 3} more" if len(wrong) > 3 else "")  # noqa: PLR2004


def _show_cases(cases: Sequence["CheckedCase"], heading: str, console: "Console") -> None:
    if not cases:
        return
    _say(console, f"\n{heading}")
    for case in cases[:SHOWN]:
        _say(console, f"\n  {one_line(case.endpoint)}: {one_line(case.title)}")
        _say(console, f"    {words_of(case.result.kind)}: {one_line(_problem(case))}")
        more = len(case.targets) - SHOWN_TARGETS
        named = ", ".join(case.targets[:SHOWN_TARGETS]) + (f" and {more} more" if more > 0 else "")
        hits = f", hits {named}" if named else ""
        _say(console, f"    {one_line(case.result.case_id + hits)}")
        if case.command:
            _say(console, f"    {_command(case.command)}")
    if len(cases) > SHOWN:
        _say(console, f"\n  … and {len(cases) - SHOWN} more; --html and --json have all")


def _show_counted(texts: Mapping[str, int], heading: str, console: "Console") -> None:
    if not texts:
        return
    _say(console, f"\n{heading}")
    for text, times in list(texts.items())[:SHOWN]:
        _say(console, f"  {f'{times} times: ' if times > 1 else ''}{one_line(text)}")
    if len(texts) > SHOWN:
        _say(console, f"  … and {len(texts) - SHOWN} more; --html and --json have all")


def _problem(case: "CheckedCase") -> str:
    """The message without the words that its kind says already."""
    return case.result.message.removeprefix(f"{words_of(case.result.kind)}: ")


def _command(command: str) -> str:
    """The command with its line breaks, but without what would steer the terminal."""
    return "".join(sign if sign.isprintable() or sign == "\n" else "�" for sign in command)


def _verdict(report: "SuiteReport") -> list[str]:
    counts = report.counts
    figures = [f"{counts[name]} {words}" for name, words in _FIGURES if counts[name]]
    lines = [f"{', '.join(figures)} of {report.chosen} cases in {report.seconds:.1f} s against {report.base_url}"]
    noted = [(len(report.left_behind), "left behind at the service")]
    noted.append((len(report.other_warnings), "warning" if len(report.other_warnings) == 1 else "warnings"))
    if any(number for number, _ in noted):
        lines.append(", ".join(f"{number} {words}" for number, words in noted if number))
    if report.status == "interrupted":
        lines.append("stopped before its end; what was run is kept")
    if report.status == "unavailable":
        lines.append("stopped: the service does not answer, or something else answers in its place")
    lines.append(f"what is new since the last run: casecraft report {report.suite}")
    return lines


_FIGURES = (
    ("passed", "passed"),
    ("failed", "failed"),
    ("finding", "findings"),
    ("unanswered", "without an answer"),
    ("blocked", "blocked"),
    ("flaky", "of them flaky"),
    ("not_run", "not run"),
)


def _say(console: "Console", line: str) -> None:
    console.print(line, markup=False, highlight=False, soft_wrap=True)
