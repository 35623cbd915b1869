"""A process that records is killed at seeded moments: all that it was told is durable is there."""

import random
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from casecraft.state import exchanges, open_store, usage_by

ROOT = Path(__file__).parents[2]


def record_until_killed(path: Path, seed: int, *more: str) -> set[str]:
    """What the process said before it was killed, at a seeded moment."""
    wanted = random.Random(seed).randrange(5, 400)
    command = [sys.executable, "-m", "tests.state.recorder", str(path), *more]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        # The pipe may hold more by the time of the kill; every line in it was written after its await returned.
        lines = [process.stdout.readline() for _ in range(wanted)]
        process.send_signal(signal.SIGKILL)
        lines += process.stdout.readlines()
    said = {line.strip() for line in lines if line.endswith("\n")}
    assert len(said) >= wanted
    return said


def refuse_damage(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_what_was_said_to_be_durable_survives_a_kill(path: Path, seed: int) -> None:
    said = record_until_killed(path, seed)
    with open_store(path) as store:
        run = store.latest_unfinished()
        assert run is not None
        attempts = {f"attempt {attempt.request_key}" for attempt in store.attempts_of(run.id)}
        jobs = {f"job {job.job_key} {len(job.cases)}" for job in store.jobs_of(run.id)}
        assert said <= attempts | jobs
        assert {f"attempt {key}" for key in store.answers([run.id])} == attempts
    refuse_damage(path)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_exchanges_said_to_be_durable_survive_a_kill_with_their_attempts(path: Path, seed: int) -> None:
    said = record_until_killed(path, seed, "exchanges")
    with open_store(path) as store:
        kept = exchanges(store, limit=100_000)
        assert said <= {f"exchange {it.id} {len(it.attempts)}" for it in kept}
        assert sum(row.exchanges for row in usage_by(store)) == len(kept)
    refuse_damage(path)
