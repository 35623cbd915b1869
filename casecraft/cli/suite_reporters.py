"""What a person sees of a suite while it runs. Everything goes to standard error."""

import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from casecraft.cli.exits import one_line

if TYPE_CHECKING:
    from casecraft.api import CheckedCase, Progress

COLOURS = {"passed": "green", "failed": "red", "finding": "yellow", "unanswered": "magenta", "blocked": "bright_black"}
_BAR = 30
_TENTHS = 10


class SuiteReporter:
    """Says nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the terminal as it was."""

    def on_progress(self, progress: "Progress", news: Sequence["CheckedCase"]) -> None:
        """Take note of how far the run is, and of the cases that ended just now."""


class PlainSuiteReporter(SuiteReporter):
    """Lines, for logs and pipes: every failure as it happens, and how far things are at each tenth."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._tenth = 0
        self._again = 0

    def on_progress(self, progress: "Progress", news: Sequence["CheckedCase"]) -> None:
        """Write what is new."""
        for line in _lines(news):
            self._console.print(line, soft_wrap=True)
        if progress.again != self._again:
            self._again = progress.again
            self._say(f"trying {progress.again} cases again")
        tenth = _TENTHS * progress.done // max(1, progress.total)
        if tenth > self._tenth:
            self._tenth = tenth
            self._say(f"{progress.done}/{progress.total} cases: {in_words(progress.counts)}")

    def _say(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


class LiveSuiteReporter(SuiteReporter):
    """A bar that is kept up to date in the terminal; failures are said above it."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress: Progress | None = None
        self._live = Live(console=console, get_renderable=self._draw, refresh_per_second=8, transient=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the bar away."""
        self._live.stop()

    def on_progress(self, progress: "Progress", news: Sequence["CheckedCase"]) -> None:
        """Update the bar."""
        self._progress = progress
        for line in _lines(news):
            self._console.print(line)

    def _draw(self) -> RenderableType:
        progress = self._progress
        if progress is None:
            return Text("asking the service …")
        head = Table.grid(padding=(0, 1))
        bar = ProgressBar(total=max(1, progress.total), completed=progress.done, width=_BAR)
        again = f"trying {progress.again} again" if progress.again else ""
        head.add_row(bar, f"{progress.done}/{progress.total} cases", again)
        counts = [Text(f"{number} {name}", style=COLOURS[name]) for name, number in progress.counts.items() if number]
        return Group(head, Text(", ").join(counts))


def choose_reporter(*, quiet: bool) -> SuiteReporter:
    """A bar on a terminal, lines elsewhere, nothing where nothing is wanted."""
    console = Console(stderr=True)
    if quiet:
        return SuiteReporter()
    return LiveSuiteReporter(console) if console.is_terminal else PlainSuiteReporter(console)


def in_words(counts: "dict[str, int]") -> str:
    """`12 passed, 1 failed`."""
    return ", ".join(f"{number} {name}" for name, number in counts.items() if number) or "nothing yet"


@contextmanager
def interruptible() -> Iterator[None]:
    """Within the block SIGTERM is like Ctrl-C, and the first of them is answered."""
    said = False

    def interrupt(*_: object) -> None:
        nonlocal said
        if not said:
            sys.stderr.write("\nstopping: tests under way may end; press Ctrl-C again to stop at once\n")
            said = True
        raise KeyboardInterrupt

    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(signum, interrupt) for signum in signals]
    try:
        yield
    finally:
        for signum, handler in zip(signals, before, strict=True):
            signal.signal(signum, handler)


def _lines(news: Sequence["CheckedCase"]) -> Iterator[Text]:
    for case in news:
        if case.result.outcome in {"failed", "finding", "unanswered"}:
            head = Text(f"{case.result.outcome}: ", style=COLOURS[case.result.outcome])
            yield head + Text(one_line(f"{case.endpoint}: {case.title}: {case.result.message}"))
