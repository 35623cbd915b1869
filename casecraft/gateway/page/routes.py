"""The routes: as they are, others for the time being, and the TOML that keeps them."""

from collections.abc import Mapping
from typing import Any

import rtoml
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from casecraft.config import GatewaySettings, Settings
from casecraft.config.gateway import LONG, RouteSettings
from casecraft.config.values import split_names
from casecraft.errors import CasecraftError, ConfigurationError
from casecraft.gateway.page.guard import read_form
from casecraft.gateway.page.rendering import Page
from casecraft.gateway.page.wording import told

SEE_OTHER, UNPROCESSABLE = 303, 422
RULES = {
    "default": "what no other rule takes",
    "background": "small models, which clients ask for titles and summaries",
    "thinking": "requests that ask for reasoning",
    "vision": "requests with images",
}
STRATEGIES = ("round_robin", "random", "complexity")
EMPTY_ROWS = 2
BLANK_MESSAGE = "a pattern and its candidates belong together"


class RouteViews:
    """The form of the routes."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._began = page.gateway.settings.provider_settings
        self.routes = [
            Route("/ui/routes", self.show, methods=["GET"]),
            Route("/ui/routes", self.change, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """The routes in force."""
        fields = fields_of(self._page.gateway.settings.gateway)
        return await self._render(request, fields, taken="taken" in request.query_params)

    async def change(self, request: Request) -> Response:
        """Others, until the gateway ends or its files change."""
        form = await read_form(request, self._page.form_token(request))
        settings = self._page.gateway.settings
        fields = fields_in(form)
        try:
            gateway = gateway_of(fields, settings.gateway)
            self._page.gateway.take(settings.model_copy(update={"gateway": gateway}))
        except CasecraftError as error:
            return await self._render(request, fields, UNPROCESSABLE, message=told(error))
        return RedirectResponse("/ui/routes?taken", SEE_OTHER)

    async def _render(
        self, request: Request, fields: dict[str, Any], status: int = 200, *, message: str = "", taken: bool = False
    ) -> Response:
        settings, router = self._page.gateway.settings, self._page.gateway.router
        current = settings.gateway.strategy
        return await self._page.render(
            request,
            "routes.html.jinja2",
            status,
            fields=fields,
            rules=RULES,
            strategies=[*STRATEGIES, *([current] if current not in {None, *STRATEGIES} else [])],
            models=router.models(),
            notes=router.notes,
            toml=as_toml(settings, self._began),
            message=message,
            taken=taken,
        )


def fields_of(gateway: GatewaySettings) -> dict[str, Any]:
    """The fields of the form for routes in force."""
    routes = gateway.routes
    return {
        **{name: _joined(getattr(routes, name)) for name in RULES},
        "long_context": _joined(routes.long_context.to if routes.long_context is not None else ()),
        "over": str(routes.long_context.over if routes.long_context is not None else LONG),
        "patterns": [*((name, _joined(to)) for name, to in routes.patterns.items()), *[("", "")] * EMPTY_ROWS],
        "fallback": _joined(gateway.fallback),
        "strategy": gateway.strategy or "",
        "providers": _joined(gateway.providers),
    }


def fields_in(form: Mapping[str, list[str]]) -> dict[str, Any]:
    """The fields as somebody has filled them in."""
    alone = {
        name: form.get(name, [""])[0].strip()
        for name in (*RULES, "long_context", "over", "fallback", "strategy", "providers")
    }
    rows = zip(form.get("pattern", []), form.get("to", []), strict=False)
    return {**alone, "patterns": [(pattern.strip(), to.strip()) for pattern, to in rows]}


def gateway_of(fields: Mapping[str, Any], gateway: GatewaySettings) -> GatewaySettings:
    """The settings with what the fields say. Raises `ConfigurationError`.

    A strategy may be named here only where it is built in or set already: others are files of code.
    """
    if fields["strategy"] not in {"", gateway.strategy, *STRATEGIES}:
        raise ConfigurationError(f"the page knows no strategy {fields['strategy']!r}")
    update = {
        "routes": _routes_of(fields),
        "fallback": tuple(_names(fields["fallback"])),
        "providers": tuple(_names(fields["providers"])),
        "strategy": fields["strategy"] or None,
    }
    # What is as it was must not count as said: a fallback of none is another thing than no word of it.
    return gateway.model_copy(update={name: it for name, it in update.items() if it != getattr(gateway, name)})


def _routes_of(fields: Mapping[str, Any]) -> RouteSettings:
    given: dict[str, Any] = {}
    for pattern, to in fields["patterns"]:
        if not pattern and not to:
            continue
        if not pattern or not _names(to) or pattern in RouteSettings.model_fields:
            raise ConfigurationError(f"{pattern or to!r}: {BLANK_MESSAGE}", hint="Fill both fields in, or neither.")
        given[pattern] = to
    given |= {name: fields[name] for name in RULES if fields[name]}
    if fields["long_context"]:
        given["long_context"] = {"over": fields["over"] or LONG, "to": fields["long_context"]}
    try:
        return RouteSettings(**given)
    except ValidationError as error:
        problem = error.errors(include_input=False, include_url=False, include_context=False)[0]
        where = ".".join(map(str, problem["loc"]))
    raise ConfigurationError(f"{where}: {problem['msg']}" if where else str(problem["msg"]))


def as_toml(settings: Settings, began: Mapping[str, Any]) -> str:
    """What of the settings belongs into casecraft.toml to have these routes again, and other models and types of
    providers than those of the start.
    """
    gateway, routes = settings.gateway, settings.gateway.routes
    table: dict[str, Any] = {
        name: it for name in ("strategy", "providers", "fallback") if (it := _plain(getattr(gateway, name)))
    }
    rules: dict[str, Any] = {name: _plain(getattr(routes, name)) for name in RULES if getattr(routes, name)}
    rules |= {pattern: _plain(to) for pattern, to in routes.patterns.items()}
    if routes.long_context is not None:
        rules["long_context"] = {"over": routes.long_context.over, "to": _plain(routes.long_context.to)}
    if rules:
        table["routes"] = rules
    document: dict[str, Any] = {"gateway": table} if table else {}
    providers = {name: it for name in settings.provider_settings if (it := _other(name, settings, began))}
    if providers:
        document["providers"] = providers
    return rtoml.dumps(document) if document else ""


def _other(name: str, settings: Settings, began: Mapping[str, Any]) -> dict[str, str]:
    """The model and the type of a provider where they are not those of the start."""
    now, before = settings.provider_settings[name], began.get(name)
    pairs = ((field, getattr(now, field), getattr(before, field, None)) for field in ("model", "dialect"))
    return {field: value for field, value, old in pairs if value and value != old}


def _names(text: str) -> list[str]:
    names = split_names(text)
    return names if isinstance(names, list) else []


def _joined(names: tuple[str, ...]) -> str:
    return " > ".join(names)


def _plain(value: Any) -> Any:
    """One name as it is, several as a list."""
    if not isinstance(value, tuple):
        return value
    return value[0] if len(value) == 1 else list(value)
