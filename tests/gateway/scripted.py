"""A gateway over HTTP before providers that follow a script."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from aiohttp import web
from pydantic import SecretStr

from casecraft.config import GatewaySettings, ProviderSettings, Settings
from casecraft.core.chat import ChatResponse, StreamEnd, TextDelta
from casecraft.core.exchange import Exchange
from casecraft.core.usage import Usage
from casecraft.errors import CasecraftError
from casecraft.gateway.app import create_app
from casecraft.gateway.gateway import Gateway
from casecraft.gateway.server import _config, _listen
from casecraft.providers.call_log import CallLog
from casecraft.state import exchanges, open_ledger
from casecraft.wire import encode_body, find_dialect
from casecraft.wire.sse import NamedEventReader

TOKEN = "cc-the-token-of-this-start"
DIALECTS = ("openai_chat", "openai_responses", "anthropic_messages", "gemini")
PREFIXES = {"openai_chat": "/v1", "openai_responses": "/v1", "anthropic_messages": "/v1", "gemini": "/v1beta"}
USAGE = Usage(input=7, output=3)

Play = Callable[[web.Request], Awaitable[web.StreamResponse]]


def whole(dialect: str, text: str = "Hello there") -> bytes:
    """An answer as a provider of this dialect sends it."""
    return encode_body(find_dialect(dialect).encode_response(answer_of(text))[0])


def answer_of(text: str) -> ChatResponse:
    return ChatResponse(text, model="m", usage=USAGE, request_id="id_upstream")


def pieces(dialect: str, texts: Iterable[str] = ("Hello ", "there")) -> list[bytes]:
    """A streamed answer: the beginning with the first text, each further text, and the end."""
    encoder = find_dialect(dialect).stream_encoder(model="m", request_id="id_upstream")
    said = list(texts)
    return [*(encoder.encode(TextDelta(it)) for it in said), encoder.encode(StreamEnd(answer_of("".join(said))))]


def answers(dialect: str, *texts: str) -> Play:
    """Answers, streamed or whole as it is asked."""

    async def play(request: web.Request) -> web.StreamResponse:
        if not await is_stream(request):
            return web.Response(body=whole(dialect, "".join(texts) or "Hello there"), content_type="application/json")
        return await streams(*pieces(dialect, texts or ("Hello ", "there")))(request)

    return play


async def is_stream(request: web.Request) -> bool:
    body = json.loads(await request.read())
    return bool(body.get("stream")) or "streamGenerateContent" in request.path


def streams(
    *chunks: bytes,
    cut: bool = False,
    kind: str = "text/event-stream",
    hang: bool = False,
    after: asyncio.Event | None = None,
) -> Play:
    """Sends these chunks as a stream, all but the first once `after` is set; then ends, cuts the connection or says no
    more.
    """

    async def play(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": kind})
        await response.prepare(request)
        for number, chunk in enumerate(chunks):
            if number and after is not None:
                await after.wait()
            await response.write(chunk)
        if hang:
            await asyncio.Event().wait()
        if cut:
            assert request.transport is not None
            request.transport.abort()
        return response

    return play


def says(status: int, body: Any = None, kind: str = "application/json", **headers: str) -> Play:
    """Answers with this status and body; a name's `_` is a `-`."""
    text = body if isinstance(body, str) else json.dumps(body or {"error": {"message": f"scripted {status}"}})
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    async def play(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, text=text, content_type=kind, headers=named)

    return play


@dataclass
class Seen:
    """A request as a provider got it."""

    provider: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


class Upstream:
    """Providers by name, each with what it plays request after request; the last is played for ever."""

    def __init__(self, **plays: Play | list[Play]) -> None:
        self.plays = {name: deque(it if isinstance(it, list) else [it]) for name, it in plays.items()}
        self.seen: list[Seen] = []
        self.in_flight = 0
        self.most_in_flight = 0
        self.cancelled = 0
        self.sent = 0
        self.keep_log = True
        self.port = 0

    def url(self, provider: str) -> str:
        return f"http://127.0.0.1:{self.port}/{provider}"

    def asked(self, provider: str) -> list[Seen]:
        return [it for it in self.seen if it.provider == provider]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["provider"]
        content = await request.read()
        if self.keep_log:
            self.seen.append(Seen(name, request.path, request.query_string, dict(request.headers), content))
        queue = self.plays[name]
        play = queue.popleft() if len(queue) > 1 else queue[0]
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            return await play(request)
        except (asyncio.CancelledError, ConnectionError):
            self.cancelled += 1
            raise
        finally:
            self.in_flight -= 1

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        application = web.Application(client_max_size=64 * 1024 * 1024)
        application[UPSTREAM] = self
        application.router.add_post("/{provider}/{path:.*}", self.handle)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.port = runner.addresses[0][1]
        try:
            yield
        finally:
            await runner.cleanup()


UPSTREAM = web.AppKey("upstream", Upstream)


@dataclass
class Served:
    """A gateway that serves, and what can be seen of it."""

    gateway: Gateway
    url: str
    port: int
    upstream: Upstream
    server: uvicorn.Server
    reports: list[CasecraftError] = field(default_factory=list)

    async def ended(self, count: int = 1) -> list[Exchange]:
        """The newest exchanges by the ledger, once so many have been written."""
        assert self.gateway._ledger is not None
        while len(found := exchanges(self.gateway._ledger, limit=100_000)) < count:
            await asyncio.sleep(0.01)
        return found

    async def idle(self) -> None:
        """Wait until nothing is under way, at the gateway and at the providers."""
        while self.gateway.under_way or self.upstream.in_flight:
            await asyncio.sleep(0.01)
        assert [lane.in_flight for lane in self.gateway.lanes if lane.in_flight] == []


def settings_of(folder: Path, upstream: Upstream, dialects: dict[str, str], **gateway: Any) -> Settings:
    """Settings with providers of these dialects, in this order."""
    more = gateway.pop("settings", {})
    each = gateway.pop("each", {})
    own = {
        name: ProviderSettings(
            base_url=upstream.url(name),
            dialect=dialect,
            api_key=SecretStr(f"key-of-{name}-0123456789"),
            **{"workers": 64, "model": f"{name}-model", **each},
        )
        for name, dialect in dialects.items()
    }
    names = {"providers": tuple(own)} if "providers" not in more else {}
    if len(own) > 1 and "routes" not in gateway:
        gateway["routes"] = {"default": tuple(own)}
    gateway = {"port": 0, "idle_timeout": 5, **gateway}
    return Settings(
        **names, provider_settings=own, state_dir=folder, gateway=GatewaySettings.model_validate(gateway), **more
    )


@asynccontextmanager
async def served(
    folder: Path, upstream: Upstream, dialects: dict[str, str], *, log: CallLog | None = None, **gateway: Any
) -> AsyncIterator[Served]:
    """A gateway before these providers, each with its dialect."""
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(upstream.serving())
        settings = settings_of(folder, upstream, dialects, **gateway)
        yield await stack.enter_async_context(gateway_of(settings, upstream, log))


@asynccontextmanager
async def gateway_of(settings: Settings, upstream: Upstream, log: CallLog | None = None) -> AsyncIterator[Served]:
    """A gateway with these settings."""
    reports: list[CasecraftError] = []
    with open_ledger(settings.state_dir) as ledger:
        gateway = Gateway(settings, token=TOKEN, ledger=ledger, report=reports.append, log=log)
        listener = _listen("127.0.0.1", 0)
        config = _config(create_app(gateway))
        config.lifespan = "off"
        server = uvicorn.Server(config)
        running = asyncio.create_task(server._serve(sockets=[listener]))
        while not server.started:
            await asyncio.sleep(0.01)
        port = listener.getsockname()[1]
        try:
            yield Served(gateway, f"http://127.0.0.1:{port}", port, upstream, server, reports)
        finally:
            server.should_exit = True
            await running
            await gateway.aclose()


def request_of(
    dialect: str, *, stream: bool = False, model: str = "any", text: str = "Hi", **more: Any
) -> tuple[str, dict[str, Any]]:
    """Path and body with which a client of this dialect asks."""
    message = [{"role": "user", "content": text}]
    if dialect == "gemini":
        verb = "streamGenerateContent?alt=sse" if stream else "generateContent"
        body: dict[str, Any] = {"contents": [{"role": "user", "parts": [{"text": text}]}]}
        return f"/v1beta/models/{model}:{verb}", {**body, **more}
    paths = {"openai_chat": "/chat/completions", "openai_responses": "/responses", "anthropic_messages": "/messages"}
    fields = {
        "openai_chat": {"messages": message},
        "openai_responses": {"input": text},
        "anthropic_messages": {"messages": message, "max_tokens": 100},
    }
    return f"/v1{paths[dialect]}", {"model": model, "stream": stream, **fields[dialect], **more}


async def ask(
    it: Served,
    dialect: str,
    *,
    stream: bool = False,
    token: str = TOKEN,
    headers: dict[str, str] | None = None,
    **more: Any,
) -> httpx.Response:
    """Ask as a client of this dialect does; the whole answer, streamed or not."""
    path, body = request_of(dialect, stream=stream, **more)
    async with httpx.AsyncClient(base_url=it.url, timeout=60, trust_env=False) as client:
        return await client.post(path, json=body, headers={"authorization": f"Bearer {token}", **(headers or {})})


async def ask_slowly(it: Served, dialect: str, first: bytes, event: asyncio.Event) -> bytes:
    """The body of a streamed answer; the event is set once so much of it has come."""
    path, body = request_of(dialect, stream=True)
    got = b""
    async with (
        httpx.AsyncClient(base_url=it.url, timeout=60, trust_env=False) as client,
        client.stream("POST", path, json=body, headers={"x-api-key": TOKEN}) as reply,
    ):
        async for chunk in reply.aiter_raw():
            got += chunk
            if first in got:
                event.set()
    return got


def events_in(body: bytes) -> list[tuple[str, Any]]:
    """The events of a stream: their names, and their data, parsed where that is JSON."""
    reader = NamedEventReader()
    events = []
    for event in [*reader.feed(body), *reader.finish()]:
        name, _, data = event.partition(b"\n")
        events.append((name.decode(), data.decode() if data == b"[DONE]" else json.loads(data)))
    return events


def text_in(dialect: str, body: bytes) -> str:
    """The text of a streamed answer, as far as it goes."""
    decoder = find_dialect(dialect).stream_decoder("client", {})
    return "".join(it.text for it in decoder.feed(body) if isinstance(it, TextDelta))


def error_message(dialect: str, body: Any) -> str:
    """The message of an error in the form of this dialect. Raises where it has another."""
    error = body["error"]
    if dialect == "anthropic_messages":
        assert body["type"] == "error"
        assert set(error) == {"type", "message"}
    elif dialect == "gemini":
        assert {"code", "message", "status"} <= set(error)
    else:
        assert {"message", "type", "param", "code"} == set(error)
    return str(error["message"])


async def raw(port: int, *sent: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection on which these bytes have been sent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for piece in sent:
        writer.write(piece)
        await writer.drain()
    return reader, writer


def raw_request(dialect: str, *, version: str = "1.1", **more: Any) -> bytes:
    """A request as bytes."""
    path, body = request_of(dialect, **more)
    content = json.dumps(body).encode()
    head = f"POST {path} HTTP/{version}\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
    return f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content
