"""The gateways that are measured beside each other, each in a process of its own before the same provider."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load import CACHE

FOLDER = CACHE / "gateways"
PACKAGES = {"@portkey-ai/gateway": "1.15.2", "@musistudio/claude-code-router": "2.0.0"}
INSTEAD = {"@hono/node-server": "1.14.1"}
"""Portkey 1.15.2 answers every streamed request with 500 on a later version, which npm gives it by itself."""

TOKEN = "a-token-of-the-benchmark"
KEY = "sk-of-the-benchmark"
TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway that listens, with the headers that its clients send. `pid` is None for the provider itself."""

    name: str
    port: int
    headers: Mapping[str, str]
    pid: int | None

    @property
    def cpu(self) -> float:
        """Seconds of CPU that its process and the children of it have taken."""
        return 0.0 if self.pid is None else sum(map(_cpu_of, _family(self.pid)))


def _family(pid: int) -> Iterator[int]:
    yield pid
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield from _family(int(child))


def _cpu_of(pid: int) -> float:
    """Of the process with those of its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / TICK


def install() -> Path:
    """The folder of the peers' packages, installed once into the cache."""
    modules, wanted = FOLDER / "node_modules", FOLDER / "package.json"
    package = json.dumps({"private": True, "dependencies": PACKAGES, "overrides": INSTEAD})
    if not modules.exists() or wanted.read_text() != package:
        FOLDER.mkdir(parents=True, exist_ok=True)
        wanted.write_text(package)
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--no-package-lock"], cwd=FOLDER, check=True)
    return modules


@contextmanager
def casecraft(upstream: int) -> Iterator[Gateway]:
    """Ours, as the command starts it, with a ledger and everything else that it has by default."""

    def configure(folder: Path, port: int) -> list[str]:
        own = (
            f'base_url = "http://127.0.0.1:{upstream}/v1"\nmodel = "m"\nworkers = 256\napi_key = "sk-of-the-benchmark"'
        )
        (folder / "casecraft.toml").write_text(f'use = ["up"]\n[providers.up]\n{own}\n')
        return [sys.executable, "-m", "casecraft", "gateway", "--port", str(port), "--quiet"]

    headers = {"authorization": f"Bearer {TOKEN}"}
    with _started("casecraft", configure, headers, {"CASECRAFT_GATEWAY_TOKEN": TOKEN}) as gateway:
        yield gateway


@contextmanager
def portkey(upstream: int) -> Iterator[Gateway]:
    """Portkey, which is told where to go with each request."""
    program = install() / "@portkey-ai" / "gateway" / "build" / "start-server.js"
    headers = {
        "authorization": f"Bearer {KEY}",
        "x-portkey-provider": "openai",
        "x-portkey-custom-host": f"http://127.0.0.1:{upstream}/v1",
    }

    def configure(folder: Path, port: int) -> list[str]:  # noqa: ARG001  # it has none
        return ["node", str(program), f"--port={port}", "--headless"]

    with _started("Portkey", configure, headers) as gateway:
        yield gateway


@contextmanager
def claude_code_router(upstream: int) -> Iterator[Gateway]:
    """claude-code-router, which reads its configuration from the home folder."""
    program = install() / "@musistudio" / "claude-code-router" / "dist" / "cli.js"

    def configure(folder: Path, port: int) -> list[str]:
        own = folder / ".claude-code-router"
        own.mkdir()
        address = f"http://127.0.0.1:{upstream}/v1/chat/completions"
        provider = {"name": "up", "api_base_url": address, "api_key": KEY, "models": ["m"]}
        settings = {"HOST": "127.0.0.1", "PORT": port, "APIKEY": TOKEN, "LOG": False, "Providers": [provider]}
        (own / "config.json").write_text(json.dumps({**settings, "Router": {"default": "up,m"}}))
        return ["node", str(program), "start"]

    with _started("claude-code-router", configure, {"x-api-key": TOKEN}) as gateway:
        yield gateway


@contextmanager
def _started(
    name: str,
    configure: Callable[[Path, int], list[str]],
    headers: Mapping[str, str],
    environment: Mapping[str, str] | None = None,
) -> Iterator[Gateway]:
    """A gateway that answers, in a folder of its own that is its home as well."""
    port = _free_port()
    with tempfile.TemporaryDirectory() as home:
        command = configure(Path(home), port)
        given = {**os.environ, "HOME": home, "SERVICE_PORT": str(port), **(environment or {})}
        paths = [str(Path(__file__).resolve().parent.parent), given.get("PYTHONPATH", "")]
        given["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
        process = subprocess.Popen(
            command, cwd=home, env=given, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            _wait_for(process, port, name)
            yield Gateway(name, port, headers, process.pid)
        finally:
            process.terminate()
            process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


def _wait_for(process: subprocess.Popen[bytes], port: int, name: str, seconds: float = 60) -> None:
    """Wait until it listens; raises RuntimeError where it ends before, or takes too long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"{name} ended with {process.returncode} before it answered")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"{name} did not answer within {seconds:.0f} seconds")
