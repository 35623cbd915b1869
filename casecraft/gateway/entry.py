"""Requests as they come in over ASGI: read, checked, understood, and called off where their client goes away."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.types import Receive, Scope, Send

from casecraft.core.chat import ChatRequest
from casecraft.core.credentials import is_secret_name
from casecraft.core.exchange import Exchange
from casecraft.errors import InvalidRequestError, ProviderError
from casecraft.gateway.answering import Answer
from casecraft.gateway.arrays import ArrayAnswer
from casecraft.gateway.asking import ClientRequest, client_of, parse_body
from casecraft.gateway.doors import GEMINI, Door, door_of
from casecraft.gateway.embedding import DIALECT, Embedding
from casecraft.gateway.exchanging import Exchanging
from casecraft.gateway.failing import unexpected
from casecraft.gateway.gateway import Gateway, with_hint
from casecraft.wire import find_dialect
from casecraft.wire.dialect import Asked
from casecraft.wire.embeddings import find_embedding_dialect

TOO_LARGE = 413
TOO_SLOW = 408
OWN_STATUSES = (TOO_LARGE, TOO_SLOW, 415)
"""Statuses that no provider's error stands for."""

MEGABYTE = 1024 * 1024
STREAMS = ":streamGenerateContent"


class TooLargeError(InvalidRequestError):
    """The body is larger than the gateway takes."""


class TooSlowError(InvalidRequestError):
    """The body did not come in time."""


class Entry:
    """The ASGI application of one kind of path: reads requests, and has them answered."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        door = door_of(scope["path"])
        request_id = new_id(door)
        answer = (ArrayAnswer if _wants_array(scope) else Answer)(send, request_id)
        refusal = Refusal(self._gateway, door, answer, scope["path"])
        try:
            asked = await self._read(scope, receive, refusal)
            work = await self.begin(asked, answer)
        except ProviderError as error:
            await refusal.tell(error)
            return
        except Exception as error:  # noqa: BLE001  # told to the client and the user
            failure = unexpected(error)
            self._gateway.say(failure)
            await refusal.tell(failure)
            return
        if work is not None:
            patience = self._gateway.settings.gateway.idle_timeout
            await cancel_when_gone(self._gateway.exchange(work), receive, answer, patience)

    async def _read(self, scope: Scope, receive: Receive, refusal: "Refusal") -> ClientRequest:
        """What a client asks for. Raises a `ProviderError` where it may not, or says it wrong."""
        headers = read_headers(scope)
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        settings, path = self._gateway.settings.gateway, scope["path"]
        refusal.client = client_of(headers)
        refusal.key = key = self._gateway.access.name_of(headers, dict(query))
        body = parse_body(await read_body(headers, receive, settings.max_body, settings.idle_timeout))
        return ClientRequest(
            id=refusal.answer.request_id,
            door=refusal.door,
            path=path,
            query=urlencode([(name, value) for name, value in query if _goes_on(name)]),
            headers=headers,
            client=refusal.client,
            key=key,
            body=body,
            asked=self.understand(body, refusal.door, path, scope["path_params"].get("model", "")),
        )

    def understand(self, body: dict[str, Any], door: Door, path: str, model: str) -> Asked:
        """What a body asks for. `model` is the one that the path names. Raises `InvalidRequestError`."""
        return find_dialect(door.dialect).decode_request(body, model=model, stream=path.endswith(STREAMS))

    async def begin(self, asked: ClientRequest, answer: Answer) -> Exchanging | None:
        """What has to be done for an answer; None where it has been given. Raises `ProviderError`."""
        gateway = self._gateway
        return Exchanging(asked, answer, gateway.lanes, gateway.settings.gateway.idle_timeout)


class CountEntry(Entry):
    """Counts the tokens of a request."""

    def understand(self, body: dict[str, Any], door: Door, path: str, model: str) -> Asked:
        """The request to be counted, which Gemini's clients may wrap."""
        inner = body.get("generateContentRequest")
        return super().understand(inner if isinstance(inner, dict) else body, door, path, model)

    async def begin(self, asked: ClientRequest, answer: Answer) -> Exchanging | None:
        """Answer at once."""
        field = "totalTokens" if asked.door is GEMINI else "input_tokens"
        await answer.json(200, {field: await self._gateway.count(asked)})
        return None


class EmbeddingEntry(Entry):
    """Has texts turned into vectors."""

    def understand(self, body: dict[str, Any], door: Door, path: str, model: str) -> Asked:  # noqa: ARG002
        """No messages, and the model that is asked for."""
        named = body.get("model")
        return Asked(ChatRequest((), model=named if isinstance(named, str) else ""), stream=False)

    async def begin(self, asked: ClientRequest, answer: Answer) -> Exchanging | None:
        """The texts, for whoever makes vectors of them."""
        gateway = self._gateway
        request = find_embedding_dialect(DIALECT).decode_request(asked.body)
        return Embedding(asked, answer, gateway.lanes, gateway.settings.gateway.idle_timeout, request=request)


def new_id(door: Door) -> str:
    """An id that looks as the dialect's ids do."""
    return f"{door.id_prefix}{secrets.token_hex(12)}"


def read_headers(scope: Scope) -> dict[str, str]:
    """The headers of a request, by lower-case name; the values of one that comes several times as one list."""
    found: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _wants_array(scope: Scope) -> bool:
    """Whether a stream of Gemini's is asked for in its other form, which is no event stream."""
    return scope["path"].endswith(STREAMS) and ("alt", "sse") not in parse_qsl(scope["query_string"].decode("latin-1"))


def _goes_on(name: str) -> bool:
    """Whether a value of a query goes to a provider of the same dialect: no token of the client's does."""
    return name != "alt" and not is_secret_name(name)


async def read_body(headers: Mapping[str, str], receive: Receive, limit: int, seconds: float) -> bytes:
    """The whole body, of at most `limit` bytes, which may take so many seconds to come.

    Raises `TooLargeError`, `TooSlowError`, and `InvalidRequestError` where it was cut or is compressed.
    """
    stated = headers.get("content-length", "")
    if stated.isdigit() and int(stated) > limit:
        raise _too_large(limit)
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise InvalidRequestError("the gateway takes no compressed bodies", status=415, hint="Send it as it is.")
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(seconds):
            async for chunk in _chunks(receive):
                size += len(chunk)
                if size > limit:
                    raise _too_large(limit)
                chunks.append(chunk)
    except TimeoutError as error:
        raise TooSlowError(f"the request did not come within {seconds:g} s", status=TOO_SLOW) from error
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


async def _chunks(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise InvalidRequestError("the client went away in the middle of its request", status=400)
        yield message.get("body", b"")
        if not message.get("more_body"):
            return


def _too_large(limit: int) -> TooLargeError:
    hint = "Raise `max_body` of [gateway] in casecraft.toml."
    return TooLargeError(f"the request is larger than {_size(limit)}", status=TOO_LARGE, hint=hint)


def _size(limit: int) -> str:
    return f"{limit / 1024 / 1024:g} MB" if limit >= MEGABYTE else f"{limit} bytes"


@dataclass(slots=True)
class Refusal:
    """Tells a client why its request goes nowhere, and writes it down. `key` is None for those without a token."""

    gateway: Gateway
    door: Door
    answer: Answer
    path: str
    client: str = "unknown"
    key: str | None = None

    async def tell(self, error: ProviderError) -> None:
        """Answer in the client's own format. What strangers ask is shown, but it cannot fill the ledger."""
        status, body = find_dialect(self.door.dialect).encode_error(with_hint(error))
        if error.status == TOO_SLOW:
            self.answer.add_headers({"connection": "close"})
        await self.answer.json(error.status if error.status in OWN_STATUSES else status, body)
        self.gateway.note(self._exchange(error), keep=self.key is not None)

    def _exchange(self, error: ProviderError) -> Exchange:
        answer = self.answer
        return Exchange(
            id=answer.request_id,
            started=time.time() - answer.seconds,
            client=self.client,
            key=self.key or "",
            dialect=self.door.dialect,
            path=self.path,
            asked_model="",
            rule="",
            streamed=False,
            status=answer.status,
            outcome="refused",
            error=f"{type(error).__name__}: {error}",
            attempts=(),
            losses=(),
            seconds=answer.seconds,
            first_byte=answer.first_byte,
        )


class _Patience:
    """Calls a task off where the client has not taken a piece of its answer for so many seconds."""

    def __init__(self, task: "asyncio.Future[None]", answer: Answer, seconds: float) -> None:
        self._task = task
        self._answer = answer
        self._seconds = seconds
        self._look()

    def _look(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self._look)
        if self._answer.held_up >= self._seconds:
            self._task.cancel()

    def end(self) -> None:
        self._timer.cancel()


async def cancel_when_gone(
    work: Coroutine[None, None, None], receive: Receive, answer: Answer, patience: float
) -> None:
    """Do the work, and call it off where the client goes away before its end, or reads nothing for so many seconds."""
    task = asyncio.ensure_future(work)

    async def watch() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        if not answer.ended:  # that the answer is complete is told in the same way
            task.cancel()

    watcher, waiting = asyncio.create_task(watch()), _Patience(task, answer, patience)
    try:
        await task
    except asyncio.CancelledError:
        if not task.cancelled() or not watcher.done():
            raise
    finally:
        watcher.cancel()
        waiting.end()
