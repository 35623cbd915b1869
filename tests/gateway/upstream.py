"""Providers in every dialect behind real HTTP: each speaks as its vendor's documentation says, by hand.

No encoder of ours is checked against itself here, and what comes in is held against the vendor's published types.
"""

import asyncio
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.gateway.spoken import Heard, Said
from tests.gateway.vendors import chat, cohere, converse, gemini, messages, ollama, prompts, responses, sagemaker

VENDORS: Mapping[str, Any] = {
    "openai_chat": chat,
    "azure": chat,
    "openai_responses": responses,
    "anthropic_messages": messages,
    "gemini": gemini,
    "bedrock_converse": converse,
    "cohere_chat": cohere,
    "ollama_chat": ollama,
    "tgi": prompts.TGI,
    "sagemaker": sagemaker,
    "triton": prompts.TRITON,
    "replicate": prompts.REPLICATE,
}
PATIENCE = 20
"""Seconds for what takes parts of one."""


@dataclass(frozen=True)
class Request:
    """A request that came in. `vendor` is who was asked."""

    vendor: str
    path: str
    query: str
    headers: Mapping[str, str]
    content: bytes

    @property
    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(self.content)
        return body

    def read(self) -> Heard:
        """What the vendor understands, who refuses what does not conform to its types."""
        vendor = VENDORS[self.vendor]
        vendor.check(self.body, self.path)
        heard: Heard = vendor.read(self.body, self.path)
        return heard


@dataclass
class Upstream:
    """What all vendors say next, and what they were asked.

    `fault` is an error of the vendors', `raw` a body that is sent as it is, `holds` has a stream stop after its
    beginning; `gone` is set once the gateway has given that one up.
    """

    url: str = ""
    said: Said = field(default_factory=Said)
    fault: str = ""
    retry_after: str = ""
    raw: list[bytes] = field(default_factory=list)
    holds: bool = False
    requests: list[Request] = field(default_factory=list)
    gone: threading.Event = field(default_factory=threading.Event)

    def says(self, said: Said) -> None:
        """Answer so from now on."""
        self.said, self.fault, self.raw, self.holds, self.retry_after = said, "", [], False, ""
        self.requests.clear()
        self.gone.clear()

    @property
    def heard(self) -> Heard:
        """The last request."""
        return self.requests[-1].read()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        content, path = await request.read(), request.raw_path.partition("?")[0]
        name = request.match_info["vendor"].partition("-")[0]
        self.requests.append(Request(name, path, request.query_string, dict(request.headers), content))
        vendor, body = VENDORS[name], json.loads(content)
        if self.fault:
            status, headers, told = vendor.error(self.fault, "told by the vendor")
            more = {"Retry-After": self.retry_after} if self.retry_after else {}
            return web.json_response(told, status=status, headers={**headers, **more})
        model = vendor.read(body, path).model if not self.raw else "m"
        if name == "replicate" and body.get("stream"):
            return web.json_response(vendor.started(f"{self.url}/{request.match_info['vendor']}"))
        if not vendor.is_stream(path, body):
            whole = b"".join(self.raw) or json.dumps(vendor.whole(self.said, model)).encode()
            return web.Response(body=whole, content_type="application/json")
        return await self.send(request, self.raw or list(vendor.events(self.said, model)), vendor.KIND)

    async def follow(self, request: web.Request) -> web.StreamResponse:
        """A stream at an address that was told before."""
        vendor = VENDORS[request.match_info["vendor"].partition("-")[0]]
        return await self.send(request, list(vendor.events(self.said, "m")), vendor.KIND)

    async def send(self, request: web.Request, events: list[bytes], kind: str) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": kind})
        await response.prepare(request)
        try:
            for event in events[: len(events) // 2] if self.holds else events:
                await response.write(event)
            if self.holds:
                await asyncio.Event().wait()
        except (asyncio.CancelledError, ConnectionError):
            self.gone.set()
            raise
        await response.write_eof()
        return response


@contextmanager
def running_upstream() -> Iterator[Upstream]:
    """All vendors on one port of this machine, in a thread of its own; `NAME` is below `url`/NAME."""
    upstream = Upstream()
    ready, stop, loop = threading.Event(), asyncio.Event(), asyncio.new_event_loop()

    async def serve() -> None:
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_post("/{vendor}/{rest:.*}", upstream.answer)
        app.router.add_get("/{vendor}/stream", upstream.follow)
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        upstream.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        ready.set()
        await stop.wait()
        await runner.cleanup()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    assert ready.wait(PATIENCE)
    try:
        yield upstream
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(PATIENCE)
        loop.close()
