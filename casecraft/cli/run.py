"""`casecraft run`."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from casecraft.cli import options

WHICH, HOW, REPORTS = "Which cases", "How", "Reports"

Suite = Annotated[Path, typer.Argument(metavar="SUITE", help="The folder of a suite.", show_default=False)]
BaseUrl = Annotated[
    str | None,
    typer.Option("--base-url", metavar="URL", help="Where the service answers. Default: CASECRAFT_BASE_URL."),
]
Priorities = Annotated[
    list[str] | None,
    typer.Option("--priority", metavar="P0", rich_help_panel=WHICH, help="Only cases of this priority."),
]
Endpoints = Annotated[
    list[str] | None,
    typer.Option("--endpoint", metavar="GLOB", rich_help_panel=WHICH, help="Only 'GET /pets*', or '/pets*'."),
]
Cases = Annotated[
    list[str] | None, typer.Option("--case", metavar="GLOB", rich_help_panel=WHICH, help="Only cases of these ids.")
]
Valid = Annotated[
    bool | None,
    typer.Option("--valid/--invalid", rich_help_panel=WHICH, help="Only requests that conform, or that do not."),
]
Workers = Annotated[
    int | None,
    typer.Option("--workers", "-n", min=1, rich_help_panel=HOW, help="Processes at once. Default: up to 4."),
]
Rate = Annotated[
    float | None,
    typer.Option("--rate", min=0.01, metavar="N", rich_help_panel=HOW, help="Requests a second, of all workers."),
]
Timeout = Annotated[
    float, typer.Option("--timeout", min=0.1, rich_help_panel=HOW, help="Seconds that an answer may take.")
]
Retries = Annotated[
    int, typer.Option("--retries", min=0, rich_help_panel=HOW, help="How often failures are tried again.")
]
FailFast = Annotated[bool, typer.Option("--fail-fast", rich_help_panel=HOW, help="Stop after the first failure.")]
Headers = Annotated[
    list[str] | None,
    typer.Option("--header", "-H", metavar="'Name: value'", rich_help_panel=HOW, help="Goes with every request."),
]
Junit = Annotated[Path | None, typer.Option("--junit", metavar="FILE", rich_help_panel=REPORTS, help="JUnit XML.")]
Html = Annotated[Path | None, typer.Option("--html", metavar="FILE", rich_help_panel=REPORTS, help="One page.")]
JsonReport = Annotated[
    Path | None,
    typer.Option("--json-report", metavar="FILE", rich_help_panel=REPORTS, help="What --json writes, into a file."),
]


class FailOn(StrEnum):
    """What makes the exit code 1."""

    FAILURE = "failure"
    FINDING = "finding"
    NEVER = "never"


OnWhat = Annotated[
    FailOn, typer.Option("--fail-on", rich_help_panel=REPORTS, help="What makes the exit code 1.", show_default=True)
]


def run(
    suite: Suite,
    base_url: BaseUrl = None,
    priority: Priorities = None,
    endpoint: Endpoints = None,
    case: Cases = None,
    valid: Valid = None,
    workers: Workers = None,
    rate: Rate = None,
    timeout: Timeout = 30.0,
    retries: Retries = 1,
    fail_fast: FailFast = False,
    header: Headers = None,
    junit: Junit = None,
    html: Html = None,
    json_report: JsonReport = None,
    fail_on: OnWhat = FailOn.FAILURE,
    state_dir: options.StateDir = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Run a suite against a service and say what that showed.

    Credentials come from the environment and .env, as the suite's README says. Failures are tried again; those that do
    not repeat are flaky. Exit codes: 0 no failure, 1 failures (with `--fail-on finding` also accepted invalid
    requests), 2 wrong use or a suite that cannot be run, 4 the service is not there or did not answer some cases,
    130 interrupted.
    """
    from casecraft.api import Selection, run_suite  # noqa: PLC0415  # `--help` must not pay for it
    from casecraft.cli.exits import say_error  # noqa: PLC0415
    from casecraft.cli.suite_reporters import choose_reporter, interruptible  # noqa: PLC0415
    from casecraft.cli.suite_reports import show_report, write_reports  # noqa: PLC0415
    from casecraft.errors import ServiceError  # noqa: PLC0415
    from casecraft.runner.report import UNAVAILABLE  # noqa: PLC0415

    chosen = Selection(tuple(priority or ()), tuple(endpoint or ()), tuple(case or ()), valid)
    headers = dict(map(_header, header or ()))
    reporter = choose_reporter(quiet=quiet or as_json)
    try:
        with reporter, interruptible():
            report = run_suite(
                suite,
                base_url,
                state_dir=state_dir,
                on_progress=reporter.on_progress,
                selection=chosen,
                headers=headers,
                workers=workers,
                rate=rate,
                timeout=timeout,
                retries=retries,
                fail_fast=fail_fast,
            )
    except ServiceError as error:
        say_error(error)
        sys.exit(UNAVAILABLE)
    show_report(report, fail_on.value, as_json=as_json)
    write_reports(report, fail_on.value, junit=junit, html=html, json=json_report)
    raise typer.Exit(report.exit_code(fail_on.value))


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip() or not name.strip().replace("-", "").isalnum() or not name.isascii():
        raise typer.BadParameter("a header is 'Name: value'", param_hint="--header")  # without it: it may be a secret
    return name.strip(), value.strip()
