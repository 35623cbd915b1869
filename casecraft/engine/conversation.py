"""One job at one provider: the question, its retries, and the repairs of the answer."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

from casecraft.core.case import Case
from casecraft.core.chat import ChatRequest, ChatResponse
from casecraft.core.job import Attempt, Purpose
from casecraft.core.usage import Cost, Usage
from casecraft.engine.context import RunContext, request_key
from casecraft.engine.events import AttemptAnswered, AttemptFailed, LanePaused
from casecraft.engine.lane import Lane, Ticket
from casecraft.engine.work import Examined
from casecraft.errors import BadAnswerError, ProviderError, RateLimitError
from casecraft.providers import Provider
from casecraft.providers.retry import Retry

DEFAULT_OUTPUT_TOKENS = 8192
"""What an answer is taken to use at most where neither the request nor the profile says."""


class MovedError(Exception):
    """The job goes on in another lane, whose permit it has."""

    def __init__(self, lane: Lane) -> None:
        super().__init__(lane.name)
        self.lane = lane


class StoppedError(Exception):
    """No new request may be sent: the job stays pending."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and what came of it, an answer or an error, before it is recorded.

    `sent` and `over` are monotonic times, `reserved` is what the budget holds for it.
    """

    request: ChatRequest
    key: str
    purpose: Purpose
    reserved: Decimal
    sent: float
    over: float
    answer: ChatResponse | None = None
    error: ProviderError | None = None


class Conversation:
    """Asks one provider for one job's cases.

    It starts with a permit in the ticket's hands. `open` sends the first request and keeps the permit, which the next
    job can have at once; `run` does all that follows, and also what `open` did not do. Each request of `run` gives its
    permit back as soon as it is over, and each further one waits for its turn anew.
    """

    def __init__(
        self,
        context: RunContext,
        ticket: Ticket,
        lane: Lane,
        provider: Provider,
        *,
        movable: bool,
        wake: Callable[[], None],
    ) -> None:
        self._context = context
        self._ticket = ticket
        self._lane = lane
        self._provider = provider
        self._movable = movable
        self._wake = wake
        self._failure: ProviderError | None = None
        self._first: ChatRequest | None = None
        self._opened: Exchange | None = None
        self._broken: Exception | None = None

    async def open(self) -> bool:
        """Send the first request, unless its answer is known; whether it was answered. `run` raises what went wrong."""
        try:
            request = self._first_request()
            key = request_key(self._lane.name, request)
            if key not in self._context.replay:
                self._opened = await self._exchange(request, key, "generate")
        except Exception as error:  # noqa: BLE001  # raised by `run`, where the job's end is decided
            self._broken = error
        return self._opened is not None and self._opened.error is None

    async def run(self) -> tuple[Case, ...]:
        """The verified cases, at least one; BadAnswerError where the provider found none."""
        endpoint, profile, work = self._ticket.job.endpoint, self._provider.profile, self._context.work
        request = self._first_request()
        purpose: Purpose = "generate"
        cases: tuple[Case, ...] = ()
        examined = Examined()
        for turn in range(self._context.repairs + 1):
            answer = await self._ask_or_keep(request, purpose, cases + examined.relabelled)
            if answer is None:
                break
            examined = work.examine(endpoint, profile, request, answer)
            cases += examined.cases
            if examined.repair is None or turn == self._context.repairs:
                break
            request, purpose, self._movable = examined.repair, "repair", False
        self._ticket.dropped += examined.dropped
        cases += examined.relabelled
        if not cases:
            raise BadAnswerError(f"{profile.name!r} gave no case that passes the checks", provider=profile.name)
        return cases

    async def _ask_or_keep(self, request: ChatRequest, purpose: Purpose, kept: tuple[Case, ...]) -> ChatResponse | None:
        """The answer; None where it fails but earlier answers already gave cases worth keeping."""
        try:
            return await self._ask(request, purpose)
        except ProviderError:
            if purpose == "repair" and kept:
                return None
            raise

    def _first_request(self) -> ChatRequest:
        if self._broken is not None:
            raise self._broken
        if self._first is None:
            profile = self._provider.profile
            request = self._context.work.request(self._ticket.job.endpoint, profile)
            self._first = replace(request, model=request.model or profile.model)
        return self._first

    async def _ask(self, request: ChatRequest, purpose: Purpose) -> ChatResponse:
        opened, self._opened = self._opened, None
        if opened is not None and opened.answer is not None:
            return await self._settle(opened)
        key = opened.key if opened is not None else request_key(self._lane.name, request)
        known = self._context.replay.get(key)
        if known is not None:
            return self._replayed(known)
        if opened is None and self._ticket.permit is None:
            await self._wait_turn(0.0)
        try:
            return await self._ask_until_answered(request, key, purpose, opened)
        except ProviderError as error:
            self._context.emit(AttemptFailed(self._endpoint_id, self._lane.name, str(error), None))
            raise

    async def _ask_until_answered(
        self, request: ChatRequest, key: str, purpose: Purpose, opened: Exchange | None
    ) -> ChatResponse:
        first = [opened] if opened is not None else []

        async def attempt() -> ChatResponse:
            return await self._settle(first.pop() if first else await self._send(request, key, purpose))

        self._failure = opened.error if opened is not None else None
        return await Retry(self._context.policy).loop(self._wait_turn)(attempt)

    def _replayed(self, known: Attempt) -> ChatResponse:
        self._ticket.release()
        self._ticket.spending.add(known.usage, known.cost)
        self._context.emit(
            AttemptAnswered(self._endpoint_id, self._lane.name, known.usage, known.cost, 0.0, replayed=True)
        )
        return ChatResponse(content=known.answer or "", model=known.model, usage=known.usage, raw=known.raw or b"")

    async def _send(self, request: ChatRequest, key: str, purpose: Purpose) -> Exchange:
        try:
            return await self._exchange(request, key, purpose)
        finally:
            self._ticket.release()

    async def _exchange(self, request: ChatRequest, key: str, purpose: Purpose) -> Exchange:
        """Send a request; what came of it, which the lane knows already and nobody else does."""
        await self._lane.throttle()
        if self._lane.closed_by is not None:
            raise self._lane.closed_by
        reserved = await self._reserve(request)
        sent = time.monotonic()
        try:
            answer = await self._provider.complete(request)
        except ProviderError as error:
            self._fail(error, sent)
            return Exchange(request, key, purpose, reserved, sent, time.monotonic(), error=error)
        self._lane.succeeded()
        return Exchange(request, key, purpose, reserved, sent, time.monotonic(), answer)

    async def _settle(self, exchange: Exchange) -> ChatResponse:
        """Make an exchange durable, then tell of it; its answer, or its error raised."""
        if exchange.error is not None:
            await self._record(self._failed(exchange, exchange.error), exchange.reserved)
            raise exchange.error
        answer = exchange.answer
        assert answer is not None  # noqa: S101  # an exchange has one of the two
        attempt = self._answered(exchange, answer)
        await self._record(attempt, exchange.reserved)
        self._context.emit(
            AttemptAnswered(self._endpoint_id, self._lane.name, answer.usage, attempt.cost, attempt.latency)
        )
        return answer

    def _answered(self, exchange: Exchange, answer: ChatResponse) -> Attempt:
        model = answer.model or exchange.request.model
        return replace(
            self._attempt(exchange, "answered", model),
            status=200,
            answer=answer.text,
            raw=answer.raw,
            usage=answer.usage,
            cost=self._provider.price(answer.usage, model),
        )

    def _failed(self, exchange: Exchange, error: ProviderError) -> Attempt:
        usage, model = self._provider.usage_of(error), exchange.request.model
        return replace(
            self._attempt(exchange, outcome_of(error), model),
            status=error.status,
            error=str(error),
            raw=error.body,
            usage=usage,
            cost=self._provider.price(usage, model) if usage is not None else None,
        )

    def _attempt(self, exchange: Exchange, outcome: str, model: str) -> Attempt:
        return Attempt(
            endpoint_id=self._endpoint_id,
            provider=self._lane.name,
            model=model,
            purpose=exchange.purpose,
            request_key=exchange.key,
            outcome=outcome,
            started=time.time() - (time.monotonic() - exchange.sent),
            latency=exchange.over - exchange.sent,
        )

    def _fail(self, error: ProviderError, sent: float) -> None:
        self._failure = error
        lane = self._lane
        seconds = None
        if isinstance(error, RateLimitError) and (error.retry_after or 0.0) > self._context.policy.max_retry_after:
            lane.closed_by = error
        elif isinstance(error, RateLimitError):
            seconds = lane.rate_limited(error, sent)
        elif error.fatal:
            lane.closed_by = error
        elif error.retryable:
            seconds = lane.failed(sent)
            if lane.breaker.given_up:
                lane.closed_by = error
        if seconds is not None:
            self._context.emit(LanePaused(lane.name, seconds, lane.limit.size, str(error)))

    async def _record(self, attempt: Attempt, reserved: Decimal) -> None:
        await self._context.store.record(self._context.run_id, attempt)
        answered = attempt.outcome == "answered"
        if answered or attempt.usage is not None:
            self._ticket.spending.add(attempt.usage, attempt.cost)
        if self._context.budget is not None:
            self._context.budget.settle(reserved, _amount(attempt.cost))

    async def _reserve(self, request: ChatRequest) -> Decimal:
        budget = self._context.budget
        if budget is None:
            return Decimal(0)
        most = self._most_expensive(request)
        if not await budget.reserve(most):
            self._context.out_of_budget = True
            raise StoppedError
        return most

    def _most_expensive(self, request: ChatRequest) -> Decimal:
        provider = self._provider
        output = request.max_output_tokens or provider.profile.max_output_tokens or DEFAULT_OUTPUT_TOKENS
        usage = Usage(input=self._context.work.estimate(request), output=output)
        return _amount(provider.price(usage, request.model))

    async def _wait_turn(self, seconds: float) -> None:
        if self._context.stopping:
            raise StoppedError
        ticket, lane = self._ticket, self._lane
        if self._failure is not None:
            self._context.emit(AttemptFailed(self._endpoint_id, lane.name, str(self._failure), seconds))
        ticket.turn = asyncio.get_running_loop().create_future()
        ticket.movable = self._movable
        if seconds > 0:
            lane.delay(ticket, seconds)
        else:
            lane.put(ticket, first=True)
        self._wake()
        taker = await ticket.turn
        if taker is not lane:
            raise MovedError(taker)

    @property
    def _endpoint_id(self) -> str:
        return self._ticket.job.endpoint.id


def outcome_of(error: ProviderError) -> str:
    """`"rate_limit"` for a RateLimitError, and so on."""
    name = type(error).__name__.removesuffix("Error")
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


def _amount(cost: Cost | None) -> Decimal:
    return cost.amount if cost is not None else Decimal(0)
