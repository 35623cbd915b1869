"""Reads runs, jobs, cases and answers back."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from difflib import get_close_matches

from casecraft.core.case import Case
from casecraft.core.job import Attempt
from casecraft.core.usage import Cost, Usage, UsageMeter
from casecraft.errors import StateError
from casecraft.state import codec
from casecraft.state.codec import ATTEMPT_COLUMNS, JOB_COLUMNS, RUN_COLUMNS, Row
from casecraft.state.records import RunRecord, RunSummary, StoredJob

_SHOWN_IDS = 5


def _selection(columns: Sequence[str], table: str) -> str:
    return " ".join(("SELECT", ", ".join(columns), "FROM", table))


_RUNS = _selection(RUN_COLUMNS, "runs")
_JOBS = _selection([f"jobs.{column}" for column in JOB_COLUMNS], "jobs")
_ATTEMPTS = _selection(ATTEMPT_COLUMNS, "attempts")
_ANSWERS = _selection([*ATTEMPT_COLUMNS[:-1], "NULL"], "attempts")


def runs(connection: sqlite3.Connection, *, with_pruned: bool = False) -> list[RunRecord]:
    """All runs, oldest first."""
    found = [_run_from(row) for row in connection.execute(f"{_RUNS} ORDER BY number")]
    return [run for run in found if with_pruned or not run.pruned]


def find_run(connection: sqlite3.Connection, name: str) -> RunRecord:
    """The run of this id, or the only one whose id begins so. Raises StateError otherwise."""
    known = {record.id: record for record in runs(connection)}
    if name in known:
        return known[name]
    matches = [id_ for id_ in known if id_.startswith(name)]
    if len(matches) == 1:
        return known[matches[0]]
    if matches:
        raise StateError(f"{name!r} begins the ids of {len(matches)} runs", hint=f"say more: {_listed(matches)}")
    raise StateError(f"no run {name!r} in this state file", hint=_nearest_run(name, list(known)))


def jobs(connection: sqlite3.Connection, run_id: str) -> list[StoredJob]:
    """The jobs of a run that ended, with their cases, by endpoint id."""
    rows = connection.execute(f"{_JOBS} WHERE run_id = ? ORDER BY endpoint_id", (run_id,))
    return [_job_from(connection, row) for row in rows.fetchall()]


def attempts(connection: sqlite3.Connection, run_id: str) -> list[Attempt]:
    """Every attempt of a run, in the order of their recording."""
    query = f"{_ATTEMPTS} WHERE run_id = ? ORDER BY id"
    return [codec.attempt_from(row) for row in connection.execute(query, (run_id,))]


def answers(connection: sqlite3.Connection, run_ids: Iterable[str]) -> dict[str, Attempt]:
    """The newest answered attempt for each request key, without `raw`."""
    query = f"{_ANSWERS} WHERE run_id = ? AND outcome = 'answered' AND answer IS NOT NULL ORDER BY id"
    rows = (row for run_id in run_ids for row in connection.execute(query, (run_id,)))
    found = (codec.attempt_from(row) for row in rows)
    return {attempt.request_key: attempt for attempt in found}


def conversations(connection: sqlite3.Connection) -> dict[tuple[str, str], list[str]]:
    """The texts of the newest answer to a first question, and of the repairs after it, by endpoint id and provider."""
    found: dict[tuple[str, str], list[str]] = {}
    for endpoint_id, provider, purpose, answer in connection.execute(
        "SELECT endpoint_id, provider, purpose, answer FROM attempts "
        "WHERE outcome = 'answered' AND answer IS NOT NULL AND purpose IN ('generate', 'repair') ORDER BY id"
    ):
        if purpose == "generate":
            found[endpoint_id, provider] = []
        found.setdefault((endpoint_id, provider), []).append(answer)
    return found


def finished(connection: sqlite3.Connection, job_key: str) -> StoredJob | None:
    """The newest job of this key that was done, with its cases."""
    row = connection.execute(
        f"{_JOBS} JOIN runs ON runs.id = jobs.run_id "
        "WHERE jobs.job_key = ? AND jobs.status = 'done' ORDER BY runs.number DESC, jobs.endpoint_id LIMIT 1",
        (job_key,),
    ).fetchone()
    return None if row is None else _job_from(connection, row)


def summary(connection: sqlite3.Connection, name: str) -> RunSummary:
    """A run in figures."""
    run = find_run(connection, name)
    ended = _counted(connection, "SELECT status, count(*) FROM jobs WHERE run_id = ? GROUP BY status", run.id)
    pending = len(run.endpoints) - sum(ended.values())
    (cases,) = connection.execute("SELECT count(*) FROM cases WHERE run_id = ?", (run.id,)).fetchone()
    return RunSummary(
        run=run,
        jobs=ended | ({"pending": pending + ended.get("pending", 0)} if pending > 0 else {}),
        attempts=_counted(
            connection, "SELECT outcome, count(*) FROM attempts WHERE run_id = ? GROUP BY outcome", run.id
        ),
        cases=cases,
        spending=spending(connection, run.id),
    )


def spending(connection: sqlite3.Connection, run_id: str) -> UsageMeter:
    """What the run's attempts used and cost: those answered, and those that failed but used tokens all the same."""
    total = UsageMeter()
    for _, usage, cost in _billed(connection, run_id):
        total.add(usage, cost)
    return total


def spending_by_provider(connection: sqlite3.Connection, run_id: str) -> dict[str, UsageMeter]:
    """The same, provider by provider."""
    totals: dict[str, UsageMeter] = {}
    for provider, usage, cost in _billed(connection, run_id):
        totals.setdefault(provider, UsageMeter()).add(usage, cost)
    return totals


def _billed(connection: sqlite3.Connection, run_id: str) -> Iterator[tuple[str, Usage | None, Cost | None]]:
    query = (
        "SELECT provider, usage_input, usage_output, usage_cached_input, usage_cache_write, usage_reasoning, "
        "cost_amount, cost_currency, cost_as_of FROM attempts "
        "WHERE run_id = ? AND (outcome = 'answered' OR usage_input IS NOT NULL)"
    )
    for provider, *tokens, amount, currency, as_of in connection.execute(query, (run_id,)):
        usage = None if tokens[0] is None else Usage(*tokens)
        yield provider, usage, None if amount is None else Cost(Decimal(amount), currency, as_of)


def _counted(connection: sqlite3.Connection, query: str, run_id: str) -> dict[str, int]:
    return dict(connection.execute(query, (run_id,)).fetchall())


def _run_from(row: Row) -> RunRecord:
    fields = dict(zip(RUN_COLUMNS, row, strict=True))
    for name in ("settings", "totals", "endpoints"):
        fields[name] = codec.load(fields[name])
    return RunRecord(**fields | {"endpoints": tuple(fields["endpoints"]), "pruned": bool(fields["pruned"])})


def _job_from(connection: sqlite3.Connection, row: Row) -> StoredJob:
    run_id, endpoint_id, job_key, status, provider, model, fell_back, dropped, error, notes = row
    return StoredJob(
        run_id=run_id,
        endpoint_id=endpoint_id,
        job_key=job_key,
        status=status,
        provider=provider,
        model=model,
        cases=_cases(connection, *_home_of_cases(connection, row)),
        fell_back=tuple(codec.load(fell_back)),
        dropped=dropped,
        error=error,
        notes=tuple(codec.load(notes)),
    )


def _home_of_cases(connection: sqlite3.Connection, row: Row) -> tuple[str, str]:
    """The run and the endpoint under which a job's cases are: its own, or, reused, those of the job it repeats."""
    run_id, endpoint_id, job_key, status, *_ = row
    if status != "reused":
        return run_id, endpoint_id
    origin = connection.execute(
        "SELECT jobs.run_id, jobs.endpoint_id FROM jobs JOIN runs ON runs.id = jobs.run_id "
        "WHERE jobs.job_key = ? AND jobs.status = 'done' "
        "AND runs.number <= (SELECT number FROM runs WHERE id = ?) ORDER BY runs.number DESC, jobs.endpoint_id LIMIT 1",
        (job_key, run_id),
    ).fetchone()
    return origin or (run_id, endpoint_id)


def _cases(connection: sqlite3.Connection, run_id: str, endpoint_id: str) -> tuple[Case, ...]:
    query = 'SELECT "case" FROM cases WHERE run_id = ? AND endpoint_id = ? ORDER BY ordinal'
    return tuple(codec.case_from(codec.load(text)) for (text,) in connection.execute(query, (run_id, endpoint_id)))


def _nearest_run(name: str, known: list[str]) -> str:
    if not known:
        return "it holds no runs; `casecraft generate` makes the first"
    nearest = get_close_matches(name, known, n=1, cutoff=0.4)
    if nearest:
        return f"did you mean {nearest[0]!r}? `casecraft state list` shows all"
    return f"the newest are {_listed(known)}"


def _listed(ids: list[str]) -> str:
    shown = ", ".join(reversed(ids[-_SHOWN_IDS:]))
    return shown if len(ids) <= _SHOWN_IDS else f"{shown}, …"
