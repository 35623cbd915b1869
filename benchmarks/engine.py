"""What the engine costs: 10,000 jobs with a trivial prompt and check, and 2,000 jobs over uneven lanes.

    python -m benchmarks.engine

The simulator runs in a process of its own; the state file is real; the loop is the one that casecraft runs on: uvloop
where it is installed (`--asyncio` takes the ordinary one). Beside the first stand the bare requests of other clients,
as many at once; beside the second a plain loop over the same simulator with the same seeds.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import clients, peers
from benchmarks.figures import Figure, note, report
from benchmarks.load import read_peak
from benchmarks.simulator import read_log, simulate
from casecraft.config import ProviderSettings
from casecraft.core.case import Case, CaseRequest, Expectation, Source
from casecraft.core.chat import ChatRequest, ChatResponse, Message
from casecraft.core.document import Document
from casecraft.core.endpoint import Complexity, Endpoint
from casecraft.core.event_loop import run_async
from casecraft.core.profile import Profile
from casecraft.core.schema import Definitions
from casecraft.engine.context import RunContext
from casecraft.engine.engine import Engine
from casecraft.engine.events import Event, JobCompleted
from casecraft.engine.lane import Lane
from casecraft.engine.plan import make_jobs
from casecraft.engine.work import Examined
from casecraft.providers import create
from casecraft.state import open_store
from casecraft.strategy import load_strategy

DOCUMENT = Document("bench.yaml", "bench", "Bench", "1", "3.1.0", "0" * 64, {})
LATENCY = 0.05
EVEN = {name: {"latency": LATENCY} for name in "abcd"}
FAULTS = {"429": 0.05, "500": 0.02, "garbage": 0.01}
LATENCIES = {"a": LATENCY, "b": LATENCY, "c": LATENCY, "slow": 10 * LATENCY}
UNEVEN = {name: {"latency": latency, "faults": FAULTS} for name, latency in LATENCIES.items()}
SEEDS = (1, 2, 3, 4, 5)
RUNS = 3
BAR_CPU, BAR_WALL, BAR_UNEVEN, BAR_GROWTH = 1.0, 1.1, 1.3, 1.05


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
    none = Definitions(lambda _: {})
    return [
        Endpoint("GET", f"/things/{number}", none, none, f"{number:064x}", Complexity(1, "simple"))
        for number in range(count)
    ]


@dataclass
class Outcome:
    """What a run took, and what happened in it. `resident` is the memory in MB at each quarter of the jobs."""

    cpu: float = 0.0
    wall: float = 0.0
    events: Counter[str] = field(default_factory=Counter)
    results: Counter[str] = field(default_factory=Counter)
    resident: list[float] = field(default_factory=list)

    def listen(self, jobs: int, event: Event) -> None:
        """Count an event."""
        self.events[type(event).__name__] += 1
        if isinstance(event, JobCompleted):
            self.results[event.result.status] += 1
            if self.results.total() % (jobs // 4) == 0:
                self.resident.append(read_resident())


async def run(port: int, names: list[str], workers: int, jobs: int) -> Outcome:
    """Run so many jobs."""
    outcome = Outcome()
    providers = [create(name, _settings(port, name, workers)) for name in names]
    work = endpoints(jobs)
    strategy = load_strategy("round_robin")
    with tempfile.TemporaryDirectory() as folder, open_store(Path(folder) / "bench.sqlite") as store:
        run_id = store.begin_run(DOCUMENT, {}, [endpoint.id for endpoint in work])
        context = RunContext(run_id, TrivialWork(), store, lambda event: outcome.listen(jobs, event))
        engine = Engine(context, [Lane(provider.profile, provider) for provider in providers], rebalance=True)
        assignment = strategy.assign(work, [provider.profile for provider in providers])
        queued = make_jobs(work, assignment, names)
        cpu, wall = time.process_time(), time.perf_counter()
        await engine.run(queued)
        outcome.cpu, outcome.wall = time.process_time() - cpu, time.perf_counter() - wall
    for provider in providers:
        await provider.aclose()
    return outcome


def _settings(port: int, name: str, workers: int) -> ProviderSettings:
    address = f"http://127.0.0.1:{port}/{name}/v1"
    return ProviderSettings(base_url=address, model="simulated", workers=workers, local=True)


def read_resident() -> float:
    """The resident memory now, in MB; the most so far where the system does not tell."""
    status = Path("/proc/self/status")
    if not status.exists():
        return read_peak()
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024 / 1e6


def overhead(jobs: int = 10_000, workers: int = 16) -> Iterator[Figure]:
    """CPU, wall and memory of many trivial jobs: the median of some runs."""
    bound = jobs * LATENCY / (workers * len(EVEN))
    outcomes, faults = [], 0
    for _ in range(RUNS):
        with simulate(EVEN) as port:
            outcomes.append(carry_out(run(port, list(EVEN), workers, jobs)))
            faults += count_faults(outcomes[-1], read_log(port), jobs)
        note(f"{outcomes[-1].cpu / jobs * 1000:.3f} ms CPU a job; {outcomes[-1].wall:.2f} s of {bound:.2f}")
    yield Figure("engine, CPU of a job", statistics.median(each.cpu for each in outcomes) / jobs * 1000, "ms", BAR_CPU)
    wall = statistics.median(each.wall for each in outcomes)
    yield Figure("engine, wall over what the workers allow", wall / bound, "x", BAR_WALL)
    # The first run alone begins with a fresh process.
    resident = outcomes[0].resident
    yield Figure("engine, memory at the end over that at a quarter", resident[-1] / resident[0], "x", BAR_GROWTH)
    note(" / ".join(f"{megabytes:.0f}" for megabytes in resident) + " MB with 25 / 50 / 75 / 100% of the jobs done")
    yield Figure("engine, jobs not done or answered twice", faults, "", 0)
    yield from bare_requests(bound / jobs)


def bare_requests(bound: float, requests: int = 2_000) -> Iterator[Figure]:
    """CPU and wall of the same requests, as many at once, by other clients; `bound` is the seconds that each takes."""
    with simulate(EVEN) as port:
        for client in clients.CLIENTS:
            spent = peers.ask("clients", client, str(port), str(requests))
            yield Figure(f"bare request, {client}: CPU", spent["cpu"] / requests * 1000, "ms")
            yield Figure(f"bare request, {client}: wall over the same", spent["wall"] / requests / bound, "x")


def uneven(jobs: int = 2_000, workers: int = 8) -> Iterator[Figure]:
    """Wall of jobs over four lanes, one of them ten times slower, with faults on all."""
    bound = jobs / sum(workers / latency for latency in LATENCIES.values())
    ours, plain = [], []
    lost = 0
    for seed in SEEDS:
        with simulate(UNEVEN, seed=seed) as port:
            outcome = carry_out(run(port, list(UNEVEN), workers, jobs))
            log = read_log(port)
        with simulate(UNEVEN, seed=seed) as port:
            peer = peers.ask("plain_loop", str(port), ",".join(UNEVEN), str(jobs))
        ours.append(outcome.wall / bound)
        plain.append(peer["wall"] / bound)
        lost += count_faults(outcome, log, jobs)
        events = outcome.events
        note(
            f"seed {seed}: {ours[-1]:.2f} of the bound, plain loop {plain[-1]:.2f}; "
            f"moved {events['JobMoved']}, failed requests {events['AttemptFailed']}, pauses {events['LanePaused']}"
        )
    yield Figure("uneven lanes, wall over the bound, median", statistics.median(ours), "x", BAR_UNEVEN)
    yield Figure("uneven lanes, wall over the bound, worst", max(ours), "x", BAR_UNEVEN)
    yield Figure("uneven lanes, jobs not done or answered twice", lost, "", 0)
    yield Figure("plain loop, wall over the bound, median", statistics.median(plain), "x")
    yield Figure("plain loop, wall over the bound, worst", max(plain), "x")
    note(f"the bound is {bound:.2f} s: {jobs} jobs, all workers busy, faults at no cost")


def count_faults(outcome: Outcome, log: dict[str, int], jobs: int) -> int:
    """Jobs that are not done, and questions that were answered more than once."""
    return jobs - outcome.results["done"] + log["twice"]


def carry_out(work: Any) -> Outcome:
    """Run it as casecraft runs itself."""
    outcome: Outcome = asyncio.run(work) if "--asyncio" in sys.argv else run_async(work)
    return outcome


def measure() -> Iterator[Figure]:
    yield from overhead()
    yield from uneven()


if __name__ == "__main__":
    sys.exit(report(measure()))
