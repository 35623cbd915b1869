"""A strategy that shares requests out among providers, by the same protocol as endpoints of a document.

Strategies assign whole lists, once, and a gateway gets one request after the other. So when a kind of request comes for
the first time, a list of such requests is assigned ahead, long enough that every provider has its exact share: a round.
The requests of that kind then take their turns in it, again and again. Kinds for which the strategy says the same take
their turns in one round together; where it looks at none of their traits, those are all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias
from weakref import WeakValueDictionary

from casecraft.core.endpoint import COMPLEX_FROM, Complexity, Endpoint, tier_of
from casecraft.core.exchange import Exchange
from casecraft.core.job import JobResult
from casecraft.core.profile import Profile
from casecraft.core.schema import Definitions
from casecraft.gateway.traits import Traits
from casecraft.providers import split_name
from casecraft.strategy import Adaptive, load_strategy

ROUND = 64
LONGEST_ROUND = 1024
"""A round has a whole number of turns, and a turn is as long as all providers have workers."""

MOST_KINDS = 512
"""So many kinds of requests are remembered: names of models are the clients' to choose."""

PATHS = {
    "openai_chat": "/v1/chat/completions",
    "openai_responses": "/v1/responses",
    "anthropic_messages": "/v1/messages",
    "gemini": "/v1beta/models",
}
"""Dialect -> the path under which strategies see its requests."""

THINKING = 5
"""What a request scores for asking for reasoning; beside that one for each thousand tokens and one for each tool."""

_Kind: TypeAlias = tuple[str, str, int]
"""What a strategy sees of a request: dialect, model and score."""

_NO_DEFINITIONS = Definitions(lambda name: {})  # noqa: ARG005  # a request has none


@dataclass(frozen=True, slots=True)
class AskedEndpoint(Endpoint):
    """A request as strategies see it. `number` tells it from others of its kind."""

    number: int = 0

    @property
    def id(self) -> str:
        """`"POST /v1/messages #0007"`: unique in a round, and in its order."""
        return f"{self.method} {self.path} #{self.number:04}"


def endpoint_of(traits: Traits, number: int = 0) -> AskedEndpoint:
    """A request as strategies see it: its door's path, its model as the one tag, and how heavy it is."""
    score = score_of(traits)
    return AskedEndpoint(
        method="POST",
        path=PATHS.get(traits.dialect, "/"),
        definitions=_NO_DEFINITIONS,
        response_definitions=_NO_DEFINITIONS,
        fingerprint="",
        complexity=Complexity(score, tier_of(score)),
        operation_id=traits.dialect,
        tags=(traits.model,),
        number=number,
    )


def score_of(traits: Traits) -> int:
    """How heavy a request is, in the scale of endpoints; in steps where it is a complex one: conversations grow."""
    score = traits.input_tokens // 1000 + traits.tools + THINKING * traits.thinking
    return score if score < COMPLEX_FROM else COMPLEX_FROM << (score // COMPLEX_FROM).bit_length() - 1


class _Round:
    """Providers in the order in which requests get them, over and over."""

    __slots__ = ("__weakref__", "_names", "_taken")

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names
        self._taken = 0

    def take(self) -> str:
        """Whose turn it is."""
        self._taken += 1
        return self._names[(self._taken - 1) % len(self._names)]


class Sharing:
    """The strategy of this name over these providers, which are in the order in which they were named.

    Raises `StrategyError` where it cannot be made, or cannot assign a request of each door. `notes` is what it wants
    the user to know.
    """

    def __init__(
        self, strategy: str, profiles: Sequence[Profile], *, seed: int | None = None, provider_map: str | None = None
    ) -> None:
        self.name = strategy
        self._strategy = load_strategy(strategy, seed=seed, provider_map=provider_map)
        self._adaptive = self._strategy if isinstance(self._strategy, Adaptive) else None
        self._profiles = tuple(profiles)
        self._length = _round_length(sum(profile.max_workers for profile in profiles))
        self._rounds: dict[_Kind, _Round] = {}
        self._by_names: WeakValueDictionary[tuple[str, ...], _Round] = WeakValueDictionary()
        doors = [endpoint_of(Traits("", dialect=dialect)) for dialect in PATHS]
        self._strategy.assign(doors, self._profiles)
        self.notes = self._strategy.notes

    def choose(self, traits: Traits) -> str:
        """The provider for a request. Raises `StrategyError`."""
        if self._adaptive is not None:
            return self._adaptive.choose(endpoint_of(traits), self._profiles)
        kind = (traits.dialect, traits.model, score_of(traits))
        round_ = self._rounds.get(kind)
        if round_ is None:
            round_ = self._rounds[kind] = self._assign_round(traits)
            if len(self._rounds) > MOST_KINDS:
                del self._rounds[next(iter(self._rounds))]
        return round_.take()

    def learn(self, traits: Traits, exchange: Exchange) -> None:
        """Tell a strategy that learns how a request ended. Raises `StrategyError`."""
        if self._adaptive is not None and exchange.outcome in {"answered", "failed", "cut"}:
            self._adaptive.learn(self._result(traits, exchange))

    def _assign_round(self, traits: Traits) -> _Round:
        """A round of such requests, or the one in use that is the same."""
        requests = [endpoint_of(traits, number) for number in range(self._length)]
        assigned = self._strategy.assign(requests, self._profiles)
        names = tuple(assigned[request.id] for request in requests)
        round_ = self._by_names.get(names)
        if round_ is None:
            round_ = self._by_names[names] = _Round(names)
        return round_

    def _result(self, traits: Traits, exchange: Exchange) -> JobResult:
        asked = [self._named(it.provider, it.model) for it in exchange.attempts]
        answered = exchange.outcome == "answered"
        return JobResult(
            endpoint_of(traits),
            "done" if answered else "failed",
            asked[-1] if answered and asked else None,
            model=exchange.model or None,
            fell_back=tuple(asked[:-1] if answered else asked),
            error=exchange.error or None,
            spending=exchange.spending,
        )

    def _named(self, provider: str, model: str) -> str:
        """The name under which the strategy knows who was asked."""
        provider = split_name(provider)[0]
        names = [profile.name for profile in self._profiles]
        whole = f"{provider}/{model}"
        return whole if whole in names else next((it for it in names if split_name(it)[0] == provider), provider)


def _round_length(workers: int) -> int:
    return max(ROUND // workers, 1) * workers if workers <= LONGEST_ROUND else LONGEST_ROUND
