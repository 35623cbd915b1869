"""The synchronous door: a provider for code that awaits nothing."""

import asyncio
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from casecraft.core.chat import ChatRequest, ChatResponse, StreamEvent
from casecraft.core.embedding import EmbeddingRequest, EmbeddingResponse
from casecraft.core.profile import Profile
from casecraft.core.usage import Cost, Usage
from casecraft.errors import ProviderError
from casecraft.providers.provider import Health, ModelInfo, Provider


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
    def name(self) -> str:
        """The canonical name."""
        return self._provider.name

    @property
    def max_workers(self) -> int:
        """The most requests that may be in flight. Through this door there is one."""
        return self._provider.max_workers

    @property
    def profile(self) -> Profile:
        """What it is used as."""
        return self._provider.profile

    def validate(self) -> None:
        """Raise `ProviderConfigurationError` where a setting is missing or wrong. Asks nobody."""
        self._provider.validate()

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

    def get_model(self, model: str) -> ModelInfo:
        """What is known of a model. Raises `ModelNotFoundError` where the provider does not list it."""
        return self._runner.run(self._provider.get_model(model))

    def embed(self, request: EmbeddingRequest) -> EmbeddingResponse:
        """A vector for each text."""
        return self._runner.run(self._provider.embed(request))

    def health(self) -> Health:
        """Ask whether it answers and takes the key. Raises `HealthCheckError`."""
        return self._runner.run(self._provider.health())

    def price(self, usage: Usage | None, model: str) -> Cost | None:
        """What this usage costs; None where the price is not known."""
        return self._provider.price(usage, model)

    def usage_of(self, error: ProviderError) -> Usage | None:
        """What a failed answer used, where it says so: it may have been billed."""
        return self._provider.usage_of(error)

    def close(self) -> None:
        """Close the connections and the loop."""
        self._runner.run(self._provider.aclose())
        self._runner.close()
