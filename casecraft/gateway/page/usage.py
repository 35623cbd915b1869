"""Tokens and money, by day, provider, model and client."""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from casecraft.core.exchange import Exchange
from casecraft.core.usage import UsageMeter
from casecraft.gateway.page import charts, wording
from casecraft.gateway.page.rendering import Page
from casecraft.gateway.page.requests import read_ledgers
from casecraft.state import UsageGroup, UsageReport, UsageRow, read_usage

SPANS = (7, 30, 90)
USUAL_SPAN = 30
MEASURED = 500
"""So many of the last requests are looked at for how long they took."""

GROUPS: Mapping[str, tuple[UsageGroup, ...]] = {
    "provider": ("provider",),
    "model": ("provider", "model"),
    "client": ("client", "key"),
}
_TOKENS = {"input": "input tokens", "output": "output tokens"}
_ENDS = {"fine": "answered", "failed": "failed"}


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a table: what it is of, and how long its bar is, in hundredths."""

    name: str
    row: UsageRow
    share: float

    @property
    def tokens(self) -> int:
        """Those of input and output."""
        return tokens_of(self.row)


@dataclass(frozen=True, slots=True)
class Latency:
    """How long a provider took, in seconds: half of the requests no longer than `median`, 19 of 20 than `most`."""

    provider: str
    requests: int
    first: float | None
    median: float
    most: float
    median_length: float = 0.0
    most_length: float = 0.0


class UsageViews:
    """The page of what was used."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.routes = [Route("/ui/usage", self.show)]

    async def show(self, request: Request) -> Response:
        """All of it, of the last days."""
        asked = request.query_params.get("days", "")
        days = int(asked) if asked in map(str, SPANS) else USUAL_SPAN
        facts = await asyncio.to_thread(_gather, self._page.gateway.settings.state_dir, days)
        return await self._page.render(request, "usage.html.jinja2", days=days, spans=SPANS, **facts)


def _gather(folder: Path, days: int) -> dict[str, Any]:
    today = datetime.now(UTC).date()
    first = today - timedelta(days=days - 1)
    since = datetime(first.year, first.month, first.day, tzinfo=UTC).timestamp()
    by_day = read_usage(folder, "day", since=since)
    rows = _by_name(by_day)
    calendar = [(first + timedelta(days=number)).isoformat() for number in range((today - first).days + 1)]
    measured, _ = read_ledgers(folder, MEASURED)
    tables = {name: _lines(_by_name(read_usage(folder, *groups, since=since))) for name, groups in GROUPS.items()}
    return {
        "total": by_day.total,
        "unread": [f"{path.name}: {problem}" for path, problem in by_day.unread.items()],
        "days_used": [(day, rows[day]) for day in reversed(calendar) if day in rows],
        "tokens": _token_columns(calendar, rows),
        "requests": _request_columns(calendar, rows),
        "costs": _cost_columns(calendar, rows),
        "shares": _shares(tables["provider"]),
        "tables": tables,
        "latencies": latencies(measured, since=since if since < time.time() else 0.0),
        "first_day": date.isoformat(first),
    }


def _by_name(report: UsageReport) -> dict[str, UsageRow]:
    """What the gateway and runs used together, by what they have in common."""
    found: dict[str, UsageRow] = {}
    for rows in report.rows.values():
        for row in rows:
            name = " / ".join(filter(None, row.groups))
            known = found.get(name, UsageRow(row.groups, UsageMeter(), 0, 0))
            spending = UsageMeter()
            spending.include(known.spending)
            spending.include(row.spending)
            found[name] = UsageRow(row.groups, spending, known.exchanges + row.exchanges, known.failures + row.failures)
    return found


def tokens_of(row: UsageRow) -> int:
    """Those of input and output."""
    return row.spending.usage.input + row.spending.usage.output


def _lines(rows: Mapping[str, UsageRow]) -> list[Line]:
    """The largest first."""
    ordered = sorted(rows.items(), key=lambda it: (-tokens_of(it[1]), -it[1].exchanges, it[0]))
    most = max(map(tokens_of, rows.values()), default=0)
    return [Line(name or "nobody", row, charts.length(tokens_of(row), most)) for name, row in ordered]


def _shares(lines: Sequence[Line]) -> list[tuple[str, tuple[charts.Bar, ...]]]:
    """How tokens, and the money of each currency, are shared out among providers."""
    tokens = charts.shares({it.name: float(it.tokens) for it in lines}, lambda it: f"{wording.short(it)} tokens")
    found = [("Tokens", tokens)] if tokens else []
    for currency in sorted({it for line in lines for it in line.row.spending.amounts}):
        amounts = {it.name: float(it.row.spending.amounts[currency]) for it in lines}
        bars = charts.shares(amounts, _writer_of(currency))
        if bars:
            found.append((f"Cost in {currency}", bars))
    return found


def _writer_of(currency: str) -> charts.Write:
    return lambda amount: wording.amount_of(Decimal(amount), currency)


def _token_columns(calendar: Iterable[str], rows: Mapping[str, UsageRow]) -> charts.Columns | None:
    stacks = []
    for day in calendar:
        usage = rows[day].spending.usage if day in rows else UsageMeter().usage
        stacks.append((day, (("input", float(usage.input)), ("output", float(usage.output)))))
    return charts.columns(stacks, _TOKENS, wording.short)


def _request_columns(calendar: Iterable[str], rows: Mapping[str, UsageRow]) -> charts.Columns | None:
    stacks = []
    for day in calendar:
        number, failed = (rows[day].exchanges, rows[day].failures) if day in rows else (0, 0)
        stacks.append((day, (("fine", float(number - failed)), ("failed", float(failed)))))
    return charts.columns(stacks, _ENDS, wording.short)


def _cost_columns(calendar: Sequence[str], rows: Mapping[str, UsageRow]) -> list[tuple[str, charts.Columns]]:
    """A chart for each currency: there is no adding them up."""
    found = []
    for currency in sorted({it for row in rows.values() for it in row.spending.amounts}):
        amounts = ((day, float(rows[day].spending.amounts[currency]) if day in rows else 0.0) for day in calendar)
        stacks = [(day, (("cost", amount),)) for day, amount in amounts]
        drawn = charts.columns(stacks, {"cost": ""}, _writer_of(currency))
        if drawn is not None:
            found.append((currency, drawn))
    return found


def latencies(measured: Iterable[Exchange], *, since: float = 0.0) -> list[Latency]:
    """How long those providers took that answered, the slowest last."""
    by_provider: dict[str, list[Exchange]] = {}
    for it in measured:
        if it.outcome == "answered" and it.started >= since:
            by_provider.setdefault(it.provider, []).append(it)
    found = [_latency(provider, group) for provider, group in by_provider.items()]
    longest = max((it.most for it in found), default=0.0)
    return [
        Latency(
            it.provider,
            it.requests,
            it.first,
            it.median,
            it.most,
            charts.length(it.median, longest),
            charts.length(it.most, longest),
        )
        for it in sorted(found, key=lambda it: it.median)
    ]


def _latency(provider: str, group: Sequence[Exchange]) -> Latency:
    times = [it.seconds for it in group]
    firsts = [it.first_byte for it in group if it.first_byte is not None and it.streamed]
    most = quantiles(times, n=20, method="inclusive")[-1] if len(times) > 1 else times[0]
    return Latency(provider, len(times), median(firsts) if firsts else None, median(times), most)
