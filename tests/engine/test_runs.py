"""A run as a whole: repairs, replay, budget, stopping, failures of our own."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from casecraft.core.chat import ChatRequest, ChatResponse, Message
from casecraft.core.endpoint import Endpoint
from casecraft.core.job import JobResult
from casecraft.core.profile import Profile
from casecraft.engine.budget import Budget
from casecraft.engine.control import RunControl
from casecraft.engine.engine import AHEAD
from casecraft.engine.events import AttemptAnswered, JobCompleted, RunEnded
from casecraft.engine.plan import make_jobs
from casecraft.engine.reuse import answers_to_replay
from casecraft.engine.work import Examined
from casecraft.errors import StateError
from casecraft.state import Store
from tests.engine.rig import OneCase, Rig, case_of, endpoint
from tests.simulator import Behaviour, Simulator

pytestmark = pytest.mark.slow


def needing_repair(turns: int) -> OneCase:
    """Finds something to repair in the first so many answers; each answer gives one case."""
    seen: dict[str, int] = {}

    def examined(it: Endpoint, profile: Profile, request: ChatRequest, answer: ChatResponse) -> Examined:
        seen[it.id] = seen.get(it.id, 0) + 1
        again = ChatRequest(messages=(*request.messages, Message("user", f"repair {seen[it.id]}")))
        wanted = case_of(it, profile.name, f"turn {seen[it.id]}")
        wrong = case_of(it, profile.name, f"relabelled {seen[it.id]}")
        if seen[it.id] > turns:
            return Examined(cases=(wanted,))
        return Examined(cases=(wanted,), relabelled=(wrong,), dropped=1, repair=again)

    return OneCase(examined)


def titles(result: JobResult) -> list[str]:
    return [case.title for case in result.cases]


async def test_what_fails_is_repaired_and_all_good_cases_are_kept(store: Store) -> None:
    async with Simulator({"a": Behaviour()}) as simulator:
        rig = Rig(simulator, store, {"a": 1}, needing_repair(1))
        await rig.run(1, "a", ["a"])
    (result,) = rig.results.values()
    assert titles(result) == ["turn 1", "turn 2"]
    assert result.dropped == 0
    assert simulator.seen[1].body["messages"][-1]["content"] == "repair 1"


async def test_after_two_repairs_the_rest_is_relabelled_or_dropped(store: Store) -> None:
    async with Simulator({"a": Behaviour()}) as simulator:
        rig = Rig(simulator, store, {"a": 1}, needing_repair(9))
        await rig.run(1, "a", ["a"])
    (result,) = rig.results.values()
    assert titles(result) == ["turn 1", "turn 2", "turn 3", "relabelled 3"]
    assert result.dropped == 1
    assert len(simulator.seen) == 3


async def test_a_failing_repair_costs_no_case_that_was_there(store: Store) -> None:
    async with Simulator({"a": Behaviour(script=["ok", "400"])}) as simulator:
        rig = Rig(simulator, store, {"a": 1}, needing_repair(9))
        await rig.run(1, "a", ["a"])
    (result,) = rig.results.values()
    assert (result.status, titles(result)) == ("done", ["turn 1", "relabelled 1"])


async def test_an_answer_without_a_case_falls_back(store: Store) -> None:
    async with Simulator({"a": Behaviour()}) as simulator:
        rig = Rig(simulator, store, {"a": 1, "rules": 1}, OneCase(lambda *_: Examined(dropped=2)))
        await rig.run(1, "a", ["a", "rules"])
    (result,) = rig.results.values()
    assert (result.provider, result.fell_back, result.dropped) == ("rules", ("a",), 2)
    assert result.spending.answers == 1


async def test_recorded_answers_are_replayed_and_not_asked_again(store: Store) -> None:
    async with Simulator({"a": Behaviour(0.02)}) as simulator:
        first = Rig(simulator, store, {"a": 1}, needing_repair(1))
        first.listener = lambda event: first.engine.stop() if isinstance(event, AttemptAnswered) else None
        assert await first.run(10, "a", ["a"]) == "interrupted"
        store.finish_run(first.context.run_id, "interrupted", {})
        asked = len(simulator.seen)
        assert asked < 10
        replay = dict(answers_to_replay(store))
        second = Rig(simulator, store, {"a": 1}, needing_repair(1), options={"replay": replay})
        assert await second.run(10, "a", ["a"]) == "done"
    bodies = [str(seen.body["messages"]) for seen in simulator.seen]
    assert len(bodies) == len(set(bodies)) == 20
    assert [event.replayed for event in second.said(AttemptAnswered)].count(True) == asked


async def test_a_budget_is_never_passed(store: Store) -> None:
    async with Simulator({"a": Behaviour(0.002)}) as simulator:
        # 110 tokens at most a request, at 1 USD a token.
        budget = Budget(Decimal(350), "USD")
        rig = Rig(simulator, store, {"a": 4}, price="1000000", options={"budget": budget})
        status = await rig.run(100, "a", ["a"])
    spent = store.spending(rig.context.run_id).amounts["USD"]
    assert status == "budget"
    assert 240 < spent <= 350
    assert budget.spent == spent
    assert 0 < len(rig.results) < 100


async def test_stopping_lets_requests_in_flight_finish_and_records_them(store: Store) -> None:
    async with Simulator({"a": Behaviour(0.05)}) as simulator:
        rig = Rig(simulator, store, {"a": 3})
        control = RunControl()
        control.attach(rig.engine)
        rig.listener = lambda event: control.stop() if isinstance(event, JobCompleted) and not control.stops else None
        status = await rig.run(30, "a", ["a"])
    assert status == "interrupted"
    assert 3 <= len(simulator.seen) <= 6
    assert len(rig.results) == len(simulator.seen)
    assert len(store.attempts_of(rig.context.run_id)) == len(simulator.seen)
    assert rig.said(RunEnded) == [RunEnded("interrupted")]


async def test_stopping_twice_ends_what_hangs(store: Store) -> None:
    async with Simulator({"a": Behaviour(faults={"hang": 1.0})}) as simulator:
        rig = Rig(simulator, store, {"a": 2})
        control = RunControl()
        control.attach(rig.engine)
        running = asyncio.create_task(rig.run(5, "a", ["a"]))
        while len(simulator.seen) < 2:
            await asyncio.sleep(0)
        control.stop()
        control.stop()
        assert await asyncio.wait_for(running, 5) == "interrupted"


async def test_stopping_drops_jobs_that_wait_for_a_retry(store: Store) -> None:
    async with Simulator({"a": Behaviour(faults={"429": 1.0}, retry_after=60)}) as simulator:
        rig = Rig(simulator, store, {"a": 4})
        running = asyncio.create_task(rig.run(2, "a", ["a"]))
        while len(rig.lanes[0].delayed) < 2:
            await asyncio.sleep(0)
        rig.engine.stop()
        assert await asyncio.wait_for(running, 5) == "interrupted"


async def test_a_bug_in_one_job_costs_that_job_alone(store: Store) -> None:
    def examined(it: Endpoint, profile: Profile, request: ChatRequest, answer: ChatResponse) -> Examined:
        if it.path.endswith("/3"):
            raise KeyError("oops")
        return Examined(cases=(case_of(it, profile.name),))

    async with Simulator({"a": Behaviour()}) as simulator:
        rig = Rig(simulator, store, {"a": 1}, OneCase(examined))
        status = await rig.run(6, "a", ["a"])
    failed = [result for result in rig.results.values() if result.status == "failed"]
    assert status == "failed"
    assert len(rig.results) == 6
    assert [result.endpoint.path for result in failed] == ["/things/3"]
    assert "KeyError" in str(failed[0].error)


async def test_a_state_file_that_fails_stops_the_run(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(run_id: str, attempt: Any) -> asyncio.Future[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        future.set_exception(StateError("the disk is full"))
        return future

    monkeypatch.setattr(store, "record", full)
    async with Simulator({"a": Behaviour(0.001)}) as simulator:
        rig = Rig(simulator, store, {"a": 2})
        with pytest.raises(StateError, match="the disk is full"):
            await rig.run(50, "a", ["a"])
    assert len(simulator.seen) <= 4


class Learner:
    """Prefers whoever has done less."""

    rebalance = False

    def __init__(self) -> None:
        self.chosen: list[str] = []
        self.learned: list[str | None] = []
        self.most_ahead = 0

    def assign(self, endpoints: Sequence[Endpoint], profiles: Sequence[Profile]) -> dict[str, str]:
        return {it.id: profiles[0].name for it in endpoints}

    def choose(self, endpoint: Endpoint, profiles: Sequence[Profile]) -> str:
        name = min((profile.name for profile in profiles), key=self.chosen.count)
        self.chosen.append(name)
        self.most_ahead = max(self.most_ahead, len(self.chosen) - len(self.learned))
        return name

    def learn(self, result: JobResult) -> None:
        self.learned.append(result.provider)


async def test_an_adaptive_strategy_chooses_late_and_learns_from_every_result(store: Store) -> None:
    async with Simulator({"a": Behaviour(0.001), "b": Behaviour(0.001)}) as simulator:
        rig = Rig(simulator, store, {"a": 1, "b": 1})
        learner = Learner()
        work = [endpoint(number) for number in range(20)]
        jobs = make_jobs(work, learner.assign(work, [lane.profile for lane in rig.lanes]), ["a", "b"])
        status = await rig.engine.run_adaptive(jobs, ["a", "b"], learner)
        await rig.aclose()
    assert status == "done"
    assert len(learner.learned) == 20
    assert learner.most_ahead <= AHEAD * 2
    assert (learner.chosen.count("a"), learner.chosen.count("b")) == (10, 10)


async def test_an_adaptive_run_goes_on_when_all_candidates_are_out(store: Store) -> None:
    async with Simulator({"a": Behaviour(faults={"401": 1.0})}) as simulator:
        rig = Rig(simulator, store, {"a": 1, "rules": 1})
        learner = Learner()
        jobs = make_jobs(
            [endpoint(number) for number in range(9)],
            dict.fromkeys([endpoint(n).id for n in range(9)], "a"),
            ["a", "rules"],
        )
        assert await rig.engine.run_adaptive(jobs, ["a"], learner) == "done"
        await rig.aclose()
    assert {result.provider for result in rig.results.values()} == {"rules"}
    assert len(simulator.seen) == 1


def test_the_engine_works_on_uvloop(tmp_path: Path) -> None:
    uvloop = pytest.importorskip("uvloop")
    from tests.engine.rig import new_store

    async def work() -> str:
        async with Simulator({"a": Behaviour(0.001, faults={"500": 0.2})}, seed=3) as simulator:
            with new_store(tmp_path) as opened:
                return await Rig(simulator, opened, {"a": 4, "rules": 1}).run(30, "a", ["a", "rules"])

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(work()) == "done"


async def test_nothing_to_do_is_done_at_once(store: Store) -> None:
    async with Simulator({"a": Behaviour()}) as simulator:
        rig = Rig(simulator, store, {"a": 1})
        assert await rig.run(0, "a", ["a"]) == "done"
