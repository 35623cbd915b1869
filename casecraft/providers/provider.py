"""What every provider can do."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from casecraft.core.chat import ChatRequest, ChatResponse, StreamEvent
from casecraft.core.embedding import EmbeddingRequest, EmbeddingResponse
from casecraft.core.profile import Profile
from casecraft.core.usage import Cost, Usage
from casecraft.errors import ProviderError


@dataclass(frozen=True, slots=True)
class Health:
    """A passed health check. `latency` is that of a tiny request, in seconds; `models` are those that are listed."""

    provider: str
    model: str
    latency: float
    models: tuple[str, ...] = ()

    @property
    def lists_model(self) -> bool | None:
        """Whether the model is on the provider's list; None where there is no list. Lists are often incomplete."""
        return self.model in self.models if self.models else None


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What is known of a model. What is None is not known."""

    id: str
    context_tokens: int | None = None
    max_output_tokens: int | None = None
    embeddings: bool = False


@runtime_checkable
class Provider(Protocol):
    """A place that answers chat requests."""

    @property
    def name(self) -> str:
        """The canonical name."""

    @property
    def profile(self) -> Profile:
        """What this run uses it as."""

    @property
    def max_workers(self) -> int:
        """The most requests that may be in flight."""

    def validate(self) -> None:
        """Raise `ProviderConfigurationError` where a setting is missing or wrong. Asks nobody."""

    async def complete(self, request: ChatRequest) -> ChatResponse:
        """The whole answer. Raises a `ProviderError` where there is none."""

    def stream(self, request: ChatRequest) -> AsyncIterator[StreamEvent]:
        """The answer as it comes; the last event is its `StreamEnd`."""

    async def list_models(self) -> tuple[str, ...]:
        """The ids of the models that the provider lists."""

    async def get_model(self, model: str) -> ModelInfo:
        """What is known of a model. Raises `ModelNotFoundError` where the provider does not list it."""

    async def embed(self, request: EmbeddingRequest) -> EmbeddingResponse:
        """A vector for each text. Raises `InvalidRequestError` where the provider makes none."""

    async def health(self) -> Health:
        """Ask whether it answers and takes the key. Raises `HealthCheckError`."""

    def price(self, usage: Usage | None, model: str) -> Cost | None:
        """What this usage costs; None where the price is not known."""

    def usage_of(self, error: ProviderError) -> Usage | None:
        """What a failed answer used, where it says so: it may have been billed."""

    async def aclose(self) -> None:
        """Close the connections. It may be used again afterwards, with new ones."""
