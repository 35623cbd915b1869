"""Clients that cost little: one that waits for its answer, and many at once on one loop."""

import asyncio
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

END = b"\r\n\r\n"
LENGTH = b"content-length:"
LAST_CHUNK = b"0\r\n\r\n"


def request_to(path: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """A whole request over HTTP/1.1."""
    lines = [f"POST {path} HTTP/1.1", "host: 127.0.0.1", "content-type: application/json"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join((*lines, f"content-length: {len(body)}")).encode() + END + body


@dataclass(slots=True)
class Reply:
    """An answer as it comes. `first` is when the first byte of its body was there, in seconds of the clock."""

    data: bytearray = field(default_factory=bytearray)
    first: float = 0.0
    _body: int = 0
    _whole: int = 0

    def take(self, data: bytes) -> bool:
        """Whether the answer is complete with these bytes. Raises `RuntimeError` for another status than 200."""
        self.data += data
        if not self._body:
            end = self.data.find(END)
            if end < 0:
                return False
            self._read_head(bytes(self.data[:end]))
            self._body = end + len(END)
        if not self.first and len(self.data) > self._body:
            self.first = time.perf_counter()
        return len(self.data) >= self._whole if self._whole else self.data.endswith(LAST_CHUNK)

    def _read_head(self, head: bytes) -> None:
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"no answer: {bytes(self.data[:500]).decode(errors='replace')}")
        length = head.lower().partition(LENGTH)[2].partition(b"\r")[0]
        self._whole = len(head) + len(END) + int(length) if length else 0


class Waiting:
    """One connection on which a request is sent once the answer before it is there."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, request: bytes) -> tuple[float, float]:
        """Milliseconds until the first byte of the answer's body, and until its last one."""
        reply, started = Reply(), time.perf_counter()
        self._socket.sendall(request)
        while not reply.take(self._receive()):
            pass
        ended = time.perf_counter()
        return (reply.first - started) * 1000, (ended - started) * 1000

    def _receive(self) -> bytes:
        data = self._socket.recv(1 << 18)
        if not data:
            raise RuntimeError("the connection was closed in the middle of an answer")
        return data

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()


class Crowd:
    """Clients that ask for some seconds: whoever has its answer sends the next. `took` are milliseconds."""

    def __init__(self, request: bytes, seconds: float) -> None:
        self.request = request
        self.end = time.perf_counter() + seconds
        self.asking = 0
        self.took: list[float] = []
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def may_ask(self) -> bool:
        """Whether there is time for another request, which is counted then."""
        more = time.perf_counter() < self.end
        self.asking += more
        return more

    def note(self, seconds: float) -> None:
        """Note an answer."""
        self.took.append(seconds * 1000)
        self.asking -= 1

    def leave(self) -> None:
        """Note that a client asks no more; the last one ends it all."""
        if not self.asking and not self.done.done():
            self.done.set_result(None)

    def fail(self, error: Exception) -> None:
        """Give up."""
        if not self.done.done():
            self.done.set_exception(error)


class Member(asyncio.Protocol):
    """One client of a crowd."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def _send(self) -> None:
        if not self._crowd.may_ask():
            self._crowd.leave()
            return
        self._reply, self._started = Reply(), time.perf_counter()
        self._transport.write(self._crowd.request)

    def data_received(self, data: bytes) -> None:
        """Send the next once the answer is complete."""
        try:
            complete = self._reply.take(data)
        except RuntimeError as error:
            self._crowd.fail(error)
            return
        if complete:
            self._crowd.note(time.perf_counter() - self._started)
            self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        """A crowd that is not done has lost an answer."""
        self._crowd.fail(exc or RuntimeError("the connection was closed in the middle of an answer"))


async def ask_at_once(port: int, request: bytes, clients: int, seconds: float) -> tuple[list[float], float]:
    """Ask for so many seconds with so many clients; the milliseconds of each answer, and the seconds until the last."""
    crowd = Crowd(request, seconds)
    started = time.perf_counter()
    loop = asyncio.get_running_loop()
    made = [await loop.create_connection(lambda: Member(crowd), "127.0.0.1", port) for _ in range(clients)]
    await crowd.done
    took = time.perf_counter() - started
    for transport, _ in made:
        transport.close()
    return crowd.took, took
