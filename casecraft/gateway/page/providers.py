"""The providers of the gateway: what they are, how they do, and another type or model for the time being."""

import asyncio
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any
from urllib.parse import quote, urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from casecraft.config import ProviderSettings, Settings
from casecraft.core.exchange import Exchange
from casecraft.core.profile import Profile
from casecraft.errors import CasecraftError, ProviderError
from casecraft.gateway.candidates import Candidates
from casecraft.gateway.lanes import ProviderLane
from casecraft.gateway.page.guard import read_form
from casecraft.gateway.page.rendering import Page
from casecraft.providers import canonical_name, profile_of, settings_of
from casecraft.providers.selection import AUTO, RULES, row_of, split_name
from casecraft.wire import DIALECTS

SEE_OTHER, NOT_FOUND, UNPROCESSABLE = 303, 404, 422
PATIENCE = 60.0
"""Seconds that a provider has for an answer to the question whether it is well."""

LONGEST_MODEL = 200


@dataclass(frozen=True, slots=True)
class Health:
    """How a provider answered when it was asked. `at` is Unix time."""

    at: float
    healthy: bool
    said: str


@dataclass(frozen=True, slots=True)
class ProviderFacts:
    """A provider as the page shows it; never its key.

    `key` is "set", "missing" or "not needed"; `host` the host of its address; `problem` why it cannot be used.
    `in_flight`, `limit` and `pause` (seconds) are those of now. `answered`, `failed`, `median` (seconds) and
    `last_error` are of the last requests.
    """

    name: str
    title: str
    dialect: str
    model: str
    models: tuple[str, ...]
    key: str
    host: str
    local: bool
    workers: int
    rpm: int | None
    problem: str
    in_flight: int
    limit: int
    pause: float
    cause: str
    answered: int
    failed: int
    median: float | None
    last_error: str
    last_error_at: float
    health: Health | None


class ProviderViews:
    """The list of providers, with a question after the health and a form for each."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._health: dict[str, Health] = {}
        self._problems: tuple[Settings | None, dict[str, str]] = (None, {})
        self.routes = [
            Route("/ui/providers", self.listing),
            Route("/ui/providers/{name}/health", self.ask, methods=["POST"]),
            Route("/ui/providers/{name}", self.change, methods=["POST"]),
        ]

    async def listing(self, request: Request) -> Response:
        """All of them."""
        return await self._render(request)

    async def ask(self, request: Request) -> Response:
        """Ask one whether it is well, which costs a few tokens."""
        await read_form(request, self._page.form_token(request))
        name = self._name(request)
        self._health[name] = await self._ask(name)
        return RedirectResponse(f"/ui/providers#{quote(name)}", SEE_OTHER)

    async def change(self, request: Request) -> Response:
        """Ask it by another type, or for another model, until the gateway ends."""
        form = await read_form(request, self._page.form_token(request))
        name = self._name(request)
        try:
            self._page.gateway.take(changed(self._page.gateway.settings, name, form))
        except CasecraftError as error:
            return await self._render(request, UNPROCESSABLE, name, f"{error}. {error.hint or ''}")
        return RedirectResponse("/ui/routes#toml", SEE_OTHER)

    async def _render(self, request: Request, status: int = 200, wrong: str = "", message: str = "") -> Response:
        facts = await self._facts()
        more = {"wrong": wrong, "message": message}
        return await self._page.render(
            request, "providers.html.jinja2", status, providers=facts, dialects=DIALECTS, **more
        )

    async def _ask(self, name: str) -> Health:
        began = time.time()
        try:
            async with asyncio.timeout(PATIENCE):
                health = await self._page.gateway.lanes.of(name).provider.health()
        except TimeoutError:
            return Health(began, healthy=False, said=f"no answer in {PATIENCE:.0f} s")
        except ProviderError as error:
            return Health(began, healthy=False, said=f"{error}. {error.hint or ''}".strip())
        note = f"; its list of models lacks {health.model!r}" if health.lists_model is False else ""
        model = health.model or "no model"
        return Health(began, healthy=True, said=f"{model} answered in {health.latency * 1000:.0f} ms{note}")

    def _name(self, request: Request) -> str:
        name = str(request.path_params["name"])
        if name not in names_of(self._page.gateway.settings):
            raise HTTPException(NOT_FOUND, f"The gateway has no provider {name!r}.")
        return name

    async def _facts(self) -> list[ProviderFacts]:
        settings, lanes = self._page.gateway.settings, {lane.name: lane for lane in self._page.gateway.lanes}
        recent, health = list(self._page.gateway.recent), dict(self._health)
        problems = await self._find_problems(settings)
        states = {name: _state(lane) for name, lane in lanes.items()}

        def gather() -> list[ProviderFacts]:
            return [
                _facts_of(name, settings, states.get(name), problems[name], recent, health.get(name))
                for name in problems
            ]

        return await asyncio.to_thread(gather)

    async def _find_problems(self, settings: Settings) -> Mapping[str, str]:
        """Why each provider cannot be used; looked for once for each settings."""
        known, problems = self._problems
        if known is not settings:
            problems = await asyncio.to_thread(_problems_of, settings)
            self._problems = settings, problems
        return problems


def names_of(settings: Settings) -> tuple[str, ...]:
    """The canonical names of the providers that the settings name or configure, in that order."""
    return tuple(dict.fromkeys((*_named(settings), *settings.provider_settings)))


def _named(settings: Settings) -> Iterator[str]:
    for name in (*settings.gateway.named, *settings.providers):
        if name.strip().lower() in {AUTO, RULES}:
            continue
        try:
            yield split_name(canonical_name(name, settings.provider_settings))[0]
        except ProviderError:  # the router says what is wrong with it
            continue


def changed(settings: Settings, name: str, form: Mapping[str, list[str]]) -> Settings:
    """The settings with another model and type of one provider, where the form has them; an empty field changes
    nothing. Raises `ProviderError`.
    """
    model, dialect = (form.get(field, [""])[0].strip() for field in ("model", "dialect"))
    own = settings.provider_settings.get(name) or ProviderSettings()
    now = profile_of(name, own)
    update: dict[str, Any] = {}
    if model and model != now.model:
        if len(model) > LONGEST_MODEL or not model.isprintable():
            raise ProviderError("this cannot be the name of a model", provider=name)
        update["model"] = model
    if dialect and dialect != now.dialect:
        if dialect not in DIALECTS:
            raise ProviderError(f"there is no type {dialect!r}", provider=name)
        update["dialect"] = dialect
    providers = {**settings.provider_settings, name: own.model_copy(update=update)}
    return settings.model_copy(update={"provider_settings": providers})


def _problems_of(settings: Settings) -> dict[str, str]:
    candidates = Candidates(settings)
    found = {name: candidates.problem(name) for name in names_of(settings)}
    return {name: f"{error}. {error.hint or ''}".strip() if error is not None else "" for name, error in found.items()}


def _state(lane: ProviderLane) -> tuple[int, int, float, str]:
    return lane.in_flight, lane.limit, lane.pause_left, str(lane.cause or "")


def _facts_of(
    name: str,
    settings: Settings,
    state: tuple[int, int, float, str] | None,
    problem: str,
    recent: Iterable[Exchange],
    health: Health | None,
) -> ProviderFacts:
    own = settings_of(name, settings.provider_settings)
    profile, row = profile_of(name, own, workers=settings.workers), row_of(name, own)
    attempts = [(it.started, attempt) for it in recent for attempt in it.attempts if attempt.provider == name]
    failed = [(at, attempt.error) for at, attempt in attempts if attempt.error]
    answered = [attempt.seconds for _, attempt in attempts if not attempt.error]
    in_flight, limit, pause, cause = state or (0, profile.max_workers, 0.0, "")
    return ProviderFacts(
        name=name,
        title=row.title,
        dialect=profile.dialect,
        model=profile.model,
        models=tuple(dict.fromkeys(it.id for it in row.models)),
        key="set" if own.api_key is not None else ("missing" if row.needs_key else "not needed"),
        host=_host_of(profile),
        local=profile.local,
        workers=profile.max_workers,
        rpm=profile.rpm,
        problem=problem,
        in_flight=in_flight,
        limit=limit,
        pause=pause,
        cause=cause,
        answered=len(answered),
        failed=len(failed),
        median=median(answered) if answered else None,
        last_error=failed[0][1] if failed else "",
        last_error_at=failed[0][0] if failed else 0.0,
        health=health,
    )


def _host_of(profile: Profile) -> str:
    """The host alone: an address may have a password in it."""
    try:
        split = urlsplit(profile.base_url)
        port = f":{split.port}" if split.port is not None else ""
    except ValueError:
        return ""
    return f"{split.hostname}{port}" if split.hostname else ""
