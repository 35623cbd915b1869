"""Runs of suites and the results of their cases."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from casecraft.core.credentials import without_credentials
from casecraft.core.outcome import CaseResult
from casecraft.state import codec
from casecraft.state.recording import insertion
from casecraft.state.records import SuiteRun, SuiteRunStatus
from casecraft.state.store import Store, new_id

_RUN_COLUMNS = (
    "id", "started", "ended", "status", "suite", "base_url", "document_digest", "selection", "totals",
)  # fmt: skip
_RESULT_COLUMNS = ("case_id", "endpoint_id", "outcome", "kind", "status", "seconds", "flaky", "message")
_RUNS = " ".join(("SELECT", ", ".join(_RUN_COLUMNS), "FROM suite_runs ORDER BY number"))
_RESULTS = " ".join(("SELECT", ", ".join(_RESULT_COLUMNS), "FROM case_results WHERE run_id = ? ORDER BY case_id"))
_INSERT_RUN = insertion("INSERT", "suite_runs", _RUN_COLUMNS)
_REPLACE_RESULT = insertion("INSERT OR REPLACE", "case_results", ("run_id", *_RESULT_COLUMNS))
_NEWEST = " ".join(
    ("SELECT run_id,", ", ".join(_RESULT_COLUMNS), "FROM case_results WHERE case_id = ? ORDER BY run_id DESC LIMIT ?")
)


def begin_suite_run(
    store: Store, *, started: float, suite: str, base_url: str, document_digest: str, selection: Mapping[str, Any]
) -> str:
    """Begin a run of a suite; its id is the time of its start (UTC)."""
    with store.writing() as connection:
        run = SuiteRun(
            id=new_id(connection, "suite_runs", started),
            started=started,
            ended=None,
            status="running",
            suite=suite,
            base_url=without_credentials(base_url),
            document_digest=document_digest,
            selection=selection,
        )
        insert_suite_run(connection, run, ())
    return run.id


def record_results(store: Store, run_id: str, results: Iterable[CaseResult]) -> None:
    """Make results durable; those of a case that was recorded before are replaced."""
    with store.writing() as connection:
        _insert_results(connection, run_id, results)


def finish_suite_run(
    store: Store, run_id: str, *, ended: float, status: SuiteRunStatus, totals: Mapping[str, Any]
) -> None:
    """Say how a run of a suite ended."""
    with store.writing() as connection:
        connection.execute(
            "UPDATE suite_runs SET status = ?, ended = ?, totals = ? WHERE id = ?",
            (status, ended, codec.dump(totals), run_id),
        )


def suite_runs(store: Store) -> list[SuiteRun]:
    """All runs of suites, oldest first."""
    with store.reading() as connection:
        return read_suite_runs(connection)


def results_of(store: Store, run_id: str) -> list[CaseResult]:
    """The results of one run, by case id."""
    with store.reading() as connection:
        return read_results(connection, run_id)


def results_of_case(store: Store, case_id: str, *, most: int) -> list[tuple[SuiteRun, CaseResult]]:
    """The newest results of a case with their runs, newest first."""
    with store.reading() as connection:
        runs = {run.id: run for run in read_suite_runs(connection)}
        rows = connection.execute(_NEWEST, (case_id, most)).fetchall()
    return [(runs[run_id], _result_from(row)) for run_id, *row in rows]


def drop_suite_runs(connection: sqlite3.Connection, *, keep: int) -> None:
    """Drop all runs of suites but the newest `keep`, within the transaction of the caller."""
    runs = [(run.id,) for run in read_suite_runs(connection)]
    dropped = runs[: max(len(runs) - keep, 0)]
    connection.executemany("DELETE FROM case_results WHERE run_id = ?", dropped)
    connection.executemany("DELETE FROM suite_runs WHERE id = ?", dropped)


def read_suite_runs(connection: sqlite3.Connection) -> list[SuiteRun]:
    """All runs of suites, oldest first."""
    return [_run_from(row) for row in connection.execute(_RUNS)]


def read_results(connection: sqlite3.Connection, run_id: str) -> list[CaseResult]:
    """The results of one run, by case id."""
    return [_result_from(row) for row in connection.execute(_RESULTS, (run_id,))]


def insert_suite_run(connection: sqlite3.Connection, run: SuiteRun, results: Iterable[CaseResult]) -> None:
    """Add a run with its results within the transaction of the caller."""
    row = (
        run.id, run.started, run.ended, run.status, run.suite, run.base_url, run.document_digest,
        codec.dump(run.selection), codec.dump(run.totals),
    )  # fmt: skip
    connection.execute(_INSERT_RUN, codec.storable(row))
    _insert_results(connection, run.id, results)


def _insert_results(connection: sqlite3.Connection, run_id: str, results: Iterable[CaseResult]) -> None:
    rows = [(run_id, *(getattr(result, column) for column in _RESULT_COLUMNS)) for result in results]
    connection.executemany(_REPLACE_RESULT, map(codec.storable, rows))


def _run_from(row: Sequence[Any]) -> SuiteRun:
    fields = dict(zip(_RUN_COLUMNS, row, strict=True))
    return SuiteRun(**fields | {name: codec.load(fields[name]) for name in ("selection", "totals")})


def _result_from(row: Sequence[Any]) -> CaseResult:
    fields = dict(zip(_RESULT_COLUMNS, row, strict=True))
    return CaseResult(**fields | {"flaky": bool(fields["flaky"])})
