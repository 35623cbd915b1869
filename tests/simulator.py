"""A server that plays any number of OpenAI-compatible providers on loopback, with faults by seed or by script.

As a module (`python -m tests.simulator CONFIG.json`) it runs in a process of its own and prints its port; as a class it
runs in the test's event loop. Provider `glm` is at `http://127.0.0.1:PORT/glm/v1`.
"""

import asyncio
import hashlib
import json
import random
import sys
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from aiohttp import web

Answer = Callable[[dict[str, Any]], str]
Embed = Callable[[str], list[float]]


GREETING = "Say OK."
"""What a health check asks."""


@dataclass
class Behaviour:
    """How one provider behaves: seconds a request, shares of faults, and faults to play first, in order.

    Faults are "429", "429-bare", "500", "529", "401", "404", "400", "garbage", "html", "half", "empty", "cut", "hang",
    "echo" (a 401 that repeats the key), "mirror" (a 500 that repeats all headers, with escaped slashes) and "tell"
    (an answer whose text repeats the key).
    """

    latency: float = 0.0
    faults: dict[str, float] = field(default_factory=dict)
    script: list[str] = field(default_factory=list)
    retry_after: float = 1.0


@dataclass
class Seen:
    """A request as it arrived."""

    provider: str
    at: float
    body: dict[str, Any]
    headers: dict[str, str]
    fault: str | None


def empty_suite(body: dict[str, Any]) -> str:
    """An answer without cases."""
    return '{"cases": []}'


def same_for_all(text: str) -> list[float]:
    """A vector in which all texts are alike."""
    return [1.0, 0.0]


class Simulator:
    """Any number of providers behind one port."""

    def __init__(
        self,
        providers: dict[str, Behaviour],
        *,
        answer: Answer = empty_suite,
        embed: Embed = same_for_all,
        seed: int = 0,
        journal: Path | None = None,
        arrivals: Path | None = None,
    ) -> None:
        self.providers = providers
        self.answer = answer
        self.embed = embed
        self.seen: list[Seen] = []
        self.answered: Counter[str] = Counter()
        self.in_flight: Counter[str] = Counter()
        self.most_in_flight: Counter[str] = Counter()
        self._scripts = {name: deque(behaviour.script) for name, behaviour in providers.items()}
        self._random = random.Random(seed)
        self._journal = journal.open("a", buffering=1) if journal else None
        self._arrivals = arrivals.open("a", buffering=1) if arrivals else None
        self._runner: web.AppRunner | None = None
        self.port = 0
        self.keep_log = True

    async def start(self, port: int = 0) -> None:
        application = web.Application(client_max_size=64 * 1024 * 1024)
        application.router.add_post("/{provider}/v1/chat/completions", self._chat)
        application.router.add_post("/{provider}/v1/embeddings", self._chat)
        application.router.add_get("/{provider}/v1/models", self._models)
        application.router.add_get("/log", self._log)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        self.port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
        for log in (self._journal, self._arrivals):
            if log is not None:
                log.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.stop()

    def url(self, provider: str) -> str:
        return f"http://127.0.0.1:{self.port}/{provider}/v1"

    def requests(self, provider: str) -> list[Seen]:
        return [seen for seen in self.seen if seen.provider == provider]

    def _fault(self, name: str) -> str | None:
        script = self._scripts[name]
        if script:
            fault = script.popleft()
            return None if fault == "ok" else fault
        draw = self._random.random()
        for fault, share in self.providers[name].faults.items():
            if draw < share:
                return fault
            draw -= share
        return None

    async def _models(self, request: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [{"id": "simulated", "object": "model"}]})

    async def _log(self, request: web.Request) -> web.Response:
        return web.json_response({"answered": self.answered, "most_in_flight": self.most_in_flight})

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["provider"]
        body = json.loads(await request.read())
        fault = self._fault(name)
        if self.keep_log:
            now = asyncio.get_running_loop().time()
            self.seen.append(Seen(name, now, body, dict(request.headers), fault))
        if self._arrivals is not None:
            self._arrivals.write(fingerprint(body) + "\n")
        self.in_flight[name] += 1
        self.most_in_flight[name] = max(self.most_in_flight[name], self.in_flight[name])
        try:
            return await self._reply(request, name, body, fault)
        finally:
            self.in_flight[name] -= 1

    async def _reply(
        self, request: web.Request, name: str, body: dict[str, Any], fault: str | None
    ) -> web.StreamResponse:
        behaviour = self.providers[name]
        if fault in {"429", "429-bare"}:
            headers = {"Retry-After": f"{behaviour.retry_after:g}"} if fault == "429" else {}
            return _error(429, "rate limit reached", headers)
        if fault == "echo":
            return _error(401, f"wrong key: {request.headers['Authorization']}")
        if fault == "mirror":
            told = json.dumps({"error": {"message": str(dict(request.headers)), "headers": dict(request.headers)}})
            return web.Response(text=told.replace("/", "\\/"), status=500, content_type="application/json")
        if fault is not None and fault.isdigit():
            return _error(int(fault), f"simulated {fault}")
        if fault == "hang":
            await asyncio.sleep(3600)
        if behaviour.latency:
            await asyncio.sleep(behaviour.latency)
        return await self._send(request, name, body, fault)

    async def _send(
        self, request: web.Request, name: str, body: dict[str, Any], fault: str | None
    ) -> web.StreamResponse:
        payload = self._embedded(body) if "input" in body else self._completed(request, body, fault)
        if fault == "garbage":
            return web.Response(body=b"\x00\xffnot an answer", content_type="application/json")
        if fault == "html":
            return web.Response(text="<html><body>Bad gateway</body></html>", content_type="text/html")
        if fault == "half":
            return web.Response(body=payload[: len(payload) // 2], content_type="application/json")
        response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(payload))})
        await response.prepare(request)
        if fault == "cut":
            await response.write(payload[: len(payload) // 2])
            assert request.transport is not None
            request.transport.abort()
            return response
        await response.write(payload)
        await response.write_eof()
        self._finished(body)
        return response

    def _completed(self, request: web.Request, body: dict[str, Any], fault: str | None) -> bytes:
        greeting = body["messages"][-1]["content"] == GREETING
        text = "" if fault == "empty" else "OK" if greeting else self.answer(body)
        if fault == "tell":
            text = text.replace('"title": "', f'"title": "{request.headers["Authorization"]} ')
        return completion(body, text)

    def _embedded(self, body: dict[str, Any]) -> bytes:
        """An answer in OpenAI's format, with usage counted in words."""
        rows = [
            {"object": "embedding", "index": index, "embedding": self.embed(text)}
            for index, text in enumerate(body["input"])
        ]
        words = sum(len(text.split()) for text in body["input"])
        usage = {"prompt_tokens": words, "total_tokens": words}
        return json.dumps({"object": "list", "data": rows, "model": body["model"], "usage": usage}).encode()

    def _finished(self, body: dict[str, Any]) -> None:
        key = fingerprint(body)
        self.answered[key] += 1
        if self._journal is not None:
            self._journal.write(key + "\n")


def fingerprint(body: dict[str, Any]) -> str:
    """Equal for equal requests."""
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def completion(body: dict[str, Any], text: str) -> bytes:
    """A Chat Completions answer, with usage counted in words."""
    words = sum(len(str(message["content"]).split()) for message in body["messages"])
    answer = {
        "id": "chatcmpl-" + fingerprint(body)[:12],
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": body["model"],
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": {
            "prompt_tokens": words,
            "completion_tokens": len(text.split()),
            "total_tokens": words + len(text.split()),
        },
    }
    return json.dumps(answer).encode()


def _error(status: int, message: str, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response({"error": {"message": message, "type": "simulated"}}, status=status, headers=headers)


def _imported(name: str) -> Any:
    module, _, function = name.partition(":")
    return getattr(__import__(module, fromlist=[function]), function)


async def serve(config: dict[str, Any]) -> None:
    """Serve until the process is killed; the port is the first line on standard output."""
    providers = {name: Behaviour(**behaviour) for name, behaviour in config["providers"].items()}
    given = {name: _imported(config[name]) for name in ("answer", "embed") if name in config}
    logs = {name: Path(config[name]) for name in ("journal", "arrivals") if name in config}
    simulator = Simulator(providers, **given, seed=config.get("seed", 0), **logs)
    simulator.keep_log = config.get("keep_log", False)
    await simulator.start(config.get("port", 0))
    print(simulator.port, flush=True)  # noqa: T201
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(json.loads(Path(sys.argv[1]).read_text())))
