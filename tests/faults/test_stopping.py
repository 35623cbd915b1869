"""Stopping a run: Ctrl-C once and twice, SIGTERM, and the budget."""

import asyncio
import json
import signal
from decimal import Decimal
from pathlib import Path

import pytest

from tests.answers import one_good_case, some_need_repair
from tests.command import Done, finish, run, start, until
from tests.documents import write_things
from tests.simulator import Behaviour, Simulator

pytestmark = pytest.mark.slow

ENDPOINTS = 12
WORKERS = 4
GENERATE = ("generate", "doc.json", "--provider", "qwen", "--no-rules", "--workers", str(WORKERS))
PRICE = """
[providers.qwen.price]
input = 1000
output = 2000
currency = "USD"
as_of = "2026-01-01"
"""


def simulator(latency: float, **faults: float) -> Simulator:
    return Simulator({"qwen": Behaviour(latency=latency, faults=faults)}, answer=one_good_case)


def environment(simulator: Simulator) -> dict[str, str]:
    return {"CASECRAFT_QWEN_BASE_URL": simulator.url("qwen")}


def counts(folder: Path) -> dict[str, int]:
    content: dict[str, dict[str, int]] = json.loads((folder / "suites/doc/suite.json").read_text())
    return content["counts"]


async def stopped_by(signum: signal.Signals, folder: Path) -> None:
    """One signal while all workers wait: what is in flight is let finish, and a resumed run asks for the rest."""
    write_things(folder / "doc.json", ENDPOINTS)
    async with simulator(latency=1.0) as server:
        process = await start(GENERATE, folder, environment(server))
        await until(lambda: len(server.seen) == WORKERS)
        process.send_signal(signum)
        done = await finish(process)
        assert done.code == 130
        assert "stopping: requests in flight may finish; press Ctrl-C again to stop at once" in done.err
        assert "Traceback" not in done.err
        assert f"{WORKERS} cases" in done.out
        assert "stopped; go on with: casecraft resume 20" in done.out
        assert server.answered.total() == len(server.seen) == WORKERS
        assert (counts(folder)["done"], counts(folder)["pending"]) == (WORKERS, ENDPOINTS - WORKERS)

        server.providers["qwen"].latency = 0.0
        command = done.out.rpartition("go on with: casecraft ")[2].split()
        again = await run(*command, cwd=folder, env=environment(server))
        assert again.code == 0, again.err
        assert counts(folder)["pending"] == 0
        assert len(server.seen) == ENDPOINTS


async def stopped_twice(folder: Path) -> None:
    """A second Ctrl-C does not wait for a server that hangs."""
    write_things(folder / "doc.json", ENDPOINTS)
    async with simulator(latency=0.0, hang=1.0) as server:
        process = await start([*GENERATE, "--json"], folder, environment(server))
        await until(lambda: len(server.seen) == WORKERS)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        await process.stderr.readline()
        assert b"stopping" in await process.stderr.readline()
        process.send_signal(signal.SIGINT)
        done = await finish(process, limit=8.0)  # less than the grace of one Ctrl-C
        assert done.code == 130
        assert json.loads(done.out)["counts"]["pending"] == ENDPOINTS
        assert "Traceback" not in done.err


async def stopped_before_it_asked(folder: Path) -> Done:
    """A signal at any early moment ends it with 130, whatever it was doing."""
    write_things(folder / "doc.json", 400)
    process = await start(["generate", "doc.json", "--provider", "rules"], folder)
    await until((folder / ".casecraft").is_dir)
    process.send_signal(signal.SIGINT)
    return await finish(process)


async def test_signals(tmp_path: Path) -> None:
    *_, early = await asyncio.gather(
        stopped_by(signal.SIGINT, tmp_path / "int"),
        stopped_by(signal.SIGTERM, tmp_path / "term"),
        stopped_twice(tmp_path / "twice"),
        stopped_before_it_asked(tmp_path / "early"),
    )
    assert early.code == 130
    assert "Traceback" not in early.err


async def test_the_budget_is_never_exceeded_and_a_greater_one_goes_on(tmp_path: Path) -> None:
    write_things(tmp_path / "doc.json", ENDPOINTS)
    (tmp_path / "casecraft.toml").write_text(PRICE)
    async with Simulator({"qwen": Behaviour(latency=0.02)}, answer=some_need_repair) as server:
        env = environment(server)
        done = await run(*GENERATE, "--json", "--max-cost", "20", cwd=tmp_path, env=env)
        assert done.code == 3, done.err
        made = json.loads(done.out)
        first = Decimal(made["cost"]["amounts"]["USD"])
        assert 0 < first <= 20
        assert 0 < made["counts"]["pending"] < ENDPOINTS
        asked = len(server.seen)

        more = await run(*GENERATE, "--resume", "--max-cost", "1000", cwd=tmp_path, env=env)
        assert more.code == 0, more.err
        assert counts(tmp_path)["pending"] == 0
        questions = {json.dumps(seen.body, sort_keys=True) for seen in server.seen}
        assert len(questions) == len(server.seen) > asked


async def test_the_end_of_the_budget_says_how_to_go_on(tmp_path: Path) -> None:
    write_things(tmp_path / "doc.json", 2)
    (tmp_path / "casecraft.toml").write_text(PRICE)
    async with simulator(latency=0.0) as server:
        done = await run(*GENERATE, "--max-cost", "0.01", cwd=tmp_path, env=environment(server))
        assert done.code == 3
        assert "the budget is used up; go on with: casecraft resume 20" in done.out
        assert server.seen == []


async def test_a_budget_needs_prices_of_its_currency(tmp_path: Path) -> None:
    write_things(tmp_path / "doc.json", 1)
    env = {"CASECRAFT_QWEN_BASE_URL": "http://127.0.0.1:9/v1"}
    unknown = await run(*GENERATE, "--model", "nobodys", "--max-cost", "1", cwd=tmp_path, env=env)
    assert unknown.code == 2
    assert "the price of 'nobodys' of 'qwen' is not known, so no budget can hold" in unknown.err
    assert "Set [providers.qwen.price] in casecraft.toml" in unknown.err
    (tmp_path / "casecraft.toml").write_text(PRICE)
    other = await run(*GENERATE, "--max-cost", "1 EUR", cwd=tmp_path, env=env)
    assert other.code == 2
    assert "'qwen' is paid in USD, the budget is in EUR" in other.err
