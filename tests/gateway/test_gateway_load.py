"""200 clients at once, of all dialects, before providers that fail: nothing is lost, and nothing is left."""

import asyncio
import gc
from pathlib import Path

import pytest

from casecraft.core.exchange import Exchange
from tests.gateway.crowd import PROVIDERS, Crowd, upstream
from tests.gateway.scripted import TOKEN, served

pytestmark = pytest.mark.slow

CLIENTS, EACH = 200, 10


async def test_a_crowd_gets_its_own_answers_and_leaves_nothing(tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    broken: list[str] = []
    loop.set_exception_handler(lambda loop, context: broken.append(str(context)))
    async with served(tmp_path, upstream(), PROVIDERS, each={"workers": 100}) as it:
        it.upstream.keep_log = False
        before = asyncio.all_tasks()
        crowd = Crowd(it.url, TOKEN)
        await crowd.run(CLIENTS, lambda sent: sent < EACH)
        assert crowd.wrong == []
        assert crowd.asked == CLIENTS * EACH
        await it.idle()
        exchanges = await it.ended(CLIENTS * EACH)
        assert len(exchanges) == CLIENTS * EACH
        assert outcomes_of(exchanges) <= {"answered", "cancelled"}
        answered = sum(exchange.outcome == "answered" for exchange in exchanges)
        assert crowd.counts["answered"] <= answered
        assert len({exchange.id for exchange in exchanges}) == CLIENTS * EACH
        assert sum(len(exchange.attempts) > 1 for exchange in exchanges) > 20, "some have fallen back"
        while left := asyncio.all_tasks() - before:  # connections that the crowd has closed end by themselves
            await asyncio.wait(left, timeout=10)
        assert [lane.in_flight for lane in it.gateway.lanes] == [0, 0, 0]
        assert it.reports == []
    gc.collect()
    assert broken == []


def outcomes_of(exchanges: list[Exchange]) -> set[str]:
    return {exchange.outcome for exchange in exchanges}
