"""The gateway as an ASGI application: which path does what."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TypeAlias

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from casecraft.errors import InvalidRequestError, ModelNotFoundError, ProviderError
from casecraft.gateway import listing
from casecraft.gateway.doors import GEMINI, MESSAGES, Door, door_of
from casecraft.gateway.entry import CountEntry, EmbeddingEntry, Entry, read_headers
from casecraft.gateway.gateway import Gateway
from casecraft.gateway.page.app import HOME, GatewayPage
from casecraft.wire import find_dialect

Lifespan: TypeAlias = Callable[[Starlette], AbstractAsyncContextManager[None]]

_CHAT = ("/v1/messages", "/v1/chat/completions", "/v1/responses")
_GEMINI = ("/v1beta", "/v1alpha", "/v1")
_VERBS = ("generateContent", "streamGenerateContent", "countTokens")
SEE_OTHER, NOT_FOUND, NOT_ALLOWED = 303, 404, 405


def create_app(gateway: Gateway, lifespan: Lifespan | None = None) -> Starlette:
    """The application. It opens nothing: whoever made the gateway closes it, in `lifespan` for example."""
    chat, count, models = Entry(gateway), CountEntry(gateway), Models(gateway)
    page = GatewayPage(gateway)
    gemini = [
        Route(f"{version}/models/{{model:path}}:{verb}", entry, methods=["POST"])
        for version in _GEMINI
        for verb, entry in zip(_VERBS, (chat, chat, count), strict=True)
    ]
    return Starlette(
        routes=[
            *(Route(path, chat, methods=["POST"]) for path in _CHAT),
            Route("/v1/messages/count_tokens", count, methods=["POST"]),
            Route("/v1/embeddings", EmbeddingEntry(gateway), methods=["POST"]),
            *gemini,
            *(Route(f"{version}/models", models.all, methods=["GET"]) for version in _GEMINI),
            *(Route(f"{version}/models/{{model:path}}", models.one, methods=["GET"]) for version in _GEMINI),
            Route("/health", _health, methods=["GET"]),
            Route("/", _greet, methods=["GET", "HEAD"]),
            Route(HOME, page),
            Route(f"{HOME}/{{path:path}}", page),
        ],
        exception_handlers={HTTPException: _not_there, ProviderError: _refused},
        lifespan=lifespan,
    )


class Models:
    """The models that the gateway's routes name."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def all(self, request: Request) -> Response:
        """All of them."""
        names = self._names(request)
        door = _door(request)
        if door is MESSAGES:
            return JSONResponse(listing.anthropic_list(names))
        return JSONResponse(listing.gemini_list(names) if door is GEMINI else listing.openai_list(names))

    async def one(self, request: Request) -> Response:
        """One of them. Raises `ModelNotFoundError`."""
        name = request.path_params["model"]
        if name not in self._names(request):
            raise ModelNotFoundError(f"the gateway lists no model {name!r}", status=404)
        door = _door(request)
        if door is MESSAGES:
            return JSONResponse(listing.anthropic_model(name))
        return JSONResponse(listing.gemini_model(name) if door is GEMINI else listing.openai_model(name))

    def _names(self, request: Request) -> list[str]:
        self._gateway.access.name_of(read_headers(request.scope), request.query_params)
        return list(self._gateway.router.models())


def _door(request: Request) -> Door:
    """Whose list is asked for: Anthropic's is at the same path as OpenAI's, and Gemini's may be."""
    if listing.is_anthropic(request.headers):
        return MESSAGES
    return GEMINI if listing.is_google(request.headers, request.query_params) else door_of(request.url.path)


async def _health(request: Request) -> Response:  # noqa: ARG001  # the framework's form
    return JSONResponse({"status": "ok"})


async def _greet(request: Request) -> Response:
    """Nothing but that somebody is here; browsers are led to the page."""
    if request.method == "HEAD":
        return Response()
    if "text/html" in request.headers.get("accept", ""):
        return RedirectResponse(HOME, SEE_OTHER)
    raise HTTPException(NOT_ALLOWED)


async def _refused(request: Request, error: Exception) -> Response:
    """An error in the form of the dialect whose path was asked."""
    if not isinstance(error, ProviderError):
        raise error
    status, body = find_dialect(_door(request).dialect).encode_error(error)
    return JSONResponse(body, status)


async def _not_there(request: Request, error: Exception) -> Response:
    """What the framework refuses: a path that is none of ours, or another method."""
    if not isinstance(error, HTTPException):
        raise error
    dialect = find_dialect(_door(request).dialect)
    path = request.url.path
    if error.status_code == NOT_ALLOWED and request.method == "POST" and ":" in path:
        served = f"Of Gemini's methods the gateway serves {', '.join(_VERBS)}."
        return JSONResponse(dialect.encode_error(_no_path(path, served))[1], NOT_FOUND)
    if error.status_code == NOT_ALLOWED:
        said: ProviderError = InvalidRequestError(f"{path!r} does not take {request.method}", status=NOT_ALLOWED)
    else:
        served = "The gateway serves /v1/messages, /v1/chat/completions, /v1/responses, /v1/embeddings and /v1/models."
        said = _no_path(path, served)
    return JSONResponse(dialect.encode_error(said)[1], error.status_code, error.headers)


def _no_path(path: str, served: str) -> ModelNotFoundError:
    return ModelNotFoundError(f"the gateway has no path {path!r}. {served}", status=NOT_FOUND)
