"""The gateway's ledger: what passed through it, what that used and what it cost. Days are those of UTC."""

import asyncio
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from casecraft.core.exchange import Exchange, ExchangeOutcome
from casecraft.errors import StateError, StateLockedError
from casecraft.state.database import translated
from casecraft.state.exchange_rows import ATTEMPT_COLUMNS, EXCHANGE_COLUMNS, exchange_from, exchange_item
from casecraft.state.location import MOST_LEDGERS, gateway_path
from casecraft.state.store import Store, open_store

_ALL = -1
_SIZE = len(EXCHANGE_COLUMNS)
_CHOSEN = " ".join(["SELECT", ", ".join(EXCHANGE_COLUMNS), ", number FROM exchanges"])
_COLUMNS = [f"chosen.{name}" for name in EXCHANGE_COLUMNS] + [f"attempts.{name}" for name in ATTEMPT_COLUMNS]
_JOINED = "FROM chosen LEFT JOIN exchange_attempts AS attempts ON attempts.exchange_id = chosen.id"
_BOTH = " ".join(["SELECT", ", ".join(_COLUMNS), _JOINED])
_FILTERS = {
    "before": "started < ?",
    "outcome": "outcome = ?",
    "client": "client = ?",
    "provider": "EXISTS (SELECT 1 FROM exchange_attempts WHERE exchange_id = exchanges.id AND provider = ?)",
}


_IGNORED = """\
# Ledgers of casecraft's gateway. The state files of suites may be kept.
.gitignore
gateway.sqlite*
gateway-?.sqlite*
gateway-??.sqlite*
gateway-???.sqlite*
"""


def open_ledger(state_dir: Path) -> Store:
    """Open the first ledger in `state_dir` that nobody holds, made where it is not there.

    Git is told to leave ledgers alone, as they are of one machine: `launch` makes them in whatever folder it is used.

    Raises what `open_store` raises, but for a ledger that another gateway holds.
    """
    _hide_ledgers_from_git(state_dir)
    for number in range(1, MOST_LEDGERS + 1):
        try:
            return open_store(gateway_path(state_dir, number))
        except StateLockedError:
            continue
    raise StateError(
        f"all {MOST_LEDGERS} ledgers in {str(state_dir)!r} are in use", hint="choose another folder with --state-dir"
    )


def _hide_ledgers_from_git(state_dir: Path) -> None:
    """Write a `.gitignore` for ledgers and for itself, unless there is one."""
    path = state_dir / ".gitignore"
    with translated(path):
        state_dir.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError), path.open("x") as file:
            file.write(_IGNORED)


def record_exchange(store: Store, exchange: Exchange) -> asyncio.Future[None]:
    """Record an exchange; the future is done once it is durable, or holds the StateError why it is not.

    An exchange of the same id is replaced. What looks like a credential in its texts is blotted out.
    """
    return store.put(exchange_item(exchange))


def exchanges(
    store: Store,
    *,
    limit: int = 100,
    before: float | None = None,
    outcome: ExchangeOutcome | None = None,
    provider: str | None = None,
    client: str | None = None,
) -> list[Exchange]:
    """The newest exchanges, newest first: those that began before `before` (Unix time), that ended so, for which
    `provider` was asked, and that `client` began.
    """
    wanted = {"before": before, "outcome": outcome, "provider": provider, "client": client}
    given = {name: value for name, value in wanted.items() if value is not None}
    condition = " AND ".join(_FILTERS[name] for name in given)
    with store.reading() as connection:
        found = _read(connection, condition, [*given.values()], newest_first=True, limit=limit)
        return list(found)


def drop_exchanges(store: Store, *, before: float) -> int:
    """Drop the exchanges that began before `before` (Unix time), and give the space back. Returns how many."""
    with store.writing() as connection:
        connection.execute(
            "DELETE FROM exchange_attempts WHERE exchange_id IN (SELECT id FROM exchanges WHERE started < ?)", (before,)
        )
        dropped = connection.execute("DELETE FROM exchanges WHERE started < ?", (before,)).rowcount
    with store.alone() as connection:
        connection.execute("VACUUM")
    return dropped


def read_exchanges(connection: sqlite3.Connection) -> Iterator[Exchange]:
    """All exchanges, in the order of their recording."""
    return _read(connection, "", [], newest_first=False, limit=_ALL)


def known_ids(connection: sqlite3.Connection, ids: Iterable[str]) -> set[str]:
    """Those of the ids that are recorded."""
    query = "SELECT id FROM exchanges WHERE id = ?"
    return {id_ for id_ in ids if connection.execute(query, (id_,)).fetchone() is not None}


def _read(
    connection: sqlite3.Connection, condition: str, values: Iterable[Any], *, newest_first: bool, limit: int
) -> Iterator[Exchange]:
    order = "started DESC, number DESC" if newest_first else "number"
    where = f"WHERE {condition}" if condition else ""
    query = f"WITH chosen AS ({_CHOSEN} {where} ORDER BY {order} LIMIT ?) {_BOTH} ORDER BY {order}, ordinal"
    rows = connection.execute(query, (*values, limit))
    for _, group in groupby(rows, key=itemgetter(0)):
        first, *others = group
        attempts = [row[_SIZE:] for row in (first, *others) if row[_SIZE] is not None]
        yield exchange_from(first[:_SIZE], attempts)
