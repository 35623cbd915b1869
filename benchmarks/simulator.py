"""A provider simulator that costs little CPU, so that two cores are enough for it and for what is measured.

It behaves as `tests.simulator` does, with the same latencies, faults and seeds, and is started the same way; but it is
a bare protocol of asyncio's, knows three faults ("429", "500", "garbage") and answers all questions alike unless
`answer` in its configuration names a function. GET /log tells how many answers were sent, and how many questions were
answered more than once.
"""

import asyncio
import json
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast
from urllib.request import urlopen

from benchmarks.processes import ROOT
from casecraft.core.event_loop import run_async
from tests.simulator import Behaviour, completion

END = b"\r\n\r\n"
LIMITED = b'{"error": {"message": "rate limit reached", "type": "simulated"}}'
FAILED = b'{"error": {"message": "simulated 500", "type": "simulated"}}'
QUESTION = {"model": "simulated", "messages": [{"role": "user", "content": "Cases for one endpoint"}]}
TRIVIAL = completion(QUESTION, '{"cases": []}')


class Providers:
    """How all of them behave, and what they have answered."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.behaviours = {
            f"POST /{name}/v1/chat/completions HTTP/1.1".encode(): Behaviour(**behaviour)
            for name, behaviour in config["providers"].items()
        }
        self.answered: Counter[bytes] = Counter()
        self._random = random.Random(config.get("seed", 0))
        self._answer = load_answer(config["answer"]) if "answer" in config else None

    def reply(self, line: bytes, body: bytes) -> tuple[float, bytes]:
        """After how many seconds a request is answered, and what goes back."""
        behaviour = self.behaviours.get(line)
        if behaviour is None:
            return 0.0, response(200, json.dumps(self.log()).encode())
        fault = self._fault(behaviour)
        if fault == "429":
            return 0.0, response(429, LIMITED, f"Retry-After: {behaviour.retry_after:g}\r\n")
        if fault == "500":
            return 0.0, response(500, FAILED)
        if fault == "garbage":
            return behaviour.latency, response(200, b"\x00\xffnot an answer")
        self.answered[body] += 1
        return behaviour.latency, response(200, TRIVIAL if self._answer is None else self._complete(body))

    def log(self) -> dict[str, int]:
        """How many answers were sent, and how many questions had more than one."""
        twice = sum(count > 1 for count in self.answered.values())
        return {"answers": self.answered.total(), "twice": twice}

    def _complete(self, body: bytes) -> bytes:
        assert self._answer is not None
        question = json.loads(body)
        return completion(question, self._answer(question))

    def _fault(self, behaviour: Behaviour) -> str | None:
        if not behaviour.faults:
            return None
        draw = self._random.random()
        for fault, share in behaviour.faults.items():
            if draw < share:
                return fault
            draw -= share
        return None


class Connection(asyncio.Protocol):
    """One client's connection; requests come one after another."""

    def __init__(self, providers: Providers) -> None:
        self._providers = providers
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer each whole request, in its time."""
        self._received += data
        while (end := self._received.find(END)) >= 0:
            head = self._received[:end]
            size = end + len(END) + length_of(head)
            if len(self._received) < size:
                return
            body, self._received = self._received[end + len(END) : size], self._received[size:]
            seconds, reply = self._providers.reply(head[: head.index(b"\r\n")], body)
            if seconds:
                asyncio.get_running_loop().call_later(seconds, self._transport.write, reply)
            else:
                self._transport.write(reply)


def length_of(head: bytes) -> int:
    _, found, rest = head.lower().partition(b"content-length:")
    return int(rest.partition(b"\r\n")[0]) if found else 0


def response(status: int, body: bytes, headers: str = "") -> bytes:
    head = f"HTTP/1.1 {status} Simulated\r\nContent-Type: application/json\r\n{headers}Content-Length: {len(body)}"
    return head.encode() + END + body


def load_answer(name: str) -> Callable[[dict[str, Any]], str]:
    module, _, function = name.partition(":")
    answer: Callable[[dict[str, Any]], str] = getattr(__import__(module, fromlist=[function]), function)
    return answer


@contextmanager
def simulate(providers: dict[str, Any], **config: Any) -> Iterator[int]:
    """Providers in a process of their own; its port."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "simulator.json"
        path.write_text(json.dumps({"providers": providers, **config}))
        command = [sys.executable, "-m", "benchmarks.simulator", str(path)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            try:
                yield int(process.stdout.readline())
            finally:
                process.kill()


def read_log(port: int) -> dict[str, int]:
    """What the simulator has answered."""
    with urlopen(f"http://127.0.0.1:{port}/log") as reply:
        log: dict[str, int] = json.loads(reply.read())
    return log


async def serve(config: dict[str, Any]) -> None:
    """Serve until the process is killed; the port is the first line on standard output."""
    providers = Providers(config)
    server = await asyncio.get_running_loop().create_server(lambda: Connection(providers), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    run_async(serve(json.loads(Path(sys.argv[1]).read_text())))
