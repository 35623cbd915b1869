"""200 clients at once for a minute: what the gateway loses, and what it holds on to.

The providers, the gateway and the clients are a process each. Clients speak all four dialects, half of them streamed;
two of three providers fail 15% of what they are asked, in five ways; 3% of streams are left by their clients. Each
answer must be the one to its own request. Run it with `python -m benchmarks.gateway_load [SECONDS]`.
"""

import asyncio
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.figures import Figure, note, report
from benchmarks.processes import CASECRAFT, ROOT
from casecraft.state import exchanges, gateway_path, open_store
from tests.gateway.crowd import PROVIDERS, Crowd

CLIENTS = 200
SECONDS = 60.0
WARM = 0.25
"""The share of the time after which memory is looked at first: connections are open then, caches full."""

GROWTH = 25.0
TOKEN = "a-token-for-this-benchmark"


def main() -> int:
    """Measure, and print figures."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    with tempfile.TemporaryDirectory() as folder:
        return report(measure(Path(folder), seconds))


def measure(folder: Path, seconds: float) -> Iterator[Figure]:
    """The figures of one run."""
    with providers() as port:
        (folder / "casecraft.toml").write_text(configuration(port))
        with gateway(folder) as (process, url):
            crowd = Crowd(url, TOKEN)
            warm, end = asyncio.run(ask(crowd, process.pid, seconds))
            process.send_signal(signal.SIGINT)
            said = process.communicate(timeout=60)[1]
    with open_store(gateway_path(folder / ".casecraft"), read_only=True) as ledger:
        written = len(exchanges(ledger, limit=10_000_000))
    for line in (*crowd.wrong[:5], *said.splitlines()[:5]):
        note(line)
    yield Figure("gateway, 200 clients: requests a second", crowd.asked / seconds, "")
    yield Figure("gateway, 200 clients: answers lost or mixed up", len(crowd.wrong), "", bar=0)
    yield Figure("gateway, 200 clients: requests missing from the ledger", crowd.asked - written, "", bar=0)
    yield Figure("gateway, 200 clients: most memory", end, "MB")
    yield Figure("gateway, 200 clients: growth of memory", max(0.0, end - warm), "MB", bar=GROWTH)
    yield Figure("gateway, 200 clients: lines of errors", len(said.splitlines()), "", bar=0)
    yield Figure("gateway, 200 clients: exit code", process.returncode, "", bar=0)


async def ask(crowd: Crowd, pid: int, seconds: float) -> tuple[float, float]:
    """Let the crowd ask; the gateway's memory in MB early on and at the end."""
    stop = time.monotonic() + seconds
    asking = asyncio.create_task(crowd.run(CLIENTS, lambda _: time.monotonic() < stop))
    await asyncio.sleep(seconds * WARM)
    warm = resident(pid)
    await asking
    return warm, resident(pid)


def resident(pid: int) -> float:
    """A process's memory now, in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) * 1024 / 1e6


def configuration(port: int) -> str:
    """The gateway's settings: each provider, the next as the fallback of the one before."""
    own = "".join(
        f'[providers.{name}]\nbase_url = "http://127.0.0.1:{port}/{name}"\ndialect = "{dialect}"\nmodel = "m"\n'
        f"workers = {CLIENTS}\n"
        for name, dialect in PROVIDERS.items()
    )
    names = ", ".join(f'"{name}"' for name in PROVIDERS)
    return f"use = [{names}]\n[gateway.routes]\ndefault = [{names}]\n{own}"


@contextmanager
def providers() -> Iterator[int]:
    """The providers in a process of their own; their port."""
    command = [sys.executable, "-m", "tests.gateway.crowd"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


@contextmanager
def gateway(folder: Path) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """A gateway in a process of its own, and its address."""
    environment = {**os.environ, "CASECRAFT_GATEWAY_TOKEN": TOKEN, "PYTHONPATH": str(ROOT)}
    command = [*CASECRAFT, "gateway", "--port", "0"]
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        found = re.search(r"http://\S+", process.stdout.readline())
        try:
            assert found is not None
            yield process, found[0]
        finally:
            if process.poll() is None:
                process.kill()


if __name__ == "__main__":
    sys.exit(main())
