"""The synchronous door: a provider for code that awaits nothing."""

import asyncio
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from casecraft.core.chat import ChatRequest, ChatResponse, StreamEvent
from casecraft.core.embedding import EmbeddingRequest, EmbeddingResponse
from casecraft.core.profile import Profile
from casecraft.providers.provider import Health, Provider


class BlockingProvider:
    """A provider whose methods return when they are done. Use it in a `with` block, which closes its connections.

    It runs an event loop of its own, so it cannot be used inside of one.
    """

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._runner = asyncio.Runner()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def profile(self) -> Profile:
        """What it is used as."""
        return self._provider.profile

    def complete(self, request: ChatRequest) -> ChatResponse:
        """The whole answer. Raises a `ProviderError` where there is none."""
        return self._runner.run(self._provider.complete(request))

    def stream(self, request: ChatRequest) -> Iterator[StreamEvent]:
        """The answer as it comes; the last event is its `StreamEnd`."""
        events = self._provider.stream(request)

        async def following() -> StreamEvent | None:
            return await anext(events, None)

        while (event := self._runner.run(following())) is not None:
            yield event

    def list_models(self) -> tuple[str, ...]:
        """The ids of the models that the provider lists."""
        return self._runner.run(self._provider.list_models())

    def embed(self, request: EmbeddingRequest) -> EmbeddingResponse:
        """A vector for each text."""
        return self._runner.run(self._provider.embed(request))

    def health(self) -> Health:
        """Ask whether it answers and takes the key. Raises `HealthCheckError`."""
        return self._runner.run(self._provider.health())

    def close(self) -> None:
        """Close the connections and the loop."""
        self._runner.run(self._provider.aclose())
        self._runner.close()
