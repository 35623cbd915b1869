"""How long the catalog takes to load, and that a fresh process brings no vendor's library in with it.

    python -m benchmarks.catalog

The rows are repeated until there are a hundred, read from disk and checked each time. Beside it: the same rows read by
`tomllib`, without the check.
"""

import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from importlib.resources import files
from itertools import cycle, islice
from statistics import median

from benchmarks.figures import Figure, report
from casecraft.providers import Catalog
from casecraft.providers.catalog import read_row

ROWS = 100
RUNS = 15
BAR = 30.0
# Libraries that only a provider in use may bring in.
HEAVY = (
    "aiohttp",
    "anthropic",
    "azure",
    "botocore",
    "cohere",
    "genai_prices",
    "google.auth",
    "google.genai",
    "httpx",
    "model_prices",
    "ollama",
    "openai",
)


def main() -> int:
    return report(measure())


def measure() -> Iterator[Figure]:
    folder = files("casecraft.providers.catalog")
    rows = [entry for entry in folder.iterdir() if entry.name.endswith(".toml")]
    hundred = list(islice(cycle(rows), ROWS))

    def load() -> None:
        Catalog(read_row(entry.read_text(encoding="utf-8"), entry.name) for entry in hundred)

    def parse_only() -> None:
        for entry in hundred:
            tomllib.loads(entry.read_text(encoding="utf-8"))

    yield Figure(f"{ROWS} rows loaded, wall", time_of(load), "ms", BAR)
    yield Figure(f"{ROWS} rows parsed by tomllib, wall", time_of(parse_only), "ms")
    yield Figure("vendors' libraries that `import casecraft.providers` brings in", len(brought_in()), "", 0)


def time_of(work: Callable[[], None]) -> float:
    """The median of some runs, in milliseconds; the first, which finds nothing in the disk's cache, is left out."""
    spent = []
    for _ in range(RUNS + 1):
        began = time.perf_counter()
        work()
        spent.append(time.perf_counter() - began)
    return median(spent[1:]) * 1000


def brought_in() -> list[str]:
    """Those of `HEAVY` that a fresh process has after importing the providers and loading their rows."""
    code = (
        "import sys, casecraft.providers; casecraft.providers.load_catalog();"
        f"print(*(name for name in {HEAVY!r} if name in sys.modules))"
    )
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()


if __name__ == "__main__":
    sys.exit(main())
