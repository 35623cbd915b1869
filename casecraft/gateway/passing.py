"""A request to a provider that speaks what the client speaks: the body as it came, the answer as it comes."""

import asyncio
from collections.abc import Mapping

from casecraft.core.chat import events_of
from casecraft.core.usage import Usage
from casecraft.errors import ProviderError
from casecraft.gateway.answering import JSON, Answer
from casecraft.gateway.asking import ClientRequest
from casecraft.gateway.breaking import PassedStream
from casecraft.gateway.stalling import stalled
from casecraft.gateway.stated_usage import UsageOnRequest
from casecraft.providers.chat import ChatProvider
from casecraft.providers.passage import Passage

_PASSED_HEADERS = ("request-id", "x-request-id", "retry-after", "openai-processing-ms")


class Passing:
    """Passes one request on. `error` is what broke the answer off after its beginning."""

    def __init__(self, asked: ClientRequest, answer: Answer, provider: ChatProvider, idle_timeout: float) -> None:
        self.error: ProviderError | None = None
        self._asked = asked
        self._answer = answer
        self._provider = provider
        self._idle = idle_timeout
        self._passed = PassedStream(asked)

    async def run(self, model: str) -> Usage | None:
        """Ask for this model; what the answer used. Raises `ProviderError` where nothing was sent to the client."""
        asked, stream = self._asked, self._asked.asked.stream
        body = {**asked.body, "model": model} if "model" in asked.body else dict(asked.body)
        hidden = UsageOnRequest.of(asked.door.dialect, body) if stream else None
        passage: Passage | None = None
        told = False
        try:
            async with (
                asyncio.timeout(self._idle if stream else None) as patience,
                self._provider.pass_on(
                    body, self._path(model), model=model, stream=stream, headers=asked.own_headers
                ) as passage,
            ):
                self._answer.describe(provider=self._provider.name, model=model, losses=())
                self._answer.add_headers(_passed_headers(passage.headers))
                await self._pass(passage, hidden, patience)
                self.error, told = passage.error, passage.told
        except TimeoutError as error:
            self.error = stalled(self._provider.name, self._idle)
            if not self._answer.begun:
                raise self.error from error
        if self.error is not None and not told:
            await self._answer.piece(self._passed.fail(self.error))
        if stream:
            await self._answer.end()
        return passage.usage if passage is not None else None

    def _path(self, model: str) -> str:
        path = self._asked.dialect.chat_path(model, self._asked.asked.stream)
        query = self._asked.query
        return f"{path}{'&' if '?' in path else '?'}{query}" if query else path

    async def _pass(self, passage: Passage, hidden: UsageOnRequest | None, patience: asyncio.Timeout) -> None:
        kind = passage.headers.get("content-type", "").encode("latin-1", "replace") or JSON
        now = asyncio.get_running_loop().time
        async for chunk in passage.chunks():
            patience.reschedule(None)  # how long the client takes is no fault of the provider
            if passage.streams:
                await self._piece(hidden.without_usage(chunk) if hidden is not None else chunk, kind)
            elif self._asked.asked.stream:
                await self._streamed(chunk)
            else:
                await self._answer.whole(passage.status, chunk, kind)
            patience.reschedule(now() + self._idle)
        if hidden is not None:
            await self._piece(hidden.rest, kind)

    async def _piece(self, data: bytes, kind: bytes) -> None:
        if data:
            self._passed.take(data)
            await self._answer.piece(data, kind)

    async def _streamed(self, body: bytes) -> None:
        """An answer that came whole though a stream was asked for: the client gets a stream."""
        asked = self._asked
        encoder = asked.dialect.stream_encoder(model=asked.model, request_id=asked.id, created=int(asked.started))
        for event in events_of(asked.dialect.decode_response(body, provider=self._provider.name)):
            data = encoder.encode(event)
            if data:
                await self._answer.piece(data)


def _passed_headers(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: headers[name] for name in headers if name in _PASSED_HEADERS or "ratelimit" in name}
