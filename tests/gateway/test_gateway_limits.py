"""Budgets, lanes' limits and settings that change, over HTTP."""

import asyncio
import json
from contextlib import AsyncExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web
from pydantic import SecretStr

from casecraft.config import Settings
from casecraft.gateway import budget
from casecraft.gateway.reloading import watch
from casecraft.state import gateway_path, open_store
from tests.gateway.scripted import (
    DIALECTS,
    TOKEN,
    Served,
    Upstream,
    answers,
    ask,
    error_message,
    gateway_of,
    pieces,
    request_of,
    says,
    served,
    settings_of,
    streams,
)

pytestmark = pytest.mark.slow

PRICE = {"input": "1000000", "output": "0", "as_of": "2026-01-01"}
"""One for each token: what an upstream answers costs 7."""

ALICE = "the-token-of-alice-01"


def priced(**more: Any) -> dict[str, Any]:
    return {"each": {"price": {**PRICE, **more}}}


@pytest.mark.parametrize("client", DIALECTS)
async def test_a_day_that_has_cost_enough_takes_no_more(tmp_path: Path, client: str) -> None:
    async with served(tmp_path, Upstream(up=answers(client)), {"up": client}, budget="10", **priced()) as it:
        assert [(await ask(it, client)).status_code for _ in range(2)] == [200, 200]
        refused = await ask(it, client)
        assert refused.status_code == 402
        assert "budget of 10 USD for today is spent (14" in error_message(client, refused.json())
        assert [exchange.outcome for exchange in await it.ended(3)] == ["refused", "answered", "answered"]
        assert len(it.upstream.seen) == 2


async def test_a_key_has_a_budget_of_its_own(tmp_path: Path) -> None:
    keys = {"alice": {"token": ALICE, "budget": "7"}, "bob": {"token": "the-token-of-bob-012"}}
    upstream = Upstream(up=answers("openai_chat"))
    async with served(tmp_path, upstream, {"up": "openai_chat"}, keys=keys, **priced()) as it:
        assert (await ask(it, "openai_chat", token=ALICE)).status_code == 200
        refused = await ask(it, "openai_chat", token=ALICE)
        assert "of the key 'alice'" in error_message("openai_chat", refused.json())
        for token in (TOKEN, "the-token-of-bob-012"):
            assert (await ask(it, "openai_chat", token=token)).status_code == 200
        assert [exchange.key for exchange in await it.ended(4)] == ["bob", "", "alice", "alice"]


async def test_what_was_spent_is_known_after_a_start_anew_and_by_other_gateways_of_the_folder(tmp_path: Path) -> None:
    keys = {"alice": {"token": ALICE, "budget": "14"}}
    settings: dict[str, Any] = {"budget": "28", "keys": keys, **priced()}
    upstream = Upstream(up=answers("openai_chat"))
    async with served(tmp_path, upstream, {"up": "openai_chat"}, **settings) as first:
        assert (await ask(first, "openai_chat", token=ALICE)).status_code == 200
        await first.ended()
        second_settings = settings_of(tmp_path, upstream, {"up": "openai_chat"}, **settings)
        async with gateway_of(second_settings, upstream) as second:
            assert second.gateway._ledger is not None
            assert second.gateway._ledger.path == gateway_path(tmp_path, 2)
            assert second.gateway.budget.spent == {"alice": Decimal(7)}
            assert (await ask(second, "openai_chat", token=ALICE)).status_code == 200
            await second.ended()
            assert (await ask(second, "openai_chat", token=ALICE)).status_code != 200
    async with served(tmp_path, upstream, {"up": "openai_chat"}, **settings) as it:
        assert it.gateway.budget.spent == {"alice": Decimal(14)}
        assert (await ask(it, "openai_chat", token=ALICE)).status_code != 200
        assert [(await ask(it, "openai_chat")).status_code for _ in range(2)] == [200, 200]
        assert (await ask(it, "openai_chat")).status_code != 200


async def test_a_ledger_that_cannot_be_read_is_told_and_left_out(tmp_path: Path) -> None:
    change(gateway_path(tmp_path, 2), "no ledger" * 100)
    async with served(tmp_path, Upstream(up=answers("openai_chat")), {"up": "openai_chat"}, budget="9") as it:
        assert len(it.reports) == 1
        assert "gateway-2.sqlite" in str(it.reports[0])


async def test_a_day_ends_at_midnight(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    day = budget.today()
    upstream = Upstream(up=answers("openai_chat"))
    async with served(tmp_path, upstream, {"up": "openai_chat"}, budget="7", **priced()) as it:
        await ask(it, "openai_chat")
        assert (await ask(it, "openai_chat")).status_code != 200
        monkeypatch.setattr(budget, "today", lambda: day + 1)
        assert (await ask(it, "openai_chat")).status_code == 200


@pytest.mark.parametrize(("price", "said"), [(None, "no price is known"), ({"currency": "CNY"}, "the price is in CNY")])
async def test_what_cannot_be_counted_against_a_budget_is_not_bought(
    tmp_path: Path, price: dict[str, str] | None, said: str
) -> None:
    each = {} if price is None else priced(**price)
    async with served(tmp_path, Upstream(), {"up": "openai_chat"}, budget="7", **each) as it:
        refused = await ask(it, "openai_chat")
        assert said in error_message("openai_chat", refused.json())
        assert "[providers.up.price]" in refused.text
        assert it.upstream.seen == []


async def test_never_more_requests_are_in_flight_than_a_provider_has_workers(tmp_path: Path) -> None:
    gate = asyncio.Event()

    async def play(request: web.Request) -> web.StreamResponse:
        await gate.wait()
        return await answers("openai_chat")(request)

    async with served(tmp_path, Upstream(up=play), {"up": "openai_chat"}, each={"workers": 3}) as it:
        asked = [asyncio.create_task(ask(it, DIALECTS[number % 4], stream=number % 2 == 0)) for number in range(20)]
        while len(it.gateway.under_way) < 20 or it.upstream.in_flight < 3:
            await asyncio.sleep(0.01)
        gate.set()
        assert [reply.status_code for reply in await asyncio.gather(*asked)] == [200] * 20
        assert it.upstream.most_in_flight == 3
        await it.idle()


async def test_a_client_that_goes_while_it_waits_gives_up_its_place(tmp_path: Path) -> None:
    gate = asyncio.Event()

    async def play(request: web.Request) -> web.StreamResponse:
        await gate.wait()
        return await answers("openai_chat")(request)

    async with served(tmp_path, Upstream(up=play), {"up": "openai_chat"}, each={"workers": 1}) as it:
        first, *others = [asyncio.create_task(ask(it, "openai_chat")) for _ in range(4)]
        while len(it.gateway.under_way) < 4 or not it.upstream.in_flight:
            await asyncio.sleep(0.01)
        for other in others:
            other.cancel()
        await it.ended(3)
        gate.set()
        assert (await first).status_code == 200
        assert (await ask(it, "openai_chat")).status_code == 200
        assert len(it.upstream.seen) == 2


async def test_a_provider_that_fails_again_and_again_rests_and_comes_back(tmp_path: Path) -> None:
    upstream = Upstream(first=[*[says(503)] * 5, answers("openai_chat")], second=answers("openai_chat"))
    dialects = {"first": "openai_chat", "second": "openai_chat"}
    async with served(tmp_path, upstream, dialects) as it:
        lane = it.gateway.lanes.of("first")
        lane._lane.breaker.cooldown = 0.3
        for _ in range(5):
            assert (await ask(it, "openai_chat")).headers["x-casecraft-provider"] == "second"
        assert lane.pause_left > 0
        assert (await ask(it, "openai_chat")).headers["x-casecraft-provider"] == "first"
        assert not lane._lane.breaker.opened
        assert lane.cause is None


async def test_a_rest_that_is_longer_than_clients_wait_sends_them_on_at_once(tmp_path: Path) -> None:
    upstream = Upstream(first=says(503), second=answers("openai_chat"))
    async with served(tmp_path, upstream, {"first": "openai_chat", "second": "openai_chat"}) as it:
        for _ in range(9):
            await ask(it, "openai_chat")
        assert len(upstream.asked("first")) == 5
        newest = (await it.ended(9))[0]
        assert [it.provider for it in newest.attempts] == ["second"], "the first was asked"
        direct = await ask(it, "openai_chat", model="first/m")
        assert direct.status_code == 503
        assert 1 <= int(direct.headers["retry-after"]) <= 10


async def test_the_rate_of_requests_is_held_over_all_clients(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    upstream = Upstream(up=answers("openai_chat"))
    async with served(tmp_path, upstream, {"up": "openai_chat"}, each={"rpm": 3}) as it:
        asked = [asyncio.create_task(ask(it, "openai_chat")) for _ in range(5)]
        done, waiting = await asyncio.wait(asked, timeout=1.5)
        assert (len(done), len(waiting), len(upstream.seen)) == (3, 2, 3)
        for task in waiting:
            task.cancel()
        await it.ended(5)


@pytest.fixture(name="config")
def _config(tmp_path: Path) -> Path:
    path = tmp_path / "casecraft.toml"
    path.write_text("[gateway]\n")
    return path


def change(file: Path, text: str) -> None:
    file.write_text(text)


async def reloading(it: Served, config: Path, load: Any) -> asyncio.Task[None]:
    return asyncio.create_task(
        watch(
            load, it.gateway.take, it.reports.append, settings=it.gateway.settings, folder=config.parent, interval=0.02
        )
    )


async def test_settings_that_change_are_for_new_requests_and_streams_end_untouched(
    tmp_path: Path, config: Path
) -> None:
    gate = asyncio.Event()
    upstream = Upstream(
        old=streams(*pieces("openai_chat"), after=gate), new=answers("openai_chat"), spare=answers("openai_chat")
    )
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(upstream.serving())
        old = settings_of(tmp_path, upstream, {"old": "openai_chat"})
        new = settings_of(tmp_path, upstream, {"new": "openai_chat"})
        it = await stack.enter_async_context(gateway_of(old, upstream))
        watching = await reloading(it, config, lambda: new)
        path, body = request_of("openai_chat", stream=True)
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=it.url, trust_env=False))
        async with http.stream("POST", path, json=body, headers={"x-api-key": TOKEN}) as reply:
            chunks = reply.aiter_raw()
            first = await anext(chunks)
            connection = it.gateway.lanes.of("old").provider._connection._http  # type: ignore[attr-defined]
            change(config, "[gateway]\nport = 1\n")
            while it.gateway.settings is not new:
                await asyncio.sleep(0.01)
            assert (await ask(it, "openai_chat")).headers["x-casecraft-provider"] == "new"
            assert len(it.gateway._retired) == 1
            assert not connection._transport.client.closed
            gate.set()
            rest = b"".join([chunk async for chunk in chunks])
        assert b"[DONE]" in first + rest
        assert {exchange.outcome for exchange in await it.ended(2)} == {"answered"}
        while len(it.gateway._retired):
            await asyncio.sleep(0.01)
        assert callable(connection._transport.client), "the connections of the provider that went are closed"
        watching.cancel()


async def test_a_broken_file_is_told_once_and_changes_nothing(tmp_path: Path, config: Path) -> None:
    from casecraft.errors import ConfigurationError

    loads = 0

    def load() -> Settings:
        nonlocal loads
        loads += 1
        raise ConfigurationError("casecraft.toml is no TOML")

    async with served(tmp_path, Upstream(up=answers("openai_chat")), {"up": "openai_chat"}) as it:
        before = it.gateway.settings
        watching = await reloading(it, config, load)
        await asyncio.sleep(0.05)
        change(config, "[gateway\n")
        while not it.reports:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)
        assert (loads, [str(error) for error in it.reports]) == (1, ["casecraft.toml is no TOML"])
        assert it.gateway.settings is before
        assert (await ask(it, "openai_chat")).status_code == 200
        watching.cancel()


async def test_settings_that_cannot_be_used_leave_the_old_ones_in_force(tmp_path: Path, config: Path) -> None:
    async with served(tmp_path, Upstream(up=answers("openai_chat")), {"up": "openai_chat"}) as it:
        before = it.gateway.settings
        bad = before.model_copy(update={"gateway": before.gateway.model_copy(update={"fallback": ("nobody",)})})
        watching = await reloading(it, config, lambda: bad)
        await asyncio.sleep(0.05)
        change(config, "[gateway]\nfallback = 'nobody'\n")
        while not it.reports:
            await asyncio.sleep(0.01)
        assert it.gateway.settings is before
        assert (await ask(it, "openai_chat")).status_code == 200
        watching.cancel()


async def test_what_was_spent_stays_known_when_settings_change(tmp_path: Path) -> None:
    keys = {"alice": {"token": ALICE}}
    async with served(
        tmp_path, Upstream(up=answers("openai_chat")), {"up": "openai_chat"}, keys=keys, **priced()
    ) as it:
        await ask(it, "openai_chat", token=ALICE)
        (_,) = await it.ended()
        with_budget = settings_of(
            tmp_path, it.upstream, {"up": "openai_chat"},
            keys={"alice": {"token": SecretStr(ALICE), "budget": "7"}}, **priced(),
        )  # fmt: skip
        it.gateway.budget.spent["bob"] = Decimal(3)  # what the ledger does not have yet
        it.gateway.take(with_budget)
        assert it.gateway.budget.spent == {"alice": Decimal(7), "bob": Decimal(3)}
        assert (await ask(it, "openai_chat", token=ALICE)).status_code != 200
    with open_store(gateway_path(tmp_path), read_only=True):
        pass


async def test_a_provider_without_a_usual_model_is_asked_for_the_one_that_a_client_names(tmp_path: Path) -> None:
    upstream = Upstream(up=answers("openai_chat"))
    nameless = {"each": {"model": None}, "settings": {"providers": ()}}
    async with served(tmp_path, upstream, {"up": "openai_chat"}, **nameless) as it:
        for model in ("up/first", "up/second"):
            assert (await ask(it, "anthropic_messages", model=model)).status_code == 200
        assert [json.loads(seen.body)["model"] for seen in upstream.seen] == ["first", "second"]
