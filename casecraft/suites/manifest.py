"""`suite.json`: what the suite is, what is in it, and what it cost. The facts that change with every run stand here."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from casecraft.core.case import Case
from casecraft.core.document import Document
from casecraft.core.usage import Usage, UsageMeter
from casecraft.core.version import program_version
from casecraft.suites.answer_schemas import unchecked_notes
from casecraft.suites.suite import Entry, Run, Suite
from casecraft.suites.targets import targets_report, targets_total

FILE = "suite.json"


def build_manifest(suite: Suite, entries: tuple[Entry, ...], files: Iterable[str]) -> dict[str, Any]:
    """The manifest of a suite whose other files are `files`, relative to its folder."""
    spending = dict(suite.spending) or _spending_of(entries)
    return {
        "generator": "casecraft",
        "casecraft": suite.version or program_version(),
        "document": _document(suite.document),
        "run": _run(suite.run),
        "counts": {
            **_counts(entries),
            "resources": len(suite.resources),
            "scenarios": len(suite.scenarios),
            "stale": len(suite.stale),
        },
        "usage": _usage(spending),
        "cost": _cost(spending),
        "endpoints": [_endpoint(entry) for entry in entries],
        "files": sorted(files),
    }


def _document(document: Document) -> dict[str, Any]:
    return {
        "source": _without_credentials(document.source),
        "title": document.title,
        "version": document.version,
        "openapi": document.openapi,
        "digest": document.digest,
    }


def _without_credentials(source: str) -> str:
    """A URL may carry a password or a token; neither belongs in a file."""
    if not source.startswith(("http://", "https://")):
        return source
    parts = urlsplit(source)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _run(run: Run) -> dict[str, Any]:
    facts: dict[str, Any] = {"id": run.id, "strategy": run.strategy, "providers": run.providers}
    times = {"started": run.started, "finished": run.finished, "state": run.state}
    return facts | {key: value for key, value in times.items() if value is not None}


def _counts(entries: tuple[Entry, ...]) -> dict[str, Any]:
    states = Counter(entry.result.status for entry in entries)
    cases = [case for entry in entries for case in entry.result.cases]
    valid = sum(case.valid for case in cases)
    return {
        "endpoints": len(entries),
        "done": states["done"],
        "reused": states["reused"],
        "failed": states["failed"],
        "pending": states["pending"],
        "cases": len(cases),
        "valid": valid,
        "invalid": len(cases) - valid,
        "dropped": sum(entry.result.dropped for entry in entries),
        "by_technique": _tally(case.technique for case in cases),
        "by_priority": _tally(case.priority for case in cases),
        "by_provider": _tally(case.source.provider for case in cases),
        "targets": targets_total(entries),
    }


def _tally(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))


def _spending_of(entries: tuple[Entry, ...]) -> dict[str, UsageMeter]:
    by_provider: dict[str, UsageMeter] = {}
    for entry in entries:
        spent = entry.result.spending
        if entry.result.provider is not None and spent.answers:
            name = entry.result.provider
            by_provider[name] = _sum([by_provider.get(name, UsageMeter()), spent])
    return by_provider


def _sum(spendings: Iterable[UsageMeter]) -> UsageMeter:
    total = UsageMeter()
    for spent in spendings:
        total.include(spent)
    return total


def _usage(spending: Mapping[str, UsageMeter]) -> dict[str, Any]:
    by_provider = {name: asdict(spent.usage) for name, spent in sorted(spending.items())}
    total = sum((spent.usage for spent in spending.values()), Usage())
    return {**asdict(total), "by_provider": by_provider}


def _cost(spending: Mapping[str, UsageMeter]) -> dict[str, Any]:
    by_provider = {name: _money(spent) for name, spent in sorted(spending.items())}
    return {**_money(_sum(spending.values())), "by_provider": by_provider}


def _money(spent: UsageMeter) -> dict[str, Any]:
    """Amounts are decimal texts by currency; `unpriced` counts the answers whose price is not known."""
    amounts = {currency: _decimal(Decimal(amount)) for currency, amount in sorted(spent.amounts.items())}
    return {"amounts": amounts, "answers": spent.answers, "unpriced": spent.unpriced}


def _decimal(amount: Decimal) -> str:
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _endpoint(entry: Entry) -> dict[str, Any]:
    result, endpoint = entry.result, entry.result.endpoint
    return {
        "id": endpoint.id,
        "method": endpoint.method,
        "path": endpoint.path,
        "operation_id": endpoint.operation_id,
        "tags": endpoint.tags,
        "fingerprint": endpoint.fingerprint,
        "complexity": asdict(endpoint.complexity),
        "provider": result.provider,
        "model": result.model,
        "fell_back": result.fell_back,
        "status": result.status,
        "file": entry.file,
        "cases": len(result.cases),
        "valid": _count_valid(result.cases),
        "dropped": result.dropped,
        "notes": list(dict.fromkeys((*endpoint.notes, *result.notes, *unchecked_notes(endpoint)))),
        "targets": None if result.coverage is None else targets_report(result.coverage, result.cases),
        "error": result.error,
    }


def _count_valid(cases: Iterable[Case]) -> int:
    return sum(case.valid for case in cases)
