"""A log of every request to a provider, as JSON lines: who was asked, what came of it, how long it took."""

import os
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from casecraft.core.chat import ChatResponse
from casecraft.core.usage import Usage
from casecraft.errors import ConfigurationError, ProviderError
from casecraft.providers.redaction import Redaction

ID_HEADERS = ("x-request-id", "request-id", "x-amzn-requestid", "apim-request-id")
ID_FIELDS = ("request_id", "id", "responseId")


@dataclass(slots=True)
class Call:
    """One request. What is sent and what comes back is filled in as it happens; `seconds` counts from the start."""

    provider: str
    model: str
    streamed: bool = False
    began: float = field(default_factory=time.perf_counter)
    at: datetime = field(default_factory=lambda: datetime.now(tz=UTC))
    sent: bytes = b""
    received: bytes = b""
    status: int | None = None
    request_id: str | None = None
    usage: Usage | None = None
    first_event: float | None = None
    errors: list[str] = field(default_factory=list)
    _came: Callable[[], bytes] = bytes

    def take(self, status: int, request_id: str | None, body: bytes = b"") -> None:
        """Note what came back, with the id that its headers give the request."""
        self.status, self.request_id, self.received = status, request_id, body

    async def follow(self, chunks: AsyncIterator[bytes], redaction: Redaction) -> AsyncIterator[bytes]:
        """The chunks, which are kept: of an answer that breaks off nothing else tells what came."""
        kept: list[bytes] = []
        self._came = lambda: redaction.of_bytes(b"".join(kept))
        async for chunk in chunks:
            kept.append(chunk)
            yield chunk

    @property
    def came(self) -> bytes:
        """The body that came, as far as it did."""
        return self.received or self._came()

    def take_event(self) -> None:
        """Note when the first piece of a stream came."""
        if self.first_event is None:
            self.first_event = time.perf_counter() - self.began

    def end(self, response: ChatResponse) -> None:
        """Note the answer."""
        self.request_id = response.request_id or self.request_id
        self.usage, self.received = response.usage, response.raw

    def fail(self, error: BaseException) -> None:
        """Note the error and what it came from, the outermost first."""
        if isinstance(error, ProviderError):
            self.status = self.status if self.status is not None else error.status
            self.received = error.body or self.received
            self.request_id = self.request_id or _id_in(self.received)
        cause: BaseException | None = error
        while cause is not None:
            # Errors of the layers below may show what was sent: their kind alone is said.
            shown = str(cause) if isinstance(cause, ProviderError) else ""
            self.errors.append(f"{type(cause).__name__}: {shown}" if shown else type(cause).__name__)
            cause = cause.__cause__


class CallLog:
    """Writes one line for each request to a file, which it only appends to. Bodies go in where `bodies` says so.

    `redaction` knows the secrets that bodies may show: not only of the provider that was asked.
    """

    def __init__(self, path: Path, *, bodies: bool = False, redaction: Redaction | None = None) -> None:
        self._path = path
        self.bodies = bodies
        self._redactions = [redaction or Redaction(())]
        self._failure: OSError | None = None
        try:
            self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        except OSError as error:
            message = f"cannot write the log of calls {str(path)!r}: {error.strerror}"
            raise ConfigurationError(message, hint="Name a file that can be written with `--log-calls`.") from error

    def blot_out(self, more: Redaction) -> None:
        """Keep these secrets out of the log from now on, beside those of before."""
        self._redactions.append(more)

    def write(self, call: Call, seconds: float) -> None:
        """Append the line of one request. That the file takes no more is kept for `close`: no answer is lost by it."""
        try:
            os.write(self._file, orjson.dumps(self._line(call, seconds)) + b"\n")
        except OSError as error:
            self._failure = error

    def _line(self, call: Call, seconds: float) -> dict[str, Any]:
        line: dict[str, Any] = {
            "at": call.at.isoformat(timespec="milliseconds"),
            "request_id": call.request_id,
            "provider": call.provider,
            "model": call.model,
            "streamed": call.streamed,
            "status": call.status,
            "tokens": asdict(call.usage) if call.usage is not None else None,
            "seconds": round(seconds, 4),
            "first_event_seconds": round(call.first_event, 4) if call.first_event is not None else None,
            "errors": call.errors,
        }
        if self.bodies:
            bodies = {"sent": call.sent, "received": call.came}
            line.update({name: _shown(self._blotted(body)) for name, body in bodies.items()})
        return line

    def _blotted(self, body: bytes) -> bytes:
        for redaction in self._redactions:
            body = redaction.of_bytes(body)
        return body

    def close(self) -> None:
        """Close the file. Raises `ConfigurationError` where lines are missing from it."""
        os.close(self._file)
        if self._failure is not None:
            message = f"lines are missing from the log of calls {str(self._path)!r}: {self._failure.strerror}"
            raise ConfigurationError(message, hint="Make room for it; all else was done.")


def id_of(headers: Mapping[str, str]) -> str | None:
    """What the provider calls the request in the headers of its answer. Their names are lower case."""
    return next((headers[name] for name in ID_HEADERS if name in headers), None)


def _id_in(body: bytes) -> str | None:
    """What it calls the request in the body of an error."""
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    places = [it for it in (answer, answer.get("error")) if isinstance(it, dict)] if isinstance(answer, dict) else []
    named = (place.get(name) for place in places for name in ID_FIELDS)
    return next((it for it in named if isinstance(it, str) and it), None)


def _shown(body: bytes) -> object:
    """A body as JSON where it is, else as text."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return body.decode(errors="replace")


@contextmanager
def recorded(
    log: CallLog | None, call: Call, usage_of: Callable[[ProviderError], Usage | None] | None = None
) -> Iterator[Call]:
    """A request, written to the log, if there is one, when it has ended in whatever way.

    `usage_of` reads what a failed answer used.
    """
    if log is None:
        yield call
        return
    try:
        yield call
    except BaseException as error:
        call.fail(error)
        if usage_of is not None and isinstance(error, ProviderError):
            call.usage = call.usage or usage_of(error)
        raise
    finally:
        log.write(call, time.perf_counter() - call.began)
