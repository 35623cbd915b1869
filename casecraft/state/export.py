"""A state file as JSON and back: the form of `state/v4/export.schema.json`."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import orjson

from casecraft.core.exchange import Exchange, ExchangeAttempt
from casecraft.core.job import Attempt
from casecraft.core.outcome import CaseResult
from casecraft.core.usage import Cost, Usage
from casecraft.errors import StateError
from casecraft.state import codec, reading, recording
from casecraft.state.exchange_rows import exchange_item
from casecraft.state.exchanges import known_ids, read_exchanges
from casecraft.state.legacy import import_v1, is_v1, read_json
from casecraft.state.records import ImportReport, RunRecord, StoredJob, SuiteRun
from casecraft.state.store import Store
from casecraft.state.suite_runs import insert_suite_run, read_results, read_suite_runs

FORMAT = "casecraft-state"
FORMAT_VERSION = 4
SCHEMA = "export.schema.json"
"""Beside this module, and published as `state/v4/export.schema.json`."""

_SHOWN = 200
_DOCUMENT_FIELDS = ("source", "title", "version", "digest")


def export(store: Store) -> dict[str, Any]:
    """All that the state file holds, as JSON-like values. `encode` makes text of it."""
    with store.reading() as connection:
        runs = [
            _run_data(run, reading.jobs(connection, run.id), reading.attempts(connection, run.id))
            for run in reading.runs(connection, with_pruned=True)
        ]
        tests = [
            asdict(run) | {"results": [asdict(result) for result in read_results(connection, run.id)]}
            for run in read_suite_runs(connection)
        ]
        passed = [_exchange_data(exchange) for exchange in read_exchanges(connection)]
    return {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "runs": runs,
        "suite_runs": tests,
        "exchanges": passed,
    }


def encode(data: Mapping[str, Any]) -> bytes:
    """The export as indented JSON text, whatever numbers and characters its cases hold."""
    try:
        return orjson.dumps(data, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    except orjson.JSONEncodeError:
        return json.dumps(data, indent=2).encode() + b"\n"


def import_file(store: Store, path: Path) -> ImportReport:
    """Bring in an export, or the state file of the earlier tool (version 1); its content says which.

    Raises StateError where it is neither.
    """
    data = read_json(path)
    if is_v1(data):
        return import_v1(store, path)
    return import_export(store, data, origin=str(path))


def import_export(store: Store, data: Mapping[str, Any], *, origin: str = "the export") -> ImportReport:
    """Bring in what `export` made, all of it or nothing. What the store has already is left out and reported.

    An export of version 3 is read too. Raises StateError where `data` has another form or version.
    """
    data = _upgraded(data)
    _refuse_strange(data, origin)
    runs = [_run_from(run) for run in data["runs"]]
    tests = [_suite_run_from(run) for run in data["suite_runs"]]
    passed = [_exchange_from(exchange) for exchange in data["exchanges"]]
    with store.reading() as connection:
        known = {run.id for run in reading.runs(connection, with_pruned=True)}
        tested = {run.id for run in read_suite_runs(connection)}
        there = known_ids(connection, (exchange.id for exchange in passed))
    fresh = [content for content in runs if content[0].id not in known]
    with store.writing() as connection:
        for run, items in fresh:
            recording.insert_run(connection, run)
            recording.insert(connection, recording.storable(items))
        for test, results in tests:
            if test.id not in tested:
                insert_suite_run(connection, test, results)
        recording.insert(connection, recording.storable(exchange_item(it) for it in passed if it.id not in there))
    return ImportReport(
        runs=tuple(run.id for run, _ in fresh),
        jobs=sum(cases is not None for _, items in fresh for _, cases in items),
        attempts=sum(cases is None for _, items in fresh for _, cases in items),
        lost=(
            *(f"run {run.id!r} was there already" for run, _ in runs if run.id in known),
            *(f"run {test.id!r} of a suite was there already" for test, _ in tests if test.id in tested),
            *([f"{len(there)} exchanges were there already"] if there else []),
        ),
        exchanges=len(passed) - len(there),
    )


def _upgraded(data: Any) -> Any:
    """An export of version 3 as one of this version, which has exchanges besides; anything else as it is."""
    if isinstance(data, Mapping) and data.get("format") == FORMAT and data.get("version") == FORMAT_VERSION - 1:
        return {**data, "version": FORMAT_VERSION, "exchanges": []}
    return data


def _refuse_strange(data: Any, origin: str) -> None:
    if not isinstance(data, Mapping) or data.get("format") != FORMAT:
        raise StateError(
            f"{origin!r} is neither an export nor a state file of version 1",
            hint="`casecraft state export` makes an export; the earlier tool's file is .casecraft_state.json",
        )
    if data.get("version") != FORMAT_VERSION:
        raise StateError(
            f"{origin!r} is an export of version {data.get('version')!r}; this casecraft reads "
            f"{FORMAT_VERSION - 1} and {FORMAT_VERSION}",
            hint="use the casecraft that wrote it",
        )
    import jsonschema_rs  # noqa: PLC0415  # only an import pays for it

    validator = jsonschema_rs.validator_for(json.loads((files("casecraft.state") / SCHEMA).read_bytes()))
    problem = next(iter(validator.iter_errors(data)), None)
    if problem is not None:
        where = "/".join(map(str, problem.instance_path)) or "its top"
        raise StateError(
            f"{origin!r} does not have the form of an export: at {where}: {_shortened(problem.message)}",
            hint="state/v4/export.schema.json describes it",
        )


def _shortened(message: str) -> str:
    return message if len(message) <= _SHOWN else f"{message[:_SHOWN]}…"


def _run_data(run: RunRecord, jobs: Sequence[StoredJob], attempts: Sequence[Attempt]) -> dict[str, Any]:
    data = asdict(run)
    data["document"] = {name: data.pop(f"document_{name}") for name in _DOCUMENT_FIELDS}
    data["endpoints"] = list(run.endpoints)
    return data | {
        "jobs": [_job_data(job) for job in jobs],
        "attempts": [_attempt_data(attempt) for attempt in attempts],
    }


def _job_data(job: StoredJob) -> dict[str, Any]:
    data: dict[str, Any] = codec.plain(job)
    del data["run_id"]
    if job.status == "reused":  # they are with the job that it repeats
        data["cases"] = []
    return data


def _attempt_data(attempt: Attempt) -> dict[str, Any]:
    raw = None if attempt.raw is None else _raw_data(attempt.raw)
    return asdict(attempt) | {"raw": raw, "cost": _cost_data(attempt.cost)}


def _cost_data(cost: Cost | None) -> dict[str, Any] | None:
    return None if cost is None else asdict(cost) | {"amount": str(cost.amount)}


def _exchange_data(exchange: Exchange) -> dict[str, Any]:
    attempts = [asdict(attempt) | {"cost": _cost_data(attempt.cost)} for attempt in exchange.attempts]
    return asdict(exchange) | {"losses": list(exchange.losses), "attempts": attempts}


def _raw_data(raw: bytes) -> dict[str, str]:
    """Text where it is UTF-8, as nearly all answers are, else base64."""
    try:
        return {"text": raw.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(raw).decode()}


def _run_from(data: Mapping[str, Any]) -> tuple[RunRecord, list[recording.Item]]:
    plain = {name: value for name, value in data.items() if name not in {"document", "jobs", "attempts", "endpoints"}}
    document = {f"document_{name}": data["document"][name] for name in _DOCUMENT_FIELDS}
    run = RunRecord(**plain, **document, endpoints=tuple(data["endpoints"]))
    items = [recording.job_item(_job_from(run.id, job)) for job in data["jobs"]]
    items += [(codec.attempt_row(run.id, _attempt_from(attempt)), None) for attempt in data["attempts"]]
    return run, items


def _suite_run_from(data: Mapping[str, Any]) -> tuple[SuiteRun, list[CaseResult]]:
    fields = {name: value for name, value in data.items() if name != "results"}
    return SuiteRun(**fields), [CaseResult(**result) for result in data["results"]]


def _job_from(run_id: str, data: Mapping[str, Any]) -> StoredJob:
    return StoredJob(
        **{
            **data,
            "run_id": run_id,
            "cases": tuple(codec.case_from(case) for case in data["cases"]),
            "fell_back": tuple(data["fell_back"]),
            "notes": tuple(data["notes"]),
        }
    )


def _attempt_from(data: Mapping[str, Any]) -> Attempt:
    raw = data["raw"]
    return Attempt(**{**data, **_money_from(data), "raw": None if raw is None else _raw_from(raw)})


def _money_from(data: Mapping[str, Any]) -> dict[str, Any]:
    usage, cost = data["usage"], data["cost"]
    return {
        "usage": None if usage is None else Usage(**usage),
        "cost": None if cost is None else Cost(Decimal(cost["amount"]), cost["currency"], cost["as_of"]),
    }


def _exchange_from(data: Mapping[str, Any]) -> Exchange:
    attempts = tuple(ExchangeAttempt(**{**attempt, **_money_from(attempt)}) for attempt in data["attempts"])
    return Exchange(**{**data, "attempts": attempts, "losses": tuple(data["losses"])})


def _raw_from(data: Mapping[str, str]) -> bytes:
    return data["text"].encode() if "text" in data else base64.b64decode(data["base64"], validate=True)
