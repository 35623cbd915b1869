"""What one writes without casecraft: asyncio, aiohttp, one queue; nothing durable. `python -m benchmarks.plain_loop`"""

import asyncio
import json
import sys
import time

import aiohttp


async def ask(session: aiohttp.ClientSession, url: str, job: int) -> float | None:  # seconds until asked again
    body = {"model": "simulated", "messages": [{"role": "user", "content": f"Cases for GET /things/{job}"}]}
    async with session.post(url, json=body) as response:
        if response.status != 200:
            return float(response.headers.get("Retry-After", 0.5))
        try:
            return None if json.loads(await response.read())["choices"] else 0
        except ValueError:  # garbage
            return 0


async def main(base: str, names: list[str], jobs: int, workers: int = 8) -> None:
    queue: asyncio.Queue[int] = asyncio.Queue()
    left, over, began = set(range(jobs)), asyncio.Event(), time.perf_counter()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def worker(name: str) -> None:
            while True:
                job = await queue.get()
                if (again := await ask(session, f"{base}/{name}/v1/chat/completions", job)) is not None:
                    asyncio.get_running_loop().call_later(again, queue.put_nowait, job)
                    continue
                left.remove(job)
                if not left:
                    over.set()

        for job in left:
            queue.put_nowait(job)
        tasks = [asyncio.create_task(worker(name)) for name in names * workers]
        await over.wait()
        print(json.dumps({"wall": time.perf_counter() - began, "workers": len(tasks)}))


if __name__ == "__main__":
    asyncio.run(main(f"http://127.0.0.1:{sys.argv[1]}", sys.argv[2].split(","), int(sys.argv[3])))
