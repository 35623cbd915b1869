"""A provider of Chat Completions that answers at once, written for speed: a gateway before it must not wait for it.

    python -m benchmarks.gateway_upstream

The port is the first line on standard output. A streamed answer goes out event by event, each in its own turn of the
loop.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from benchmarks.processes import ROOT
from casecraft.core.event_loop import run_async

END = b"\r\n\r\n"
LENGTH = b"content-length:"
STREAMS = (b'"stream":true', b'"stream": true')
WORDS = 20

USAGE = {"prompt_tokens": 500, "completion_tokens": WORDS, "total_tokens": 500 + WORDS}
HEAD = {"id": "chatcmpl-1", "created": 1, "model": "m"}


def whole_answer() -> bytes:
    choice = {"index": 0, "message": {"role": "assistant", "content": "word " * WORDS}, "finish_reason": "stop"}
    body = json.dumps({**HEAD, "object": "chat.completion", "choices": [choice], "usage": USAGE}).encode()
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)


def streamed_answer() -> tuple[bytes, ...]:
    """The writes of it: the head with the first event, the other events, the end."""
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}, *({"content": "word "} for _ in range(WORDS))]
    choices = [[{"index": 0, "delta": delta, "finish_reason": None}] for delta in deltas]
    choices += [[{"index": 0, "delta": {}, "finish_reason": "stop"}]]
    events: list[dict[str, Any]] = [{**HEAD, "object": "chat.completion.chunk", "choices": it} for it in choices]
    events += [{**HEAD, "object": "chat.completion.chunk", "choices": [], "usage": USAGE}]
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    first, *others = [
        _chunk(b"data: %s\n\n" % data) for data in (*(json.dumps(it).encode() for it in events), b"[DONE]")
    ]
    return (head + first, *others, b"0\r\n\r\n")


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


WHOLE, STREAMED = whole_answer(), streamed_answer()


class Upstream(asyncio.Protocol):
    """One connection; requests come one after another."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)
        self._received = bytearray()
        self._wanted = 0

    def data_received(self, data: bytes) -> None:
        """Answer a request once all of it is there."""
        self._received += data
        if not self._wanted:
            end = self._received.find(END)
            if end < 0:
                return
            head = bytes(self._received[:end]).lower()
            self._wanted = end + len(END) + int(head.partition(LENGTH)[2].partition(b"\r")[0] or 0)
        if len(self._received) < self._wanted:
            return
        streams = any(word in self._received for word in STREAMS)
        del self._received[: self._wanted]
        self._wanted = 0
        if streams:
            self._next(0)
        else:
            self._transport.write(WHOLE)

    def _next(self, number: int) -> None:
        self._transport.write(STREAMED[number])
        if number + 1 < len(STREAMED):
            asyncio.get_running_loop().call_soon(self._next, number + 1)


@contextmanager
def upstream() -> Iterator[int]:
    """The port of such a provider, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.gateway_upstream"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


async def serve() -> None:
    server = await asyncio.get_running_loop().create_server(Upstream, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    run_async(serve())
