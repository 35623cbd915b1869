"""One request of a client on its way: to the providers of its route, one after another, until one answers."""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from casecraft.core.chat import ChatRequest, Loss, StreamEnd, StreamEvent
from casecraft.core.exchange import ExchangeAttempt
from casecraft.core.usage import Usage
from casecraft.errors import (
    ContentFilteredError,
    ContextTooLongError,
    InvalidRequestError,
    NetworkError,
    ProviderError,
    ProviderTimeoutError,
    ServerError,
)
from casecraft.gateway.answering import JSON, Answer
from casecraft.gateway.asking import ClientRequest
from casecraft.gateway.crossing import cross
from casecraft.gateway.lanes import Lanes, ProviderLane
from casecraft.gateway.stated_usage import UsageOnRequest
from casecraft.gateway.tool_forms import restore_content, restore_event
from casecraft.providers.chat import ChatProvider
from casecraft.providers.passage import Passage
from casecraft.providers.selection import split_name
from casecraft.wire import encode_body

BACK_OFF = (0.1, 0.6)
"""Seconds, at random between these, before the last candidate is asked once more."""

_PASSED_HEADERS = ("request-id", "x-request-id", "retry-after", "openai-processing-ms")
_GOES_ELSEWHERE = (ContextTooLongError, ContentFilteredError)


@dataclass(slots=True)
class Exchanging:
    """Has one request answered by the first of its candidates that can.

    `attempts` are all requests to providers; `losses` what the one that answered could not be told; `error` is what
    broke off an answer whose beginning was already out.
    """

    asked: ClientRequest
    answer: Answer
    lanes: Lanes
    idle_timeout: float
    attempts: list[ExchangeAttempt] = field(default_factory=list)
    losses: list[str] = field(default_factory=list)
    error: ProviderError | None = None

    async def run(self, candidates: tuple[str, ...]) -> None:
        """Answer. Raises the last candidate's `ProviderError` where none could, with nothing sent to the client."""
        for number, candidate in enumerate(candidates):
            is_last = number == len(candidates) - 1
            try:
                await self._ask(candidate, again=is_last)
            except ProviderError as error:
                if is_last or not _another_may(error):
                    raise
            else:
                return

    async def _ask(self, candidate: str, *, again: bool) -> None:
        """Ask one candidate, and `again` where its side failed before it said anything and nobody else is left."""
        provider, model = split_name(candidate)
        lane = self.lanes.of(provider)
        model = model or lane.provider.profile.model
        try:
            await self._attempt(lane, model)
        except (NetworkError, ServerError) as error:
            if not again or error.retry_after is not None:
                raise
            await asyncio.sleep(random.uniform(*BACK_OFF))  # noqa: S311  # spreads requests, hides nothing
            await self._attempt(lane, model)

    async def _attempt(self, lane: ProviderLane, model: str) -> None:
        began = time.perf_counter()
        usage: Usage | None = None
        error: BaseException | None = None
        try:
            async with lane.permit():
                sent = time.monotonic()
                try:
                    usage = await self._exchange(lane, model)
                except ProviderError as failure:
                    lane.failed(failure, sent)
                    raise
                if self.error is None:
                    lane.succeeded()
                else:
                    lane.failed(self.error, sent)
        except ProviderError as failure:
            error, usage = failure, lane.provider.usage_of(failure)
            raise
        except asyncio.CancelledError as cancelled:
            error = cancelled
            raise
        finally:
            self._note(lane, model, usage, error or self.error, time.perf_counter() - began)

    def _note(
        self, lane: ProviderLane, model: str, usage: Usage | None, error: BaseException | None, seconds: float
    ) -> None:
        status = error.status if isinstance(error, ProviderError) else self.answer.status or None
        cost = lane.provider.price(usage, model) if usage is not None else None
        said = "" if error is None else f"{type(error).__name__}: {error}"
        self.attempts.append(ExchangeAttempt(lane.name, model, status, said, usage, cost, seconds))

    async def _exchange(self, lane: ProviderLane, model: str) -> Usage | None:
        provider = lane.provider
        if isinstance(provider, ChatProvider) and provider.profile.dialect == self.asked.door.dialect:
            return await self._pass_on(provider, model)
        request, losses = cross(self.asked.asked, self.asked.door.dialect)
        request = replace(request, model=model, headers=self.asked.attribution)
        if self.asked.asked.stream:
            return await self._stream(lane, request, losses)
        return await self._complete(lane, request, losses)

    async def _complete(self, lane: ProviderLane, request: ChatRequest, losses: tuple[Loss, ...]) -> Usage | None:
        response = await lane.provider.complete(request)
        dialect = self.asked.dialect
        content = restore_content(response.content, request.tools)
        named = replace(response, content=content, model=self.asked.model, request_id=self.asked.id)
        body, lost = dialect.encode_response(named, created=int(self.asked.started))
        self._describe(lane, request.model, (*losses, *response.losses, *lost))
        await self.answer.whole(200, encode_body(body))
        return response.usage

    async def _stream(self, lane: ProviderLane, request: ChatRequest, losses: tuple[Loss, ...]) -> Usage | None:
        asked = self.asked
        encoder = asked.dialect.stream_encoder(model=asked.model, request_id=asked.id, created=int(asked.started))
        usage: Usage | None = None
        self._describe(lane, request.model, losses)
        async with aclosing(self._in_time(lane, request)) as events:
            try:
                async for event in events:
                    if isinstance(event, StreamEnd):
                        usage = event.response.usage
                        self._describe(lane, request.model, (*losses, *event.response.losses))
                    data = encoder.encode(restore_event(event, request.tools))
                    if data:
                        await self.answer.piece(data)
            except ProviderError as error:
                if not self.answer.begun:
                    raise
                self.error = error
                await self.answer.piece(encoder.fail(error))
        await self.answer.end()
        return usage

    async def _in_time(self, lane: ProviderLane, request: ChatRequest) -> AsyncGenerator[StreamEvent]:
        """The events of a stream. Raises `ProviderTimeoutError` where none comes for too long."""
        async with aclosing(lane.provider.stream(request)) as events:  # type: ignore[type-var]  # they all can
            while True:
                try:
                    async with asyncio.timeout(self.idle_timeout):
                        event = await anext(events, None)
                except TimeoutError as error:
                    raise self._stalled(lane) from error
                if event is None:
                    return
                yield event

    def _stalled(self, lane: ProviderLane) -> ProviderTimeoutError:
        message = f"{lane.name!r} sent nothing for {self.idle_timeout:g} s in the middle of its answer"
        return ProviderTimeoutError(message, provider=lane.name)

    async def _pass_on(self, provider: ChatProvider, model: str) -> Usage | None:
        """The body as it came, to a provider that speaks what the client speaks; the answer as it comes."""
        asked, stream = self.asked, self.asked.asked.stream
        body = {**asked.body, "model": model} if "model" in asked.body else dict(asked.body)
        hidden = UsageOnRequest.of(asked.door.dialect, body) if stream else None
        path = asked.dialect.chat_path(model, stream)
        if asked.query:
            path = f"{path}{'&' if '?' in path else '?'}{asked.query}"
        async with provider.pass_on(body, path, model=model, stream=stream, headers=asked.own_headers) as passage:
            self.answer.describe(provider=provider.name, model=model, losses=())
            self.answer.add_headers(_passed_headers(passage.headers))
            await self._pass_bytes(passage, hidden)
            return passage.usage

    async def _pass_bytes(self, passage: Passage, hidden: UsageOnRequest | None) -> None:
        kind = passage.headers.get("content-type", "").encode() or JSON
        if not passage.streams:
            async for body in passage.chunks():
                await self.answer.whole(passage.status, body, kind)
            return
        async for chunk in passage.chunks():
            data = hidden.without_usage(chunk) if hidden is not None else chunk
            if data:
                await self.answer.piece(data, kind)
        if hidden is not None and hidden.rest:
            await self.answer.piece(hidden.rest, kind)
        self.error = passage.error
        if passage.error is not None and not passage.told:
            asked = self.asked
            encoder = asked.dialect.stream_encoder(model=asked.model, request_id=asked.id, created=int(asked.started))
            await self.answer.piece(encoder.fail(passage.error))
        await self.answer.end()

    def _describe(self, lane: ProviderLane, model: str, losses: tuple[Loss, ...]) -> None:
        self.losses = list(dict.fromkeys(loss.field for loss in losses))
        self.answer.describe(provider=lane.name, model=model, losses=self.losses)


def _another_may(error: ProviderError) -> bool:
    """Whether another provider could answer what this one could not."""
    if isinstance(error, InvalidRequestError):
        return error.status is None  # it could not be told all of the request, which others may
    return error.retryable or error.fatal or isinstance(error, _GOES_ELSEWHERE)


def _passed_headers(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: headers[name] for name in headers if name in _PASSED_HEADERS or "ratelimit" in name}
