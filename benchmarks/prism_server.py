"""Prism as a process: installed once into the cache by npm, it serves until a block ends."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.load import CACHE

PACKAGE = "@stoplight/prism-cli@5.16.0"
FOLDER = CACHE / "prism"


@contextmanager
def serve_with_prism(document: Path) -> Iterator[str]:
    """Yields the base URL at which Prism answers until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = ["node", str(install()), "mock", "--errors", "--verboseLevel", "silent", "--port", str(port)]
    process = subprocess.Popen([*command, str(document)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(process, port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def install() -> Path:
    """Prism's program, installed once into the cache."""
    program = FOLDER / "node_modules" / "@stoplight" / "prism-cli" / "dist" / "index.js"
    if not program.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--prefix", str(FOLDER), PACKAGE], check=True)
    return program


def wait_for(process: subprocess.Popen[bytes], port: int, seconds: float = 120) -> None:
    """Wait until a process listens; raises RuntimeError where it ends before, or takes too long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"Prism ended with {process.returncode} before it answered")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise RuntimeError(f"Prism did not answer within {seconds:.0f} seconds")
