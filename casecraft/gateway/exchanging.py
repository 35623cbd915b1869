"""One request of a client on its way: to the providers of its route, one after another, until one answers."""

import asyncio
import random
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from textwrap import shorten

from casecraft.core.chat import ChatRequest, Loss, StreamEnd, StreamEvent
from casecraft.core.exchange import ExchangeAttempt
from casecraft.core.usage import Usage
from casecraft.errors import (
    ContentFilteredError,
    ContextTooLongError,
    InvalidRequestError,
    NetworkError,
    ProviderError,
    ServerError,
)
from casecraft.gateway.answering import Answer
from casecraft.gateway.asking import ClientRequest
from casecraft.gateway.call_ids import with_unique_id, with_unique_ids
from casecraft.gateway.crossing import cross
from casecraft.gateway.lanes import Lanes, ProviderLane
from casecraft.gateway.passing import Passing
from casecraft.gateway.stalling import stalled
from casecraft.gateway.tool_forms import restore_content, restore_event
from casecraft.providers.chat import ChatProvider
from casecraft.providers.selection import split_name
from casecraft.wire import encode_body

BACK_OFF = (0.1, 0.6)
"""Seconds, at random between these, before the last candidate is asked once more."""

_LONGEST_CAUSE = 200
_GOES_ELSEWHERE = (ContextTooLongError, ContentFilteredError)


@dataclass(slots=True)
class Exchanging:
    """Has one request answered by the first of its candidates that can.

    `asking` is the provider whose turn it is; `attempts` are the requests that went out to providers; `losses` what the
    one that answered could not be told; `error` is what broke off an answer whose beginning was already out.
    """

    asked: ClientRequest
    answer: Answer
    lanes: Lanes
    idle_timeout: float
    asking: str = ""
    attempts: list[ExchangeAttempt] = field(default_factory=list)
    losses: list[str] = field(default_factory=list)
    error: ProviderError | None = None

    @property
    def was_asked(self) -> bool:
        """Whether any provider got a request."""
        return bool(self.attempts)

    async def run(self, candidates: tuple[str, ...]) -> None:
        """Answer. Raises the last candidate's `ProviderError` where none could, with nothing sent to the client."""
        failures: list[str] = []
        for number, candidate in enumerate(candidates):
            is_last = number == len(candidates) - 1
            try:
                await self._ask(candidate, again=is_last)
            except ProviderError as error:
                if is_last or not _another_may(error):
                    raise _with_earlier(error, failures) from error.__cause__
                failures.append(f"{candidate}: {shorten(str(error), _LONGEST_CAUSE)}")
            else:
                return

    async def give_up(self, error: ProviderError) -> None:
        """Tell the client that the gateway cannot go on, as far as that is still possible."""
        asked = self.asked
        if not self.answer.begun:
            await self.answer.json(*asked.dialect.encode_error(error))
        elif not self.answer.ended:
            encoder = asked.dialect.stream_encoder(model=asked.model, request_id=asked.id, created=int(asked.started))
            await self.answer.piece(encoder.fail(error))
            await self.answer.end()

    async def _ask(self, candidate: str, *, again: bool) -> None:
        """Ask one candidate, and `again` where its side failed before it said anything and nobody else is left."""
        provider, model = split_name(candidate)
        lane = self.lanes.of(provider, model)
        model = model or lane.provider.profile.model
        try:
            await self._attempt(lane, model)
        except (NetworkError, ServerError) as error:
            if not again or error.retry_after is not None:
                raise
            await asyncio.sleep(random.uniform(*BACK_OFF))  # noqa: S311  # spreads requests, hides nothing
            await self._attempt(lane, model)

    async def _attempt(self, lane: ProviderLane, model: str) -> None:
        self.asking = lane.name
        async with lane.permit():
            began, sent = time.perf_counter(), time.monotonic()
            usage: Usage | None = None
            error: BaseException | None = None
            try:
                usage = await self._exchange(lane, model)
                error = self.error
                if self.error is None:
                    lane.succeeded()
                else:
                    lane.failed(self.error, sent)
            except ProviderError as failure:
                lane.failed(failure, sent)
                error, usage = failure, lane.provider.usage_of(failure)
                raise
            except asyncio.CancelledError as cancelled:
                error = cancelled
                raise
            finally:
                if not _was_untold(error):
                    self._note(lane, model, usage, error, time.perf_counter() - began)

    def _note(
        self, lane: ProviderLane, model: str, usage: Usage | None, error: BaseException | None, seconds: float
    ) -> None:
        # What broke off after its beginning was answered with a status all the same, and used something.
        told = error.status if isinstance(error, ProviderError) else None
        status = told or self.answer.status or None
        cost = lane.provider.price(usage, model) if usage is not None else None
        said = "" if error is None else f"{type(error).__name__}: {error}"
        self.attempts.append(ExchangeAttempt(lane.name, model, status, said, usage, cost, seconds))

    async def _exchange(self, lane: ProviderLane, model: str) -> Usage | None:
        provider = lane.provider
        if isinstance(provider, ChatProvider) and provider.profile.dialect == self.asked.door.dialect:
            return await self._pass_on(provider, model)
        request, losses = cross(self.asked.asked, self.asked.door.dialect)
        request = lane.proofs.restore(replace(request, model=model, headers=self.asked.attribution))
        if self.asked.asked.stream:
            return await self._stream(lane, request, losses)
        return await self._complete(lane, request, losses)

    async def _complete(self, lane: ProviderLane, request: ChatRequest, losses: tuple[Loss, ...]) -> Usage | None:
        response = await lane.provider.complete(request)
        dialect = self.asked.dialect
        content = restore_content(with_unique_ids(response.content, self.asked.id), request.tools)
        lane.proofs.keep(content)
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
                async for told in events:
                    event = with_unique_id(told, asked.id)
                    if isinstance(event, StreamEnd):
                        lane.proofs.keep(event.response.content)
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
                    raise stalled(lane.name, self.idle_timeout) from error
                if event is None:
                    return
                yield event

    async def _pass_on(self, provider: ChatProvider, model: str) -> Usage | None:
        """The body as it came, to a provider that speaks what the client speaks; the answer as it comes."""
        passing = Passing(self.asked, self.answer, provider, self.idle_timeout)
        usage = await passing.run(model)
        self.error = passing.error
        return usage

    def _describe(self, lane: ProviderLane, model: str, losses: tuple[Loss, ...]) -> None:
        self.losses = list(dict.fromkeys(loss.field for loss in losses))
        self.answer.describe(provider=lane.name, model=model, losses=self.losses)


def _with_earlier(error: ProviderError, failures: list[str]) -> ProviderError:
    """The last error with what the candidates before failed of."""
    if failures:
        error.args = (f"{error} (before that, {'; '.join(failures)})",)
    return error


def _was_untold(error: BaseException | None) -> bool:
    """Whether nothing went out: a provider that cannot be told the meaning of a request gets none."""
    return isinstance(error, InvalidRequestError) and error.status is None


def _another_may(error: ProviderError) -> bool:
    """Whether another provider could answer what this one could not."""
    if isinstance(error, InvalidRequestError):
        return error.status is None  # it could not be told all of the request, which others may
    return error.retryable or error.fatal or isinstance(error, _GOES_ELSEWHERE)
