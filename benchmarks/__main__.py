"""Runs all benchmarks, or those that are named, and prints one table: `python -m benchmarks [NAME …]`.

Each runs in a process of its own, so that none is measured with what another has left behind. The exit code is 1 where
a bar is missed, 2 where a benchmark broke.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.figures import COLLECTED, Figure, show
from benchmarks.processes import ROOT

NAMES = (
    "codecs",
    "load",
    "startup",
    "catalog",
    "rules",
    "engine",
    "pipeline",
    "http",
    "state",
    "prompts",
    "services",
    "prism",
    "gateway_load",
)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Run benchmarks; see benchmarks/README.md."
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}; all of them without one")
    names = parser.parse_args().names or NAMES
    if unknown := [name for name in names if name not in NAMES]:
        parser.error(f"no benchmark has the name {unknown[0]!r}; there are {', '.join(NAMES)}")
    found = {name: run(name) for name in names}
    Console().print(make_table(found))
    broken = [name for name, figures in found.items() if figures is None]
    if broken:
        print(f"broke: {', '.join(broken)}")
        return 2
    return int(any(figure.met is False for figures in found.values() for figure in figures or ()))


def run(name: str) -> list[Figure] | None:
    """The figures of one benchmark; None where it broke. What it prints is shown as it comes."""
    print(f"— {name}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "figures.jsonl"
        command = [sys.executable, "-m", f"benchmarks.{name}"]
        ended = subprocess.run(command, cwd=ROOT, env={**os.environ, COLLECTED: str(path)}, check=False).returncode
        figures = [Figure(**json.loads(line)) for line in path.read_text().splitlines()] if path.exists() else []
    missed = any(figure.met is False for figure in figures)
    return figures if figures and ended == int(missed) else None


def make_table(found: dict[str, Sequence[Figure] | None]) -> Table:
    table = Table("benchmark", "figure", "bar", "measured", "met or not")
    for name, figures in found.items():
        for figure in figures or ():
            least = "at least " if figure.at_least else ""
            bar = least + show(figure.bar, figure.unit) if figure.bar is not None else ""
            table.add_row(name, figure.what, bar, show(figure.value, figure.unit), figure.verdict())
        table.add_section()
    return table


if __name__ == "__main__":
    sys.exit(main())
