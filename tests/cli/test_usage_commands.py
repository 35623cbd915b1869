"""`casecraft usage`, and what `casecraft state` says of the gateway's ledgers."""

import asyncio
import json
from pathlib import Path

import pytest

from casecraft.state import Store, exchanges, gateway_path, open_ledger, open_store, record_exchange
from tests.command import files_of, run
from tests.state.samples import DOCUMENT, EXCHANGES, attempt, exchange, exchange_attempt

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One with a ledger and the state of a document."""

    async def fill(ledger: Store, state: Store) -> None:
        for it in EXCHANGES:
            await record_exchange(ledger, it)
        run_id = state.begin_run(DOCUMENT, {}, ["GET /a"])
        await state.record(run_id, attempt("/a", "k"))
        state.finish_run(run_id, "done", {})

    directory = tmp_path / ".casecraft"
    with open_ledger(directory) as ledger, open_store(directory / "api-0123abcd.sqlite") as state:
        asyncio.run(fill(ledger, state))
    return tmp_path


def cells(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


async def test_usage_is_a_table_of_providers_and_models_of_the_gateway_and_of_runs(folder: Path) -> None:
    done = await run("usage", cwd=folder)
    assert (done.code, done.err) == (0, "")
    assert cells(done.out) == [
        ["from", "provider", "model", "requests", "failed", "input", "cached", "output", "cost"],
        ["gateway", "-", "-", "1", "1", "0", "0", "0", "-"],
        ["gateway", "glm", "glm-1", "1", "0", "900", "300", "400", "0.0012", "CNY"],
        ["gateway", "llama", "llama-1", "1", "0", "900", "300", "400", "unknown"],
        ["gateway", "qwen", "qwen-1", "1", "1", "0", "0", "0", "-"],
        ["runs", "glm", "glm-4.6", "1", "0", "900", "300", "400", "0.0012", "CNY"],
        ["total", "-", "-", "4", "1", "2,700", "900", "1,200", "0.0025", "CNY", "+", "1", "of", "unknown", "price"],
    ]


async def test_usage_by_day_and_client_from_a_day_on(folder: Path) -> None:
    done = await run("usage", "--by", "day,client", "--since", "2027-01-16", cwd=folder)
    assert [row[:5] for row in cells(done.out)[1:-1]] == [
        ["gateway", "2027-01-16", "claude", "1", "1"],
        ["gateway", "2027-01-16", "codex", "1", "0"],
    ]
    other = await run("usage", "--by", "key", "--by", "client", "--json", cwd=folder)
    assert json.loads(other.out)["by"] == ["key", "client"]


async def test_usage_as_json_has_exact_money_and_what_is_unknown(folder: Path) -> None:
    (folder / ".casecraft" / "bad.sqlite").write_bytes(b"x" * 200)
    done = await run("usage", "--by", "provider", "--since", "2027-01-15T08:00:00", "--json", cwd=folder)
    content = json.loads(done.out)
    assert (content["by"], content["since"]) == (["provider"], "2027-01-15T08:00:00+00:00")
    tokens = {"input": 900, "output": 400, "cached_input": 300, "cache_write": 0, "reasoning": 100}
    answered = {"requests": 1, "failed": 0, "answers": 1, "tokens": tokens}
    assert content["rows"][1:3] == [
        {"from": "gateway", "provider": "glm", **answered, "cost": {"CNY": "0.00123"}, "unpriced": 0},
        {"from": "gateway", "provider": "llama", **answered, "cost": {}, "unpriced": 1},
    ]
    assert content["totals"]["gateway"]["requests"] == 3
    assert content["totals"]["runs"]["cost"] == {"CNY": "0.00123"}
    assert "is no state file" in content["unread"][".casecraft/bad.sqlite"]
    table = await run("usage", cwd=folder)
    assert (table.code, table.err.startswith("warning: not counted: '.casecraft/bad.sqlite' is no state")) == (0, True)


async def test_usage_of_nothing_and_by_what_there_is_not(tmp_path: Path) -> None:
    done = await run("usage", "--state-dir", "elsewhere", cwd=tmp_path)
    assert (done.code, done.out, files_of(tmp_path)) == (0, "nothing was used\n", {})
    wrong = await run("usage", "--by", "colour", cwd=tmp_path)
    assert (wrong.code, wrong.out) == (2, "")
    assert wrong.err.splitlines() == [
        "error: usage cannot be added up by 'colour'",
        "  What there is: day, provider, model, client, key.",
    ]
    assert (await run("usage", "--since", "yesterday", cwd=tmp_path)).code == 2


async def test_names_of_clients_cannot_write_to_the_terminal(tmp_path: Path) -> None:
    with open_ledger(tmp_path / ".casecraft") as ledger:

        async def fill() -> None:
            await record_exchange(ledger, exchange("e", exchange_attempt(), client="\x1b[2Jclaude [b]x[/b]\nno"))

        await asyncio.to_thread(asyncio.run, fill())
    done = await run("usage", "--by", "client", cwd=tmp_path)
    assert "\x1b" not in done.out
    assert "[2Jclaude [b]x[/b] no  1" in done.out


async def test_ledgers_are_listed_and_shown_and_in_nobodys_way(folder: Path) -> None:
    listed = json.loads((await run("state", "list", "--json", cwd=folder)).out)
    assert [row["document"] for row in listed["runs"]] == ["api.yaml"]
    (ledger,) = listed["ledgers"]
    assert (ledger["file"], ledger["exchanges"], ledger["failures"]) == (".casecraft/gateway.sqlite", 3, 1)
    line = (await run("state", "list", cwd=folder)).out.splitlines()[-1]
    assert line.startswith("gateway: 3 exchanges, the newest 2027-01-16T09:00:01+00:00, 0.0012 CNY + 1 of unknown")

    shown = await run("state", "show", cwd=folder)
    assert "api.yaml" in shown.out
    of_ledger = await run("state", "show", "--file", ".casecraft/gateway.sqlite", "--json", cwd=folder)
    assert json.loads(of_ledger.out) == ledger
    exported = json.loads((await run("state", "export", cwd=folder)).out)
    assert (len(exported["runs"]), exported["exchanges"]) == (1, [])


async def test_a_ledger_is_exported_imported_and_pruned_by_time_alone(folder: Path) -> None:
    await run("state", "export", "--file", ".casecraft/gateway.sqlite", "-o", "gateway.json", cwd=folder)
    imported = await run("state", "import", "gateway.json", "--file", "moved/gateway.sqlite", cwd=folder)
    assert imported.out.splitlines()[-1] == "and 3 exchanges of the gateway"
    with open_store(folder / "moved/gateway.sqlite", read_only=True) as moved:
        assert exchanges(moved) == [*reversed(EXCHANGES)]

    kept = await run("state", "prune", "--keep", "0", cwd=folder)
    assert kept.out == "dropped 1 runs from .casecraft/api-0123abcd.sqlite\n"
    pruned = await run("state", "prune", "--before", "2027-01-16", cwd=folder)
    assert pruned.out == "dropped 1 exchanges from .casecraft/gateway.sqlite\n"
    with open_store(gateway_path(folder / ".casecraft"), read_only=True) as ledger:
        assert [it.id for it in exchanges(ledger)] == ["e3", "e2"]


async def test_a_ledger_that_is_damaged_stops_no_resume(folder: Path) -> None:
    gateway_path(folder / ".casecraft").write_bytes(b"x" * 200)
    resumed = await run("resume", cwd=folder)
    assert resumed.err.splitlines()[0] == "error: no run in '.casecraft' stopped early"


async def test_a_folder_with_a_ledger_alone_says_where_to_look(tmp_path: Path) -> None:
    with open_ledger(tmp_path / ".casecraft"):
        pass
    shown = await run("state", "show", cwd=tmp_path)
    assert (shown.code, "`casecraft usage` shows what passed through the gateway" in shown.err) == (2, True)
    assert (await run("state", "list", cwd=tmp_path)).out == "no runs\n"
