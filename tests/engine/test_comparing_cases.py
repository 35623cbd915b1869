"""Cases that say the same in other words are left out of a run, and nothing that goes wrong there costs a case."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from casecraft.core.case import Case, Expectation
from casecraft.core.chat import ChatRequest, ChatResponse
from casecraft.core.embedding import EmbeddingRequest, EmbeddingResponse
from casecraft.core.endpoint import Endpoint
from casecraft.core.job import JobResult
from casecraft.core.profile import Profile
from casecraft.core.usage import Usage
from casecraft.engine.budget import Budget
from casecraft.engine.control import RunControl
from casecraft.engine.events import AttemptAnswered, AttemptFailed, ComparisonEnded, JobCompleted
from casecraft.engine.near_duplicates import ROW_OF_FAILURES, TEXTS_AT_ONCE
from casecraft.engine.reuse import answers_to_replay
from casecraft.engine.work import Examined
from casecraft.errors import StateError
from casecraft.state import Store
from tests.engine.rig import QUICK, OneCase, Rig, case_of
from tests.simulator import Behaviour, Simulator

pytestmark = pytest.mark.slow

RULE = "Refuses a birthday to come"
SAME = "No one is born tomorrow"
ANOTHER = "Refuses a cat that barks"
VECTORS = {RULE: [1.0, 0.0], SAME: [0.99, 0.05], ANOTHER: [0.0, 1.0]}


def by_title(text: str) -> list[float]:
    return VECTORS[text.splitlines()[0]]


def refusing(*titles: str) -> OneCase:
    """Takes any answer for cases of these titles, each refused for what it means."""

    def examined(it: Endpoint, profile: Profile, request: ChatRequest, answer: ChatResponse) -> Examined:
        return Examined(cases=tuple(case(it, profile, number) for number in range(len(titles))))

    def case(it: Endpoint, profile: Profile, number: int) -> Case:
        changes: dict[str, Any] = {"id": f"{it.id}-{number}", "targets": (f"meaning:{number}",)}
        made = case_of(it, profile.name, titles[number])
        request = replace(made.request, query={"number": number})
        return replace(made, expect=Expectation((422,)), request=request, **changes)

    return OneCase(examined)


def titles(result: JobResult) -> list[str]:
    return [case.title for case in result.cases]


def rig(simulator: Simulator, store: Store, work: OneCase | None = None, **changes: Any) -> Rig:
    work = work or refusing(RULE, SAME, ANOTHER)
    return Rig(simulator, store, {"a": 2}, work, **{"embedder": "e/words", **changes})


def simulated(**behaviour: Any) -> Simulator:
    return Simulator({"a": Behaviour(), "e": Behaviour(**behaviour)}, embed=by_title)


async def test_the_same_in_other_words_is_left_out_and_said(store: Store) -> None:
    async with simulated() as simulator:
        it = rig(simulator, store)
        assert await it.run(1, "a", ["a"]) == "done"
    (result,) = it.results.values()
    assert titles(result) == [RULE, ANOTHER]
    (note,) = result.notes
    assert note == (
        f"near-duplicate left out: GET /things/0-1 {SAME!r} repeats GET /things/0-0 {RULE!r} (similarity 0.9987)"
    )
    assert store.jobs_of(it.context.run_id)[0].notes == result.notes


async def test_what_is_asked_is_recorded_and_counted(store: Store) -> None:
    async with simulated() as simulator:
        it = rig(simulator, store, price="1000000")
        await it.run(1, "a", ["a"])
    (asked,) = simulator.requests("e")
    assert asked.body["model"] == "words"
    assert asked.body["input"][0] == f"{RULE}\nquery.number: 0"
    attempt = store.attempts_of(it.context.run_id)[-1]
    words = sum(len(text.split()) for text in asked.body["input"])
    assert (attempt.provider, attempt.model, attempt.purpose, attempt.outcome) == (
        "e/words",
        "words",
        "embed",
        "answered",
    )
    assert (attempt.usage, attempt.raw) == (Usage(input=words), None)
    assert attempt.cost is not None
    assert attempt.cost.amount == words
    assert len(attempt.answer or "") < 3 * 2 * 4 * 2
    by_provider = store.spending_by_provider(it.context.run_id)
    assert by_provider["e/words"].usage.input == words
    (result,) = it.results.values()
    assert result.spending.usage == by_provider["a"].usage + by_provider["e/words"].usage


@pytest.mark.parametrize("work", [refusing(RULE), OneCase()])
async def test_where_nothing_can_repeat_another_nobody_is_asked(store: Store, work: OneCase) -> None:
    async with simulated() as simulator:
        it = rig(simulator, store, work)
        assert await it.run(2, "a", ["a"]) == "done"
    assert simulator.requests("e") == []


async def test_many_cases_are_sent_in_several_requests(store: Store) -> None:
    many = [RULE, ANOTHER] * TEXTS_AT_ONCE
    async with simulated() as simulator:
        it = rig(simulator, store, refusing(*many))
        await it.run(1, "a", ["a"])
    assert [len(seen.body["input"]) for seen in simulator.requests("e")] == [TEXTS_AT_ONCE, TEXTS_AT_ONCE]
    (result,) = it.results.values()
    assert titles(result) == [RULE, ANOTHER]


async def test_no_permit_is_held_while_cases_are_compared(store: Store) -> None:
    async with simulated(faults={"hang": 1.0}) as simulator:
        it = Rig(simulator, store, {"a": 1}, refusing(RULE, SAME), embedder="e")
        running = asyncio.create_task(it.run(5, "a", ["a"]))
        async with asyncio.timeout(10):
            while len(simulator.requests("a")) < 5 or not simulator.requests("e"):
                await asyncio.sleep(0)
        it.engine.abort()
        await running
    assert simulator.most_in_flight["e"] == 1


async def test_failures_that_pass_are_tried_again(store: Store) -> None:
    async with simulated(script=["500", "429-bare", "garbage"]) as simulator:
        it = rig(simulator, store)
        await it.run(1, "a", ["a"])
    assert titles(next(iter(it.results.values()))) == [RULE, ANOTHER]
    outcomes = [made.outcome for made in store.attempts_of(it.context.run_id) if made.purpose == "embed"]
    assert outcomes == ["server", "rate_limit", "bad_answer", "answered"]
    assert [event.retry_in is None for event in it.said(AttemptFailed)] == [False, False, False]


async def test_a_failure_costs_no_case(store: Store) -> None:
    async with simulated(script=["400"]) as simulator:
        it = rig(simulator, store)
        assert await it.run(1, "a", ["a"]) == "done"
    (result,) = it.results.values()
    assert titles(result) == [RULE, SAME, ANOTHER]
    (note,) = result.notes
    assert note.startswith("near-duplicates were not looked for: ")
    assert "simulated 400" in note
    assert it.said(ComparisonEnded) == []


@pytest.mark.parametrize("status", ["401", "404"])
async def test_after_a_fatal_error_it_is_not_asked_again_and_told_once(store: Store, status: str) -> None:
    async with simulated(faults={status: 1.0}) as simulator:
        it = rig(simulator, store)
        assert await it.run(12, "a", ["a"]) == "done"
    assert len(simulator.requests("e")) == 1
    assert all(len(result.cases) == 3 and len(result.notes) == 1 for result in it.results.values())
    (said,) = it.said(ComparisonEnded)
    assert said.provider == "e/words"
    assert f"simulated {status}" in said.reason


async def test_a_server_that_is_down_is_given_up(store: Store) -> None:
    async with simulated(faults={"500": 1.0}) as simulator:
        it = rig(simulator, store)
        assert await it.run(20, "a", ["a"]) == "done"
    assert len(simulator.requests("e")) == ROW_OF_FAILURES
    assert all(len(result.cases) == 3 for result in it.results.values())
    assert len(it.said(ComparisonEnded)) == 1


async def test_a_limit_of_hours_is_not_waited_for(store: Store) -> None:
    async with simulated(faults={"429": 1.0}, retry_after=3600) as simulator:
        it = rig(simulator, store)
        assert await asyncio.wait_for(it.run(3, "a", ["a"]), 10) == "done"
    assert len(simulator.requests("e")) == 1
    assert len(it.said(ComparisonEnded)) == 1


async def test_a_bug_of_a_plugin_costs_no_case(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(request: EmbeddingRequest) -> EmbeddingResponse:
        raise KeyError("oops")

    budget = Budget(Decimal(10**6), "USD")
    async with simulated() as simulator:
        it = rig(simulator, store, price="1", options={"budget": budget})
        monkeypatch.setattr(it.providers["e/words"], "embed", broken)
        assert await asyncio.wait_for(it.run(4, "a", ["a"]), 10) == "done"
        assert await budget.reserve(budget.maximum - budget.spent)
    assert all(len(result.cases) == 3 and "KeyError" in result.notes[0] for result in it.results.values())
    assert {result.provider for result in it.results.values()} == {"a"}


async def test_recorded_vectors_are_not_asked_for_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run dies between the answer to the embedding and the job's end."""

    def dying(run_id: str, key: str, result: JobResult) -> asyncio.Future[None]:
        raise StateError("killed")

    async with simulated() as simulator:
        first = rig(simulator, store)
        with monkeypatch.context() as patched:
            patched.setattr(store, "finish_job", dying)
            with pytest.raises(StateError, match="killed"):
                await first.run(1, "a", ["a"])
        replay = dict(answers_to_replay(store))
        second = rig(simulator, store, options={"replay": replay})
        assert await second.run(1, "a", ["a"]) == "done"
    assert (len(simulator.requests("a")), len(simulator.requests("e"))) == (1, 1)
    (result,) = second.results.values()
    assert titles(result) == [RULE, ANOTHER]
    assert "similarity 0.9987" in result.notes[0]
    assert [(event.provider, event.replayed) for event in second.said(AttemptAnswered)] == [
        ("a", True),
        ("e/words", True),
    ]


async def test_a_budget_holds_with_embeddings(store: Store) -> None:
    budget = Budget(Decimal(400), "USD")
    async with simulated() as simulator:
        it = rig(simulator, store, price="1000000", options={"budget": budget})
        status = await it.run(50, "a", ["a"])
    spent = store.spending_by_provider(it.context.run_id)
    assert status == "budget"
    assert budget.spent == sum(meter.amounts["USD"] for meter in spent.values()) <= 400
    assert spent["e/words"].amounts["USD"] > 0
    assert 0 < len(it.results) < 50


async def test_what_an_embedding_may_cost_is_set_aside_before(store: Store) -> None:
    budget = Budget(Decimal(110), "USD")
    async with simulated() as simulator:
        it = rig(simulator, store, refusing(*[RULE, ANOTHER] * 5), price="1000000", options={"budget": budget})
        assert await it.run(1, "a", ["a"]) == "budget"
        assert budget.spent <= 110
    assert simulator.requests("e") == []
    assert it.results == {}


async def test_stopping_sends_no_further_embedding(store: Store) -> None:
    async with simulated(latency=0.02) as simulator:
        it = rig(simulator, store)
        control = RunControl()
        control.attach(it.engine)
        it.listener = lambda event: control.stop() if isinstance(event, JobCompleted) and not control.stops else None
        assert await asyncio.wait_for(it.run(20, "a", ["a"]), 10) == "interrupted"
    embedded = [made for made in store.attempts_of(it.context.run_id) if made.purpose == "embed"]
    assert len(embedded) == len(simulator.requests("e")) == len(it.results) < 20


async def test_stopping_ends_the_waiting_for_a_retry(store: Store) -> None:
    async with simulated(faults={"429": 1.0}, retry_after=60) as simulator:
        it = rig(simulator, store)
        running = asyncio.create_task(it.run(2, "a", ["a"]))
        while len(it.said(AttemptFailed)) < 2:
            await asyncio.sleep(0)
        it.engine.stop()
        assert await asyncio.wait_for(running, 5) == "interrupted"
    assert it.results == {}


async def test_stopping_twice_ends_an_embedding_that_hangs(store: Store) -> None:
    async with simulated(faults={"hang": 1.0}) as simulator:
        it = rig(simulator, store)
        control = RunControl()
        control.attach(it.engine)
        running = asyncio.create_task(it.run(2, "a", ["a"]))
        while not simulator.requests("e"):
            await asyncio.sleep(0)
        control.stop()
        control.stop()
        assert await asyncio.wait_for(running, 5) == "interrupted"


async def test_a_state_file_that_fails_stops_the_run(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    record = store.record

    def full(run_id: str, attempt: Any) -> asyncio.Future[None]:
        if attempt.purpose != "embed":
            return record(run_id, attempt)
        raise StateError("the disk is full")

    monkeypatch.setattr(store, "record", full)
    async with simulated() as simulator:
        it = rig(simulator, store)
        with pytest.raises(StateError, match="the disk is full"):
            await it.run(5, "a", ["a"])


async def test_limits_without_end_are_given_up(store: Store) -> None:
    async with simulated(faults={"429": 1.0}, retry_after=0.001) as simulator:
        it = rig(simulator, store, policy=replace(QUICK, max_rate_limits=3))
        assert await it.run(3, "a", ["a"]) == "done"
    assert len(it.said(ComparisonEnded)) == 1
    assert all(len(result.cases) == 3 for result in it.results.values())
