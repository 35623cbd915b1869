"""Writes what a run yields, attempts and jobs with their cases, and what passes through the gateway."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from casecraft.state import codec
from casecraft.state.codec import ATTEMPT_COLUMNS, JOB_COLUMNS, RUN_COLUMNS, Row
from casecraft.state.database import transaction
from casecraft.state.exchange_rows import ATTEMPT_COLUMNS as EXCHANGE_ATTEMPT_COLUMNS
from casecraft.state.exchange_rows import EXCHANGE_COLUMNS, ExchangeItem
from casecraft.state.records import RunRecord, StoredJob

RunItem: TypeAlias = tuple[Row, tuple[Row, ...] | None]
"""The row of an attempt with None, or the row of a job with those of its cases."""
Item: TypeAlias = RunItem | ExchangeItem


def insertion(verb: str, table: str, columns: Sequence[str]) -> str:
    """The statement that adds a row of these columns."""
    return f"{verb} INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"


_INSERT_RUN = insertion("INSERT", "runs", RUN_COLUMNS)
_INSERT_ATTEMPT = insertion("INSERT", "attempts", ATTEMPT_COLUMNS)
_REPLACE_JOB = insertion("INSERT OR REPLACE", "jobs", JOB_COLUMNS)
_DELETE_CASES = "DELETE FROM cases WHERE run_id = ? AND endpoint_id = ?"
_INSERT_CASE = insertion("INSERT", "cases", ("run_id", "endpoint_id", "ordinal", '"case"'))
_REPLACE_EXCHANGE = insertion("INSERT OR REPLACE", "exchanges", EXCHANGE_COLUMNS)
_DELETE_EXCHANGE_ATTEMPTS = "DELETE FROM exchange_attempts WHERE exchange_id = ?"
_INSERT_EXCHANGE_ATTEMPT = insertion("INSERT", "exchange_attempts", EXCHANGE_ATTEMPT_COLUMNS)


def job_item(job: StoredJob) -> RunItem:
    """A job and its cases as rows. A reused job has the cases of the job that it repeats, so none are stored."""
    row = (
        job.run_id,
        job.endpoint_id,
        job.job_key,
        job.status,
        job.provider,
        job.model,
        codec.dump(job.fell_back),
        job.dropped,
        job.error,
        codec.dump(job.notes),
    )
    cases = () if job.status == "reused" else job.cases
    return row, tuple((job.run_id, job.endpoint_id, number, codec.dump(case)) for number, case in enumerate(cases))


def write(connection: sqlite3.Connection, items: Sequence[Item]) -> None:
    """Make all items durable in one transaction. A job that was there before is replaced, with its cases; so is an
    exchange.
    """
    try:
        with transaction(connection):
            insert(connection, items)
    except (UnicodeEncodeError, OverflowError):
        with transaction(connection):
            insert(connection, storable(items))


def insert(connection: sqlite3.Connection, items: Iterable[Item]) -> None:
    """Add items within the transaction of the caller."""
    attempts: list[Row] = []
    # By endpoint, and by id, so that the last word counts where something comes twice in one batch.
    jobs: dict[Row, RunItem] = {}
    exchanges: dict[Row, ExchangeItem] = {}
    for item in items:
        if isinstance(item, ExchangeItem):
            exchanges[item.exchange[:1]] = item
            continue
        row, cases = item
        if cases is None:
            attempts.append(codec.compressed(row))
        else:
            jobs[row[:2]] = (row, cases)
    _insert_exchanges(connection, exchanges)
    connection.executemany(_INSERT_ATTEMPT, attempts)
    connection.executemany(_REPLACE_JOB, [row for row, _ in jobs.values()])
    connection.executemany(_DELETE_CASES, jobs)
    connection.executemany(_INSERT_CASE, [row for _, cases in jobs.values() for row in cases or ()])


def storable(items: Iterable[Item]) -> list[Item]:
    """The items with what SQLite cannot hold replaced (see `codec.storable`)."""
    return [_storable(item) for item in items]


def _insert_exchanges(connection: sqlite3.Connection, items: Mapping[Row, ExchangeItem]) -> None:
    connection.executemany(_REPLACE_EXCHANGE, [item.exchange for item in items.values()])
    connection.executemany(_DELETE_EXCHANGE_ATTEMPTS, items)
    connection.executemany(_INSERT_EXCHANGE_ATTEMPT, [row for item in items.values() for row in item.attempts])


def _storable(item: Item) -> Item:
    if isinstance(item, ExchangeItem):
        return ExchangeItem(codec.storable(item.exchange), tuple(map(codec.storable, item.attempts)))
    row, cases = item
    return codec.storable(row), None if cases is None else tuple(map(codec.storable, cases))


def insert_run(connection: sqlite3.Connection, run: RunRecord) -> None:
    """Add a run as the newest within the transaction of the caller."""
    row = (
        run.id,
        run.started,
        run.ended,
        run.status,
        run.casecraft,
        run.document_source,
        run.document_title,
        run.document_version,
        run.document_digest,
        codec.dump(run.settings),
        codec.dump(run.totals),
        codec.dump(run.endpoints),
        run.pruned,
    )
    connection.execute(_INSERT_RUN, codec.storable(row))
