"""Runs of suites in the state file: kept case by case, moved with it, pruned."""

from pathlib import Path

import pytest

from casecraft.core.outcome import CaseResult
from casecraft.state import (
    Store,
    begin_suite_run,
    export,
    finish_suite_run,
    import_export,
    open_store,
    prune,
    record_results,
    results_of,
    results_of_case,
    suite_runs,
)

FAILED = CaseResult("b", "GET /things", "failed", "server_error", 500, 0.5, False, "server error: \ud800 status 500")
PASSED = CaseResult("a", "GET /things", "passed", "no_answer", None, 0.25, True, "no answer: ReadTimeout")


def begin(store: Store, started: float = 1_800_000_000.0) -> str:
    return begin_suite_run(
        store,
        started=started,
        suite="suites/api",
        base_url="https://tester:secret@api.example.com/v1?api_key=secret",
        document_digest="d" * 64,
        selection={"priority": ["P0"]},
    )


def test_results_come_back_by_case_and_the_last_word_counts(store: Store) -> None:
    run = begin(store)
    record_results(store, run, [FAILED, CaseResult("a", "GET /things", "failed")])
    record_results(store, run, [PASSED])
    finish_suite_run(store, run, ended=1_800_000_009.0, status="interrupted", totals={"passed": 1})
    (found,) = suite_runs(store)
    assert (found.status, found.ended, found.totals) == ("interrupted", 1_800_000_009.0, {"passed": 1})
    assert found.selection == {"priority": ["P0"]}
    first, second = results_of(store, run)
    assert first == PASSED
    assert second.message == "server error: � status 500"
    assert second.outcome == "failed"


def test_addresses_lose_their_credentials(store: Store) -> None:
    begin(store)
    assert suite_runs(store)[0].base_url == "https://***@api.example.com/v1?api_key=***"


def test_runs_of_one_second_have_ids_of_their_own_and_the_newest_comes_first(store: Store) -> None:
    runs = [begin(store), begin(store), begin(store, 1_800_000_100.0)]
    for run in runs:
        record_results(store, run, [PASSED])
    assert len(set(runs)) == 3
    assert [run.id for run, _ in results_of_case(store, "a", most=2)] == [runs[2], runs[1]]
    assert results_of_case(store, "unknown", most=2) == []


def test_they_are_exported_and_imported_once(store: Store, tmp_path: Path) -> None:
    run = begin(store)
    record_results(store, run, [PASSED])
    with open_store(tmp_path / "other.sqlite") as other:
        assert import_export(other, export(store)).lost == ()
        assert suite_runs(other) == suite_runs(store)
        assert results_of(other, run) == [PASSED]
        assert import_export(other, export(store)).lost == (f"run {run!r} of a suite was there already",)


@pytest.mark.parametrize("keep", [0, 1])
def test_pruning_keeps_the_newest(store: Store, keep: int) -> None:
    runs = [begin(store, 1_800_000_000.0 + number) for number in range(3)]
    for run in runs:
        record_results(store, run, [PASSED])
    prune(store, keep=keep)
    assert [run.id for run in suite_runs(store)] == runs[3 - keep :]
    assert len(results_of_case(store, "a", most=9)) == keep
