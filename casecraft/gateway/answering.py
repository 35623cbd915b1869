"""An answer on its way to a client over ASGI."""

import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import Any, TypeAlias

import orjson

Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
RawHeaders: TypeAlias = list[tuple[bytes, bytes]]

JSON = b"application/json"
EVENTS = b"text/event-stream; charset=utf-8"
_LONGEST_VALUE = 1000


class Answer:
    """Writes one HTTP answer, whole or as a stream, and remembers what went out when."""

    def __init__(self, send: Send, request_id: str) -> None:
        self.request_id = request_id
        self._send = send
        self._headers: RawHeaders = [(b"x-casecraft-request-id", request_id.encode())]
        self._began = time.perf_counter()
        self.status = 0
        self.ended = False
        self.first_byte: float | None = None
        self._sending: float | None = None

    @property
    def begun(self) -> bool:
        """Whether the client has got something, so that there is no other answer any more."""
        return self.status != 0

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return time.perf_counter() - self._began

    @property
    def held_up(self) -> float:
        """Seconds for which the client has not taken the last piece."""
        return 0.0 if self._sending is None else time.perf_counter() - self._sending

    def describe(self, *, provider: str, model: str, losses: Iterable[str]) -> None:
        """Say in the headers who answers, and what could not be asked."""
        self._headers = self._headers[:1]
        named = ", ".join(dict.fromkeys(losses))
        for name, value in (("provider", provider), ("model", model), ("losses", named)):
            if value:
                self._headers.append((f"x-casecraft-{name}".encode(), _plain(value[:_LONGEST_VALUE])))

    def add_headers(self, headers: Mapping[str, str]) -> None:
        """More headers for the answer."""
        self._headers += [(name.encode(), _plain(value)) for name, value in headers.items()]

    async def whole(self, status: int, body: bytes, content_type: bytes = JSON) -> None:
        """All of it at once."""
        await self._start(status, content_type, [(b"content-length", str(len(body)).encode())])
        self.ended = True
        await self._send({"type": "http.response.body", "body": body})

    async def json(self, status: int, value: object) -> None:
        """All of it at once, as JSON."""
        await self.whole(status, orjson.dumps(value))

    async def piece(self, data: bytes, content_type: bytes = EVENTS) -> None:
        """The next piece of a stream, the first of which begins the answer."""
        if not self.begun:
            await self._start(200, content_type, [(b"cache-control", b"no-cache"), (b"x-accel-buffering", b"no")])
        self._sending = time.perf_counter()
        await self._send({"type": "http.response.body", "body": data, "more_body": True})
        self._sending = None

    async def end(self) -> None:
        """Nothing more comes."""
        self.ended = True
        await self._send({"type": "http.response.body", "body": b""})

    async def _start(self, status: int, content_type: bytes, more: RawHeaders) -> None:
        self.status = status
        self.first_byte = self.seconds
        headers = [(b"content-type", content_type), *more, *self._headers]
        await self._send({"type": "http.response.start", "status": status, "headers": headers})


def _plain(value: str) -> bytes:
    """A header's value in the characters that headers may have."""
    return "".join(letter if " " <= letter <= "~" else "?" for letter in value).encode()
