"""The small parts: limit, breaker, retry, budget, chain and keys."""

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casecraft import errors
from casecraft.cases import PROMPT_VERSION, RULES_VERSION
from casecraft.core.chat import ChatRequest, Message
from casecraft.engine.breaker import Breaker
from casecraft.engine.budget import Budget
from casecraft.engine.case_work import CaseWork
from casecraft.engine.context import job_key, request_key
from casecraft.engine.conversation import outcome_of
from casecraft.engine.lane import Lane
from casecraft.engine.limit import Limit
from casecraft.engine.plan import fallback_chain, make_jobs
from casecraft.providers import profile_of
from casecraft.providers.retry import Retry, RetryPolicy
from tests.engine.rig import OneCase, endpoint


@given(st.lists(st.sampled_from(["acquire", "release", "shrink", "succeeded"]), max_size=200), st.integers(1, 9))
def test_a_limit_never_lets_out_more_than_its_size_and_never_loses_a_permit(steps: list[str], maximum: int) -> None:
    async def play() -> None:
        limit, out = Limit(maximum), 0
        for step in steps:
            if step == "acquire" and limit._semaphore._value > limit._owed:
                await limit.acquire()
                out += 1
                assert out <= limit.size
            elif step == "release" and out:
                limit.release()
                out -= 1
            elif step == "shrink":
                limit.shrink()
            elif step == "succeeded":
                limit.succeeded()
            assert 1 <= limit.size <= maximum
            assert out <= maximum
        for _ in range(out):
            limit.release()
        assert limit._semaphore._value - limit._owed == limit.size

    asyncio.run(play())


async def test_a_shrunk_limit_lets_out_fewer_once_permits_are_back() -> None:
    limit = Limit(4)
    for _ in range(4):
        await limit.acquire()
    limit.shrink()
    for _ in range(2):
        limit.release()
    assert limit._semaphore.locked()
    limit.release()
    assert not limit._semaphore.locked()


async def test_a_limit_shrinks_until_the_permits_too_many_are_back() -> None:
    limit = Limit(4)
    for _ in range(4):
        await limit.acquire()
    assert not limit.shrinking
    limit.shrink()
    limit.release()
    assert limit.shrinking
    limit.release()
    assert not limit.shrinking


@pytest.mark.parametrize(("workers", "tolerated"), [(1, 0), (2, 1), (3, 2), (6, 2), (8, 3), (16, 7)])
def test_a_few_429s_come_in_a_row_by_chance_and_half_the_workers_do_not(workers: int, tolerated: int) -> None:
    lane = Lane(replace(profile_of("local"), max_workers=workers), None)
    limited = errors.RateLimitError("slow", retry_after=7)
    assert [lane.rate_limited(limited, sent=1.0) for _ in range(tolerated)] == [None] * tolerated
    assert lane.rate_limited(limited, sent=1.0) == 7


def test_a_breaker_trips_once_and_then_gives_up() -> None:
    breaker = Breaker(threshold=2)
    breaker.failed()
    assert not breaker.tripped
    breaker.succeeded()
    breaker.failed()
    breaker.failed()
    assert breaker.tripped
    breaker.open()
    assert not breaker.tripped
    assert not breaker.given_up
    breaker.failed()
    assert breaker.given_up


async def waits_of(error: errors.ProviderError, policy: RetryPolicy) -> list[float]:
    """The seconds that are waited between failing requests."""
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    async def fail() -> None:
        raise error

    with pytest.raises(type(error)):
        await Retry(policy).loop(sleep)(fail)
    return waited


async def test_retry_after_is_honoured_to_the_second() -> None:
    policy = RetryPolicy(max_rate_limits=3)
    assert await waits_of(errors.RateLimitError("slow", retry_after=7), policy) == [7, 7]
    assert await waits_of(errors.ServerError("overloaded", retry_after=9), RetryPolicy(max_attempts=2)) == [9]


async def test_backoff_is_full_jitter_that_doubles_up_to_its_maximum() -> None:
    policy = RetryPolicy(max_attempts=9, initial=1.0, maximum=20.0)
    rounds = [await waits_of(errors.ServerError("down"), policy) for _ in range(60)]
    most = [max(waits) for waits in zip(*rounds, strict=True)]
    assert all(seconds <= bound for seconds, bound in zip(most, [1, 2, 4, 8, 16, 20, 20, 20], strict=True))
    assert most[2] > 2
    assert most[3] > 4
    assert min(waits[4] for waits in rounds) < 4, "jitter reaches down towards nothing"


@pytest.mark.parametrize("kind", [errors.AuthenticationError, errors.InvalidRequestError, errors.ContentFilteredError])
async def test_what_cannot_get_better_is_not_retried(kind: type[errors.ProviderError]) -> None:
    assert await waits_of(kind("no"), RetryPolicy()) == []


async def test_a_budget_waits_for_what_is_in_flight_before_it_refuses() -> None:
    budget = Budget(Decimal(10), "USD")
    assert await budget.reserve(Decimal(6))
    waiting = asyncio.create_task(budget.reserve(Decimal(6)))
    await asyncio.sleep(0)
    assert not waiting.done()
    budget.settle(Decimal(6), Decimal(3))
    assert await waiting
    budget.settle(Decimal(6), Decimal(6))
    assert not await budget.reserve(Decimal(2))
    assert budget.spent == 9


def test_the_fallback_chain() -> None:
    assert fallback_chain(["glm", "qwen"], None) == ("glm", "qwen", "rules")
    assert fallback_chain(["glm", "qwen"], None, rules=False) == ("glm", "qwen")
    assert fallback_chain(["glm", "qwen", "kimi"], ["kimi", "glm"]) == ("kimi", "glm", "rules")
    assert fallback_chain(["rules"], None) == ("rules",)
    with pytest.raises(errors.ConfigurationError) as caught:
        fallback_chain(["glm", "qwen"], ["gml"])
    assert caught.value.hint == "Did you mean 'glm'?"


def test_a_job_goes_first_to_where_it_was_assigned() -> None:
    (job,) = make_jobs([endpoint(1)], {endpoint(1).id: "qwen"}, ["glm", "qwen", "rules"])
    assert job.chain == ("qwen", "glm", "rules")


def test_keys_change_with_everything_that_shapes_the_answer_and_with_nothing_else() -> None:
    request = ChatRequest((Message("user", "hi"),), model="m", json_schema={"a": 1, "b": 2})
    key = request_key("glm", request)
    assert key == request_key("glm", replace(request, json_schema={"b": 2, "a": 1}))
    others = [
        request_key("qwen", request),
        request_key("glm", replace(request, model="n")),
        request_key("glm", replace(request, messages=(Message("user", "ho"),))),
        request_key("glm", replace(request, temperature=0.5)),
    ]
    assert len({key, *others}) == 5
    jobs = {
        job_key(endpoint(1), OneCase()),
        job_key(endpoint(2), OneCase()),
        job_key(endpoint(1), OneCase(key="other")),
    }
    assert len(jobs) == 3


def test_outcomes_are_named_after_the_error() -> None:
    assert outcome_of(errors.RateLimitError("")) == "rate_limit"
    assert outcome_of(errors.ContextTooLongError("")) == "context_too_long"


def test_the_key_of_the_work_changes_with_how_near_duplicates_are_found_and_is_the_old_one_without() -> None:
    def key(comparison: str | None = None) -> str:
        return CaseWork(lang="en", models=("a:m",), comparison=comparison).key

    assert key() == f"{PROMPT_VERSION}\n{RULES_VERSION}\nen\nTrue\na:m"
    assert len({key(), key("tei from 0.95"), key("tei from 0.9")}) == 3
