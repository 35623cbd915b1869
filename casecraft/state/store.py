"""The state file as the rest of casecraft sees it."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from casecraft.core.credentials import without_credentials
from casecraft.core.document import Document
from casecraft.core.job import Attempt, JobResult
from casecraft.core.usage import UsageMeter
from casecraft.core.version import program_version
from casecraft.errors import StateError
from casecraft.state import codec, reading, recording
from casecraft.state.database import connect, connect_migrated, inspect, prepare, transaction, translated
from casecraft.state.lock import StateLock
from casecraft.state.migrations import VERSION
from casecraft.state.records import RunRecord, RunStatus, RunSummary, StoredJob
from casecraft.state.secrecy import storable_settings
from casecraft.state.writer import GroupWriter

LINGER = 0.005
"""Seconds for which a transaction gathers: what is recorded within them costs one commit together."""

_IDS = {
    "runs": "SELECT id FROM runs WHERE id GLOB ?",
    "suite_runs": "SELECT id FROM suite_runs WHERE id GLOB ?",
}
_ENDED = frozenset({"done", "imported"})


class Store:
    """One document's runs, jobs, attempts and cases. Made by `open_store`; closed by `close` or a `with` block.

    Reads see what is durable. All methods raise StateError where the file fails them.
    """

    def __init__(
        self,
        path: Path,
        *,
        lock: StateLock | None,
        now: Callable[[], float] = time.time,
        linger: float = LINGER,
        older: bool = False,
    ) -> None:
        self.path = path
        self._lock = lock
        self._now = now
        self._turn = threading.Lock()
        with translated(path):
            self._reader = connect_migrated(path) if older else connect(path, read_only=lock is None)
            self._connection = self._reader if lock is None else connect(path)
        self._writer: GroupWriter[recording.Item] = GroupWriter(self._write, linger=linger)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Write what is left, then let go of the file. A second call does nothing."""
        self._writer.close()
        with translated(self.path):
            self._reader.close()
            self._connection.close()
        if self._lock is not None:
            self._lock.release()

    def begin_run(self, document: Document, settings: Mapping[str, Any], endpoints: Iterable[str]) -> str:
        """Begin a run over the endpoints of these ids; its id is the time of its start (UTC), so ids sort by age.

        `settings` is what the run was told, as JSON-like values. Raises StateError where it holds a credential;
        addresses are stored without theirs.
        """
        started = self._now()
        with self.writing() as connection:
            run = RunRecord(
                id=new_id(connection, "runs", started),
                started=started,
                ended=None,
                status="running",
                casecraft=program_version(),
                document_source=without_credentials(document.source),
                document_title=document.title,
                document_version=document.version,
                document_digest=document.digest,
                settings=storable_settings(settings),
                endpoints=tuple(endpoints),
            )
            recording.insert_run(connection, run)
        return run.id

    def resume_run(self, run_id: str) -> RunRecord:
        """Set a run that did not end going again."""
        run = self.run(run_id)
        if run.status in _ENDED:
            raise StateError(
                f"run {run.id!r} is {run.status}: nothing is left to resume",
                hint="begin anew with `casecraft generate`",
            )
        with self.writing() as connection:
            connection.execute("UPDATE runs SET status = 'running', ended = NULL WHERE id = ?", (run.id,))
        return self.run(run.id)

    def finish_run(self, run_id: str, status: RunStatus, totals: Mapping[str, Any]) -> None:
        """Say how a run ended. `totals` are its figures, as JSON-like values."""
        with self.writing() as connection:
            changed = connection.execute(
                "UPDATE runs SET status = ?, ended = ?, totals = ? WHERE id = ?",
                (status, self._now(), codec.dump(totals), run_id),
            ).rowcount
        if not changed:
            raise StateError(f"no run {run_id!r} in this state file")

    def record(self, run_id: str, attempt: Attempt) -> asyncio.Future[None]:
        """Record an attempt; the future is done once it is durable."""
        return self.put((codec.attempt_row(run_id, attempt), None))

    def finish_job(self, run_id: str, job_key: str, result: JobResult) -> asyncio.Future[None]:
        """Record how a job ended, with its cases; the future is done once that is durable.

        A job of the same run and endpoint is replaced. A result of status "reused" is stored without cases: they are
        those of the newest done job of this key.
        """
        return self.put(recording.job_item(StoredJob.of(run_id, job_key, result)))

    def put(self, item: recording.Item) -> asyncio.Future[None]:
        """Record rows together with those that others record at the time; the future is done once they are durable."""
        return self._writer.put(item)

    def runs(self) -> list[RunRecord]:
        """All runs, oldest first, without pruned ones."""
        with self.reading() as connection:
            return reading.runs(connection)

    def run(self, name: str) -> RunRecord:
        """The run of this id or unique beginning of one. Raises StateError that names the nearest."""
        with self.reading() as connection:
            return reading.find_run(connection, name)

    def latest_unfinished(self) -> RunRecord | None:
        """The newest run that was interrupted, killed, stopped by its budget, or left endpoints failed."""
        return next((run for run in reversed(self.runs()) if run.status not in _ENDED), None)

    def unfinished(self) -> list[str]:
        """The ids of all runs that `answers` should draw on, oldest first: those that did not end well."""
        return [run.id for run in self.runs() if run.status not in _ENDED]

    def jobs_of(self, run_id: str) -> list[StoredJob]:
        """The jobs of a run that ended one way or another, by endpoint id."""
        with self.reading() as connection:
            return reading.jobs(connection, run_id)

    def attempts_of(self, run_id: str) -> list[Attempt]:
        """Every attempt of a run, in the order of their recording."""
        with self.reading() as connection:
            return reading.attempts(connection, run_id)

    def answers(self, run_ids: Iterable[str]) -> dict[str, Attempt]:
        """The answered attempts of these runs by request key, the newest of each; without their raw bodies."""
        with self.reading() as connection:
            return reading.answers(connection, run_ids)

    def conversations(self) -> dict[tuple[str, str], list[str]]:
        """The texts of each newest conversation, the first answer and those to repairs, by endpoint id and provider."""
        with self.reading() as connection:
            return reading.conversations(connection)

    def finished(self, job_key: str) -> StoredJob | None:
        """The newest done job of this key with its cases, from whichever run."""
        with self.reading() as connection:
            return reading.finished(connection, job_key)

    def spending(self, run_id: str) -> UsageMeter:
        """What a run's attempts used and cost so far."""
        with self.reading() as connection:
            return reading.spending(connection, run_id)

    def spending_by_provider(self, run_id: str) -> dict[str, UsageMeter]:
        """The same for each provider that was asked."""
        with self.reading() as connection:
            return reading.spending_by_provider(connection, run_id)

    def summary(self, name: str) -> RunSummary:
        """A run, by id or unique beginning of one, in figures."""
        with self.reading() as connection:
            return reading.summary(connection, name)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The connection that reads."""
        with translated(self.path):
            yield self._reader

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """The connection that writes, in a transaction of its own."""
        with self.alone() as connection, transaction(connection):
            yield connection

    @contextmanager
    def alone(self) -> Iterator[sqlite3.Connection]:
        """The connection that writes, outside of any transaction."""
        if self._lock is None:
            raise StateError(f"the state file {str(self.path)!r} was opened for reading only")
        with self._turn, translated(self.path):
            yield self._connection

    def _write(self, items: Sequence[recording.Item]) -> None:
        with self.alone() as connection:
            recording.write(connection, items)


def open_store(
    path: Path,
    *,
    now: Callable[[], float] = time.time,
    command: str | None = None,
    read_only: bool = False,
    linger: float = LINGER,
) -> Store:
    """Open the state file at `path`, made or migrated where needed, and hold it until the store is closed.

    `now` gives Unix time. `command` is what others are told about who holds the file; by default the program and its
    subcommand. With `read_only` the file is neither held nor changed, and may be held by another process; one of an
    older version is read through a copy in memory.

    Raises StateLockedError where another process holds it, StateNewerError and StateDamagedError with the file
    untouched, StateError where it cannot be read or written.
    """
    if read_only:
        return _open_reading(path, now)
    with translated(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    lock = StateLock(path, since=now(), command=command)
    opened = False
    try:
        prepare(path)
        store = Store(path, lock=lock, now=now, linger=linger)
        opened = True
    finally:
        if not opened:
            lock.release()
    return store


def _open_reading(path: Path, now: Callable[[], float]) -> Store:
    if not path.is_file():
        raise StateError(f"there is no state file {str(path)!r}", hint="`casecraft generate` makes it")
    return Store(path, lock=None, now=now, older=inspect(path) < VERSION)


def new_id(connection: sqlite3.Connection, table: Literal["runs", "suite_runs"], started: float) -> str:
    """An id that no row of the table has: the time in UTC, so that ids sort by age."""
    stem = datetime.fromtimestamp(started, UTC).strftime("%Y%m%d-%H%M%S")
    taken = {id_ for (id_,) in connection.execute(_IDS[table], (f"{stem}*",))}
    candidates = (stem if number == 1 else f"{stem}-{number}" for number in count(1))
    return next(candidate for candidate in candidates if candidate not in taken)
