"""What the engine costs: 10,000 jobs with a trivial prompt and check, and 2,000 jobs over uneven lanes.

Run as `python -m benchmarks.engine`. The simulator runs in a process of its own; the state file is real. Beside it, in
the same run, stands the bare request: httpx with the aiohttp transport, sent as often and as many at once.
"""

import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from httpx_aiohttp import AiohttpTransport

from casecraft.config import ProviderSettings
from casecraft.core.case import Case, CaseRequest, Expectation, Source
from casecraft.core.chat import ChatRequest, ChatResponse, Message
from casecraft.core.document import Document
from casecraft.core.endpoint import Complexity, Endpoint
from casecraft.core.profile import Profile
from casecraft.core.schema import Definitions
from casecraft.engine.context import RunContext
from casecraft.engine.engine import Engine
from casecraft.engine.events import AttemptFailed, Event, JobCompleted, JobMoved
from casecraft.engine.lane import Lane
from casecraft.engine.plan import make_jobs
from casecraft.engine.work import Examined
from casecraft.providers import create
from casecraft.state import open_store
from casecraft.strategy import load_strategy

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = Document("bench.yaml", "bench", "Bench", "1", "3.1.0", "0" * 64, {})


class TrivialWork:
    """One short question, any answer."""

    key = "trivial"

    def request(self, endpoint: Endpoint, profile: Profile) -> ChatRequest:
        """Ask for next to nothing."""
        return ChatRequest(messages=(Message("user", f"Cases for {endpoint.id}"),), max_output_tokens=100)

    def examine(self, endpoint: Endpoint, profile: Profile, request: ChatRequest, answer: ChatResponse) -> Examined:
        """Take one case for the answer."""
        wanted = CaseRequest(endpoint.method, endpoint.path)
        source = Source(profile.name, answer.model)
        technique = "equivalence_partitioning"
        case = Case(endpoint.id, "t", True, technique, "P1", (), wanted, Expectation(("2XX",)), source)
        return Examined(cases=(case,))

    def complete(self, endpoint: Endpoint, cases: tuple[Case, ...]) -> tuple[Case, ...]:
        """Keep them."""
        return cases

    def rules(self, endpoint: Endpoint) -> tuple[Case, ...]:
        """Nothing is made without a provider here."""
        raise AssertionError(endpoint.id)

    def estimate(self, request: ChatRequest) -> int:
        """A few tokens."""
        return 10


def endpoints(count: int) -> list[Endpoint]:
    """So many endpoints that differ in their path alone."""
    none = Definitions(lambda name: {})
    return [
        Endpoint("GET", f"/things/{number}", none, none, f"{number:064x}", Complexity(1, "simple"))
        for number in range(count)
    ]


@contextmanager
def simulator(providers: dict[str, Any], seed: int = 1) -> Iterator[int]:
    """A simulator in its own process; its port."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "simulator.json"
        config.write_text(json.dumps({"providers": providers, "seed": seed}))
        command = [sys.executable, "-m", "tests.simulator", str(config)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            try:
                yield int(process.stdout.readline())
            finally:
                process.kill()


async def run(port: int, names: list[str], workers: int, jobs: int) -> dict[str, Any]:
    """Run so many jobs; CPU and wall seconds, and what happened."""
    counted: Counter[str] = Counter()
    answered: Counter[str] = Counter()

    def listen(event: Event) -> None:
        counted[type(event).__name__] += 1
        if isinstance(event, JobCompleted):
            counted[event.result.status] += 1
            answered[event.result.endpoint.id] += 1
        elif isinstance(event, AttemptFailed | JobMoved):
            pass

    providers = [create(name, _settings(port, name, workers)) for name in names]
    work = endpoints(jobs)
    strategy = load_strategy("round_robin")
    with tempfile.TemporaryDirectory() as folder, open_store(Path(folder) / "bench.sqlite") as store:
        run_id = store.begin_run(DOCUMENT, {}, [endpoint.id for endpoint in work])
        context = RunContext(run_id, TrivialWork(), store, listen)
        lanes = [Lane(provider.profile, provider) for provider in providers]
        engine = Engine(context, lanes, rebalance=True)
        assignment = strategy.assign(work, [provider.profile for provider in providers])
        queued = make_jobs(work, assignment, names)
        before, cpu, wall = _memory(), time.process_time(), time.perf_counter()
        await engine.run(queued)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        grown = _memory() - before
    for provider in providers:
        await provider.aclose()
    twice = sum(number > 1 for number in answered.values())
    return {"cpu": cpu, "wall": wall, "events": counted, "twice": twice, "grown": grown}


def _settings(port: int, name: str, workers: int) -> ProviderSettings:
    address = f"http://127.0.0.1:{port}/{name}/v1"
    return ProviderSettings(base_url=address, model="simulated", workers=workers, local=True)


def _memory() -> float:
    """The largest resident size so far, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def bare(port: int, name: str, concurrency: int, requests: int) -> float:
    """CPU seconds of the bare requests."""
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hello"}]}).encode()
    left = iter(range(requests))
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(transport=AiohttpTransport(limits=limits), timeout=60) as client:

        async def worker() -> None:
            for _ in left:
                address = f"http://127.0.0.1:{port}/{name}/v1/chat/completions"
                response = await client.post(address, content=body, headers={"Content-Type": "application/json"})
                response.json()

        began = time.process_time()
        await asyncio.gather(*(worker() for _ in range(concurrency)))
        return time.process_time() - began


def overhead(jobs: int = 10_000) -> None:
    """CPU and wall of many trivial jobs."""
    names = ["a", "b", "c", "d"]
    with simulator({name: {"latency": 0.05} for name in names}) as port:
        cost = asyncio.run(bare(port, "a", 64, 2_000)) / 2_000
        outcome = asyncio.run(run(port, names, 16, jobs))
    bound = jobs * 0.05 / 64
    print(f"engine: {jobs} jobs, {outcome['cpu'] / jobs * 1000:.2f} ms CPU a job (bar 1.0); ", end="")
    print(f"bare request, httpx with the aiohttp transport: {cost * 1000:.2f} ms")
    print(f"engine: wall {outcome['wall']:.2f} s = {outcome['wall'] / bound:.2f} of the bound (bar 1.1); ", end="")
    print(f"memory grew by {outcome['grown']:.0f} MB; done {outcome['events']['done']}, twice {outcome['twice']}")


def uneven(jobs: int = 2_000) -> None:
    """Wall of jobs over four lanes, one of them ten times slower, with faults on all."""
    faults = {"429": 0.05, "500": 0.02, "garbage": 0.01}
    latencies = {"a": 0.05, "b": 0.05, "c": 0.05, "slow": 0.5}
    behaviours = {name: {"latency": latency, "faults": faults} for name, latency in latencies.items()}
    bound = jobs / sum(8 / latency for latency in latencies.values())
    for seed in (1, 2, 3):
        with simulator(behaviours, seed) as port:
            outcome = asyncio.run(run(port, list(latencies), 8, jobs))
        events = outcome["events"]
        print(
            f"uneven lanes: wall {outcome['wall']:.2f} s = {outcome['wall'] / bound:.2f} of the bound (bar 1.3); ",
            end="",
        )
        print(f"done {events['done']}, twice {outcome['twice']}, moved {events['JobMoved']}, ", end="")
        print(f"failed requests {events['AttemptFailed']}, pauses {events['LanePaused']}")


def main() -> None:
    """Print all figures."""
    overhead()
    uneven()


if __name__ == "__main__":
    main()
