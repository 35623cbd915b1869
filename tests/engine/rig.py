"""A run over the simulator with a real store, small enough to reason about."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from casecraft.config import PriceSettings, ProviderSettings
from casecraft.core.case import Case, CaseRequest, Expectation, Source
from casecraft.core.chat import ChatRequest, ChatResponse, Message
from casecraft.core.document import Document
from casecraft.core.endpoint import Complexity, Endpoint
from casecraft.core.job import JobResult
from casecraft.core.profile import Profile
from casecraft.core.schema import Definitions
from casecraft.engine.breaker import Breaker
from casecraft.engine.context import RunContext
from casecraft.engine.engine import Engine
from casecraft.engine.events import Event, JobCompleted
from casecraft.engine.lane import Lane
from casecraft.engine.near_duplicates import NearDuplicates
from casecraft.engine.plan import make_jobs
from casecraft.engine.work import Examined
from casecraft.providers import create, create_for_embeddings, profile_of, split_name
from casecraft.providers.retry import RetryPolicy
from casecraft.state import Store, open_store
from tests.simulator import Simulator

DOCUMENT = Document("d.yaml", "d", "D", "1", "3.1.0", "0" * 64, {})
QUICK = RetryPolicy(max_attempts=3, initial=0.001, maximum=0.002)


def endpoint(number: int) -> Endpoint:
    none = Definitions(lambda name: {})
    return Endpoint("GET", f"/things/{number}", none, none, f"{number:064x}", Complexity(1, "simple"))


def case_of(it: Endpoint, provider: str, title: str = "t") -> Case:
    request = CaseRequest(it.method, it.path, query={"title": title})
    return Case(it.id, title, True, "security", "P1", (), request, Expectation((200,)), Source(provider))


@dataclass
class OneCase:
    """Takes any answer for one case."""

    examined: Callable[[Endpoint, Profile, ChatRequest, ChatResponse], Examined] | None = None
    key: str = "one case"

    def request(self, endpoint: Endpoint, profile: Profile) -> ChatRequest:
        return ChatRequest(messages=(Message("user", endpoint.id),), max_output_tokens=100)

    def examine(self, endpoint: Endpoint, profile: Profile, request: ChatRequest, answer: ChatResponse) -> Examined:
        if self.examined is not None:
            return self.examined(endpoint, profile, request, answer)
        return Examined(cases=(case_of(endpoint, profile.name),))

    def complete(self, endpoint: Endpoint, cases: tuple[Case, ...]) -> tuple[Case, ...]:
        return cases

    def described(self, result: JobResult) -> JobResult:
        return result

    def rules(self, endpoint: Endpoint) -> tuple[Case, ...]:
        return (case_of(endpoint, "rules"),)

    def estimate(self, request: ChatRequest) -> int:
        return 10


@dataclass
class Rig:
    """Builds the engine for a simulator's providers and keeps what it says."""

    simulator: Simulator
    store: Store
    workers: Mapping[str, int]
    work: Any = field(default_factory=OneCase)
    rebalance: bool = True
    policy: RetryPolicy = QUICK
    breaker: Callable[[], Breaker] = Breaker
    price: str | None = None
    events: list[Event] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)
    listener: Callable[[Event], None] | None = None
    embedder: str | None = None

    def __post_init__(self) -> None:
        self.providers = {name: create(name, self._settings(name)) for name in self.workers if name != "rules"}
        self.lanes = [Lane(provider.profile, provider, self.breaker()) for provider in self.providers.values()]
        if "rules" in self.workers:
            self.lanes.append(Lane(profile_of("rules"), None))
        run_id = self.store.begin_run(DOCUMENT, {}, [])
        self.context = RunContext(run_id, self.work, self.store, self._listen, policy=self.policy, **self.options)
        self.near_duplicates: NearDuplicates | None = None
        if self.embedder is not None:
            self.providers[self.embedder] = create_for_embeddings(self.embedder, self._settings_for_embeddings())
            self.near_duplicates = NearDuplicates(self.context, self.providers[self.embedder], 0.95)
        self.engine = Engine(self.context, self.lanes, rebalance=self.rebalance, near_duplicates=self.near_duplicates)

    def _settings_for_embeddings(self) -> ProviderSettings:
        name, model = split_name(self.embedder or "")
        settings = self._settings(name)
        return settings.model_copy(update={"dialect": "openai_embeddings", "model": model})

    def _settings(self, name: str) -> ProviderSettings:
        price = None
        if self.price is not None:
            amount = Decimal(self.price)
            price = PriceSettings(input=amount, output=amount, currency="USD", as_of="2026-01-01")
        return ProviderSettings(
            base_url=self.simulator.url(name),
            model="m",
            workers=self.workers.get(name, 1),
            price=price,
            local=price is None,
        )

    def _listen(self, event: Event) -> None:
        self.events.append(event)
        if self.listener is not None:
            self.listener(event)

    async def run(self, jobs: int, assignment: Sequence[str] | str, chain: Sequence[str]) -> str:
        """Run endpoints 0 to `jobs`, assigned in turn to the names of `assignment`."""
        names = [assignment] if isinstance(assignment, str) else assignment
        endpoints = [endpoint(number) for number in range(jobs)]
        assigned = {it.id: names[number % len(names)] for number, it in enumerate(endpoints)}
        try:
            return await self.engine.run(make_jobs(endpoints, assigned, chain))
        finally:
            await self.aclose()

    async def aclose(self) -> None:
        for provider in self.providers.values():
            await provider.aclose()

    def said(self, kind: type) -> list[Any]:
        """The events of a kind."""
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def results(self) -> dict[str, JobResult]:
        return {event.result.endpoint.id: event.result for event in self.said(JobCompleted)}


def new_store(folder: Path) -> Store:
    return open_store(folder / "d.sqlite", linger=0.0)
