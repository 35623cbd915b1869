"""A server on the loopback address that answers as a test tells it to, well or badly."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

CHAT = {
    "id": "chatcmpl-1",
    "model": "served",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 10, "completion_tokens": 2},
}


def respond(status: int, body: bytes | dict, **headers: str) -> Answer:
    """Answers with this."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} X", f"content-length: {len(content)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return raw("\r\n".join(lines).encode() + b"\r\n\r\n" + content)


def raw(data: bytes, *, close: bool = False) -> Answer:
    """Answers with these bytes, and then perhaps closes the connection."""

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()
        if close:
            writer.close()

    return answer


async def hang(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """Never answers; returns when the client gives up."""
    await reader.read()


async def reset(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Drops the connection with a reset."""
    writer.transport.abort()


@dataclass
class Loopback:
    """The server's address, what it answers on each path, and the requests that it got: head and body."""

    answers: dict[str, Answer] = field(default_factory=dict)
    requests: list[tuple[str, bytes]] = field(default_factory=list)
    connections: int = 0
    url: str = ""

    def chat(self, answer: Answer) -> None:
        self.answers["/v1/chat/completions"] = answer

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while not writer.is_closing():
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = next(
                    (int(it[15:]) for it in head.lower().split("\r\n") if it.startswith("content-length:")), 0
                )
                self.requests.append((head, await reader.readexactly(length)))
                path = head.split(" ", 2)[1]
                await self.answers.get(path, respond(404, b""))(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def serving() -> AsyncIterator[Loopback]:
    """A running server."""
    loopback = Loopback()
    server = await asyncio.start_server(loopback.serve, "127.0.0.1", 0)
    loopback.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield loopback
    finally:
        server.close()
