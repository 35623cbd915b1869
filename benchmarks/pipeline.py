"""The whole pipeline over a real document: real prompts, parsing, verification, repairs, state, the suite written.

    python -m benchmarks.pipeline

Four simulated providers in a process of their own answer with about eight cases each (`benchmarks.answers`). The
document is Stripe's from the folder that CASECRAFT_REAL_SPECS names; GitHub's without one. The CPU of each part is
taken by clocks around its functions, without what they call in other parts; what no clock counts is the engine with its
event loop.
"""

import importlib
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from functools import wraps
from pathlib import Path
from typing import Any

from benchmarks.documents import real_document
from benchmarks.figures import Figure, note, report
from benchmarks.load import read_peak
from benchmarks.simulator import read_log, simulate
from casecraft.api import Summary, agenerate
from casecraft.config import ProviderSettings, Settings
from casecraft.core.event_loop import run_async

NAMES = ("a", "b", "c", "d")
WORKERS = 16
LATENCY = 0.05
REST = "engine, event loop"

CLOCKED = (
    ("document", "casecraft.engine.plan", "load"),
    ("document", "casecraft.engine.plan", "split"),
    ("rules and targets", "casecraft.cases.rules", "_suite"),
    ("prompt", "casecraft.engine.case_work", "generation_request"),
    ("prompt", "casecraft.engine.case_work", "repair_request"),
    ("prompt", "casecraft.engine.conversation", "request_key"),
    ("parse", "casecraft.engine.case_work", "parse"),
    ("verify", "casecraft.engine.case_work", "verify"),
    ("complete", "casecraft.engine.case_work", "complete"),
    ("HTTP", "casecraft.providers.chat.ChatProvider", "complete"),
    ("HTTP", "aiohttp.client_proto.ResponseHandler", "data_received"),
    ("state", "casecraft.state.store.Store", "record"),
    ("state", "casecraft.state.store.Store", "finish_job"),
    ("state", "casecraft.state.recording", "write"),
    ("state", "casecraft.engine.session", "finished_results"),
    ("writing", "casecraft.engine.session", "render"),
)


class Clocks:
    """CPU seconds by part. A part does not count what it calls in another."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self._turn = threading.Lock()
        self._running = threading.local()

    def run(self, part: str, work: Callable[[], Any]) -> Any:
        """Do the work on a part's clock."""
        running = self._running.__dict__.setdefault("spent_inside", [])
        running.append(0.0)
        began = time.thread_time()
        try:
            return work()
        finally:
            spent = time.thread_time() - began
            inside = running.pop()
            if running:
                running[-1] += spent
            with self._turn:
                self.seconds[part] += spent - inside

    def around(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, on the part's clock; of a coroutine the steps are counted, not the waiting."""

        @wraps(function)
        def clocked(*args: Any, **kwargs: Any) -> Any:
            made = self.run(part, lambda: function(*args, **kwargs))
            return Steps(made, lambda step: self.run(part, step)) if hasattr(made, "cr_code") else made

        return clocked


class Steps:
    """Awaits a coroutine; each of its steps is run by `run`."""

    def __init__(self, coroutine: Any, run: Callable[[Callable[[], Any]], Any]) -> None:
        self._coroutine = coroutine
        self._run = run

    def __await__(self) -> Generator[Any, Any, Any]:
        """Pass on what the coroutine waits for, and what it is told."""
        step: Callable[[], Any] = lambda: self._coroutine.send(None)  # noqa: E731  # it is set anew below
        while True:
            try:
                awaited = self._run(step)
            except StopIteration as stop:
                return stop.value
            try:
                told = yield awaited
            except BaseException as error:  # noqa: BLE001  # whatever it is, the coroutine is who it is for
                step = lambda error=error: self._coroutine.throw(error)  # type: ignore[misc]  # noqa: E731
            else:
                step = lambda told=told: self._coroutine.send(told)  # type: ignore[misc]  # noqa: E731


def clock_all(clocks: Clocks) -> None:
    for part, owner, name in CLOCKED:
        place = find(owner)
        setattr(place, name, clocks.around(part, getattr(place, name)))


def find(name: str) -> Any:
    """A module or a class by its full name."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        module, _, attribute = name.rpartition(".")
        return getattr(importlib.import_module(module), attribute)


def main() -> int:
    return report(measure())


def measure() -> Iterator[Figure]:
    document = real_document()
    clocks = Clocks()
    with (
        tempfile.TemporaryDirectory() as folder,
        simulate({name: {"latency": LATENCY} for name in NAMES}, answer="benchmarks.answers:answer") as port,
    ):
        clock_all(clocks)
        cpu, wall = time.process_time(), time.perf_counter()
        summary = run_async(generate(document, port, Path(folder)))
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        log = read_log(port)
    yield from figures(summary, clocks, cpu, wall)
    note(
        f"{document.name}: {log['answers']} answers for {len(summary.results)} endpoints, {log['twice']} of them twice"
    )


async def generate(document: Path, port: int, folder: Path) -> Summary:
    own = {
        name: ProviderSettings(
            base_url=f"http://127.0.0.1:{port}/{name}/v1", model="simulated", workers=WORKERS, local=True
        )
        for name in NAMES
    }
    where = {"state_dir": folder / "state", "output": folder / "suite"}
    return await agenerate(document, settings=Settings(providers=NAMES, provider_settings=own, **where))


def figures(summary: Summary, clocks: Clocks, cpu: float, wall: float) -> Iterator[Figure]:
    endpoints = len(summary.results)
    parts = dict(clocks.seconds) | {REST: cpu - clocks.seconds.total()}
    for part, seconds in sorted(parts.items(), key=lambda it: -it[1]):
        yield Figure(f"pipeline, CPU of an endpoint: {part} ({seconds / cpu:.0%})", seconds / endpoints * 1000, "ms")
    yield Figure("pipeline, CPU of an endpoint, all of it", cpu / endpoints * 1000, "ms")
    yield Figure("pipeline, wall", wall, "s")
    yield Figure("pipeline, peak memory", read_peak(), "MB")
    yield Figure("pipeline, endpoints not done", sum(result.status != "done" for result in summary.results), "", 0)
    cases = [case for result in summary.results for case in result.cases]
    made = sum(case.source.provider != "rules" for case in cases)
    note(f"{len(cases)} cases kept, {made} of them the providers', {len(cases) - made} by rules; run {summary.status}")


if __name__ == "__main__":
    sys.exit(main())
