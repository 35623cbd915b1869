"""What the state file costs a job, or an exchange of the gateway: `python -m benchmarks.state [--jobs N] [--linger S]`.

A job is one attempt (a raw body of about 2 KB), one job row and three cases, recorded by 64 workers whose requests
take 30 to 70 ms. Beside it: the same rows through bare sqlite3 `executemany` in one transaction (the floor), the same
rows with a commit for each call (what group commit saves), and the workers with nothing recorded, which is taken off.

An exchange has one attempt, and is recorded by the same workers: what that takes of the event loop's thread, which
answers clients meanwhile, and in all; beside it the bare `executemany`. Then the ledger of as many is read.
"""

import argparse
import asyncio
import hashlib
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import TypeAlias

import orjson

from benchmarks.figures import Figure, report
from casecraft.core.case import Case, CaseRequest, Expectation, Source
from casecraft.core.document import Document
from casecraft.core.endpoint import Complexity, Endpoint
from casecraft.core.exchange import Exchange, ExchangeAttempt
from casecraft.core.job import Attempt, JobResult
from casecraft.core.schema import Definitions
from casecraft.core.usage import Cost, Usage
from casecraft.state import exchanges, open_ledger, open_store, record_exchange, recording, usage_by
from casecraft.state.codec import attempt_row
from casecraft.state.exchange_rows import exchange_item
from casecraft.state.migrations import migrate
from casecraft.state.records import StoredJob
from casecraft.state.store import LINGER

Step: TypeAlias = Callable[[int], Awaitable[None]]
WORKERS = 64
EXCHANGE_BAR = 0.05
DOCUMENT = Document("api.yaml", "api", "API", "1.0", "3.1.0", "0" * 64, {})
DEFINITIONS = Definitions(lambda _: {})
SEEDED = random.Random(7)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--linger", type=float, default=LINGER, help="seconds for which a transaction gathers")
    return report(measure(parser.parse_args()))


def measure(options: argparse.Namespace) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        idle, _ = asyncio.run(measured(options.jobs, nothing))
        stored, _ = asyncio.run(measure_store(Path(folder), options.jobs, options.linger))
        yield Figure("a job recorded by casecraft.state: CPU", stored - idle, "ms")
        single, _ = asyncio.run(measure_single(Path(folder), options.jobs))
        yield Figure("a job recorded with a commit for each call: CPU", single - idle, "ms")
        bare, _ = measure_bare(Path(folder), options.jobs)
        yield Figure("a job in one bare executemany with one commit: CPU", bare, "ms")
        yield from measure_ledger(Path(folder), options.jobs)


def measure_ledger(folder: Path, count: int) -> Iterator[Figure]:
    idle_loop, idle = asyncio.run(measured_by_thread(count, unrecorded))
    with open_ledger(folder) as store:

        async def step(number: int) -> None:
            await record_exchange(store, exchange(number))

        loop, both = asyncio.run(measured_by_thread(count, step))
        yield Figure("an exchange recorded: CPU of the event loop's thread", loop - idle_loop, "ms", EXCHANGE_BAR)
        yield Figure("an exchange recorded: CPU", both - idle, "ms")
        bare = measure_bare_exchanges(folder, count)
        yield Figure("an exchange in one bare executemany with one commit: CPU", bare, "ms")
        started = time.perf_counter()
        usage_by(store, "day", "provider", "model", "client", "key")
        yield Figure(f"usage of {count} exchanges by all that there is", time.perf_counter() - started, "s")
        started = time.perf_counter()
        exchanges(store, limit=100)
        yield Figure("the newest 100 exchanges", (time.perf_counter() - started) * 1000, "ms")


def measure_bare_exchanges(folder: Path, count: int) -> float:
    rows = [exchange_item(exchange(number)) for number in range(count)]
    with closing(made(folder / "bare-exchanges.sqlite")) as connection:
        cpu = time.process_time()
        recording.write(connection, rows)
        return (time.process_time() - cpu) / count * 1000


async def measured_by_thread(count: int, step: Step) -> tuple[float, float]:
    """CPU milliseconds for an exchange, of this thread and of the process."""
    numbers = iter(range(count))
    thread, process = time.thread_time(), time.process_time()
    await asyncio.gather(*(work(numbers, step) for _ in range(WORKERS)))
    return (time.thread_time() - thread) / count * 1000, (time.process_time() - process) / count * 1000


async def unrecorded(number: int) -> None:
    exchange(number)


def exchange(number: int) -> Exchange:
    cost = Cost(Decimal("0.00123"), "USD", "2026-11-01")
    model = f"glm-4.{number % 3}"
    attempt = ExchangeAttempt("glm", model, 200, "", Usage(900, 400, 300, 0, 100), cost, 0.05)
    return Exchange(
        id=key(number)[:32],
        started=1.8e9 + number,
        client=("claude", "codex")[number % 2],
        key="",
        dialect="messages",
        path="/v1/messages?beta=true",
        asked_model="claude-opus-4-6",
        rule="pattern 'claude-*'",
        streamed=True,
        status=200,
        outcome="answered",
        error="",
        attempts=(attempt,),
        losses=(),
        seconds=0.06,
        first_byte=0.02,
    )


async def measure_store(folder: Path, jobs: int, linger: float) -> tuple[float, float]:
    with open_store(folder / "store.sqlite", linger=linger) as store:
        run_id = store.begin_run(DOCUMENT, {}, ())

        async def step(number: int) -> None:
            await store.record(run_id, attempt(number))
            await store.finish_job(run_id, key(number), result(number))

        return await measured(jobs, step)


async def measure_single(folder: Path, jobs: int) -> tuple[float, float]:
    with closing(made(folder / "single.sqlite")) as connection:

        async def step(number: int) -> None:
            for item in items(number):
                recording.write(connection, [item])

        return await measured(jobs, step)


def measure_bare(folder: Path, jobs: int) -> tuple[float, float]:
    with closing(made(folder / "bare.sqlite")) as connection:
        rows = [item for number in range(jobs) for item in items(number)]
        started, cpu = time.perf_counter(), time.process_time()
        recording.write(connection, rows)
        return (time.process_time() - cpu) / jobs * 1000, time.perf_counter() - started


async def measured(jobs: int, step: Step) -> tuple[float, float]:
    """CPU milliseconds for a job and seconds in all."""
    numbers = iter(range(jobs))
    started, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(work(numbers, step) for _ in range(WORKERS)))
    return (time.process_time() - cpu) / jobs * 1000, time.perf_counter() - started


async def work(numbers: Iterator[int], step: Step) -> None:
    for number in numbers:
        await asyncio.sleep(SEEDED.uniform(0.03, 0.07))
        await step(number)


async def nothing(number: int) -> None:
    attempt(number), key(number), result(number)


def made(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    migrate(connection)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def items(number: int) -> list[recording.Item]:
    job = StoredJob.of("run", key(number), result(number))
    return [(attempt_row("run", attempt(number)), None), recording.job_item(job)]


def key(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def attempt(number: int) -> Attempt:
    answer, raw = BODIES[number % len(BODIES)]
    return Attempt(
        endpoint_id=f"GET /things/{number}",
        provider="glm",
        model="glm-4.6",
        purpose="generate",
        request_key=key(number),
        outcome="answered",
        started=1.8e9,
        latency=0.05,
        status=200,
        answer=answer,
        raw=raw,
        usage=Usage(900, 400, 300, 0, 100),
        cost=Cost(Decimal("0.00123"), "USD", "2026-11-01"),
    )


def result(number: int) -> JobResult:
    endpoint = Endpoint("GET", f"/things/{number}", DEFINITIONS, DEFINITIONS, "f", Complexity(1, "simple"))
    return JobResult(endpoint, "done", "glm", "glm-4.6", CASES)


def body() -> tuple[str, bytes]:
    cases = [{"title": SEEDED.randbytes(20).hex(), "targets": ["query.limit:above-maximum"]} for _ in range(10)]
    answer = orjson.dumps({"cases": cases}).decode()
    answered = {"id": SEEDED.randbytes(12).hex(), "choices": [{"message": {"role": "assistant", "content": answer}}]}
    return answer, orjson.dumps(answered)


BODIES = [body() for _ in range(100)]
CASES = tuple(
    Case(
        id=f"get-things-{number}",
        title="The limit is above its maximum",
        valid=False,
        technique="boundary_value_analysis",
        priority="P1",
        targets=("query.limit:above-maximum",),
        request=CaseRequest("GET", "/things", query={"limit": 101}),
        expect=Expectation(("4XX",)),
        source=Source("glm", "glm-4.6"),
    )
    for number in range(3)
)

if __name__ == "__main__":
    sys.exit(main())
