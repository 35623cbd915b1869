"""What was used and what it cost, out of state files: exchanges and runs, by day, provider, model, client and key.

Days are those of UTC. Counted as spending is what was answered, and what used tokens all the same. Money of different
currencies is kept apart, and what has no known price is counted as such.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from casecraft.core.usage import Usage, UsageMeter
from casecraft.errors import StateError
from casecraft.state.codec import COST_COLUMNS, USAGE_COLUMNS, Row
from casecraft.state.records import UsageRow
from casecraft.state.store import Store, open_store

UsageGroup: TypeAlias = Literal["day", "provider", "model", "client", "key"]
UsageSource: TypeAlias = Literal["gateway", "runs"]
USAGE_GROUPS: tuple[UsageGroup, ...] = get_args(UsageGroup)

_FROM_THE_FIRST = float("-inf")
_AMOUNT, _CURRENCY, _ = COST_COLUMNS


@dataclass(frozen=True, slots=True)
class UsageReport:
    """What was used, by where it came from: through the gateway, or in runs. `rows` are sorted by their groups.

    `totals` are of all rows of a source: an exchange for which two providers were asked counts once here. `unread` are
    the state files that could not be read, each with the reason.
    """

    rows: Mapping[UsageSource, Sequence[UsageRow]]
    totals: Mapping[UsageSource, UsageRow]
    unread: Mapping[Path, str] = field(default_factory=dict)

    @property
    def total(self) -> UsageRow:
        """All of it."""
        together = [UsageRow((), UsageMeter(), 0, 0), *self.totals.values()]
        return _merged(together)[0]


@dataclass(frozen=True, slots=True)
class _Source:
    """Where attempts are in a state file, as SQL.

    `failed` says of a row whether it failed, `billed` whether it cost something. Where `one` is given, what has the
    same of it counts as one, and `failed` is an aggregate.
    """

    tables: str
    groups: Mapping[UsageGroup, str]
    started: str
    failed: str
    billed: str
    one: str | None = None


_UNANSWERED = "exchanges.outcome IN ('failed', 'refused', 'cut')"
_EXCHANGES = _Source(
    tables="exchanges",
    groups={
        "day": "date(exchanges.started, 'unixepoch')",
        "client": "exchanges.client",
        "key": 'exchanges."key"',
    },
    started="exchanges.started",
    failed=_UNANSWERED,
    billed="TRUE",
)
_GATEWAY = _Source(
    tables="exchanges LEFT JOIN exchange_attempts AS attempts ON attempts.exchange_id = exchanges.id",
    groups={
        **_EXCHANGES.groups,
        "provider": "coalesce(attempts.provider, '')",
        "model": "coalesce(attempts.model, '')",
    },
    started="exchanges.started",
    one="exchanges.number",
    # A provider failed if no attempt at it was answered; that the client went away is not its fault.
    failed=f"coalesce(min(attempts.error <> '') AND exchanges.outcome <> 'cancelled', {_UNANSWERED})",
    # As `ExchangeAttempt.billed` has it.
    billed="attempts.error = '' OR attempts.usage_input IS NOT NULL OR attempts.cost_amount IS NOT NULL "
    "OR attempts.status BETWEEN 200 AND 299",
)
_RUNS = _Source(
    tables="attempts",
    groups={
        "day": "date(attempts.started, 'unixepoch')",
        "provider": "attempts.provider",
        "model": "attempts.model",
        "client": "''",
        "key": "''",
    },
    started="attempts.started",
    failed="attempts.outcome <> 'answered'",
    billed="attempts.outcome = 'answered' OR attempts.usage_input IS NOT NULL",
)
_SOURCES: Mapping[UsageSource, _Source] = {"gateway": _GATEWAY, "runs": _RUNS}


_SPENT = " ".join(
    [
        f"SELECT {_CURRENCY}, exact_sum({_AMOUNT}) FROM",
        _GATEWAY.tables,
        f"""WHERE {_AMOUNT} IS NOT NULL AND exchanges.started >= :since AND (:key IS NULL OR exchanges."key" = :key)""",
        f"GROUP BY {_CURRENCY}",
    ]
)


class _ExactSum:
    """The sum of decimal texts, as an aggregate of SQL: SQLite's own is one of floats."""

    def __init__(self) -> None:
        self._sum = Decimal()

    def step(self, amount: Any) -> None:
        if amount is not None:
            self._sum += Decimal(amount)

    def finalize(self) -> Any:
        return str(self._sum)


def usage_by(store: Store, *groups: UsageGroup, since: float | None = None) -> list[UsageRow]:
    """What the exchanges that began at `since` (Unix time) or later used and cost, sorted by the groups' values.

    By provider or model, an exchange counts for each that was asked, and for nobody ("") where none was. Without
    groups: one row, or none where there are no exchanges.
    """
    with store.reading() as connection:
        return _rows(connection, _GATEWAY, groups, since)


def spent_since(store: Store, since: float, *, key: str | None = None) -> dict[str, Decimal]:
    """What the exchanges that began at `since` (Unix time) or later cost, by currency; of one key, where it is named.

    What has no known price is not in it: `usage_by` counts that.
    """
    with store.reading() as connection:
        connection.create_aggregate("exact_sum", 1, _ExactSum)
        rows = connection.execute(_SPENT, {"since": since, "key": key})
        return {currency: Decimal(amount) for currency, amount in rows}


def read_usage(state_dir: Path, *groups: UsageGroup, since: float | None = None) -> UsageReport:
    """What is in all state files of a folder, whether the gateway or runs wrote it. The files are only read."""
    rows: dict[UsageSource, list[UsageRow]] = {source: [] for source in _SOURCES}
    totals: dict[UsageSource, list[UsageRow]] = {source: [] for source in _SOURCES}
    unread: dict[Path, str] = {}
    for path in sorted(state_dir.glob("*.sqlite")):
        try:
            with open_store(path, read_only=True) as store, store.reading() as connection:
                for name, source in _SOURCES.items():
                    rows[name] += _rows(connection, source, groups, since)
                    totals[name] += _rows(connection, source, (), since)
        except StateError as error:
            unread[path] = str(error)
    return UsageReport(
        rows={name: _merged(found) for name, found in rows.items() if found},
        totals={name: _merged(found)[0] for name, found in totals.items() if found},
        unread=unread,
    )


def _rows(
    connection: sqlite3.Connection, source: _Source, groups: Sequence[UsageGroup], since: float | None
) -> list[UsageRow]:
    connection.create_aggregate("exact_sum", 1, _ExactSum)
    start = _FROM_THE_FIRST if since is None else since
    spending: dict[Row, UsageMeter] = {}
    for row in connection.execute(_spending_query(source, groups), (start,)):
        _add(spending.setdefault(row[: len(groups)], UsageMeter()), *row[len(groups) :])
    rows = []
    for *values, count, failures in connection.execute(_count_query(_counted(source, groups), groups), (start,)):
        if count:
            rows.append(UsageRow(tuple(values), spending.get(tuple(values), UsageMeter()), count, int(failures)))
    return rows


def _add(meter: UsageMeter, currency: str | None, amount: str, answers: int, *tokens: float) -> None:
    meter.answers += answers
    meter.usage += Usage(*map(int, tokens))
    if currency is None:
        meter.unpriced += answers
    else:
        meter.amounts[currency] += Decimal(amount)  # type: ignore[assignment]  # a Counter adds Decimals too


def _counted(source: _Source, groups: Sequence[UsageGroup]) -> _Source:
    """What to count: exchanges by themselves, where nothing of their attempts is asked for."""
    return _EXCHANGES if source is _GATEWAY and set(groups) <= _EXCHANGES.groups.keys() else source


def _spending_query(source: _Source, groups: Sequence[UsageGroup]) -> str:
    named = [source.groups[group] for group in groups]
    # Not sum(): it breaks at numbers beyond 64 bits, which some answers claim.
    sums = [f"total({column})" for column in USAGE_COLUMNS]
    wanted = ", ".join([*named, _CURRENCY, f"exact_sum({_AMOUNT})", "count(*)", *sums])
    together = ", ".join([*named, _CURRENCY])
    chosen = [source.tables, "WHERE", source.started, ">= ? AND (", source.billed, ")"]
    return " ".join(["SELECT", wanted, "FROM", *chosen, "GROUP BY", together])


def _count_query(source: _Source, groups: Sequence[UsageGroup]) -> str:
    names = [f"g{number}" for number in range(len(groups))]
    named = [f"{source.groups[group]} AS {name}" for group, name in zip(groups, names, strict=True)]
    inner = ["SELECT", ", ".join([*named, f"{source.failed} AS failed"]), "FROM", source.tables]
    inner += ["WHERE", source.started, ">= ?"]
    if source.one is not None:
        inner += ["GROUP BY", ", ".join([*names, source.one])]
    order = ", ".join(names)
    grouped = ["GROUP BY", order, "ORDER BY", order] if names else []
    return " ".join(["SELECT", ", ".join([*names, "count(*)", "total(failed)"]), "FROM (", *inner, ")", *grouped])


def _merged(rows: Iterable[UsageRow]) -> list[UsageRow]:
    """Rows of several files as one for each group."""
    merged: dict[tuple[str, ...], UsageRow] = {}
    for row in rows:
        known = merged.get(row.groups, UsageRow(row.groups, UsageMeter(), 0, 0))
        known.spending.include(row.spending)
        merged[row.groups] = replace(
            known, exchanges=known.exchanges + row.exchanges, failures=known.failures + row.failures
        )
    return [merged[group] for group in sorted(merged)]
