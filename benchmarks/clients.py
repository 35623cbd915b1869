"""The bare request with the clients that others build on: CPU of the asking process, nothing recorded, nothing retried.

Runs among the peers: `python -m benchmarks.clients CLIENT PORT REQUESTS`, 64 at a time.
"""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

CONCURRENCY = 64
MESSAGES = [{"role": "user", "content": "Cases for GET /things/1"}]
BODY = {"model": "simulated", "messages": MESSAGES, "max_tokens": 100}

Ask = Callable[[], Awaitable[object]]


@asynccontextmanager
async def aiohttp_bare(address: str) -> AsyncIterator[Ask]:
    import aiohttp

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def ask() -> object:
            async with session.post(f"{address}/chat/completions", json=BODY) as response:
                return await response.json()

        yield ask


@asynccontextmanager
async def httpx_aiohttp(address: str) -> AsyncIterator[Ask]:
    import httpx
    from httpx_aiohttp import AiohttpTransport

    transport = AiohttpTransport(limits=httpx.Limits(max_connections=None))
    async with httpx.AsyncClient(transport=transport, timeout=60) as client:

        async def ask() -> object:
            return (await client.post(f"{address}/chat/completions", json=BODY)).json()

        yield ask


@asynccontextmanager
async def openai_sdk(address: str) -> AsyncIterator[Ask]:
    from openai import AsyncOpenAI, DefaultAioHttpClient

    # Its ordinary client, with httpx's own pool, costs several times as much.
    async with AsyncOpenAI(api_key="sk-simulated", base_url=address, http_client=DefaultAioHttpClient()) as client:

        async def ask() -> object:
            return await client.chat.completions.create(model="simulated", messages=MESSAGES, max_tokens=100)  # type: ignore[arg-type]

        yield ask


@asynccontextmanager
async def litellm_router(address: str) -> AsyncIterator[Ask]:
    import litellm

    litellm.suppress_debug_info = True
    parameters = {"model": "openai/simulated", "api_base": address, "api_key": "sk-simulated"}
    router = litellm.Router(model_list=[{"model_name": "simulated", "litellm_params": parameters}])

    async def ask() -> object:
        return await router.acompletion(model="simulated", messages=MESSAGES, max_tokens=100)

    yield ask


CLIENTS = {
    "aiohttp": aiohttp_bare,
    "httpx, aiohttp transport": httpx_aiohttp,
    "OpenAI SDK, aiohttp client": openai_sdk,
    "LiteLLM Router": litellm_router,
}


async def measure(client: str, address: str, requests: int) -> dict[str, float]:
    async with CLIENTS[client](address) as ask:
        await ask()
        left = iter(range(requests))

        async def worker() -> None:
            for _ in left:
                await ask()

        cpu, wall = time.process_time(), time.perf_counter()
        await asyncio.gather(*(worker() for _ in range(CONCURRENCY)))
        return {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}


if __name__ == "__main__":
    name, port, count = sys.argv[1:]
    print(json.dumps(asyncio.run(measure(name, f"http://127.0.0.1:{port}/a/v1", int(count)))))
