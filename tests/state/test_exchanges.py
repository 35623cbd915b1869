"""The gateway's ledger: exchanges kept whole, found again, moved, dropped, and without credentials."""

import asyncio
import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from casecraft.core.exchange import Exchange
from casecraft.core.usage import Cost, Usage
from casecraft.errors import StateDamagedError, StateError
from casecraft.state import (
    Store,
    drop_exchanges,
    encode,
    exchanges,
    export,
    gateway_path,
    import_export,
    import_file,
    ledgers,
    open_ledger,
    open_store,
    prune,
    record_exchange,
)
from casecraft.state.exchange_rows import LONGEST_ERROR, LONGEST_NAME
from tests.state import samples
from tests.state.samples import EXCHANGES, exchange, exchange_attempt

CONTRACT = Path(__file__).parents[2] / "state"
SCHEMA = json.loads((CONTRACT / "v4" / "export.schema.json").read_text())
SECRET = "sk-ant-1234567890abcdef1234"
ANY = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "other.sqlite") as opened:
        yield opened


@pytest.fixture
def filled(store: Store) -> Store:
    record(store, *EXCHANGES)
    return store


def record(store: Store, *given_exchanges: Exchange) -> None:
    async def all_of_them() -> None:
        for it in given_exchanges:
            await record_exchange(store, it)

    asyncio.run(all_of_them())


def ids(found: list[Exchange]) -> list[str]:
    return [it.id for it in found]


@ANY
@given(given_exchange=samples.exchanges)
def test_exchange_comes_back_equal(store: Store, given_exchange: Exchange) -> None:
    drop_exchanges(store, before=float("inf"))
    record(store, given_exchange)
    assert exchanges(store) == [given_exchange]


async def test_exchange_is_durable_when_its_await_returns(store: Store, path: Path) -> None:
    await record_exchange(store, EXCHANGES[1])
    with open_store(path, read_only=True) as reader:
        assert exchanges(reader) == [EXCHANGES[1]]


async def test_many_at_once_share_transactions_with_what_runs_record(path: Path) -> None:
    transactions = 0

    def count_transaction(statement: str) -> None:
        nonlocal transactions
        transactions += statement.startswith("BEGIN")

    with open_store(path, linger=0.01) as store:
        run_id = store.begin_run(samples.DOCUMENT, {}, [])
        with store.alone() as connection:
            connection.set_trace_callback(count_transaction)
        await asyncio.gather(
            *(record_exchange(store, exchange(f"e{number}", exchange_attempt())) for number in range(300)),
            *(store.record(run_id, samples.attempt(f"/{number}", f"k{number}")) for number in range(300)),
        )
        assert len(exchanges(store, limit=1000)) == len(store.attempts_of(run_id)) == 300
    assert transactions < 10


@pytest.mark.parametrize("at_once", [False, True])
async def test_exchange_recorded_again_is_replaced_with_its_attempts(path: Path, at_once: bool) -> None:
    first = exchange("e", exchange_attempt("qwen"), exchange_attempt("glm"))
    later = exchange("e", exchange_attempt("kimi"), error="later")
    with open_store(path, linger=0.01) as store:
        recorded = record_exchange(store, first)
        if not at_once:
            await recorded
        await record_exchange(store, later)
        assert exchanges(store) == [later]


def test_the_newest_come_first_and_older_ones_page_by_page(filled: Store) -> None:
    assert ids(exchanges(filled)) == ["e3", "e2", "e1"]
    assert ids(exchanges(filled, limit=2)) == ["e3", "e2"]
    assert ids(exchanges(filled, limit=2, before=EXCHANGES[1].started)) == ["e1"]


def test_they_are_found_by_outcome_by_client_and_by_every_provider_that_was_asked(filled: Store) -> None:
    assert ids(exchanges(filled, outcome="refused")) == ["e3"]
    assert ids(exchanges(filled, client="codex")) == ["e2"]
    assert ids(exchanges(filled, provider="qwen")) == ids(exchanges(filled, provider="llama")) == ["e2"]
    assert ids(exchanges(filled, provider="glm", client="codex")) == []
    assert exchanges(filled, provider="qwen")[0].attempts == EXCHANGES[1].attempts


def test_an_exchange_says_what_all_of_its_attempts_came_to() -> None:
    answered, fell_back, refused = EXCHANGES
    assert (answered.provider, answered.model, answered.usage) == ("glm", "glm-1", Usage(900, 400, 300, 0, 100))
    assert answered.cost == Cost(Decimal("0.00123"), "CNY", "2026-11-01")
    assert (fell_back.provider, fell_back.cost, fell_back.spending.unpriced) == ("llama", None, 1)
    assert (refused.provider, refused.model, refused.usage, refused.cost) == ("", "", None, None)
    assert refused.spending.answers == refused.spending.unpriced == 0


def test_costs_of_several_attempts_add_up_in_one_currency_alone() -> None:
    first = exchange_attempt(error="ServerError: no", cost=Cost(Decimal("0.1"), "CNY", "2026-11-02"))
    assert exchange("e", first, exchange_attempt()).cost == Cost(Decimal("0.10123"), "CNY", "2026-11-02")
    dollars = exchange("e", exchange_attempt(), exchange_attempt(cost=Cost(Decimal(1), "USD", "2026-11-01")))
    assert dollars.cost is None
    assert exchange("e", exchange_attempt(), samples.UNPRICED).cost is None
    assert dollars.spending.amounts == {"CNY": Decimal("0.00123"), "USD": Decimal(1)}


def test_an_answer_that_broke_off_is_billed_at_an_unknown_price_and_a_refusal_is_not() -> None:
    cut = exchange_attempt(error="NetworkError: it broke off", usage=None, cost=None)
    assert exchange("e", cut).spending.unpriced == 1
    assert not replace(cut, status=529).billed
    assert not replace(cut, status=None).billed
    assert replace(cut, status=529, usage=Usage(1)).billed


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (f"AuthenticationError: Incorrect API key provided: {SECRET}.", "Incorrect API key provided: ***"),
        ("no answer of https://me:hunter2secret@proxy:8080/v1", "https://***@proxy:8080/v1"),
        ("GET https://h/v1/models?alt=sse&key=AIzaSecret_x, refused", "?alt=sse&key=***"),
        ("Authorization: Bearer abcdefghijklmnopqrstuvwxyz012345", "Authorization: ***"),
    ],
)
def test_credentials_are_blotted_out_of_every_text(store: Store, path: Path, text: str, kept: str) -> None:
    failed = exchange_attempt(model=text, error=text, status=401)
    record(store, exchange("e", failed, error=text, path=text, asked_model=text, client=text, rule=text))
    found = exchanges(store)[0]
    texts = (found.error, found.path, found.asked_model, found.client, found.rule)
    assert all(kept in each for each in (*texts, found.attempts[0].error, found.attempts[0].model))
    store.close()
    content = path.read_bytes()
    assert not any(secret in content for secret in (SECRET.encode(), b"hunter2", b"AIzaSecret", b"abcdefghijklmnop"))


def test_texts_of_strangers_are_cut(store: Store) -> None:
    long = "x" * 1_000_000
    record(store, exchange("e", exchange_attempt(error=long), client=long, asked_model=long, path=long, error=long))
    found = exchanges(store)[0]
    assert {len(it) for it in (found.client, found.asked_model, found.path)} == {LONGEST_NAME}
    assert {len(it) for it in (found.error, found.attempts[0].error)} == {LONGEST_ERROR}
    assert found.error.endswith("x…")


def test_a_credential_at_the_cut_is_not_left_in_half(store: Store) -> None:
    text = "x" * (LONGEST_ERROR - 15) + " " + SECRET
    record(store, exchange("e", error=text))
    assert "sk-" not in exchanges(store)[0].error


async def test_what_sqlite_cannot_hold_loses_nothing_else(store: Store) -> None:
    broken = exchange("e", exchange_attempt(usage=Usage(10**30, 1)), client="half \ud83d")
    await asyncio.gather(record_exchange(store, broken), record_exchange(store, EXCHANGES[1]))
    later, first = exchanges(store)
    assert later == EXCHANGES[1]
    assert (first.client, first.attempts[0].usage) == ("half �", Usage(2**63 - 1, 1))


@ANY
@given(given_exchanges=st.lists(samples.exchanges, max_size=3, unique_by=lambda it: it.id))
def test_export_fits_its_schema_and_comes_back_equal(
    store: Store, other: Store, given_exchanges: list[Exchange]
) -> None:
    for each in (store, other):
        drop_exchanges(each, before=float("inf"))
    record(store, *given_exchanges)
    exported = json.loads(encode(export(store)))
    jsonschema.validate(exported, SCHEMA)
    assert import_export(other, exported).exchanges == len(given_exchanges)
    assert export(other) == export(store)


def test_import_leaves_out_exchanges_that_are_there_and_says_so(filled: Store, other: Store) -> None:
    record(other, replace(EXCHANGES[0], client="as it was"))
    report = import_export(other, export(filled))
    assert (report.exchanges, report.lost) == (2, ("1 exchanges were there already",))
    assert exchanges(other)[-1].client == "as it was"


def test_export_of_version_3_is_read(store: Store) -> None:
    report = import_file(store, CONTRACT / "v3" / "sample.export.json")
    assert (len(report.runs), report.exchanges, report.lost) == (2, 0, ())
    assert len(export(store)["suite_runs"]) == 1


def test_exchanges_are_dropped_by_their_time_alone(filled: Store) -> None:
    prune(filled, keep=0)
    assert len(exchanges(filled)) == 3
    assert drop_exchanges(filled, before=EXCHANGES[1].started) == 1
    assert ids(exchanges(filled)) == ["e3", "e2"]
    with filled.reading() as connection:
        assert connection.execute("SELECT count(*) FROM exchange_attempts").fetchone() == (2,)


def test_dropping_exchanges_gives_the_space_back(store: Store, path: Path) -> None:
    record(store, *(exchange(f"e{number}", error="x" * LONGEST_ERROR) for number in range(100)))
    drop_exchanges(store, before=float("inf"))
    store.close()
    assert path.stat().st_size < 150_000


def test_a_second_gateway_takes_the_next_ledger_that_is_free(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    with open_ledger(folder) as first, open_ledger(folder) as second:
        assert [first.path, second.path] == [gateway_path(folder), gateway_path(folder, 2)]
        assert gateway_path(folder, 2).name == "gateway-2.sqlite"
        first.close()
        with open_ledger(folder) as third:
            assert third.path == first.path
    assert ledgers(folder) == [first.path, second.path]


def test_a_ledger_that_is_damaged_is_no_reason_to_begin_another(tmp_path: Path) -> None:
    gateway_path(tmp_path).write_bytes(b"x" * 200)
    with pytest.raises(StateDamagedError):
        open_ledger(tmp_path)


def test_ledgers_are_found_by_number_and_nothing_else_is_taken_for_one(tmp_path: Path) -> None:
    state_of_a_document = "gateway-12345678.sqlite"
    names = ["gateway-10.sqlite", "gateway-2.sqlite", "gateway.sqlite"]
    for name in (*names, state_of_a_document, "gateway-0.sqlite", "gateway.sqlite.v3.bak", "gateways.sqlite"):
        (tmp_path / name).touch()
    assert [path.name for path in ledgers(tmp_path)] == names[::-1]
    assert ledgers(tmp_path / "nowhere") == []


def test_ledger_opened_for_reading_records_nothing(path: Path) -> None:
    open_store(path).close()
    with open_store(path, read_only=True) as reader, pytest.raises(StateError, match="for reading only"):
        record(reader, EXCHANGES[0])


def test_git_sees_no_ledgers_but_the_state_of_suites(tmp_path: Path) -> None:
    folder = tmp_path / "project" / ".casecraft"
    suites = folder / "gateway-0123abcd.sqlite"
    subprocess.run(["git", "init", "-q", str(folder.parent)], check=True)
    with open_ledger(folder), open_ledger(folder), open_store(suites):
        pass
    assert set(folder.iterdir()) > {folder / "gateway.sqlite", folder / "gateway-2.sqlite"}
    command = ["git", "-C", str(folder.parent), "status", "--porcelain", "--untracked-files=all"]
    seen = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[1::2]
    assert f".casecraft/{suites.name}" in seen
    assert all(name.startswith(f".casecraft/{suites.name}") for name in seen)


def test_what_git_was_told_before_is_kept(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("mine")
    with open_ledger(tmp_path):
        assert (tmp_path / ".gitignore").read_text() == "mine"
