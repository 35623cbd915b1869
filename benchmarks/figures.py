"""What a benchmark yields: figures, each with its bar where it has one. Those without one are details, or a peer's."""

import json
import os
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

COLLECTED = "CASECRAFT_BENCHMARK_FIGURES"
"""The variable that names the file to which figures are added, as JSON lines, for the table of all benchmarks."""


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured, its value, and the most that it may be; with `at_least`, the least that it must be."""

    what: str
    value: float
    unit: str
    bar: float | None = None
    at_least: bool = False

    @property
    def met(self) -> bool | None:
        """Whether the bar is met; None without one."""
        if self.bar is None:
            return None
        return self.value >= self.bar if self.at_least else self.value <= self.bar

    def verdict(self) -> str:
        """`met`, `MISSED`, or nothing where there is no bar."""
        return {True: "met", False: "MISSED", None: ""}[self.met]


def show(value: float, unit: str) -> str:
    """A value as people read it, with its unit: three digits that count."""
    digits = 0 if unit in {"", "MB"} or value >= 100 else 2 if value >= 1 or unit == "s" else 3
    return f"{value:,.{digits}f} {unit}".strip()


def report(figures: Iterable[Figure]) -> int:
    """Print figures as they come; the exit code: 1 where a bar is missed."""
    missed = False
    for figure in figures:
        least = "at least " if figure.at_least else ""
        bar = f" (bar {least}{show(figure.bar, figure.unit)}: {figure.verdict()})" if figure.bar is not None else ""
        print(f"{figure.what}: {show(figure.value, figure.unit)}{bar}", flush=True)
        _collect(figure)
        missed |= figure.met is False
    return int(missed)


def _collect(figure: Figure) -> None:
    path = os.environ.get(COLLECTED)
    if path:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(figure)) + "\n")


def note(text: str) -> None:
    """Print what explains the figures."""
    print(f"  {text}", file=sys.stdout, flush=True)
