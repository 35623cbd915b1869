"""The providers of the gateway, with a question after their health, and another type or model for the time being."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from casecraft.config import ProviderSettings, Settings
from casecraft.errors import CasecraftError, ProviderError
from casecraft.gateway.page.guard import read_form
from casecraft.gateway.page.provider_facts import Health, ProviderFacts, facts_of, names_of, problems_of, state_of
from casecraft.gateway.page.rendering import Page
from casecraft.gateway.page.wording import told
from casecraft.providers import profile_of
from casecraft.wire import DIALECTS

SEE_OTHER, NOT_FOUND, UNPROCESSABLE = 303, 404, 422
PATIENCE = 60.0
"""Seconds that a provider has for an answer to the question whether it is well."""

LONGEST_MODEL = 200


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
            return await self._render(request, UNPROCESSABLE, name, told(error))
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
            return Health(began, healthy=False, said=told(error))
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
        states = {name: state_of(lane) for name, lane in lanes.items()}

        def gather() -> list[ProviderFacts]:
            return [
                facts_of(name, settings, states.get(name), problems[name], recent, health.get(name))
                for name in problems
            ]

        return await asyncio.to_thread(gather)

    async def _find_problems(self, settings: Settings) -> Mapping[str, str]:
        """Why each provider cannot be used; looked for once for each settings."""
        known, problems = self._problems
        if known is not settings:
            problems = await asyncio.to_thread(problems_of, settings)
            self._problems = settings, problems
        return problems


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
