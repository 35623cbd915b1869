"""Makes a state file smaller without making anything dearer."""

import sqlite3

from casecraft.errors import StateError
from casecraft.state.store import Store
from casecraft.state.suite_runs import drop_suite_runs


def prune(store: Store, *, keep: int) -> list[str]:
    """Drop all runs but the newest `keep`, and give the space back. Returns the ids of the dropped.

    Of the runs of suites the newest `keep` stay as well.

    Done jobs that `Store.finished` answers with, or that kept runs reuse, stay with their cases and the texts of their
    answers: what is unchanged still costs nothing afterwards. Other answers of dropped runs are gone.
    """
    if keep < 0:
        raise StateError(f"cannot keep {keep} runs", hint="give a number from 0 up")
    runs = [run.id for run in store.runs()]
    dropped = runs[: max(len(runs) - keep, 0)]
    with store.writing() as connection:
        _drop(connection, dropped)
        drop_suite_runs(connection, keep=keep)
    with store.alone() as connection:
        connection.execute("VACUUM")
    return dropped


def _drop(connection: sqlite3.Connection, dropped: list[str]) -> None:
    connection.executemany("UPDATE runs SET pruned = 1 WHERE id = ?", [(run_id,) for run_id in dropped])
    needed = _needed(connection)
    gone = [
        job
        for job in connection.execute(
            "SELECT run_id, endpoint_id FROM jobs WHERE run_id IN (SELECT id FROM runs WHERE pruned)"
        )
        if job not in needed
    ]
    _drop_attempts(connection, needed)
    connection.executemany("DELETE FROM cases WHERE run_id = ? AND endpoint_id = ?", gone)
    connection.executemany("DELETE FROM jobs WHERE run_id = ? AND endpoint_id = ?", gone)
    connection.execute("DELETE FROM runs WHERE pruned AND id NOT IN (SELECT run_id FROM jobs)")


def _drop_attempts(connection: sqlite3.Connection, needed: set[tuple[str, str]]) -> None:
    """Of the attempts of dropped runs the texts of answers that jobs which stay are made of are left."""
    attempts = connection.execute(
        "SELECT id, run_id, endpoint_id, outcome = 'answered' AND purpose IN ('generate', 'repair') "
        "FROM attempts WHERE run_id IN (SELECT id FROM runs WHERE pruned)"
    ).fetchall()
    kept = {id_ for id_, run_id, endpoint_id, answered in attempts if answered and (run_id, endpoint_id) in needed}
    connection.executemany("DELETE FROM attempts WHERE id = ?", [(it[0],) for it in attempts if it[0] not in kept])
    connection.executemany("UPDATE attempts SET raw = NULL WHERE id = ?", [(id_,) for id_ in kept])


def _needed(connection: sqlite3.Connection) -> set[tuple[str, str]]:
    """The run and endpoint of each job that is the newest done of its key, or was when a kept run reused it."""
    newest: dict[str, tuple[str, str]] = {}
    reused: set[tuple[str, str]] = set()
    rows = connection.execute(
        "SELECT jobs.job_key, jobs.run_id, jobs.endpoint_id, jobs.status = 'done', NOT runs.pruned "
        "FROM jobs JOIN runs ON runs.id = jobs.run_id WHERE jobs.status IN ('done', 'reused') "
        "ORDER BY runs.number, jobs.status, jobs.endpoint_id DESC"
    )
    for job_key, run_id, endpoint_id, is_done, kept in rows:
        if is_done:
            newest[job_key] = (run_id, endpoint_id)
        elif kept and job_key in newest:
            reused.add(newest[job_key])
    return reused | set(newest.values())
