"""A folder of state with a past: exchanges of many days in a ledger, and runs."""

import asyncio
import random
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path

from casecraft.core.document import Document
from casecraft.core.endpoint import Endpoint
from casecraft.core.exchange import Exchange, ExchangeAttempt, ExchangeOutcome
from casecraft.core.job import Attempt, JobResult
from casecraft.core.usage import Cost, Usage
from casecraft.state import Store, gateway_path, open_store, record_exchange

DAY = 86_400
PROVIDERS = {
    "anthropic": ("claude-sonnet-4-5", "USD", 9.0, 4.2),
    "glm": ("glm-4.6", "CNY", 2.4, 2.1),
    "kimi": ("kimi-k2-turbo", "CNY", 3.1, 3.0),
    "home": ("qwen3-coder", "", 0.0, 6.5),
}
CLIENTS = {
    "claude-cli": ("claude-sonnet-4-5", "anthropic_messages", "/v1/messages"),
    "codex_exec": ("gpt-5-codex", "openai_responses", "/v1/responses"),
    "opencode": ("glm-4.6", "openai_chat", "/v1/chat/completions"),
}


def attempt(
    provider: str, *, error: str = "", seconds: float = 2.0, tokens: tuple[int, int] = (900, 300)
) -> ExchangeAttempt:
    """One that was answered, or that failed with an error."""
    model, currency, price, _ = PROVIDERS.get(provider, ("m", "USD", 1.0, 1.0))
    usage = None if error else Usage(input=tokens[0], output=tokens[1], cached_input=tokens[0] // 3)
    cost = Cost(Decimal(sum(tokens)) * Decimal(str(price)) / 1_000_000, currency, "2026-11-01") if currency else None
    return ExchangeAttempt(provider, model, 429 if error else 200, error, usage, None if error else cost, seconds)


def exchange(
    number: int,
    started: float,
    *attempts: ExchangeAttempt,
    client: str = "claude-cli",
    outcome: ExchangeOutcome = "answered",
    error: str = "",
    losses: tuple[str, ...] = (),
    asked: str = "",
) -> Exchange:
    """A streamed one, which took as long as its attempts."""
    model, dialect, path = CLIENTS.get(client, CLIENTS["opencode"])
    seconds = sum(it.seconds for it in attempts)
    return Exchange(
        id=f"made-{number}",
        started=started,
        client=client,
        key="",
        dialect=dialect,
        path=path,
        asked_model=asked or model,
        rule="strategy round_robin",
        streamed=True,
        status=200 if outcome == "answered" else 503,
        outcome=outcome,
        error=error,
        attempts=attempts,
        losses=losses,
        seconds=seconds,
        first_byte=seconds / 4 if outcome == "answered" else None,
    )


def past(now: float, days: int) -> Iterator[Exchange]:
    """Exchanges of the last days, the same ones every time."""
    chance = random.Random(7)
    number = 0
    for day in range(days):
        for _ in range(chance.randint(6, 28)):
            number += 1
            provider = chance.choices([*PROVIDERS], weights=[5, 4, 2, 1])[0]
            tokens = (chance.randint(2_000, 60_000), chance.randint(100, 4_000))
            answered = attempt(provider, tokens=tokens, seconds=PROVIDERS[provider][3] * chance.uniform(0.4, 2.2))
            started = now - day * DAY - chance.uniform(0, 3600)
            client = chance.choice([*CLIENTS])
            fate = chance.random()
            limited = attempt("glm", error="RateLimitError: 'glm' answered 429: too many requests", seconds=0.3)
            if fate < 0.06:
                error = "RateLimitError: 'glm' answered 429: too many requests"
                yield exchange(number, started, limited, client=client, outcome="failed", error=error)
            elif fate < 0.2:
                yield exchange(number, started, limited, answered, client=client, losses=("cache_control",))
            else:
                yield exchange(number, started, answered, client=client)


async def make_ledger(folder: Path, made: Iterable[Exchange]) -> None:
    """A ledger that has these exchanges."""
    with open_store(gateway_path(folder)) as store:
        await asyncio.gather(*(record_exchange(store, it) for it in made))


ENDPOINTS = ("GET /pets", "POST /pets", "GET /pets/{petId}", "DELETE /pets/{petId}", "GET /owners", "POST /owners")


def begin_run(store: Store, document: Document, *, endpoints: tuple[str, ...] = ENDPOINTS) -> str:
    """A run under way."""
    return store.begin_run(document, {}, endpoints)


async def do_job(
    store: Store, run: str, endpoint: Endpoint, *, provider: str, failing: str = "", error: str | None = None
) -> None:
    """End the job of an endpoint: by this provider, after another one failed; or with an error."""
    used = Usage(input=2400, output=800)
    cost = Cost(Decimal("0.0123"), "USD", "2026-11-01")
    attempts = [Attempt(endpoint.id, provider, "m", "generate", "k", "answered", 1.0, 2.0, usage=used, cost=cost)]
    if failing:
        attempts.insert(0, Attempt(endpoint.id, failing, "m", "generate", "k", "rate_limit", 1.0, 0.2, status=429))
    result = JobResult(
        endpoint=endpoint,
        status="failed" if error else "done",
        provider=None if error else provider,
        model="m",
        fell_back=(failing,) if failing else (),
        error=error,
    )

    waiting = [store.record(run, it) for it in attempts]
    await asyncio.gather(*waiting, store.finish_job(run, f"job {endpoint.id}", result))
