"""Finds the cases of a job that say the same in other words, by asking a provider of embeddings."""

import asyncio
import time
from decimal import Decimal

from asyncio_throttle import Throttler  # type: ignore[attr-defined]  # it has no types

from casecraft.cases import NearDuplicate, estimate_tokens_of_texts, near_duplicates, texts_to_compare
from casecraft.core.case import Case
from casecraft.core.embedding import EmbeddingRequest, EmbeddingResponse, Vector
from casecraft.core.job import Attempt
from casecraft.core.usage import Cost, Usage
from casecraft.engine.context import RunContext, request_key
from casecraft.engine.conversation import StoppedError, outcome_of
from casecraft.engine.events import AttemptAnswered, AttemptFailed, ComparisonEnded
from casecraft.engine.lane import Ticket
from casecraft.errors import CasecraftError, ProviderError, RateLimitError, StateError
from casecraft.providers import Provider, split_name
from casecraft.providers.retry import Retry
from casecraft.wire.embeddings.vectors import pack, read_vectors

TEXTS_AT_ONCE = 10
"""Texts in one request: some vendors take no more."""

ROW_OF_FAILURES = 12
"""So many failures with no answer between them mean that the provider will not answer in this run."""


class OutError(CasecraftError):
    """The provider of embeddings is out for this run: it is not asked any more."""


class NearDuplicates:
    """Asks one provider for the vectors of cases, and leaves out those that are near-duplicates.

    `similarity` is the least cosine that counts as one. What is asked is bounded by the provider's own limits and by
    the run's budget, and recorded like any other request. That it fails costs no case.
    """

    def __init__(self, context: RunContext, provider: Provider, similarity: float) -> None:
        profile = provider.profile
        self.name = profile.name
        self._context = context
        self._provider = provider
        self._model = split_name(profile.name)[1]
        self._similarity = similarity
        self._gate = asyncio.Semaphore(provider.max_workers)
        self._throttle = Throttler(profile.rpm, period=60.0, retry_interval=0.05) if profile.rpm else None
        self._stopped = asyncio.Event()
        self._failures = 0
        self._closed_by: Exception | None = None

    def stop(self) -> None:
        """End the waiting for retries: nothing more may be sent."""
        self._stopped.set()

    async def leave_out(self, ticket: Ticket, cases: tuple[Case, ...]) -> tuple[Case, ...]:
        """The cases of the ticket's job without near-duplicates.

        What was left out stands in the ticket's notes, and why nothing was where the cases could not be compared.
        Raises StoppedError where the run stops before that is known.
        """
        texts = texts_to_compare(cases)
        if not texts:
            return cases
        try:
            vectors = await self._vectors(ticket, tuple(texts.values()))
        except (StoppedError, StateError):
            raise
        except Exception as error:  # noqa: BLE001  # nothing that goes wrong here, a plugin's bug even, costs a case
            ticket.notes.append(f"near-duplicates were not looked for: {_reason(error)}")
            if not isinstance(error, ProviderError) or isinstance(error, RateLimitError):
                self._close(error)
            return cases
        found = near_duplicates(cases, dict(zip(texts, vectors, strict=True)), self._similarity)
        ticket.notes += map(_note, found)
        going = {it.case.id for it in found}
        return tuple(case for case in cases if case.id not in going)

    async def _vectors(self, ticket: Ticket, texts: tuple[str, ...]) -> list[Vector]:
        vectors: list[Vector] = []
        for begin in range(0, len(texts), TEXTS_AT_ONCE):
            request = EmbeddingRequest(texts[begin : begin + TEXTS_AT_ONCE], self._model)
            attempt = await self._answered(ticket, request)
            # What was recorded is what counts, so that a resumed run finds the same.
            vectors += read_vectors((attempt.answer or "").split("\n"), b"", self.name, len(request.texts))
        return vectors

    async def _answered(self, ticket: Ticket, request: EmbeddingRequest) -> Attempt:
        key = request_key(self.name, request)
        known = self._context.replay.get(key)
        attempt = known if known is not None else await self._ask(ticket, request, key)
        ticket.spending.add(attempt.usage, attempt.cost)
        latency = attempt.latency if known is None else 0.0
        self._context.emit(
            AttemptAnswered(
                attempt.endpoint_id, self.name, attempt.usage, attempt.cost, latency, replayed=known is not None
            )
        )
        return attempt

    async def _ask(self, ticket: Ticket, request: EmbeddingRequest, key: str) -> Attempt:
        endpoint_id = ticket.job.endpoint.id
        failures: list[ProviderError] = []

        async def attempt() -> Attempt:
            try:
                return await self._send(endpoint_id, request, key)
            except ProviderError as error:
                failures.append(error)
                raise

        async def wait(seconds: float) -> None:
            self._context.emit(AttemptFailed(endpoint_id, self.name, str(failures[-1]), seconds))
            await self._wait(seconds)

        try:
            return await Retry(self._context.policy).loop(wait)(attempt)
        except ProviderError as error:
            self._context.emit(AttemptFailed(endpoint_id, self.name, str(error), None))
            raise

    async def _send(self, endpoint_id: str, request: EmbeddingRequest, key: str) -> Attempt:
        """Send a request in its turn and make what came of it durable; its error raised after that."""
        async with self._gate:
            if self._throttle is not None:
                await self._throttle.acquire()  # type: ignore[no-untyped-call]
            self._refuse()
            reserved, spent = await self._reserve(request), Decimal(0)
            try:
                self._refuse()
                attempt, error = await self._exchange(endpoint_id, request, key)
                spent = _amount(attempt.cost)
                await self._context.store.record(self._context.run_id, attempt)
            finally:
                if self._context.budget is not None:
                    self._context.budget.settle(reserved, spent)
        if error is not None:
            self._count(error)
            raise error
        self._failures = 0
        return attempt

    async def _exchange(
        self, endpoint_id: str, request: EmbeddingRequest, key: str
    ) -> tuple[Attempt, ProviderError | None]:
        started, sent = time.time(), time.monotonic()
        answer: EmbeddingResponse | None = None
        failure: ProviderError | None = None
        try:
            answer = await self._provider.embed(request)
        except ProviderError as error:
            failure = error
        model = (answer.model if answer is not None else "") or request.model
        attempt = Attempt(
            endpoint_id=endpoint_id,
            provider=self.name,
            model=model,
            purpose="embed",
            request_key=key,
            outcome="answered" if failure is None else outcome_of(failure),
            started=started,
            latency=time.monotonic() - sent,
            status=200 if failure is None else failure.status,
            error=None if failure is None else str(failure),
            answer=None if answer is None else "\n".join(map(pack, answer.vectors)),
            raw=None if failure is None else failure.body,
            usage=None if answer is None else answer.usage,
            cost=None if answer is None else self._provider.price(answer.usage, model),
        )
        return attempt, failure

    async def _reserve(self, request: EmbeddingRequest) -> Decimal:
        budget = self._context.budget
        if budget is None:
            return Decimal(0)
        usage = Usage(input=estimate_tokens_of_texts(request.texts))
        most = _amount(self._provider.price(usage, request.model))
        if not await budget.reserve(most):
            self._context.out_of_budget = True
            raise StoppedError
        return most

    def _refuse(self) -> None:
        if self._context.stopping:
            raise StoppedError
        if self._closed_by is not None:
            raise OutError(_reason(self._closed_by))

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopped.wait()
        except TimeoutError:
            return
        raise StoppedError

    def _count(self, error: ProviderError) -> None:
        """Note a failure. Rate limits are not counted: a job that they end says by that that it is out."""
        self._failures += not isinstance(error, RateLimitError)
        if error.fatal or self._failures >= ROW_OF_FAILURES:
            self._close(error)

    def _close(self, error: Exception) -> None:
        """Ask nobody any more in this run, and say so once."""
        if self._closed_by is None:
            self._closed_by = error
            hint = error.hint if isinstance(error, CasecraftError) else None
            self._context.emit(ComparisonEnded(self.name, _reason(error), hint))


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, CasecraftError) else f"unexpected {error!r}"


def _note(found: NearDuplicate) -> str:
    case, other = found.case, found.repeats
    return (
        f"near-duplicate left out: {case.id} {case.title!r} repeats {other.id} {other.title!r} "
        f"(similarity {found.similarity:.4f})"
    )


def _amount(cost: Cost | None) -> Decimal:
    return cost.amount if cost is not None else Decimal(0)
