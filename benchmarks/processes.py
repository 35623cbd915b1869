"""Fresh processes, and what they took."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CASECRAFT = (sys.executable, "-m", "casecraft")


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds on the clock, seconds of CPU (children included), and the most resident memory in MB."""

    wall: float
    cpu: float
    megabytes: float


def spend(command: Sequence[str]) -> Spent:
    """Run a command to its end; what it prints is dropped.

    The peak is at least that of this process when it starts the command, so a benchmark keeps itself small until its
    commands have run.
    """
    started = time.perf_counter()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        errors = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command} ended with {process.returncode}: {errors.decode()[-2000:]}")
    return Spent(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6)


def median_of(all_spent: Sequence[Spent], what: Callable[[Spent], float]) -> float:
    return statistics.median(what(spent) for spent in all_spent)
