"""CPU of one request to a model, over loopback to a server in a process of its own, 64 at a time.

Beside each other in one run: bare aiohttp, httpx with the aiohttp transport as it comes, our HTTP client, and a whole
`complete()` (encoding, HTTP, decoding, pricing). Run it with `python -m benchmarks.http`.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator

import aiohttp
import httpx
import orjson
from httpx_aiohttp import AiohttpTransport
from pydantic import SecretStr

from benchmarks.figures import Figure, report
from casecraft.config import ProviderSettings
from casecraft.core.chat import ChatRequest, Message
from casecraft.providers import create
from casecraft.providers.http import HttpClient

CONCURRENCY = 64
REQUESTS = 4000
ROUNDS = 3
DELAY = 0.01  # seconds that the server takes, so that all of them are in flight together

ANSWER = orjson.dumps(
    {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "qwen-plus",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": '{"cases": []}' * 30}, "finish_reason": "stop"}
        ],
        "usage": {"prompt_tokens": 500, "completion_tokens": 100, "prompt_tokens_details": {"cached_tokens": 256}},
    }
)
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-request-id: 1\r\ncontent-length: %d\r\n\r\n" % len(
    ANSWER
)
REQUEST = ChatRequest((Message("system", "s" * 500), Message("user", "u" * 1500)), model="qwen-plus", temperature=0.2)
HEADERS = {"authorization": "Bearer key", "content-type": "application/json", "user-agent": "casecraft"}
BODY = {
    "model": "qwen-plus",
    "messages": [{"role": "system", "content": "s" * 500}, {"role": "user", "content": "u" * 1500}],
    "temperature": 0.2,
}

Ask = Callable[[], Awaitable[object]]


class Server(asyncio.Protocol):
    """Answers every request with the same body, a little later."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = transport
        self.received = b""

    def data_received(self, data: bytes) -> None:
        """Answer each whole request."""
        self.received += data
        while (end := self.received.find(b"\r\n\r\n")) >= 0:
            head = self.received[:end].lower()
            length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0])
            if len(self.received) < end + 4 + length:
                return
            self.received = self.received[end + 4 + length :]
            asyncio.get_running_loop().call_later(DELAY, self.transport.write, HEAD + ANSWER)


async def serve() -> None:
    server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def measure(ask: Ask) -> float:
    """The CPU time of a request in the best round, in milliseconds."""
    best = float("inf")
    for _ in range(ROUNDS):
        left = iter(range(REQUESTS))
        started = time.process_time()
        await asyncio.gather(*(work(ask, left) for _ in range(CONCURRENCY)))
        best = min(best, (time.process_time() - started) / REQUESTS)
    return best * 1000


async def work(ask: Ask, left: Iterator[int]) -> None:
    for _ in left:
        await ask()


async def compare(base_url: str) -> dict[str, float]:
    url = f"{base_url}/chat/completions"

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def bare_aiohttp() -> object:
            async with session.post(url, data=orjson.dumps(BODY), headers=HEADERS) as response:
                return orjson.loads(await response.read())

        found = {"aiohttp": await measure(bare_aiohttp)}

    transport = AiohttpTransport(limits=httpx.Limits(max_connections=None))
    async with httpx.AsyncClient(transport=transport, timeout=60) as stock:

        async def stock_httpx() -> object:
            response = await stock.post(url, content=orjson.dumps(BODY), headers=HEADERS)
            return orjson.loads(response.content)

        found["httpx with the aiohttp transport"] = await measure(stock_httpx)

    client = HttpClient("qwen", base_url, HEADERS, timeout=60)

    async def our_client() -> object:
        return orjson.loads((await client.post("/chat/completions", orjson.dumps(BODY))).body)

    found["casecraft's HTTP client"] = await measure(our_client)
    await client.aclose()

    provider = create("qwen", ProviderSettings(api_key=SecretStr("sk-0123456789"), base_url=base_url))

    async def complete() -> object:
        response = await provider.complete(REQUEST)
        return provider.price(response.usage, response.model)

    found["casecraft: complete() and price()"] = await measure(complete)
    await provider.aclose()
    return found


def main() -> int:
    server = subprocess.Popen([sys.executable, "-m", "benchmarks.http", "serve"], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        found = asyncio.run(compare(f"http://127.0.0.1:{port}/v1"))
        return report(Figure(f"request, {name}: CPU", cost, "ms") for name, cost in found.items())
    finally:
        server.kill()
        server.wait()


if __name__ == "__main__":
    sys.exit(asyncio.run(serve()) if sys.argv[1:] == ["serve"] else main())
