"""Records without end into the state file that is its argument, and says what has become durable, a line each.

With a second argument, exchanges of the gateway.
"""

import asyncio
import os
import sys
from itertools import count
from pathlib import Path

from casecraft.state import Store, open_store, record_exchange
from tests.state.samples import CASE, DOCUMENT, attempt, exchange, exchange_attempt, result


def say(line: str) -> None:
    os.write(1, f"{line}\n".encode())


async def work(store: Store, run_id: str, worker: int) -> None:
    for number in count():
        key = f"{worker}-{number}"
        await store.record(run_id, attempt(f"/{key}", key, answer=key * 500))
        say(f"attempt {key}")
        cases = (CASE,) * (number % 4)
        await store.finish_job(run_id, key, result(f"/{key}", cases=cases))
        say(f"job {key} {len(cases)}")


async def pass_through(store: Store, client: int) -> None:
    for number in count():
        key = f"{client}-{number}"
        await record_exchange(store, exchange(key, *(exchange_attempt(),) * (number % 3), asked_model=key))
        say(f"exchange {key} {number % 3}")


async def main() -> None:
    with open_store(Path(sys.argv[1])) as store:
        if sys.argv[2:]:
            await asyncio.gather(*(pass_through(store, client) for client in range(8)))
        run_id = store.begin_run(DOCUMENT, {}, [])
        await asyncio.gather(*(work(store, run_id, worker) for worker in range(8)))


if __name__ == "__main__":
    asyncio.run(main())
