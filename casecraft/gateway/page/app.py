"""The page as an ASGI application, below `/ui`."""

from importlib.resources import files
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from casecraft.errors import CasecraftError
from casecraft.gateway.gateway import Gateway
from casecraft.gateway.page.guard import cookie_name, may_be_asked_as, opens, read_form, with_headers
from casecraft.gateway.page.providers import ProviderViews
from casecraft.gateway.page.rendering import Page
from casecraft.gateway.page.requests import RequestViews
from casecraft.gateway.page.routes import RouteViews
from casecraft.gateway.page.runs import RunViews
from casecraft.gateway.page.usage import UsageViews

HOME, LOGIN, STATIC = "/ui", "/ui/login", "/ui/static/"
SEE_OTHER, MISDIRECTED = 303, 421
_KINDS = {
    "page.css": "text/css; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}


class GatewayPage:
    """Answers what is asked below `/ui`, of those who may ask."""

    def __init__(self, gateway: Gateway) -> None:
        self._page = Page(gateway)
        self._listens_at = gateway.settings.gateway.host  # another one in its files holds from the next start
        self._static = {name: files("casecraft.gateway.page").joinpath("static", name).read_bytes() for name in _KINDS}
        views = (RequestViews, ProviderViews, RouteViews, UsageViews, RunViews)
        self._app = Starlette(
            routes=[
                Route(f"{HOME}/", _go_home),
                Route(LOGIN, self._login, methods=["GET", "POST"]),
                Route("/ui/logout", self._logout, methods=["POST"]),
                Route(f"{STATIC}{{name}}", self._serve_static),
                *(route for view in views for route in view(self._page).routes),
            ],
            exception_handlers={HTTPException: self._explain, CasecraftError: self._explain},
        )
        self._app.router.redirect_slashes = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope)
        request.state.session = request.cookies.get(cookie_name(request), "")
        refusal = self._refusal(request)
        await (refusal or self._app)(scope, receive, with_headers(send))

    def _refusal(self, request: Request) -> Response | None:
        """What somebody gets instead of the page; None for who may see it."""
        host = request.headers.get("host", "")
        if not may_be_asked_as(host, self._listens_at):
            return PlainTextResponse("The gateway does not go by this name.", MISDIRECTED)
        token = request.query_params.get("token", "")
        if request.url.path == HOME and request.method == "GET" and opens(self._page.gateway.access, token):
            return self._let_in(request)
        path = request.url.path
        if path == LOGIN or path.startswith(STATIC) or self._page.form_token(request) is not None:
            return None
        return RedirectResponse(LOGIN, SEE_OTHER)

    def _let_in(self, request: Request) -> Response:
        """To the page by an address that has no token in it."""
        answer = RedirectResponse(HOME, SEE_OTHER)
        name = self._page.sessions.begin()
        answer.set_cookie(cookie_name(request), name, path=HOME, httponly=True, samesite="strict")
        return answer

    async def _login(self, request: Request) -> Response:
        if request.method == "GET":
            return await self._page.render(request, "login.html.jinja2", wrong=False)
        token = (await read_form(request)).get("token", [""])[0].strip()
        if opens(self._page.gateway.access, token):
            return self._let_in(request)
        return await self._page.render(request, "login.html.jinja2", 403, wrong=True)

    async def _logout(self, request: Request) -> Response:
        await read_form(request, self._page.form_token(request))
        self._page.sessions.end(request.state.session)
        answer = RedirectResponse(LOGIN, SEE_OTHER)
        answer.delete_cookie(cookie_name(request), path=HOME, httponly=True, samesite="strict")
        return answer

    async def _serve_static(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in _KINDS:
            raise HTTPException(404, "There is no such file.")
        return Response(self._static[name], media_type=_KINDS[name], headers={"cache-control": "no-cache"})

    async def _explain(self, request: Request, error: Exception) -> Response:
        facts: dict[str, Any] = {"message": str(error), "hint": getattr(error, "hint", None)}
        status = 500
        if isinstance(error, HTTPException):
            status, facts["message"] = error.status_code, error.detail
        return await self._page.render(request, "error.html.jinja2", status, code=status, **facts)


async def _go_home(request: Request) -> Response:  # noqa: ARG001  # the framework's form
    return RedirectResponse(HOME, SEE_OTHER)
