"""Carrying out a run from the command line: its reporter, Ctrl-C, and what is said at its end."""

import asyncio
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias, TypeVar

import typer

from casecraft.cli.exits import EXIT_CODES
from casecraft.cli.machine import write_json

if TYPE_CHECKING:
    from casecraft.api import Summary
    from casecraft.cli.reporters import Reporter
    from casecraft.engine.control import RunControl
    from casecraft.engine.events import Event

Result = TypeVar("Result")
Start: TypeAlias = Callable[["Callable[[Event], None]", "RunControl"], Coroutine[Any, Any, Result]]


def carry_out(start: "Start[Summary]", *, as_json: bool, quiet: bool, verbose: bool) -> NoReturn:
    """Run to the end, say what was made, and leave with the run's exit code."""
    summary = run_controlled(start, quiet=quiet or as_json, verbose=verbose)
    if as_json:
        write_json(summary.manifest)
    else:
        from casecraft.cli.summary import show_summary  # noqa: PLC0415

        show_summary(summary)
    raise typer.Exit(EXIT_CODES[summary.status])


def run_controlled(start: "Start[Result]", *, quiet: bool, verbose: bool) -> "Result":
    """Run to the end, tell of it on the way, and stop it on Ctrl-C."""
    from casecraft.core.event_loop import run_async  # noqa: PLC0415  # `--help` must not pay for it

    reporter = choose_reporter(quiet=quiet, verbose=verbose)
    try:
        return run_async(_controlled(start, reporter))
    finally:
        reporter.close()


def choose_reporter(*, quiet: bool, verbose: bool) -> "Reporter":
    """A live table on a terminal, lines elsewhere, nothing where nothing is wanted."""
    from rich.console import Console  # noqa: PLC0415

    from casecraft.cli.reporters import LiveReporter, PlainReporter, QuietReporter  # noqa: PLC0415

    console = Console(stderr=True)
    if quiet:
        return QuietReporter(console)
    kind = LiveReporter if console.is_terminal else PlainReporter
    return kind(console, verbose=verbose)


async def _controlled(start: "Start[Result]", reporter: "Reporter") -> "Result":
    from casecraft.engine.control import RunControl  # noqa: PLC0415

    control = RunControl()

    def interrupt() -> None:
        if not control.stops:
            sys.stderr.write("\nstopping: requests in flight may finish; press Ctrl-C again to stop at once\n")
        control.stop()

    loop = asyncio.get_running_loop()
    caught = []
    for signum in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(signum, interrupt)
            caught.append(signum)
        except (NotImplementedError, RuntimeError):  # not on Windows, nor outside of the main thread
            continue
    try:
        return await start(reporter.on_event, control)
    finally:
        for signum in caught:
            loop.remove_signal_handler(signum)
