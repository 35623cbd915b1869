"""The providers that the gateway asks, each with its limits, held over all clients."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager

from casecraft.engine.lane import Lane
from casecraft.errors import NetworkError, ProviderError, ProviderTimeoutError, RateLimitError, ServerError
from casecraft.gateway.proofs import Proofs
from casecraft.providers import Provider

PATIENCE = 3.0
"""Seconds of a pause that a request waits for; of a longer one its client is told, who may know better."""

_ITS_FAULT = (ServerError, NetworkError, ProviderTimeoutError)


class ProviderLane:
    """One provider with its permits, its rate and its breaker.

    `in_flight` is how many requests hold a permit. A batch gives a lane up for the rest of its run; the gateway runs
    on, so a lane that fails again after its rest rests anew. `proofs` are what the provider has signed.
    """

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.name = provider.name
        self._lane = Lane(provider.profile, provider)
        self._cause: ProviderError | None = None
        self.in_flight = 0
        self.proofs = Proofs()

    @property
    def limit(self) -> int:
        """How many may, as things are."""
        return self._lane.limit.size

    @property
    def pause_left(self) -> float:
        """Seconds for which nothing new is asked."""
        return max(0.0, self._lane.pause_left())

    @property
    def cause(self) -> ProviderError | None:
        """What the pause came from, while there is one."""
        return self._cause if self.pause_left else None

    @asynccontextmanager
    async def permit(self) -> AsyncIterator[None]:
        """Leave to send one request, which may have to be waited for. Raises what a long pause came from."""
        self._refuse_long_pause()
        await self._lane.limit.acquire()
        try:
            await self._rest()
            await self._lane.throttle()
            self.in_flight += 1
            try:
                yield
            finally:
                self.in_flight -= 1
        finally:
            self._lane.limit.release()

    async def _rest(self) -> None:
        """Wait for the end of a short pause, which may have become a long one by then."""
        self._refuse_long_pause()
        while (left := self.pause_left) > 0:
            await asyncio.sleep(left)
            self._refuse_long_pause()

    def _refuse_long_pause(self) -> None:
        left = self.pause_left
        if left <= PATIENCE or self._cause is None:
            return
        kind = type(self._cause)
        message = f"{self.name!r} rests for {left:.0f} s more: {self._cause}"
        raise kind(message, provider=self.name, status=self._cause.status, retry_after=left)

    def succeeded(self) -> None:
        """Note an answer."""
        self._lane.succeeded()

    def failed(self, error: ProviderError, sent: float) -> None:
        """Note what came instead of an answer to a request that was sent at that monotonic time."""
        if isinstance(error, RateLimitError):
            paused = self._lane.rate_limited(error, sent)
            self._lane.closed_by = None
        elif isinstance(error, _ITS_FAULT):
            paused = self._lane.failed(sent)
            if self._lane.breaker.given_up:
                self._lane.breaker.open()
                self._lane.pause(self._lane.breaker.cooldown)
                paused = self._lane.breaker.cooldown
        else:
            return
        if paused is not None:
            self._cause = error


class Lanes:
    """The lane of each provider, made when it is first asked."""

    def __init__(self, create: Callable[[str, str], Provider], kept: Mapping[str, ProviderLane] | None = None) -> None:
        self._create = create
        self._lanes: dict[str, ProviderLane] = dict(kept or {})

    def of(self, provider: str, model: str = "") -> ProviderLane:
        """The lane of the provider of this canonical name. Raises `ProviderError` for a wrong one.

        `model` is what it is first asked for, which serves as its usual one where nothing else says that.
        """
        lane = self._lanes.get(provider)
        if lane is None:
            made = self._create(provider, model)
            made.validate()
            lane = self._lanes[provider] = ProviderLane(made)
        return lane

    def divided(self, stays: Callable[[str], bool]) -> tuple[dict[str, ProviderLane], list[ProviderLane]]:
        """The lanes that stay, by provider, and those that go."""
        kept = {name: lane for name, lane in self._lanes.items() if stays(name)}
        return kept, [lane for name, lane in self._lanes.items() if name not in kept]

    def __iter__(self) -> Iterator[ProviderLane]:
        return iter(self._lanes.values())

    async def aclose(self) -> None:
        """Close all connections."""
        for lane in self._lanes.values():
            await lane.provider.aclose()
