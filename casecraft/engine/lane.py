"""One provider's queue with its limits."""

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field

from asyncio_throttle import Throttler  # type: ignore[attr-defined]  # it has no types

from casecraft.core.job import Job
from casecraft.core.profile import Profile
from casecraft.core.usage import UsageMeter
from casecraft.engine.breaker import Breaker
from casecraft.engine.limit import Limit
from casecraft.errors import ProviderError, RateLimitError
from casecraft.providers import Provider

ROW_OF_RATE_LIMITS = 3
"""So many 429s with no answer between them, or as many as half the lane's workers where that is more (all of them where
it has fewer), mean that the provider is limiting; one alone holds back its own request and nothing else. A 429 comes at
once and an answer does not, so of many requests sent together some 429s come in a row by chance."""

ROW_OF_PAUSES = 12
"""So many pauses with no answer between them mean that the provider will not answer in this run."""

DEFAULT_PAUSE = 5.0
"""Seconds to rest where a rate limit came without `Retry-After`."""


@dataclass(slots=True, eq=False)
class Ticket:
    """A job's place in the queues.

    `turn` resolves to the lane whose permit the job gets; None before the job's first request. `movable` says that an
    idle lane may take it over: a job in the middle of a conversation stays. `failed` names the providers that could
    not answer, `causes` says why; `notes` is what else is said of the result; `permit` is the limit of which a permit
    is held.
    """

    job: Job
    failed: list[str] = field(default_factory=list)
    turn: asyncio.Future["Lane"] | None = None
    movable: bool = True
    timer: asyncio.TimerHandle | None = None
    permit: Limit | None = None
    spending: UsageMeter = field(default_factory=UsageMeter)
    dropped: int = 0
    causes: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def release(self) -> None:
        """Give the permit back, if one is held."""
        if self.permit is not None:
            self.permit.release()
            self.permit = None


class Lane:
    """The jobs that wait for one provider, and what limits them.

    `provider` is None for the built-in rules, which are asked by no request. A permit is held for one request. Tickets
    wait in `queue` for a permit; those in `delayed` wait for the time of their retry.
    """

    def __init__(self, profile: Profile, provider: Provider | None, breaker: Breaker | None = None) -> None:
        self.profile = profile
        self.provider = provider
        self.name = profile.name
        self.queue: deque[Ticket] = deque()
        self.delayed: dict[Ticket, None] = {}
        self.limit = Limit(profile.max_workers)
        self.breaker = breaker or Breaker()
        self.closed_by: ProviderError | None = None
        self.work = asyncio.Event()
        self._throttle = Throttler(profile.rpm, period=60.0, retry_interval=0.05) if profile.rpm else None
        self._paused_until = 0.0
        self._pause_began = 0.0
        self._rate_limits = 0
        self._pauses = 0
        self._tolerated = min(max(ROW_OF_RATE_LIMITS, profile.max_workers // 2), profile.max_workers)

    def put(self, ticket: Ticket, *, first: bool = False) -> None:
        """Queue a ticket, at the front where it has waited already."""
        if first:
            self.queue.appendleft(ticket)
        else:
            self.queue.append(ticket)
        self.work.set()

    def delay(self, ticket: Ticket, seconds: float) -> None:
        """Queue a ticket once so many seconds have gone."""
        self.delayed[ticket] = None
        ticket.timer = asyncio.get_running_loop().call_later(seconds, self._due, ticket)

    def _due(self, ticket: Ticket) -> None:
        del self.delayed[ticket]
        ticket.timer = None
        self.put(ticket, first=True)

    def take(self) -> Ticket | None:
        """The next ticket of this lane's own queue."""
        return self.queue.popleft() if self.queue else None

    def give(self, taker: "Lane") -> Ticket | None:
        """Give up a ticket to an idle lane: the one that would come last, else one that only waits for its retry."""
        for ticket in reversed(self.queue):
            if ticket.movable and taker.name not in ticket.failed:
                self.queue.remove(ticket)
                return ticket
        for ticket in self.delayed:
            if ticket.movable and taker.name not in ticket.failed:
                self._undelay(ticket)
                return ticket
        return None

    def _undelay(self, ticket: Ticket) -> None:
        del self.delayed[ticket]
        if ticket.timer is not None:
            ticket.timer.cancel()
            ticket.timer = None

    def drain(self) -> list[Ticket]:
        """Give up every waiting ticket."""
        for ticket in list(self.delayed):
            self._undelay(ticket)
            self.queue.append(ticket)
        tickets = list(self.queue)
        self.queue.clear()
        return tickets

    async def throttle(self) -> None:
        """Wait until the requests of the last minute leave room for one more."""
        if self._throttle is not None:
            await self._throttle.acquire()  # type: ignore[no-untyped-call]

    def pause(self, seconds: float) -> None:
        """Let nothing start for so many seconds. What was sent before says nothing about the time after."""
        self._pause_began = time.monotonic()
        self._paused_until = max(self._paused_until, self._pause_began + seconds)

    def pause_left(self) -> float:
        """Seconds until something may start again."""
        return self._paused_until - time.monotonic()

    async def rest(self) -> None:
        """Wait until the lane is not paused."""
        while (left := self.pause_left()) > 0:  # noqa: ASYNC110  # a pause may grow while it is waited for
            await asyncio.sleep(left)

    def succeeded(self) -> None:
        """Note an answer."""
        self._rate_limits = self._pauses = 0
        self.limit.succeeded()
        self.breaker.succeeded()

    def rate_limited(self, error: RateLimitError, sent: float) -> float | None:
        """Note a 429 to a request sent at that monotonic time; the seconds of the pause that it causes, None where
        the lane goes on. After `ROW_OF_PAUSES` without an answer the lane is closed.
        """
        if sent < self._pause_began:
            return None
        self._rate_limits += 1
        if self._rate_limits < self._tolerated:
            return None
        self._rate_limits = 0
        seconds = error.retry_after if error.retry_after is not None else DEFAULT_PAUSE
        self._pauses += 1
        if self._pauses > ROW_OF_PAUSES:
            self.closed_by = error
        self.limit.shrink()
        self.pause(seconds)
        return seconds

    def failed(self, sent: float) -> float | None:
        """Note a failure on the provider's side to a request sent at that monotonic time; the seconds of rest that it
        causes, None where the lane goes on.
        """
        if sent < self._pause_began:
            return None
        self.breaker.failed()
        if not self.breaker.tripped:
            return None
        self.breaker.open()
        self.limit.shrink()
        self.pause(self.breaker.cooldown)
        return self.breaker.cooldown
