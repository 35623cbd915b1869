"""What limits a lane, and what one lane's trouble does to the others."""

import asyncio
from itertools import pairwise

import pytest

from casecraft.engine.breaker import Breaker
from casecraft.engine.events import AttemptFailed, FellBack, JobMoved, LaneClosed, LanePaused
from casecraft.state import Store
from tests.engine.rig import Rig
from tests.simulator import Behaviour, Simulator

pytestmark = pytest.mark.slow


async def test_every_job_is_done_once_and_workers_are_never_exceeded(store: Store) -> None:
    async with Simulator({"a": Behaviour(0.005), "b": Behaviour(0.005)}) as simulator:
        rig = Rig(simulator, store, {"a": 3, "b": 2})
        status = await rig.run(60, ["a", "b"], ["a", "b"])
    assert status == "done"
    assert len(rig.results) == 60
    assert len(simulator.seen) == 60
    assert simulator.most_in_flight == {"a": 3, "b": 2}


async def test_a_single_429_holds_back_its_own_request_and_nothing_else(store: Store) -> None:
    behaviour = Behaviour(0.002, script=["429"], retry_after=0.3)
    async with Simulator({"a": behaviour}) as simulator:
        rig = Rig(simulator, store, {"a": 3})
        await rig.run(30, "a", ["a"])
    limited = simulator.seen[0].body
    assert [seen.body for seen in simulator.seen].index(limited, 1) == 30, "it came back before the others were through"
    assert simulator.seen[30].at - simulator.seen[0].at >= 0.29
    assert simulator.seen[29].at - simulator.seen[0].at < 0.29
    assert not rig.said(LanePaused)


async def test_a_row_of_429s_pauses_the_lane_for_its_retry_after_and_halves_its_workers(store: Store) -> None:
    behaviour = Behaviour(0.002, script=["429"] * 4, retry_after=0.25)
    async with Simulator({"a": behaviour, "b": Behaviour(0.01)}) as simulator:
        rig = Rig(simulator, store, {"a": 4, "b": 1}, rebalance=False)
        status = await rig.run(40, ["a", "b"], ["a", "b"])
    assert status == "done"
    assert [pause.workers for pause in rig.said(LanePaused)] == [2]
    times = [seen.at for seen in simulator.requests("a")]
    began, ended = max(pairwise(times), key=lambda pair: pair[1] - pair[0])
    assert ended - began >= 0.24
    assert times.index(began) < 8, "it paused later than the row of 429s"
    assert any(began < seen.at < ended for seen in simulator.requests("b")), "the other lane idled too"


async def test_concurrency_grows_back_after_a_pause(store: Store) -> None:
    async with Simulator({"a": Behaviour(0.004, script=["429"] * 4, retry_after=0.02)}) as simulator:
        rig = Rig(simulator, store, {"a": 4})
        await rig.run(40, "a", ["a"])
    assert rig.lanes[0].limit.size == 4


async def test_a_wrong_key_closes_the_lane_after_one_answer(store: Store) -> None:
    async with Simulator({"a": Behaviour(faults={"401": 1.0}), "b": Behaviour()}) as simulator:
        rig = Rig(simulator, store, {"a": 1, "b": 2}, rebalance=False)
        status = await rig.run(20, "a", ["a", "b"])
    assert status == "done"
    assert len(simulator.requests("a")) == 1
    assert len(rig.said(LaneClosed)) == 1
    assert {result.provider for result in rig.results.values()} == {"b"}
    assert {result.fell_back for result in rig.results.values()} == {("a",)}


async def test_a_dead_provider_is_given_up_after_its_rest(store: Store) -> None:
    async with Simulator({"a": Behaviour(faults={"500": 1.0}), "b": Behaviour()}) as simulator:
        rig = Rig(simulator, store, {"a": 2, "b": 2}, rebalance=False, breaker=lambda: Breaker(3, cooldown=0.1))
        status = await rig.run(30, "a", ["a", "b"])
    assert status == "done"
    assert len(rig.said(LanePaused)) == 1
    assert [closed.provider for closed in rig.said(LaneClosed)] == ["a"]
    assert len(simulator.requests("a")) <= 3 + 2 + 2, "it was asked on after it had been given up"


async def test_a_provider_that_recovers_during_its_rest_is_used_again(store: Store) -> None:
    async with Simulator({"a": Behaviour(0.002, script=["500"] * 3)}) as simulator:
        rig = Rig(simulator, store, {"a": 1}, breaker=lambda: Breaker(3, cooldown=0.05))
        status = await rig.run(10, "a", ["a"])
    assert len(rig.said(LanePaused)) == 1
    assert not rig.said(LaneClosed)
    assert status == "done"
    assert len(simulator.seen) == 13


async def test_an_idle_lane_takes_from_the_longest(store: Store) -> None:
    async with Simulator({"a": Behaviour(0.2), "b": Behaviour(0.001)}) as simulator:
        rig = Rig(simulator, store, {"a": 1, "b": 1})
        await rig.run(20, ["a", "b"], ["a", "b"])
    assert len(simulator.requests("a")) <= 3
    assert {moved.taken_by for moved in rig.said(JobMoved)} == {"b"}
    assert len(rig.results) == 20


async def test_an_idle_lane_takes_over_what_only_waits_for_its_retry(store: Store) -> None:
    async with Simulator({"a": Behaviour(script=["429"], retry_after=60), "b": Behaviour(0.001)}) as simulator:
        rig = Rig(simulator, store, {"a": 2, "b": 1})
        await asyncio.wait_for(rig.run(4, "a", ["a", "b"]), 20)
    limited = simulator.requests("a")[0].body["messages"]
    assert [seen.body["messages"] for seen in simulator.requests("b")][-1] == limited


async def test_kept_assignments_are_kept(store: Store) -> None:
    async with Simulator({"a": Behaviour(0.02), "b": Behaviour()}) as simulator:
        rig = Rig(simulator, store, {"a": 1, "b": 4}, rebalance=False)
        await rig.run(10, ["a", "b"], ["a", "b"])
    assert len(simulator.requests("a")) == 5
    assert not rig.said(JobMoved)


async def test_the_rules_lane_takes_nothing_over(store: Store) -> None:
    async with Simulator({"a": Behaviour(0.005)}) as simulator:
        rig = Rig(simulator, store, {"a": 1, "rules": 1})
        await rig.run(10, "a", ["a", "rules"])
    assert {result.provider for result in rig.results.values()} == {"a"}


async def test_retries_end_and_the_chain_goes_on_to_its_end(store: Store) -> None:
    always = {"500": 1.0}
    async with Simulator({"a": Behaviour(faults=always), "b": Behaviour(faults={"garbage": 1.0})}) as simulator:
        rig = Rig(simulator, store, {"a": 1, "b": 1}, rebalance=False)
        status = await rig.run(1, "a", ["a", "b"])
    assert status == "failed"
    assert (len(simulator.requests("a")), len(simulator.requests("b"))) == (3, 3)
    assert [(fell.provider, fell.next_provider) for fell in rig.said(FellBack)] == [("a", "b"), ("b", None)]
    (result,) = rig.results.values()
    assert result.error is not None
    assert "a: " in result.error
    assert "b: " in result.error
    assert len(rig.said(AttemptFailed)) == 6


async def test_a_refused_request_is_not_repeated(store: Store) -> None:
    async with Simulator({"a": Behaviour(script=["400"])}) as simulator:
        rig = Rig(simulator, store, {"a": 1, "rules": 1})
        await rig.run(2, "a", ["a", "rules"])
    assert len(simulator.requests("a")) == 2
    assert sorted(str(result.provider) for result in rig.results.values()) == ["a", "rules"]


async def test_a_retry_after_that_is_too_long_is_not_waited_for(store: Store) -> None:
    async with Simulator({"a": Behaviour(faults={"429": 1.0}, retry_after=3600), "b": Behaviour()}) as simulator:
        rig = Rig(simulator, store, {"a": 2, "b": 1}, rebalance=False)
        status = await asyncio.wait_for(rig.run(10, "a", ["a", "b"]), 20)
    assert status == "done"
    assert len(simulator.requests("a")) <= 2
    assert len(simulator.requests("b")) == 10
    assert len(rig.said(LaneClosed)) == 1
