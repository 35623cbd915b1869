"""Providers that fail: a fault that passes costs nothing but time, one that stays ends in one clear line."""

import asyncio
import json
from pathlib import Path

import pytest

from casecraft.state import open_store
from tests.answers import one_good_case
from tests.command import Done, run
from tests.documents import write_things
from tests.simulator import Behaviour, Simulator

pytestmark = pytest.mark.slow

ENDPOINTS = 3
PASSING = ("429", "429-bare", "500", "529", "half", "html", "garbage", "empty", "cut", "hang")
STAYING = {
    "401": "'qwen' refused the key (401, simulated): simulated 401). Check the key and what it is allowed to do.",
    "404": "'qwen' has nothing at this address (404, simulated): simulated 404). Check the base URL; most end in /v1.",
    "500": "'qwen' failed on its side (500, simulated): simulated 500).",
    "html": "'qwen' answered with an HTML page instead of JSON).",
    "hang": "did not finish its answer within 1 s). Allow more with the provider's `timeout`.",
    "429": "'qwen' asked to slow down (429, simulated): rate limit reached).",
    "refused": "cannot be reached: Connection refused). Is the server running, and is the base URL right?",
    "no-name": "cannot be found: the name does not resolve). Check the base URL.",
}


async def generate(folder: Path, base_url: str, *args: str) -> Done:
    write_things(folder / "doc.json", ENDPOINTS)
    env = {"CASECRAFT_QWEN_BASE_URL": base_url, "CASECRAFT_QWEN_TIMEOUT": "1", "CASECRAFT_QWEN_WORKERS": "1"}
    return await run("generate", "doc.json", "--provider", "qwen", "--json", *args, cwd=folder, env=env)


def manifest(folder: Path) -> dict[str, object]:
    content: dict[str, object] = json.loads((folder / "suites/doc/suite.json").read_text())
    return content


async def passes(fault: str, folder: Path) -> tuple[Done, list[str]]:
    """A run whose second request meets the fault, and how its attempts ended."""
    behaviour = Behaviour(script=["ok", fault], retry_after=0.1)
    async with Simulator({"qwen": behaviour}, answer=one_good_case) as simulator:
        done = await generate(folder, simulator.url("qwen"), "--no-rules")
    return done, attempts(folder)


def attempts(folder: Path) -> list[str]:
    (state,) = folder.glob(".casecraft/*.sqlite")
    with open_store(state, read_only=True) as store:
        (run_record,) = store.runs()
        return [attempt.outcome for attempt in store.attempts_of(run_record.id)]


async def test_a_fault_that_passes_costs_a_retry_and_no_case(tmp_path: Path) -> None:
    outcomes = await asyncio.gather(*(passes(fault, tmp_path / fault) for fault in PASSING))
    for fault, (done, ended) in zip(PASSING, outcomes, strict=True):
        assert done.code == 0, (fault, done.err)
        assert done.err == ""
        assert json.loads(done.out) == manifest(tmp_path / fault)
        assert [endpoint["status"] for endpoint in json.loads(done.out)["endpoints"]] == ["done"] * ENDPOINTS
        assert ended.count("answered") == ENDPOINTS
        assert len(ended) == ENDPOINTS + 1


async def stays(fault: str, folder: Path, *args: str) -> Done:
    if fault == "refused":
        return await generate(folder, "http://127.0.0.1:9/v1", *args)
    if fault == "no-name":
        return await generate(folder, "http://nohost.invalid/v1", *args)
    async with Simulator({"qwen": Behaviour(faults={fault: 1.0}, retry_after=0.05)}) as simulator:
        return await generate(folder, simulator.url("qwen"), *args)


async def test_a_fault_that_stays_is_said_once_and_rules_stand_in(tmp_path: Path) -> None:
    outcomes = await asyncio.gather(*(stays(fault, tmp_path / fault) for fault in STAYING))
    for (fault, says), done in zip(STAYING.items(), outcomes, strict=True):
        (line,) = done.err.splitlines()
        assert line.startswith("qwen: out for this run (")
        assert says in line, fault
        assert done.code == 0
        made = json.loads(done.out)
        assert made["counts"]["by_provider"] == {"rules": made["counts"]["cases"]}
        assert all(endpoint["fell_back"] == ["qwen"] and endpoint["cases"] for endpoint in made["endpoints"])


async def test_without_rules_a_fault_that_stays_ends_with_1_and_a_partial_suite(tmp_path: Path) -> None:
    behaviour = Behaviour(script=["ok", "401"])
    async with Simulator({"qwen": behaviour}, answer=one_good_case) as simulator:
        done = await generate(tmp_path / "x", simulator.url("qwen"), "--no-rules")
        made = json.loads(done.out)
        assert (done.code, made["counts"]["done"], made["counts"]["failed"]) == (1, 1, 2)
        failed = [endpoint for endpoint in made["endpoints"] if endpoint["status"] == "failed"]
        assert all(endpoint["error"].startswith("qwen: 'qwen' refused the key") for endpoint in failed)
        assert [path for path in made["files"] if path.startswith("cases/")] == ["cases/post.things000._id.json"]
        asked = len(simulator.requests("qwen"))

        env = {"CASECRAFT_QWEN_BASE_URL": simulator.url("qwen")}
        again = await run("resume", "--json", cwd=tmp_path / "x", env=env)
        assert again.code == 0, again.err
        assert json.loads(again.out)["counts"]["failed"] == 0
        assert len(simulator.requests("qwen")) == asked + 2


async def test_the_end_says_which_endpoints_failed_and_how_to_try_again(tmp_path: Path) -> None:
    async with Simulator({"qwen": Behaviour(faults={"400": 1.0})}) as simulator:
        write_things(tmp_path / "doc.json", 1)
        env = {"CASECRAFT_QWEN_BASE_URL": simulator.url("qwen")}
        done = await run("generate", "doc.json", "-p", "qwen", "--no-rules", cwd=tmp_path, env=env)
    assert done.code == 1
    assert "failed: POST /things000/{id}: qwen: 'qwen' refused the request (400, simulated): simulated 400" in done.out
    assert "try the failed ones again with: casecraft resume 20" in done.out
