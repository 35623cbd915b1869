"""What exchanges and runs used and cost, added up: exactly, currency by currency, and with what is not known said."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from casecraft.core.exchange import Exchange, ExchangeAttempt
from casecraft.core.job import Attempt
from casecraft.core.usage import Cost, Usage, UsageMeter
from casecraft.state import (
    Store,
    UsageRow,
    drop_exchanges,
    open_ledger,
    open_store,
    read_usage,
    record_exchange,
    spent_since,
    usage_by,
)
from tests.state.samples import DOCUMENT, EXCHANGES, attempt, exchange, exchange_attempt

DAY_1, DAY_2 = "2027-01-15", "2027-01-16"
PRICED = Usage(900, 400, 300, 0, 100)


def record(store: Store, *exchanges: Exchange) -> None:
    async def all_of_them() -> None:
        for it in exchanges:
            await record_exchange(store, it)

    asyncio.run(all_of_them())


def record_run(path: Path, *attempts: Attempt) -> None:
    async def all_of_them(store: Store) -> None:
        run_id = store.begin_run(DOCUMENT, {}, [])
        for it in attempts:
            await store.record(run_id, it)

    with open_store(path) as store:
        asyncio.run(all_of_them(store))


def cost(amount: str, currency: str = "USD") -> Cost:
    return Cost(Decimal(amount), currency, "2026-11-01")


def figures(rows: list[UsageRow]) -> dict[tuple[str, ...], tuple[int, int, int, int]]:
    """Exchanges, failures, answers and those of unknown price, by groups."""
    return {row.groups: (row.exchanges, row.failures, row.spending.answers, row.spending.unpriced) for row in rows}


@pytest.fixture
def filled(store: Store) -> Store:
    record(store, *EXCHANGES)
    return store


def test_all_together_is_one_row(filled: Store) -> None:
    (row,) = usage_by(filled)
    assert (row.groups, row.exchanges, row.failures) == ((), 3, 1)
    assert row.spending == UsageMeter(PRICED + PRICED, row.spending.amounts, unpriced=1, answers=2)
    assert row.spending.amounts == {"CNY": Decimal("0.00123")}


def test_a_ledger_without_exchanges_has_no_rows(store: Store) -> None:
    assert usage_by(store) == usage_by(store, "day", "provider") == []
    assert spent_since(store, 0) == {}


def test_an_exchange_counts_for_each_provider_that_was_asked(filled: Store) -> None:
    assert figures(usage_by(filled, "provider")) == {
        ("",): (1, 1, 0, 0),
        ("glm",): (1, 0, 1, 0),
        ("llama",): (1, 0, 1, 1),
        ("qwen",): (1, 1, 0, 0),
    }


def test_by_day_client_and_key_it_counts_once_however_many_were_asked(filled: Store) -> None:
    assert figures(usage_by(filled, "day")) == {(DAY_1,): (1, 0, 1, 0), (DAY_2,): (2, 1, 1, 1)}
    assert figures(usage_by(filled, "key", "client")) == {
        ("", "codex"): (1, 0, 1, 1),
        ("team", "claude"): (2, 1, 1, 0),
    }


def test_a_provider_asked_twice_for_an_exchange_counts_once_and_failed_only_if_it_never_answered(store: Store) -> None:
    failed = exchange_attempt(error="ServerError: no", status=500, usage=None, cost=None)
    record(store, exchange("a", failed, exchange_attempt()), exchange("b", failed, failed, outcome="failed"))
    assert figures(usage_by(store, "provider", "model")) == {("glm", "glm-1"): (2, 1, 1, 0)}


def test_that_a_client_went_away_is_no_failure(store: Store) -> None:
    left = exchange_attempt(error="CancelledError: the client went away", usage=None, cost=None, status=None)
    record(store, exchange("a", left, outcome="cancelled"))
    assert figures(usage_by(store, "provider")) == {("glm",): (1, 0, 0, 0)}
    assert figures(usage_by(store)) == {(): (1, 0, 0, 0)}


def test_what_the_client_did_not_get_failed_though_its_provider_answered(store: Store) -> None:
    record(store, exchange("a", exchange_attempt(), outcome="cut"))
    assert figures(usage_by(store, "client")) == {("claude",): (1, 1, 1, 0)}
    assert figures(usage_by(store, "provider")) == {("glm",): (1, 0, 1, 0)}


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose clock is five hours behind UTC."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "EST5")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("elsewhere")
def test_days_are_those_of_utc(store: Store) -> None:
    late = datetime(2027, 1, 15, 23, 59, 59, tzinfo=UTC).timestamp()
    record(store, exchange("a", started=late), exchange("b", started=late + 1))
    assert [row.groups for row in usage_by(store, "day")] == [(DAY_1,), (DAY_2,)]


def test_only_what_began_since_then_is_counted(filled: Store) -> None:
    assert figures(usage_by(filled, "client", since=EXCHANGES[1].started)) == {
        ("claude",): (1, 1, 0, 0),
        ("codex",): (1, 0, 1, 1),
    }
    assert usage_by(filled, since=EXCHANGES[2].started + 1) == []


def test_money_is_added_exactly_and_currencies_are_kept_apart(store: Store) -> None:
    cents = [exchange(f"e{number}", exchange_attempt(cost=cost("0.1"))) for number in range(30)]
    record(store, *cents, exchange("cny", exchange_attempt(cost=cost("0.000000000000000001", "CNY"))))
    (row,) = usage_by(store, "provider")
    assert row.spending.amounts == {"USD": Decimal("3.0"), "CNY": Decimal("0.000000000000000001")}
    assert spent_since(store, 0) == row.spending.amounts


def test_spending_is_that_of_one_key_since_then(store: Store) -> None:
    record(
        store,
        exchange("a", exchange_attempt(cost=cost("1")), key="team", started=100),
        exchange("b", exchange_attempt(cost=cost("2")), key="team", started=200),
        exchange("c", exchange_attempt(cost=cost("4")), exchange_attempt(cost=cost("8", "CNY")), key="", started=200),
        exchange("d", exchange_attempt(cost=None), key="team", started=200),
    )
    assert spent_since(store, 100) == {"USD": 7, "CNY": 8}
    assert spent_since(store, 101, key="team") == {"USD": 2}
    assert spent_since(store, 101, key="") == {"USD": 4, "CNY": 8}
    assert spent_since(store, 0, key="nobody") == {}


def test_tokens_that_no_answer_can_have_used_break_nothing(store: Store) -> None:
    huge = exchange_attempt(usage=Usage(2**63 - 1, 1))
    record(store, exchange("a", huge, huge))
    (row,) = usage_by(store, "provider")
    assert (row.spending.usage.input > 2**63, row.spending.usage.output) == (True, 2)


realistic = st.builds(
    Exchange,
    id=st.uuids().map(str),
    started=st.floats(0, 4e9),
    client=st.sampled_from(["claude", "codex"]),
    key=st.sampled_from(["", "team"]),
    dialect=st.just("messages"),
    path=st.just("/v1/messages"),
    asked_model=st.just("m"),
    rule=st.just("r"),
    streamed=st.booleans(),
    status=st.just(200),
    outcome=st.sampled_from(["answered", "failed", "refused", "cancelled", "cut"]),
    error=st.just(""),
    attempts=st.lists(
        st.builds(
            ExchangeAttempt,
            provider=st.sampled_from(["glm", "qwen"]),
            model=st.sampled_from(["a", "b"]),
            status=st.sampled_from([None, 200, 429]),
            error=st.sampled_from(["", "ServerError: no"]),
            usage=st.none() | st.builds(Usage, *[st.integers(0, 10**6)] * 5),
            cost=st.none() | st.builds(cost, st.decimals(0, 10, places=6).map(str), st.sampled_from(["USD", "CNY"])),
            seconds=st.just(0.1),
        ),
        max_size=3,
    ).map(tuple),
    losses=st.just(()),
    seconds=st.just(0.2),
    first_byte=st.none(),
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(exchanges=st.lists(realistic, min_size=1, max_size=5, unique_by=lambda it: it.id))
def test_sums_are_those_of_the_exchanges_themselves(store: Store, exchanges: list[Exchange]) -> None:
    drop_exchanges(store, before=float("inf"))
    record(store, *exchanges)
    meters: dict[tuple[str, ...], UsageMeter] = defaultdict(UsageMeter)
    for it in exchanges:
        meters[it.client,].include(it.spending)
    assert {row.groups: row.spending for row in usage_by(store, "client")} == meters
    by_provider = usage_by(store, "day", "provider", "model", "client", "key")
    together = UsageMeter()
    for row in by_provider:
        together.include(row.spending)
    assert together == usage_by(store)[0].spending
    assert usage_by(store)[0].exchanges == len(exchanges)


def test_the_gateway_and_runs_are_read_from_all_files_and_told_apart(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as first, open_ledger(tmp_path) as second:
        record(first, EXCHANGES[0])
        record(second, EXCHANGES[0], EXCHANGES[1])
        record_run(
            tmp_path / "a.sqlite", attempt("/a", "1"), attempt("/a", "2", outcome="rate_limit", usage=None, cost=None)
        )
        record_run(tmp_path / "b.sqlite", attempt("/b", "3", cost=None))
        report = read_usage(tmp_path, "provider")
    assert figures([*report.rows["gateway"]]) == {
        ("glm",): (2, 0, 2, 0),
        ("llama",): (1, 0, 1, 1),
        ("qwen",): (1, 1, 0, 0),
    }
    assert figures([*report.rows["runs"]]) == {("glm",): (3, 1, 2, 1)}
    assert figures([report.totals["gateway"]]) == {(): (3, 0, 3, 1)}
    assert figures([report.total]) == {(): (6, 1, 5, 2)}
    assert report.total.spending.amounts == {"CNY": Decimal("0.00369")}
    assert report.unread == {}


def test_runs_have_days_and_models_and_neither_client_nor_key(tmp_path: Path) -> None:
    record_run(tmp_path / "a.sqlite", attempt("/a", "1"), attempt("/a", "2", started=1_800_090_000.0))
    rows = read_usage(tmp_path, "day", "model", "client", "key").rows["runs"]
    assert [row.groups for row in rows] == [(DAY_1, "glm-4.6", "", ""), (DAY_2, "glm-4.6", "", "")]
    assert len(read_usage(tmp_path, "day", since=1_800_090_000.0).rows["runs"]) == 1


def test_files_that_cannot_be_read_are_named_and_older_ones_are_read(tmp_path: Path) -> None:
    (tmp_path / "bad.sqlite").write_bytes(b"x" * 200)
    older = Path(__file__).parents[2] / "state" / "v2" / "sample.sqlite"
    (tmp_path / "older.sqlite").write_bytes(older.read_bytes())
    report = read_usage(tmp_path, "provider")
    assert [path.name for path in report.unread] == ["bad.sqlite"]
    assert "is no state file of casecraft" in report.unread[tmp_path / "bad.sqlite"]
    assert figures([*report.rows["runs"]]) == {("glm",): (2, 1, 1, 0)}


def test_a_folder_that_is_not_there_has_nothing(tmp_path: Path) -> None:
    report = read_usage(tmp_path / "none", "day")
    assert (report.rows, report.totals, report.total.exchanges) == ({}, {}, 0)
