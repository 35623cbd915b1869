"""Many clients of all dialects at once, and providers that fail now and then, each answer known by its request.

`python -m tests.gateway.crowd` runs the providers in a process of their own and prints their port.
"""

import asyncio
import random
import re
import sys
from collections import Counter
from collections.abc import Callable

import aiohttp
from aiohttp import web

from tests.gateway.scripted import DIALECTS, Play, Upstream, answers, request_of, says, streams, text_in

PROVIDERS = {"flaky": "openai_chat", "moody": "anthropic_messages", "steady": "gemini"}
"""The first two fail a part of what they are asked; the last never does."""

FAULTS = ("429", "500", "cut", "error first", "html")
SHARE = 0.15
LEAVERS = 0.03
"""The shares of requests that a provider fails, and of clients that go away at the first byte."""

_MARK = re.compile(rb"<(\d+-\d+)>")


def upstream(seed: int = 0) -> Upstream:
    """The providers."""
    draw = random.Random(seed)
    return Upstream(**{name: fails_sometimes(name, dialect, draw) for name, dialect in PROVIDERS.items()})


def fails_sometimes(name: str, dialect: str, draw: random.Random) -> Play:
    """Answers with what stands between `<` and `>` in the request."""

    async def play(request: web.Request) -> web.StreamResponse:
        if name != "steady" and draw.random() < SHARE:
            fault = draw.choice(FAULTS)
            if fault == "cut":
                return await streams(cut=True)(request)
            if fault == "error first":
                return await streams(b'event: error\ndata: {"type": "error", "error": {"message": "no"}}\n\n')(request)
            return await (says(200, "<html>", "text/html") if fault == "html" else says(int(fault)))(request)
        found = _MARK.findall(await request.read())
        return await answers(dialect, "it is ", found[-1].decode(), " indeed")(request)

    return play


class Crowd:
    """Clients that ask one request after the other. `counts` says what they got, `wrong` what they should not have."""

    def __init__(self, url: str, token: str, seed: int = 0) -> None:
        self.counts: Counter[str] = Counter()
        self.wrong: list[str] = []
        self._url = url
        self._headers = {"authorization": f"Bearer {token}"}
        self._seed = seed

    @property
    def asked(self) -> int:
        """How many requests were sent."""
        return sum(self.counts.values())

    async def run(self, clients: int, goes_on: Callable[[int], bool]) -> None:
        """Let so many clients ask for as long as `goes_on` says so of the number of requests that one has sent."""
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(self._url, connector=connector, headers=self._headers) as session:
            await asyncio.gather(*(self._client(session, number, goes_on) for number in range(clients)))

    async def _client(self, session: aiohttp.ClientSession, number: int, goes_on: Callable[[int], bool]) -> None:
        draw = random.Random(self._seed * 1000 + number)
        sent = 0
        while goes_on(sent):
            await self._ask(session, f"{number}-{sent}", draw)
            sent += 1

    async def _ask(self, session: aiohttp.ClientSession, mark: str, draw: random.Random) -> None:
        dialect, stream = draw.choice(DIALECTS), draw.random() < 0.5
        path, body = request_of(dialect, stream=stream, text=f"{'x' * draw.choice((10, 2000))} <{mark}>")
        async with session.post(path, json=body) as reply:
            if stream and reply.status == 200 and draw.random() < LEAVERS:
                await reply.content.readany()
                self.counts["left"] += 1
                return
            self._judge(dialect, stream, reply.status, await reply.read(), mark)

    def _judge(self, dialect: str, stream: bool, status: int, content: bytes, mark: str) -> None:
        expected = f"it is {mark} indeed"
        text = text_in(dialect, content) if stream and status == 200 else content.decode()
        if status == 200 and (text == expected if stream else expected in text):
            self.counts["answered"] += 1
        else:
            self.counts["wrong"] += 1
            self.wrong.append(f"{status} {dialect} {stream} {content[:300]!r}")


async def _serve() -> None:
    it = upstream()
    it.keep_log = False
    async with it.serving():
        print(it.port, flush=True)  # noqa: T201
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve())
