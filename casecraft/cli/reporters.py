"""What a person sees of a run while it goes on. Everything goes to standard error."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from casecraft.cli.exits import one_line
from casecraft.core.usage import UsageMeter
from casecraft.engine.events import (
    AttemptAnswered,
    AttemptFailed,
    ComparisonEnded,
    Event,
    FellBack,
    JobCompleted,
    JobMoved,
    JobStarted,
    LaneClosed,
    LanePaused,
    RunStarted,
)

SHOWN_WARNINGS = 5


class Reporter(Protocol):
    """Shows a run's events."""

    def on_event(self, event: Event) -> None:
        """Take note of an event."""

    def close(self) -> None:
        """Leave the terminal as it was."""


class QuietReporter:
    """Says only which providers are out, and why: without them a suite is not what was asked for."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def on_event(self, event: Event) -> None:
        """Write a line where a provider is out."""
        if isinstance(event, LaneClosed | ComparisonEnded):
            for line in describe(event, verbose=False):
                self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def close(self) -> None:
        """Lines stay."""


@dataclass(slots=True)
class LaneTally:
    """What one lane has done so far."""

    workers: int = 0
    done: int = 0
    retries: int = 0
    fallbacks: int = 0
    spending: UsageMeter = field(default_factory=UsageMeter)
    note: str = ""
    closed: bool = False


class Tally:
    """A run so far, lane by lane."""

    def __init__(self) -> None:
        self.run_id = ""
        self.jobs = 0
        self.done = 0
        self.failed = 0
        self.cases = 0
        self.began = time.monotonic()
        self.lanes: dict[str, LaneTally] = {}
        self._at: dict[str, str] = {}

    def add(self, event: Event) -> None:
        """Count an event."""
        match event:
            case RunStarted():
                self.run_id, self.jobs = event.run_id, event.jobs
                self.lanes = {name: LaneTally(workers) for name, workers in event.lanes}
            case JobStarted():
                self._at[event.endpoint_id] = event.provider
            case AttemptAnswered():
                self._lane(event.provider).spending.add(event.usage, event.cost)
            case AttemptFailed():
                self._lane(event.provider).retries += event.retry_in is not None
            case FellBack():
                self.lanes[event.provider].fallbacks += 1
                self._at.pop(event.endpoint_id, None)
            case LanePaused():
                self.lanes[event.provider].note = f"paused {event.seconds:.3g} s"
            case LaneClosed():
                self.lanes[event.provider].note = f"out: {event.reason}"
                self.lanes[event.provider].closed = True
            case JobCompleted():
                self._complete(event)
            case _:
                pass

    def _lane(self, name: str) -> LaneTally:
        """The provider of embeddings has a row of its own from its first answer on."""
        return self.lanes.setdefault(name, LaneTally())

    def _complete(self, event: JobCompleted) -> None:
        result = event.result
        self._at.pop(result.endpoint.id, None)
        self.done += 1
        self.failed += result.status == "failed"
        self.cases += len(result.cases)
        if result.provider in self.lanes:
            self.lanes[result.provider].done += 1

    def is_news(self, event: Event) -> bool:
        """False for what follows from something that was said before: jobs leave a provider that is out."""
        return not (isinstance(event, FellBack) and self.lanes[event.provider].closed)

    def in_flight(self) -> Counter[str]:
        """Jobs taken up and not yet ended, by lane."""
        return Counter(self._at.values())

    def time_left(self) -> str:
        """How long the rest will take at the pace so far, in words; empty where nothing says."""
        if not self.done or self.done >= self.jobs:
            return ""
        seconds = (time.monotonic() - self.began) / self.done * (self.jobs - self.done)
        minutes, seconds = divmod(int(seconds), 60)
        return f"{minutes} min {seconds} s left" if minutes else f"{seconds} s left"


class PlainReporter:
    """Lines, for logs and pipes: what goes wrong as it happens, and the state of things every so many jobs."""

    def __init__(self, console: Console, *, verbose: bool = False) -> None:
        self._console = console
        self._verbose = verbose
        self._tally = Tally()

    def on_event(self, event: Event) -> None:
        """Write a line, where the event deserves one."""
        self._tally.add(event)
        if self._verbose or self._tally.is_news(event):
            for line in describe(event, verbose=self._verbose):
                self._say(line)
        if isinstance(event, JobCompleted) and self._tally.done % max(1, self._tally.jobs // 10) == 0:
            self._say(self._progress())

    def close(self) -> None:
        """Lines stay."""

    def _progress(self) -> str:
        tally = self._tally
        return ", ".join(filter(None, (f"{tally.done}/{tally.jobs} endpoints, {tally.cases} cases", tally.time_left())))

    def _say(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


class LiveReporter:
    """A table that is kept up to date in the terminal, a row for each lane."""

    def __init__(self, console: Console, *, verbose: bool = False) -> None:
        self._verbose = verbose
        self._tally = Tally()
        self._live = Live(console=console, get_renderable=self._draw, refresh_per_second=8, transient=True)
        self._console = console

    def on_event(self, event: Event) -> None:
        """Update the table; what goes wrong is also said above it."""
        if isinstance(event, RunStarted):
            self._live.start()
        self._tally.add(event)
        if self._verbose or self._tally.is_news(event):
            for line in describe(event, verbose=self._verbose):
                self._console.print(line, markup=False, highlight=False)

    def close(self) -> None:
        """Take the table away."""
        self._live.stop()

    def _draw(self) -> RenderableType:
        tally = self._tally
        head = Table.grid(padding=(0, 1))
        bar = ProgressBar(total=max(1, tally.jobs), completed=tally.done, width=30)
        head.add_row(bar, f"{tally.done}/{tally.jobs} endpoints", f"{tally.cases} cases", tally.time_left())
        return Group(head, lanes_table(tally))


def lanes_table(tally: Tally) -> Table:
    """A row for each lane."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("provider")
    for name in ("workers", "in flight", "done", "retries", "fallbacks", "tokens", "cost"):
        table.add_column(name, justify="right")
    table.add_column("")
    flying = tally.in_flight()
    for name, lane in tally.lanes.items():
        usage = lane.spending.usage
        numbers = (lane.workers, flying[name], lane.done, lane.retries, lane.fallbacks, usage.input + usage.output)
        table.add_row(name, *(f"{number:,}" for number in numbers), money(lane.spending), Text(one_line(lane.note)))
    return table


def money(spending: UsageMeter) -> str:
    """`0.0123 USD`, with what has no known price said."""
    parts = [f"{amount:.4f} {currency}" for currency, amount in sorted(spending.amounts.items())]
    if spending.unpriced:
        parts.append(f"{spending.unpriced} of unknown price" if parts else "unknown")
    return " + ".join(parts) or "-"


def describe(event: Event, *, verbose: bool) -> list[str]:
    """An event in lines; none where it deserves none."""
    if isinstance(event, RunStarted):
        return warnings(event.warnings, verbose=verbose)
    line = _line(event, verbose=verbose)
    return [one_line(line)] if line else []


def _line(event: Event, *, verbose: bool) -> str | None:
    line = None
    match event:
        case FellBack():
            following = f"goes on to {event.next_provider}" if event.next_provider else "failed"
            line = f"{event.endpoint_id}: {event.provider} could not answer ({event.reason}); {following}"
        case LanePaused():
            line = f"{event.provider}: pauses {event.seconds:.3g} s, then {event.workers} workers ({event.reason})"
        case LaneClosed():
            line = f"{event.provider}: out for this run ({event.reason}). {event.hint or ''}"
        case ComparisonEnded():
            line = f"{event.provider}: near-duplicates are not looked for any more ({event.reason}). {event.hint or ''}"
        case AttemptFailed() if verbose and event.retry_in is not None:
            line = f"{event.endpoint_id}: {event.provider}: {event.error}; again in {event.retry_in:.1f} s"
        case JobMoved() if verbose:
            line = f"{event.endpoint_id}: {event.taken_by} takes over from {event.provider}"
        case JobCompleted() if verbose:
            result = event.result
            line = f"{result.endpoint.id}: {len(result.cases)} cases by {result.provider}" if result.provider else None
        case _:
            pass
    return line


def warnings(texts: Sequence[str], *, verbose: bool) -> list[str]:
    """A line for each, the first few unless all are wanted."""
    shown = texts if verbose else texts[:SHOWN_WARNINGS]
    lines = [f"warning: {one_line(text)}" for text in shown]
    if len(shown) < len(texts):
        lines.append(f"warning: … and {len(texts) - len(shown)} more; --verbose shows all")
    return lines
