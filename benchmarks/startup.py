"""How soon `casecraft --help` is there: a fresh process each time.

    python -m benchmarks.startup

Beside it, by turns: the bare interpreter, and the interpreter with typer imported, which the command needs in any case.
"""

import sys
from collections.abc import Iterator

from benchmarks.figures import Figure, report
from benchmarks.processes import CASECRAFT, Spent, median_of, spend

RUNS = 15
BAR = 0.3
COMMANDS = {
    "casecraft --help": (*CASECRAFT, "--help"),
    "python -c 'import typer'": (sys.executable, "-c", "import typer"),
    "python -c pass": (sys.executable, "-c", "pass"),
}


def main() -> int:
    return report(measure())


def measure() -> Iterator[Figure]:
    spent: dict[str, list[Spent]] = {name: [] for name in COMMANDS}
    for name, command in [*COMMANDS.items()] * (RUNS + 1):
        spent[name].append(spend(command))
    for name, each in spent.items():
        # The first of each has found nothing in the disk's cache.
        bar = BAR if name.startswith("casecraft") else None
        yield Figure(f"{name}, wall", median_of(each[1:], lambda it: it.wall), "s", bar)
        yield Figure(f"{name}, CPU", median_of(each[1:], lambda it: it.cpu), "s")


if __name__ == "__main__":
    sys.exit(main())
