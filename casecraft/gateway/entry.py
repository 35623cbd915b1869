"""Requests as they come in over ASGI: read, checked, understood, and called off where their client goes away."""

import asyncio
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.types import Receive, Scope, Send

from casecraft.core.chat import ChatRequest
from casecraft.errors import InvalidRequestError, ProviderError
from casecraft.gateway.answering import Answer
from casecraft.gateway.asking import ClientRequest, client_of, parse_body
from casecraft.gateway.doors import GEMINI, Door, door_of
from casecraft.gateway.embedding import DIALECT, Embedding
from casecraft.gateway.exchanging import Exchanging
from casecraft.gateway.gateway import Gateway, with_hint
from casecraft.wire import find_dialect
from casecraft.wire.dialect import Asked
from casecraft.wire.embeddings import find_embedding_dialect

TOO_LARGE = 413
STREAMS = ":streamGenerateContent"


class TooLargeError(InvalidRequestError):
    """The body is larger than the gateway takes."""


class Entry:
    """The ASGI application of one kind of path: reads requests, and has them answered."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        door = door_of(scope["path"])
        request_id = new_id(door)
        answer = Answer(send, request_id)
        try:
            headers, query = read_headers(scope), dict(parse_qsl(scope["query_string"].decode("latin-1")))
            key = self._gateway.access.name_of(headers, query)
            body = parse_body(await read_body(headers, receive, self._gateway.settings.gateway.max_body))
            asked = ClientRequest(
                id=request_id,
                door=door,
                path=scope["path"],
                query=urlencode({name: value for name, value in query.items() if name not in ("key", "alt")}),
                headers=headers,
                client=client_of(headers),
                key=key,
                body=body,
                asked=self.understand(body, door, scope["path"], scope["path_params"].get("model", "")),
            )
            work = await self.begin(asked, answer)
        except ProviderError as error:
            await refuse(door, answer, error)
            return
        if work is not None:
            await cancel_when_gone(self._gateway.exchange(work), receive)

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
    """The headers of a request, by lower-case name."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


async def read_body(headers: Mapping[str, str], receive: Receive, limit: int) -> bytes:
    """The whole body, of at most `limit` bytes. Raises `TooLargeError`, and `InvalidRequestError` where it was cut."""
    stated = headers.get("content-length", "")
    if stated.isdigit() and int(stated) > limit:
        raise _too_large(limit)
    if "content-encoding" in headers and headers["content-encoding"] != "identity":
        raise InvalidRequestError("the gateway takes no compressed bodies", status=415)
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise InvalidRequestError("the client went away in the middle of its request", status=400)
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        chunks.append(chunk)
        if not message.get("more_body"):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _too_large(limit: int) -> TooLargeError:
    hint = "Raise `max_body` of [gateway] in casecraft.toml."
    return TooLargeError(f"the request is larger than {limit // 1024 // 1024} MB", status=TOO_LARGE, hint=hint)


async def refuse(door: Door, answer: Answer, error: ProviderError) -> None:
    """Tell the client in its own format why its request goes nowhere."""
    status, body = find_dialect(door.dialect).encode_error(with_hint(error))
    await answer.json(error.status if error.status in (TOO_LARGE, 415) else status, body)


async def cancel_when_gone(work: Any, receive: Receive) -> None:
    """Do the work, and call it off where the client goes away before its end."""
    task = asyncio.ensure_future(work)

    async def watch() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        task.cancel()

    watcher = asyncio.create_task(watch())
    try:
        await task
    except asyncio.CancelledError:
        if not task.cancelled() or not watcher.done():
            raise
    finally:
        watcher.cancel()
