"""Core values to rows and JSON, and back, without loss.

JSON text is what orjson makes. Values that it refuses (whole numbers beyond 64 bits, lone surrogates) go through the
standard library, and their text begins with a blank: still the same JSON, and the reader knows which parser keeps it.
JSON has no infinities and no NaN: a case never holds them.
"""

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from decimal import Decimal
from typing import Any, TypeAlias

import orjson

from casecraft.core.case import Binding, Case, Expectation, Source, read_request
from casecraft.core.job import Attempt
from casecraft.core.usage import Cost, Usage
from casecraft.errors import StateError

Row: TypeAlias = tuple[Any, ...]

USAGE_COLUMNS = ("usage_input", "usage_output", "usage_cached_input", "usage_cache_write", "usage_reasoning")
COST_COLUMNS = ("cost_amount", "cost_currency", "cost_as_of")
ATTEMPT_COLUMNS = (
    "run_id",
    "endpoint_id",
    "provider",
    "model",
    "purpose",
    "request_key",
    "outcome",
    "started",
    "latency",
    "status",
    "error",
    "answer",
    *USAGE_COLUMNS,
    *COST_COLUMNS,
    "raw",
)
RUN_COLUMNS = (
    "id",
    "started",
    "ended",
    "status",
    "casecraft",
    "document_source",
    "document_title",
    "document_version",
    "document_digest",
    "settings",
    "totals",
    "endpoints",
    "pruned",
)
JOB_COLUMNS = (
    "run_id",
    "endpoint_id",
    "job_key",
    "status",
    "provider",
    "model",
    "fell_back",
    "dropped",
    "error",
    "notes",
)
_NO_USAGE = (None,) * 5
_NO_COST = (None,) * 3
_LARGEST = 2**63 - 1


def dump(value: object) -> str:
    """JSON text of a JSON-like value, mappings and core values among them.

    Raises StateError where it has no form in JSON.
    """
    try:
        return orjson.dumps(value, default=_plain).decode()
    except orjson.JSONEncodeError:
        return " " + _dump_slowly(value)


def load(text: str) -> Any:
    """The value that `dump` wrote."""
    return json.loads(text) if text.startswith(" ") else orjson.loads(text)


def attempt_row(run_id: str, attempt: Attempt) -> Row:
    """The columns of `ATTEMPT_COLUMNS`; `raw` is still as it came (see `compressed`)."""
    return (
        run_id,
        attempt.endpoint_id,
        attempt.provider,
        attempt.model,
        attempt.purpose,
        attempt.request_key,
        attempt.outcome,
        attempt.started,
        attempt.latency,
        attempt.status,
        attempt.error,
        attempt.answer,
        *usage_columns(attempt.usage),
        *cost_columns(attempt.cost),
        attempt.raw,
    )


def compressed(row: Row) -> Row:
    """The row of an attempt with its last column, `raw`, as zlib keeps it: a quarter of the size for most answers."""
    raw = row[-1]
    return row if raw is None else (*row[:-1], zlib.compress(raw, 1))


def attempt_from(row: Sequence[Any]) -> Attempt:
    """The attempt of a row of `ATTEMPT_COLUMNS`."""
    raw = None if row[20] is None else zlib.decompress(row[20])
    fields = dict(zip(ATTEMPT_COLUMNS[1:12], row[1:12], strict=True))
    return Attempt(**fields, raw=raw, usage=usage_from(row[12:17]), cost=cost_from(row[17:20]))


def usage_columns(usage: Usage | None) -> Row:
    """The columns of `USAGE_COLUMNS`."""
    if usage is None:
        return _NO_USAGE
    return (usage.input, usage.output, usage.cached_input, usage.cache_write, usage.reasoning)


def usage_from(columns: Sequence[Any]) -> Usage | None:
    """The usage of `USAGE_COLUMNS`; None where it is not known."""
    return None if columns[0] is None else Usage(*columns)


def cost_columns(cost: Cost | None) -> Row:
    """The columns of `COST_COLUMNS`."""
    return _NO_COST if cost is None else (str(cost.amount), cost.currency, cost.as_of)


def cost_from(columns: Sequence[Any]) -> Cost | None:
    """The cost of `COST_COLUMNS`; None where it is not known."""
    return None if columns[0] is None else Cost(Decimal(columns[0]), columns[1], columns[2])


def case_from(data: Mapping[str, Any]) -> Case:
    """The case that `data`, its JSON object, describes."""
    return Case(
        id=data["id"],
        title=data["title"],
        valid=data["valid"],
        technique=data["technique"],
        priority=data["priority"],
        targets=tuple(data["targets"]),
        request=read_request(data["request"]),
        expect=Expectation(tuple(data["expect"]["status"]), data["expect"]["check_schema"]),
        source=Source(**data["source"]),
        bindings=tuple(Binding(**binding) for binding in data["bindings"]),
        fresh=data["fresh"],
    )


def plain(value: Any) -> Any:
    """The value as JSON has it: core values and mappings as dicts, tuples as lists."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if value is None or isinstance(value, str | int | float):
        return value
    return _plain(value)


def storable(row: Row) -> Row:
    """The row with what SQLite cannot hold replaced: lone surrogates by U+FFFD, numbers beyond 64 bits by the largest.

    Both come only from broken answers, and the raw answer keeps them.
    """
    return tuple(_storable(value) for value in row)


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, int):
        return max(-_LARGEST, min(value, _LARGEST))
    return value


def _dump_slowly(value: object) -> str:
    try:
        return json.dumps(plain(value), allow_nan=False, separators=(",", ":"))
    except (RecursionError, TypeError, ValueError) as error:
        raise StateError(f"a value cannot be stored as JSON: {error}") from error


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__!r} has no form in JSON")
