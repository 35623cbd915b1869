"""Export, import, the earlier tool's file, pruning."""

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from casecraft.core.job import Attempt, JobResult
from casecraft.errors import StateError
from casecraft.state import Store, encode, export, import_export, import_file, import_v1, open_store, prune
from tests.state.samples import CASE, DOCUMENT, attempt, attempts, result, results

CONTRACT = Path(__file__).parents[2] / "state"
SCHEMA = json.loads((CONTRACT / "v4" / "export.schema.json").read_text())
V1_SAMPLE = CONTRACT / "v1" / "sample.casecraft_state.json"


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "other.sqlite") as opened:
        yield opened


def record(
    store: Store, run_id: str, given_attempts: list[Attempt], given_results: list[tuple[str, JobResult]]
) -> None:
    async def all_of_it() -> None:
        for it in given_attempts:
            await store.record(run_id, it)
        for key, job in given_results:
            await store.finish_job(run_id, key, job)

    asyncio.run(all_of_it())


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(given_attempts=st.lists(attempts, max_size=3), given_result=results)
def test_export_fits_its_schema_and_comes_back_equal(
    store: Store, other: Store, given_attempts: list[Attempt], given_result: JobResult
) -> None:
    run_id = store.begin_run(DOCUMENT, {"providers": ["glm"]}, ["GET /a"])
    record(store, run_id, given_attempts, [("k", given_result)])
    store.finish_run(run_id, "done", {"jobs": 1})
    exported = json.loads(encode(export(store)))
    jsonschema.validate(exported, SCHEMA)
    import_export(other, exported)
    assert other.run(run_id) == store.run(run_id)
    assert other.attempts_of(run_id) == given_attempts
    assert other.jobs_of(run_id) == store.jobs_of(run_id)
    assert export(other) == export(store)


def test_import_leaves_out_runs_that_are_there_and_says_so(store: Store, other: Store, tmp_path: Path) -> None:
    run_id = store.begin_run(DOCUMENT, {}, [])
    record(store, run_id, [attempt("/a", "k", raw=b"\xff\x00")], [("k", result("/a")), ("l", result("/b"))])
    path = tmp_path / "export.json"
    path.write_bytes(encode(export(store)))
    first = import_file(other, path)
    assert (first.runs, first.jobs, first.attempts, first.lost) == ((run_id,), 2, 1, ())
    second = import_file(other, path)
    assert (second.runs, second.lost) == ((), (f"run {run_id!r} was there already",))
    assert other.attempts_of(run_id)[0].raw == b"\xff\x00"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        ("[]", "neither an export nor a state file of version 1"),
        ('{"format": "casecraft-state", "version": 5}', "export of version 5; this casecraft reads 3 and 4"),
        ('{"format": "casecraft-state", "version": 2}', "export of version 2; this casecraft reads 3 and 4"),
        ('{"format": "casecraft-state", "version": 4}', 'at its top: "exchanges" is a required property'),
        ('{"format": "casecraft-state", "version": 3}', 'form of an export: at its top: "runs" is a required property'),
        ('{"format": "casecraft-state", "version": 4, "runs": [{}]}', "does not have the form"),
        ('{"format": "casecraft-state", "version": 4, "runs": [[]]}', "does not have the form"),
        ('{"version": "2.0", "endpoints": {}}', "has version '2.0'"),
    ],
)
def test_what_is_no_export_is_refused_and_brings_nothing(
    store: Store, tmp_path: Path, content: str, message: str
) -> None:
    path = tmp_path / "file.json"
    path.write_text(content)
    with pytest.raises(StateError, match=r"file\.json") as caught:
        import_file(store, path)
    assert message in str(caught.value)
    assert caught.value.hint
    assert store.runs() == []


@pytest.mark.parametrize("field", ["status", "settings", "jobs", "document", "attempts"])
def test_export_with_a_wrong_part_is_refused_as_a_whole(store: Store, other: Store, field: str) -> None:
    for _ in range(2):
        record(store, store.begin_run(DOCUMENT, {}, []), [attempt("/a", "k")], [("k", result("/a"))])
    exported: dict[str, Any] = json.loads(encode(export(store)))
    exported["runs"][1][field] = {"status": "odd", "settings": "x", "jobs": [1], "document": None, "attempts": [{}]}[
        field
    ]
    with pytest.raises(StateError):
        import_export(other, exported)
    assert other.runs() == []


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose clock is five hours behind UTC."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "EST5")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("elsewhere")
def test_file_of_the_earlier_tool_becomes_a_run(store: Store) -> None:
    report = import_file(store, V1_SAMPLE)
    (run,) = store.runs()
    assert (run.status, run.document_source, run.casecraft) == ("imported", "specs/users.yaml", "1.0")
    assert report.runs == (run.id,)
    assert (report.jobs, report.attempts) == (2, 2)
    assert run.totals["statistics"]["generated_count"] == 2
    assert run.totals["provider_stats"]["fallback_events"][0]["fallback_provider"] == "qwen"
    users, user = store.jobs_of(run.id)
    assert (users.provider, users.job_key) == ("glm", "v1:3f1c9a0b7d2e4f68")
    assert users.notes == ("tokens_used: 1840", "test_cases_count: 6", "output_file: test_cases/users_get.json")
    assert user.provider == "qwen"
    assert [it.started for it in store.attempts_of(run.id)] == [1762855200.0, 1762855260.5]
    assert any(line.startswith("tokens: only their sum") for line in report.lost)
    assert any(line.startswith("cases: ") for line in report.lost)


def test_imported_run_is_neither_resumed_nor_replayed_nor_counted(store: Store) -> None:
    (run_id,) = import_v1(store, V1_SAMPLE).runs
    assert store.latest_unfinished() is None
    assert store.answers([run_id]) == {}
    assert store.spending(run_id).usage.input == 0
    assert import_v1(store, V1_SAMPLE).lost == (f"{str(V1_SAMPLE)!r} was imported already",)
    assert len(store.runs()) == 1


@pytest.mark.parametrize(
    "content",
    [
        {"version": "1.0", "endpoints": {}},
        {"version": "1.0", "config": {"api_source": "a.json"}},
        {
            "endpoints": {
                "a": {},
                "b": 1,
                "c": {"last_generated": "yesterday", "tokens_used": "many", "provider_used": 3},
            }
        },
        {"version": "1.0", "config": None, "endpoints": [], "statistics": 1, "extra": {}},
    ],
)
def test_parts_missing_from_the_earlier_file_are_no_obstacle(
    store: Store, tmp_path: Path, content: dict[str, Any]
) -> None:
    path = tmp_path / ".casecraft_state.json"
    path.write_text(json.dumps(content))
    report = import_file(store, path)
    endpoints = content.get("endpoints")
    kept = [entry for entry in endpoints.values() if isinstance(entry, dict)] if isinstance(endpoints, dict) else []
    assert report.jobs == len(store.jobs_of(report.runs[0])) == len(kept)
    jsonschema.validate(json.loads(encode(export(store))), SCHEMA)


def test_earlier_file_says_what_of_it_was_left_out(store: Store, tmp_path: Path) -> None:
    path = tmp_path / ".casecraft_state.json"
    path.write_text(json.dumps({"version": "1.0", "endpoints": {"b": 1}, "statistics": 1, "extra": {}}))
    assert import_file(store, path).lost == (
        "'statistics' is no object and was left out",
        "'extra' is not known and was left out",
        "endpoint 'b' is no object and was left out",
    )


def test_pruning_keeps_what_costs_money_to_make_again(store: Store) -> None:
    first, second, third = (store.begin_run(DOCUMENT, {}, []) for _ in range(3))
    other_case, newest_case = replace(CASE, id="other"), replace(CASE, id="newest")
    record(store, first, [attempt("/a", "1")], [("changed", result("/a")), ("same", result("/b", cases=(other_case,)))])
    record(store, second, [attempt("/a", "2")], [("changed", result("/a", cases=(newest_case,)))])
    record(store, third, [attempt("/a", "3")], [("same", result("/b", status="reused", cases=()))])
    before = {key: store.finished(key) for key in ("changed", "same")}
    assert prune(store, keep=1) == [first, second]
    assert [run.id for run in store.runs()] == [third]
    assert {key: store.finished(key) for key in before} == before
    assert [job.cases for job in store.jobs_of(third)] == [(other_case,)]
    assert store.attempts_of(first) == []
    assert store.attempts_of(second) == [replace(attempt("/a", "2"), raw=None)]
    assert [job.endpoint_id for job in store.jobs_of(first)] == ["GET /b"]
    assert len(store.attempts_of(third)) == 1


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    history=st.lists(
        st.dictionaries(
            st.sampled_from(["/a", "/b"]),
            st.tuples(st.sampled_from(["k", "l"]), st.sampled_from(["done", "reused", "failed"])),
        ),
        max_size=5,
    ),
    keep=st.integers(0, 5),
)
def test_pruning_changes_no_answer(store: Store, history: list[dict[str, tuple[str, Any]]], keep: int) -> None:
    prune(store, keep=0)
    for number, jobs in enumerate(history):
        run_id = store.begin_run(DOCUMENT, {}, [])
        named = replace(CASE, id=f"{run_id}-{number}")
        record(
            store, run_id, [], [(key, result(path, status=how, cases=(named,))) for path, (key, how) in jobs.items()]
        )
    kept = [run.id for run in store.runs()][max(len(history) - keep, 0) :]
    before = [store.finished(key) for key in ("k", "l")], [store.jobs_of(run_id) for run_id in kept]
    prune(store, keep=keep)
    assert ([store.finished(key) for key in ("k", "l")], [store.jobs_of(run_id) for run_id in kept]) == before


def test_pruning_gives_the_space_back(store: Store, path: Path) -> None:
    run_id = store.begin_run(DOCUMENT, {}, [])
    record(store, run_id, [attempt("/a", f"k{i}", answer="x" * 50_000) for i in range(20)], [])
    prune(store, keep=0)
    store.close()
    assert path.stat().st_size < 100_000


def test_negative_keep_is_refused(store: Store) -> None:
    with pytest.raises(StateError, match="cannot keep -1 runs"):
        prune(store, keep=-1)


def test_numbers_beyond_64_bits_are_written_too(store: Store) -> None:
    big = replace(CASE, request=replace(CASE.request, body={"n": 10**30}))
    record(store, store.begin_run(DOCUMENT, {}, []), [], [("k", result("/a", cases=(big,)))])
    with pytest.raises(orjson.JSONEncodeError):
        orjson.dumps(export(store))
    assert json.loads(encode(export(store)))["runs"][0]["jobs"][0]["cases"][0]["request"]["body"] == {"n": 10**30}


def test_the_newest_conversations_outlive_pruning(store: Store) -> None:
    first, second = (store.begin_run(DOCUMENT, {}, []) for _ in range(2))
    asked = [
        replace(attempt("/a", "1"), answer="old"),
        replace(attempt("/a", "2"), answer="new"),
        replace(attempt("/a", "3"), answer="mended", purpose="repair"),
        replace(attempt("/a", "4"), answer=None, outcome="timeout"),
        replace(attempt("/b", "5"), answer="lost"),
    ]
    record(store, first, asked, [("k", result("/a"))])
    record(store, second, [replace(attempt("/c", "6"), answer="vectors", purpose="embed")], [])
    kept = {("GET /a", "glm"): ["new", "mended"]}
    assert store.conversations() == {**kept, ("GET /b", "glm"): ["lost"]}
    prune(store, keep=1)
    assert store.conversations() == kept
