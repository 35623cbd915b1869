"""Requests of clients: those under way, the last ones, and all that the ledgers have."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, get_args
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from casecraft.core.exchange import Exchange, ExchangeOutcome
from casecraft.core.usage import UsageMeter
from casecraft.errors import StateError
from casecraft.gateway.exchanging import Exchanging
from casecraft.gateway.page import charts, wording
from casecraft.gateway.page.rendering import Page
from casecraft.state import exchanges, ledgers, open_store

SHOWN, ERRORS_SHOWN, PER_PAGE = 20, 10, 50
FINE = ("answered", "cancelled")
OUTCOMES: tuple[ExchangeOutcome, ...] = get_args(ExchangeOutcome)


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A request that is being answered. `asking` is the provider whose turn it is, "" before any; `tried` are those
    that could not; `answering` says that the first byte is out.
    """

    id: str
    client: str
    key: str
    model: str
    dialect: str
    streamed: bool
    seconds: float
    asking: str
    tried: tuple[str, ...]
    answering: bool

    @classmethod
    def of(cls, exchanging: Exchanging) -> "UnderWay":
        """As it is now."""
        asked = exchanging.asked
        return cls(
            id=asked.id,
            client=asked.client,
            key=asked.key,
            model=asked.model,
            dialect=asked.door.dialect,
            streamed=asked.asked.stream,
            seconds=exchanging.answer.seconds,
            asking=exchanging.asking,
            tried=tuple(dict.fromkeys(it.provider for it in exchanging.attempts)),
            answering=exchanging.answer.begun,
        )


class RequestViews:
    """The overview, and the list of requests."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.routes = [Route("/ui", self.overview), Route("/ui/requests", self.listing)]

    async def overview(self, request: Request) -> Response:
        """What is going on."""
        gateway = self._page.gateway
        recent = list(gateway.recent)
        under_way = [UnderWay.of(it) for it in gateway.under_way.values()]
        return await self._page.render(
            request,
            "overview.html.jinja2",
            under_way=under_way,
            recent=recent[:SHOWN],
            errors=[it for it in recent if it.outcome not in FINE][:ERRORS_SHOWN],
            figures=_figures(recent),
            times=_times(recent),
        )

    async def listing(self, request: Request) -> Response:
        """What the ledgers have, newest first."""
        query = request.query_params
        wanted: dict[str, Any] = {name: query[name] for name in ("outcome", "provider", "client") if query.get(name)}
        if wanted.get("outcome") not in {None, *OUTCOMES}:
            del wanted["outcome"]
        before = _number(query.get("before", ""))
        folder = self._page.gateway.settings.state_dir
        found, unread = await asyncio.to_thread(read_ledgers, folder, PER_PAGE + 1, before=before, **wanted)
        shown = found[:PER_PAGE]
        older = urlencode({**wanted, "before": repr(shown[-1].started)}) if len(found) > PER_PAGE else ""
        facts: dict[str, Any] = {"found": shown, "unread": unread, "older": older, "wanted": wanted}
        return await self._page.render(request, "requests.html.jinja2", outcomes=OUTCOMES, **facts)


def read_ledgers(folder: Path, limit: int, **wanted: Any) -> tuple[list[Exchange], list[str]]:
    """The newest exchanges of all ledgers, newest first, and what is wrong with ledgers that cannot be read."""
    found: list[Exchange] = []
    unread = []
    for path in ledgers(folder):
        try:
            with open_store(path, read_only=True) as store:
                found += exchanges(store, limit=limit, **wanted)
        except StateError as error:
            unread.append(str(error))
    return sorted(found, key=lambda it: it.started, reverse=True)[:limit], unread


def _figures(recent: Sequence[Exchange]) -> dict[str, Any]:
    """What the last requests come to."""
    spending = UsageMeter()
    for exchange in recent:
        spending.include(exchange.spending)
    answered = [it.seconds for it in recent if it.outcome == "answered"]
    return {
        "number": len(recent),
        "outcomes": Counter(it.outcome for it in recent),
        "fell_back": sum(1 for it in recent if len(fell_back(it)) > 0),
        "spending": spending,
        "median": median(answered) if answered else None,
    }


def fell_back(exchange: Exchange) -> tuple[str, ...]:
    """The providers that were asked before the last one, each once."""
    return tuple(dict.fromkeys(it.provider for it in exchange.attempts if it.provider != exchange.provider))


def _times(recent: Iterable[Exchange]) -> charts.Columns | None:
    """How long the last requests took, the oldest first."""
    words = {"first": "to the first byte", "rest": "from there to the end"}
    stacks = []
    for it in reversed(list(recent)[:60]):
        first = min(it.first_byte, it.seconds) if it.first_byte is not None else it.seconds
        stacks.append((wording.moment(it.started), (("first", first), ("rest", it.seconds - first))))
    return charts.columns(stacks, words, wording.duration)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
