"""Version 1: `.casecraft_state.json`, the state of the earlier single-purpose tool."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from casecraft.core.job import Attempt
from casecraft.errors import StateError
from casecraft.state import codec, recording
from casecraft.state.records import ImportReport, RunRecord, StoredJob
from casecraft.state.store import Store

V1 = "1.0"
KEY_PREFIX = "v1:"
"""Before the earlier tool's hashes, so that they never equal a key of this one."""

_KEPT = ("config", "statistics", "provider_stats")
_NOTED = ("tokens_used", "test_cases_count", "output_file")


def read_json(path: Path) -> Any:
    """The JSON of a file. Raises StateError where it cannot be read or is none."""
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise StateError(f"{str(path)!r} cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise StateError(
            f"{str(path)!r} is no JSON: {error}", hint="name an export or the earlier tool's .casecraft_state.json"
        ) from error


def is_v1(data: Any) -> bool:
    """Does it look like the earlier tool's file, of whichever version?"""
    return isinstance(data, Mapping) and "format" not in data and not {"config", "endpoints"}.isdisjoint(data)


def import_v1(store: Store, path: Path) -> ImportReport:
    """Bring in the earlier tool's file as one run of status "imported": a job and an attempt for each endpoint.

    Its statistics are kept as they were in the run's totals. That tool stored neither answers nor cases, nor how its
    tokens split into input and output; the report says so. Missing parts are taken as empty. Raises StateError where
    the file is no JSON, or of another version.
    """
    data = _checked(read_json(path), path)
    endpoints = {name: entry for name, entry in _part(data, "endpoints").items() if isinstance(entry, Mapping)}
    run = _run(data, endpoints)
    if any(known.id == run.id for known in store.runs()):
        return ImportReport(runs=(), jobs=0, attempts=0, lost=(f"{str(path)!r} was imported already",))
    items = [item for name, entry in endpoints.items() for item in _items(run, name, entry)]
    with store.writing() as connection:
        recording.insert_run(connection, run)
        recording.insert(connection, recording.storable(items))
    return ImportReport((run.id,), len(endpoints), len(endpoints), tuple(_lost(data, endpoints)))


def _checked(data: Any, path: Path) -> Mapping[str, Any]:
    if not is_v1(data):
        raise StateError(f"{str(path)!r} is no state file of version 1", hint="it is called .casecraft_state.json")
    if str(data.get("version", V1)) != V1:
        raise StateError(
            f"{str(path)!r} has version {data['version']!r}; of the earlier tool's files {V1!r} is known",
            hint="generate anew: only statistics would have been carried over",
        )
    return dict(data)


def _part(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = data.get(name)
    return part if isinstance(part, Mapping) else {}


def _run(data: Mapping[str, Any], endpoints: Mapping[str, Mapping[str, Any]]) -> RunRecord:
    config = _part(data, "config")
    times = [_time(entry.get("last_generated")) for entry in endpoints.values()]
    known = [time for time in times if time] or [_time(config.get("last_modified"))]
    return RunRecord(
        id="v1-" + hashlib.sha256(codec.dump(data).encode()).hexdigest()[:8],
        started=min(known),
        ended=max(known),
        status="imported",
        casecraft=V1,
        document_source=str(config.get("api_source", "")),
        document_title="",
        document_version="",
        document_digest=_hash(config.get("source_hash")),
        totals={name: _part(data, name) for name in _KEPT if name in data},
        endpoints=tuple(endpoints),
    )


def _items(run: RunRecord, endpoint_id: str, entry: Mapping[str, Any]) -> Iterator[recording.Item]:
    key = _hash(entry.get("definition_hash"))
    provider = entry.get("provider_used")
    notes = tuple(f"{name}: {entry[name]}" for name in _NOTED if entry.get(name) is not None)
    yield recording.job_item(
        StoredJob(run.id, endpoint_id, key, "done", None if provider is None else str(provider), notes=notes)
    )
    attempt = Attempt(
        endpoint_id=endpoint_id,
        provider=str(provider or "unknown"),
        model="",
        purpose="generate",
        request_key=key,
        outcome="answered",
        started=_time(entry.get("last_generated")),
        latency=0.0,
    )
    yield codec.attempt_row(run.id, attempt), None


def _lost(data: Mapping[str, Any], endpoints: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for name in ("endpoints", *_KEPT):
        if name in data and not isinstance(data[name], Mapping):
            yield f"{name!r} is no object and was left out"
    for name in sorted(data.keys() - {"version", "endpoints", *_KEPT}):
        yield f"{name!r} is not known and was left out"
    for name in _part(data, "endpoints").keys() - endpoints.keys():
        yield f"endpoint {name!r} is no object and was left out"
    if endpoints:
        yield "cases: that tool kept them in its own files (each job's note names one), so nothing can be reused"
        yield "answers and costs: that tool did not store them"
    if any(entry.get("tokens_used") for entry in endpoints.values()):
        yield "tokens: only their sum was stored; it is in each job's notes and not counted as usage"


def _hash(value: Any) -> str:
    return f"{KEY_PREFIX}{value or ''}"


def _time(value: Any) -> float:
    """Unix time of an ISO 8601 text, taken as UTC where it names no zone; 0 where it is none."""
    try:
        time = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return 0.0
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
