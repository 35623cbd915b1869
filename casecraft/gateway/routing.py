"""Which provider and model each request goes to."""

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from casecraft.config import Settings
from casecraft.core.exchange import Exchange
from casecraft.errors import ConfigurationError, ModelNotFoundError, ProviderConfigurationError, StrategyError
from casecraft.gateway.candidates import ANY, Candidate, Candidates
from casecraft.gateway.models import ModelPatterns, is_small
from casecraft.gateway.sharing import Sharing
from casecraft.gateway.traits import Traits, traits_of
from casecraft.providers.named import priced_profile
from casecraft.providers.selection import AUTO, RULES

__all__ = ["Route", "Router", "Traits", "traits_of"]

Chosen: TypeAlias = tuple[tuple[Candidate, ...], str]
"""Candidates, and the rule that led to them."""

MOST_NAMES = 1024
"""So many names that clients have asked for are remembered with what they mean."""

MANUAL = "manual"
NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class Route:
    """Where a request goes: to the first candidate, and as long as one cannot answer, to the next.

    A candidate is `provider/model`, or a provider alone that is asked for whatever it serves. `rule` says in words
    what led there: "glm/glm-4.6 named", "routes.background", "pattern 'claude-*'", "strategy round_robin".
    """

    candidates: tuple[str, ...]
    rule: str


class Router:
    """The routes of some settings. It never changes: other settings make another router.

    Every provider that the settings name is looked at when it is made, so that a mistake shows at the start. Raises
    `ProviderNotFoundError` with the nearest name, `ProviderConfigurationError` with the variable that is missing,
    `ConfigurationError` and `StrategyError`. `notes` is what the strategy wants the user to know.
    """

    def __init__(self, settings: Settings) -> None:
        gateway = settings.gateway
        self._candidates = Candidates(settings)
        self._rules = {
            name: self._candidates.read(names, f"{name!r} in [gateway.routes]")
            for name, names in gateway.routes.candidates.items()
        }
        self._patterns = ModelPatterns({name: self._rules.pop(name) for name in gateway.routes.patterns})
        self._over = gateway.routes.long_context.over if gateway.routes.long_context is not None else 0
        self._fallback = self._candidates.read(gateway.fallback, "'fallback' in [gateway]")
        self._named = self._read_named(settings)
        self._known = self._named or self._candidates.configured()
        self._owners = _owners(self._known)
        self._sharing = self._share(settings)
        self._all_share = self._sharing is not None and "fallback" not in gateway.model_fields_set
        self._asked: dict[str, Candidate | ProviderConfigurationError | None] = {}
        self._steps: tuple[Callable[[Traits], Chosen | None], ...] = (
            self._by_name,
            self._by_rule,
            self._by_pattern,
            self._by_no_other,
            self._by_provider,
            self._by_strategy,
            self._by_default,
            self._by_catalog,
            self._by_want_of_others,
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """What the strategy wants the user to know."""
        return self._sharing.notes if self._sharing is not None else ()

    def route(self, traits: Traits) -> Route:
        """Where a request goes.

        Raises `ModelNotFoundError` where there is no way for its model, and `ProviderConfigurationError` where the
        strategy fails.
        """
        for step in self._steps:
            chosen = step(traits)
            if chosen is not None:
                candidates, rule = chosen
                names = (it.name_for(traits.model) for it in (*candidates, *self._fallback))
                return Route(tuple(dict.fromkeys(names)), rule)
        raise self._no_way(traits.model)

    def learn(self, traits: Traits, exchange: Exchange) -> None:
        """Tell a strategy that learns how a request with these traits ended. Raises `StrategyError`."""
        if self._sharing is not None:
            self._sharing.learn(traits, exchange)

    def models(self) -> tuple[str, ...]:
        """Names of models that clients may ask for: those that routes name, then those of the providers in use."""
        routed = (it for candidates in self._all_routes() for it in candidates)
        named = (f"{it.provider}/{it.model}" for it in routed if it.model not in {"", ANY})
        own = (f"{it.provider}/{model}" for it in self._known for model in _models_of(it))
        return tuple(dict.fromkeys((*self._patterns.names(), *named, *own)))

    def _all_routes(self) -> Iterator[tuple[Candidate, ...]]:
        yield from self._rules.values()
        yield from self._patterns.values()
        yield self._fallback

    def _read_named(self, settings: Settings) -> tuple[Candidate, ...]:
        """The providers that the gateway may use by itself: its own, else those of the run."""
        own = settings.gateway.providers
        where = "'providers' in [gateway]" if own else "'use' in casecraft.toml"
        names = own or [name for name in settings.providers if name.strip().lower() != RULES]
        said = [name for name in names if name.strip().lower() != AUTO]
        # Servers on this machine, which have to be looked for, are among the names if they were.
        found = self._deliberate() if len(said) < len(names) else ()
        return tuple(dict.fromkeys((*self._candidates.read(said, where), *found)))

    def _deliberate(self) -> tuple[Candidate, ...]:
        """The configured providers to which the user has given a key or an address."""
        return tuple(filter(self._candidates.has_key, self._candidates.configured()))

    def _share(self, settings: Settings) -> Sharing | None:
        gateway = settings.gateway
        strategy = gateway.strategy or (MANUAL if gateway.provider_map else None)
        if strategy is None:
            return None
        if not self._named:
            raise ConfigurationError(
                f"the gateway's strategy {strategy!r} has no providers to choose from",
                hint='Name them: `providers = ["glm", "qwen"]` in [gateway] of casecraft.toml.',
            )
        profiles = [priced_profile(_canonical(it), settings) for it in self._named]
        return Sharing(strategy, profiles, seed=settings.seed, provider_map=gateway.provider_map)

    def _by_name(self, traits: Traits) -> Chosen | None:
        """`provider/model`, as the client says it."""
        if "/" not in traits.model:
            return None
        found = self._find(traits.model)
        return ((found,), f"{_canonical(found)} named") if found is not None else None

    def _by_rule(self, traits: Traits) -> Chosen | None:
        """The rules that look at more than the model's name; the first that applies and has candidates."""
        rules = self._rules
        if "long_context" in rules and traits.input_tokens > self._over:
            return rules["long_context"], "routes.long_context"
        if "vision" in rules and traits.images:
            return rules["vision"], "routes.vision"
        if "thinking" in rules and traits.thinking:
            return rules["thinking"], "routes.thinking"
        if "background" in rules and is_small(traits.model):
            return rules["background"], "routes.background"
        return None

    def _by_pattern(self, traits: Traits) -> Chosen | None:
        found = self._patterns.find(traits.model)
        return (found[1], f"pattern {found[0]!r}") if found is not None else None

    def _by_no_other(self, traits: Traits) -> Chosen | None:
        """Nobody gets what is meant for a provider that cannot be used, but for those of rules that look closer.

        Raises `ModelNotFoundError`, unless the name is that of a model that a provider in use has.
        """
        model = traits.model
        if "/" in model and self._problem_of(model) is not None and not any(it.has(model) for it in self._known):
            raise self._no_way(model)
        return None

    def _by_provider(self, traits: Traits) -> Chosen | None:
        """A provider's name alone, where it is one of those in use."""
        found = self._find(traits.model) if "/" not in traits.model else None
        in_use = found is not None and any(it.provider == found.provider for it in self._known)
        return ((found,), f"{found.provider} named") if found is not None and in_use else None

    def _by_strategy(self, traits: Traits) -> Chosen | None:
        if self._sharing is None:
            return None
        try:
            name = self._sharing.choose(traits)
        except StrategyError as error:
            raise ProviderConfigurationError(str(error), hint=error.hint) from error
        chosen = next(it for it in self._named if _canonical(it) == name)
        others = self._named if self._all_share else ()
        return (chosen, *others), f"strategy {self._sharing.name}"

    def _by_default(self, traits: Traits) -> Chosen | None:  # noqa: ARG002  # a step among others
        return (self._rules["default"], "default") if "default" in self._rules else None

    def _by_catalog(self, traits: Traits) -> Chosen | None:
        """The provider in use that is known to have the model."""
        owner = self._owners.get(traits.model) or next((it for it in self._known if it.has(traits.model)), None)
        return ((owner,), "catalog") if owner is not None else None

    def _by_want_of_others(self, traits: Traits) -> Chosen | None:  # noqa: ARG002  # a step among others
        """The only provider that is named; or of which, where none is, the user has given a key or an address."""
        only = self._named or self._deliberate()
        return (only, "the only provider") if len(only) == 1 else None

    def _find(self, asked: str) -> Candidate | None:
        """The candidate that a client means by a name, remembered."""
        found = self._meant(asked)
        return found if isinstance(found, Candidate) else None

    def _problem_of(self, asked: str) -> ProviderConfigurationError | None:
        """Why the provider that a client means by a name cannot be used; None where it can, or there is none."""
        found = self._meant(asked)
        return found if isinstance(found, ProviderConfigurationError) else None

    def _meant(self, asked: str) -> Candidate | ProviderConfigurationError | None:
        if asked not in self._asked:
            if len(self._asked) >= MOST_NAMES:
                self._asked.clear()
            self._asked[asked] = self._candidates.find(asked) or self._candidates.problem_of(asked)
        return self._asked[asked]

    def _no_way(self, model: str) -> ModelNotFoundError:
        problem = self._problem_of(model)
        if problem is not None:
            hint = f"{problem.hint or ''} Or say in [gateway.routes] who answers for {model!r}.".strip()
            return ModelNotFoundError(f"the gateway cannot ask for {model!r}: {problem}", status=NOT_FOUND, hint=hint)
        nearest = difflib.get_close_matches(model, self.models(), n=1)
        hint = f"Did you mean {nearest[0]!r}? " if nearest else ""
        hint += "Name it as `provider/model`, or set `default` in [gateway.routes] of casecraft.toml."
        return ModelNotFoundError(f"the gateway has no route for the model {model!r}", status=NOT_FOUND, hint=hint)


def _canonical(candidate: Candidate) -> str:
    return f"{candidate.provider}/{candidate.model}" if candidate.model else candidate.provider


def _owners(known: tuple[Candidate, ...]) -> Mapping[str, Candidate]:
    """Model -> the provider that has it, one whose usual model it is before others."""
    owners: dict[str, Candidate] = {}
    for it in known:
        for model in it.serves:
            if model not in owners or (it.usual == model != owners[model].usual):
                owners[model] = it
    return owners


def _models_of(candidate: Candidate) -> list[str]:
    if candidate.model not in {"", ANY}:
        return [candidate.model]
    others = sorted(candidate.serves - {candidate.usual})
    return [candidate.usual, *others] if candidate.usual else others
