import asyncio
import sqlite3
from dataclasses import replace
from decimal import Decimal
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from casecraft.core.job import Attempt, JobResult
from casecraft.core.usage import Cost, Usage
from casecraft.errors import StateError
from casecraft.state import Store, open_store
from tests.state.samples import CASE, DOCUMENT, attempt, attempts, endpoint, result, results

_run_numbers = count()


async def test_attempt_is_durable_when_its_await_returns(store: Store, path: Path) -> None:
    run_id = store.begin_run(DOCUMENT, {}, ["GET /a"])
    await store.record(run_id, attempt("/a", "k1"))
    rows = sqlite3.connect(path).execute("SELECT request_key, cost_amount FROM attempts").fetchall()
    assert rows == [("k1", "0.00123")]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(given_attempt=attempts, given_result=results)
def test_what_is_stored_comes_back_equal(store: Store, given_attempt: Attempt, given_result: JobResult) -> None:
    run_id = store.begin_run(DOCUMENT, {}, [])
    key = f"key-{next(_run_numbers)}"

    async def record() -> None:
        await asyncio.gather(store.record(run_id, given_attempt), store.finish_job(run_id, key, given_result))

    asyncio.run(record())
    assert store.attempts_of(run_id) == [given_attempt]
    (job,) = store.jobs_of(run_id)
    assert job.result(given_result.endpoint) == given_result
    assert [type(case.request.body) for case in job.cases] == [type(case.request.body) for case in given_result.cases]
    assert store.finished(key) == (job if given_result.status == "done" else None)


async def test_numbers_and_characters_that_sqlite_cannot_hold_lose_nothing_else(store: Store) -> None:
    run_id = store.begin_run(DOCUMENT, {}, [])
    broken = attempt("/a", "k", answer="half \ud83d", usage=Usage(10**30, 1))
    await asyncio.gather(store.record(run_id, broken), store.record(run_id, attempt("/b", "whole")))
    first, second = store.attempts_of(run_id)
    assert first == replace(broken, answer="half \ufffd", usage=Usage(2**63 - 1, 1))
    assert second == attempt("/b", "whole")


async def test_many_at_once_share_transactions_and_all_arrive(path: Path) -> None:
    with open_store(path, linger=0.01) as store:
        run_id = store.begin_run(DOCUMENT, {}, [])
        await asyncio.gather(*(store.record(run_id, attempt(f"/{i}", f"k{i}")) for i in range(500)))
        assert {a.request_key for a in store.attempts_of(run_id)} == {f"k{i}" for i in range(500)}


async def test_job_that_ends_twice_keeps_the_last_word(store: Store) -> None:
    run_id = store.begin_run(DOCUMENT, {}, ["GET /a"])
    await store.finish_job(run_id, "k", result("/a", cases=(CASE, CASE, CASE)))
    await asyncio.gather(
        store.finish_job(run_id, "k", result("/a", status="failed", cases=(), error="no")),
        store.finish_job(run_id, "k", result("/a", cases=(CASE,))),
    )
    (job,) = store.jobs_of(run_id)
    assert (job.status, job.cases, job.error) == ("done", (CASE,), None)


async def test_reused_job_has_the_cases_of_its_origin_not_of_a_later_one(store: Store) -> None:
    first = store.begin_run(DOCUMENT, {}, ["GET /a"])
    await store.finish_job(first, "k", result("/a"))
    second = store.begin_run(DOCUMENT, {}, ["GET /a"])
    await store.finish_job(second, "k", result("/a", status="reused"))
    third = store.begin_run(DOCUMENT, {}, ["GET /a"])
    anew = replace(CASE, id="forced")
    await store.finish_job(third, "k", result("/a", cases=(anew,)))
    assert [job.cases for job in store.jobs_of(second)] == [(CASE,)]
    found = store.finished("k")
    assert found is not None
    assert (found.run_id, found.cases) == (third, (anew,))
    assert found.result(endpoint("/a"), status="reused") == result("/a", status="reused", cases=(anew,))


async def test_answers_are_the_newest_answered_of_the_given_runs(store: Store) -> None:
    first = store.begin_run(DOCUMENT, {}, [])
    second = store.begin_run(DOCUMENT, {}, [])
    await store.record(first, attempt("/a", "both", answer="old"))
    await store.record(first, attempt("/a", "failed", outcome="server", answer=None))
    await store.record(second, attempt("/a", "both", answer="new"))
    await store.record(second, attempt("/a", "alone"))
    assert store.answers([first]) == {"both": attempt("/a", "both", answer="old", raw=None)}
    assert store.answers([first, second])["both"].answer == "new"
    assert store.answers([first, second]).keys() == {"both", "alone"}


async def test_spending_adds_up_by_currency_and_counts_what_has_no_price(store: Store) -> None:
    run_id = store.begin_run(DOCUMENT, {}, [])
    await store.record(run_id, attempt("/a", "1"))
    await store.record(run_id, attempt("/a", "2", cost=Cost(Decimal("1.5"), "USD", "2026-11-01")))
    await store.record(run_id, attempt("/a", "3", cost=None, outcome="bad_answer"))
    await store.record(run_id, attempt("/a", "4", cost=None, usage=None, outcome="server"))
    spent = store.spending(run_id)
    assert spent.amounts == {"CNY": Decimal("0.00123"), "USD": Decimal("1.5")}
    assert (spent.unpriced, spent.answers, spent.usage.input) == (1, 3, 2700)


async def test_summary_counts_pending_endpoints(store: Store) -> None:
    run_id = store.begin_run(DOCUMENT, {}, ["GET /a", "GET /b", "GET /c"])
    await store.finish_job(run_id, "k", result("/a", cases=(CASE, CASE)))
    await store.record(run_id, attempt("/a", "1"))
    summary = store.summary(run_id[:8])
    assert summary.jobs == {"done": 1, "pending": 2}
    assert (summary.cases, summary.attempts) == (2, {"answered": 1})


def test_runs_of_one_second_have_different_ids_that_sort(store: Store) -> None:
    ids = [store.begin_run(DOCUMENT, {}, []) for _ in range(3)]
    assert ids == ["20270115-080000", "20270115-080000-2", "20270115-080000-3"]
    assert [run.id for run in store.runs()] == ids


def test_run_says_how_it_ended_and_can_be_resumed(store: Store) -> None:
    run_id = store.begin_run(DOCUMENT, {"providers": ["glm"]}, ["GET /a"])
    store.finish_run(run_id, "interrupted", {"jobs": 1})
    run = store.run(run_id)
    assert (run.status, run.ended, run.totals) == ("interrupted", 1_800_000_000.0, {"jobs": 1})
    assert (run.settings, run.endpoints, run.document_digest) == ({"providers": ["glm"]}, ("GET /a",), "d" * 64)
    assert store.latest_unfinished() == run
    assert store.unfinished() == [run_id]
    assert store.resume_run(run_id).status == "running"
    store.finish_run(run_id, "done", {})
    assert store.latest_unfinished() is None
    with pytest.raises(StateError, match="nothing is left to resume"):
        store.resume_run(run_id)


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("20270115-080001", "no run '20270115-080001'", "did you mean '20270115-080000'"),
        ("2027", "'2027' begins the ids of 2 runs", "20270115-080000-2, 20270115-080000"),
        ("zzz", "no run 'zzz'", "the newest are 20270115-080000-2"),
    ],
)
def test_unknown_run_names_the_nearest(store: Store, name: str, message: str, hint: str) -> None:
    store.begin_run(DOCUMENT, {}, [])
    store.begin_run(DOCUMENT, {}, [])
    with pytest.raises(StateError, match=message) as caught:
        store.run(name)
    assert hint in str(caught.value.hint)


async def test_full_disk_reaches_every_waiter_and_later_records_still_work(store: Store, path: Path) -> None:
    run_id = store.begin_run(DOCUMENT, {}, [])
    with store.alone() as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
    big = [store.record(run_id, attempt("/a", f"k{i}", answer="x" * 100_000)) for i in range(3)]
    failures = await asyncio.gather(*big, return_exceptions=True)
    assert [str(failure) for failure in failures] == [f"no space left to write the state file {str(path)!r}"] * 3
    assert all(isinstance(failure, StateError) for failure in failures)
    with store.alone() as connection:
        connection.execute("PRAGMA max_page_count = 1000000")
    await store.record(run_id, attempt("/a", "after"))
    assert [a.request_key for a in store.attempts_of(run_id)] == ["after"]


async def test_cancelled_waiter_takes_nobody_with_it(path: Path) -> None:
    with open_store(path, linger=0.01) as store:
        run_id = store.begin_run(DOCUMENT, {}, [])
        cancelled, kept = (asyncio.ensure_future(store.record(run_id, attempt("/a", key))) for key in "ab")
        cancelled.cancel()
        await kept
        assert [a.request_key for a in store.attempts_of(run_id)] == ["a", "b"]


async def test_closing_writes_what_still_gathers(path: Path) -> None:
    store = open_store(path, linger=60)
    run_id = store.begin_run(DOCUMENT, {}, [])
    waiting = store.record(run_id, attempt("/a", "k"))
    store.close()
    await waiting
    store.close()
    with open_store(path) as again:
        assert [a.request_key for a in again.attempts_of(run_id)] == ["k"]
    with pytest.raises(StateError, match="closed"):
        store.record(run_id, attempt("/a", "late"))


def test_what_gathers_when_its_loop_ends_is_written_all_the_same(path: Path) -> None:
    with open_store(path, linger=60) as store:
        run_id = store.begin_run(DOCUMENT, {}, [])

        async def record(*keys: str) -> None:
            await asyncio.gather(*(store.record(run_id, attempt("/a", key)) for key in keys))

        async def leave(key: str) -> None:
            store.record(run_id, attempt("/a", key))

        asyncio.run(record("k0", "k1"))  # two together: the next batches linger
        asyncio.run(leave("k2"))
        asyncio.run(leave("k3"))
    with open_store(path) as again:
        assert [a.request_key for a in again.attempts_of(run_id)] == ["k0", "k1", "k2", "k3"]


async def test_one_who_records_alone_does_not_linger(path: Path) -> None:
    with open_store(path, linger=3600) as store:
        run_id = store.begin_run(DOCUMENT, {}, [])
        for number in range(5):
            await asyncio.wait_for(store.record(run_id, attempt("/a", f"k{number}")), timeout=60)


@pytest.mark.parametrize(
    ("settings_", "where"),
    [
        ({"providers": {"glm": {"api_key": "x"}}}, "settings.providers.glm.api_key"),
        ({"apiKey": "x"}, "settings.apiKey"),
        ({"auth": [{"password": "x"}]}, "settings.auth[0].password"),
        ({"headers": ["Authorization: Bearer abcdefghijklmnopqrstuv"]}, "settings.headers[0]"),
        ({"note": "sk-abcdefghijklmnop0"}, "settings.note"),
    ],
)
def test_credentials_are_refused_by_place_not_by_value(store: Store, settings_: dict[str, object], where: str) -> None:
    with pytest.raises(StateError) as caught:
        store.begin_run(DOCUMENT, settings_, [])
    assert where in str(caught.value)
    assert store.runs() == []


def test_plain_settings_pass_and_the_source_loses_its_password(store: Store) -> None:
    plain = {
        "max_tokens": 5,
        "api_key_env": "GLM_API_KEY",
        "token": None,
        "tags": ["Basic operations", "sk-regional-information"],
        "base_url": "http://127.0.0.1:8/v1?a=b",
    }
    run_id = store.begin_run(
        replace(DOCUMENT, source="https://me:pw@host/a.json?token=t&x=1"),
        plain | {"document": "https://me:pw@host/"},
        [],
    )
    assert store.run(run_id).settings == plain | {"document": "https://***@host/"}
    assert store.run(run_id).document_source == "https://***@host/a.json?token=***&x=1"
