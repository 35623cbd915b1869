"""Batch runs, out of the state files of the folder. They are only read, and may be held by a run under way."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from casecraft.core.usage import UsageMeter
from casecraft.errors import StateError
from casecraft.gateway.page import charts
from casecraft.gateway.page.rendering import Page
from casecraft.state import RunSummary, Store, StoredJob, open_store
from casecraft.state.lock import holder_of

NEWEST, NOT_FOUND, MOST_ENDPOINTS = 10, 404, 500


@dataclass(frozen=True, slots=True)
class RunFacts:
    """A run. `under_way` says that somebody works on it; `status` is "stopped" for one that nobody ended."""

    file: str
    summary: RunSummary
    under_way: bool

    @property
    def status(self) -> str:
        """In a word."""
        status = self.summary.run.status
        return "stopped" if status == "running" and not self.under_way else status

    @property
    def all(self) -> int:
        """Its endpoints."""
        return max(len(self.summary.run.endpoints), sum(self.summary.jobs.values()))

    @property
    def done(self) -> int:
        """Those that ended, one way or another."""
        return self.all - self.summary.jobs.get("pending", 0)


@dataclass(frozen=True, slots=True)
class ProviderShare:
    """What a run asked of one provider: attempts by outcome, and what they used and cost."""

    name: str
    answered: int
    failed: dict[str, int]
    spending: UsageMeter
    length: float


class RunViews:
    """The list of documents with their runs, and the page of one."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.routes = [Route("/ui/runs", self.listing), Route("/ui/runs/{file}/{run}", self.one)]

    async def listing(self, request: Request) -> Response:
        """The newest runs of each document."""
        documents, unread = await asyncio.to_thread(_read_all, self._page.gateway.settings.state_dir)
        return await self._page.render(request, "runs.html.jinja2", documents=documents, unread=unread, newest=NEWEST)

    async def one(self, request: Request) -> Response:
        """One run with its endpoints."""
        file, run = request.path_params["file"], request.path_params["run"]
        facts = await asyncio.to_thread(_read_one, self._page.gateway.settings.state_dir, file, run)
        return await self._page.render(request, "run.html.jinja2", **facts)


def _read_all(folder: Path) -> tuple[list[tuple[str, list[RunFacts], int]], list[str]]:
    """Each document's title with its newest runs, newest first, and how many there are; the last used first."""
    found, unread = [], []
    for path in sorted(folder.glob("*.sqlite")):
        try:
            with open_store(path, read_only=True) as store:
                records = store.runs()
                runs = [_facts_of(path, store, record.id) for record in reversed(records[-NEWEST:])]
        except StateError as error:
            unread.append(str(error))
            continue
        if runs:
            newest = runs[0].summary.run
            found.append((newest.document_title or newest.document_source, runs, len(records)))
    found.sort(key=lambda it: it[1][0].summary.run.started, reverse=True)
    return found, unread


def _facts_of(path: Path, store: Store, run_id: str) -> RunFacts:
    return RunFacts(path.name, store.summary(run_id), holder_of(path) is not None)


def _read_one(folder: Path, file: str, run: str) -> dict[str, Any]:
    """Raises `HTTPException` where there is no such run."""
    path = next((it for it in folder.glob("*.sqlite") if it.name == file), None)
    if path is None:
        raise HTTPException(NOT_FOUND, f"There is no state file {file!r}.")
    with open_store(path, read_only=True) as store:
        if run not in {record.id for record in store.runs()}:
            raise HTTPException(NOT_FOUND, f"There is no run {run!r} in {file!r}.")
        facts = _facts_of(path, store, run)
        jobs = store.jobs_of(run, with_cases=False)
        providers = _providers_of(store, run)
    ended = {job.endpoint_id for job in jobs}
    waiting = [endpoint for endpoint in facts.summary.run.endpoints if endpoint not in ended]
    return {
        "run": facts,
        "jobs": _failures_first(jobs)[:MOST_ENDPOINTS],
        "waiting": waiting[:MOST_ENDPOINTS],
        "most": MOST_ENDPOINTS,
        "providers": providers,
        "fell_back": sum(1 for job in jobs if job.fell_back),
        "bars": _bars(facts),
    }


def _failures_first(jobs: Sequence[StoredJob]) -> list[StoredJob]:
    return sorted(jobs, key=lambda job: (job.status != "failed", not job.fell_back, job.endpoint_id))


def _providers_of(store: Store, run: str) -> list[ProviderShare]:
    spending = store.spending_by_provider(run)
    outcomes = store.outcomes_by_provider(run)
    most = max((it.usage.input + it.usage.output for it in spending.values()), default=0)
    found = []
    for name, counts in sorted(outcomes.items()):
        used = spending.get(name, UsageMeter())
        failed = {outcome: number for outcome, number in sorted(counts.items()) if outcome != "answered"}
        length = charts.length(used.usage.input + used.usage.output, most)
        found.append(ProviderShare(name, counts.get("answered", 0), failed, used, length))
    return found


def _bars(facts: RunFacts) -> tuple[charts.Bar, ...]:
    """The endpoints by how they ended."""
    order = ("done", "reused", "failed", "pending")
    counts = {name: float(facts.summary.jobs.get(name, 0)) for name in order}
    return charts.shares(counts, lambda number: f"{number:.0f}")
