"""What a run would do: which provider each endpoint goes to, and who comes after it."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from casecraft.cases import choose_techniques
from casecraft.config import Settings
from casecraft.core.document import Document
from casecraft.core.endpoint import Endpoint
from casecraft.core.job import Job
from casecraft.core.profile import Profile
from casecraft.errors import ConfigurationError
from casecraft.providers import name_for_embeddings, resolve_names
from casecraft.providers.named import priced_profile, with_detected
from casecraft.spec import Filters, load, split
from casecraft.strategy import Strategy, load_strategy
from casecraft.suites import choose_formats

RULES = "rules"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would do: the endpoints, and by their ids the providers that they go to.

    `profiles` are the named providers, `chain` those that a job goes to in turn when its own cannot answer.
    `others` are endpoints that are not tested in this run, and that models may be told of all the same.
    `embeddings` is who finds near-duplicates, as `provider/model`, None where they are not looked for.
    """

    document: Document
    settings: Settings
    endpoints: tuple[Endpoint, ...]
    profiles: tuple[Profile, ...]
    assignment: Mapping[str, str]
    chain: tuple[str, ...]
    strategy: Strategy = field(repr=False)
    embeddings: str | None = None
    others: tuple[Endpoint, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know before the run: problems of the document, notes of the strategy."""
        problems = tuple(f"{self.document.source}: {problem}" for problem in self.document.problems)
        return problems + tuple(getattr(self.strategy, "notes", ()))


def make_plan(document: str, settings: Settings, environment: Mapping[str, str]) -> Plan:
    """Load and split a document and assign its endpoints. Asks no provider.

    `environment` is where providers are looked for when the settings name none, or `auto`.
    """
    choose_formats(settings.formats)
    choose_techniques(settings.techniques)
    loaded = load(document, strict=settings.strict, allow_external_refs=settings.allow_external_refs)
    endpoints = split(loaded, filters_of(settings))
    settings, names = with_detected(settings.providers, settings, environment)
    profiles = tuple(priced_profile(name, settings) for name in names)
    chain = fallback_chain(names, _canonical(settings.fallback, settings), rules=settings.rules_fallback)
    strategy = load_strategy(strategy_name(settings), seed=settings.seed, provider_map=settings.provider_map)
    assignment = strategy.assign(endpoints, profiles)
    embeddings = name_for_embeddings(settings.embeddings, settings.provider_settings) if settings.embeddings else None
    return Plan(loaded, settings, endpoints, profiles, assignment, chain, strategy, embeddings)


def fallback_chain(named: Sequence[str], fallback: Sequence[str] | None, *, rules: bool = True) -> tuple[str, ...]:
    """The providers that a job goes to in turn when its own cannot answer.

    `fallback` is what the user asked for, None for the other named providers in their order; `rules` comes last where
    it is allowed. Raises ConfigurationError for a provider in `fallback` that the run does not name.
    """
    chosen = tuple(named) if fallback is None else tuple(fallback)
    for name in chosen:
        if name not in named and name != RULES:
            raise _not_named(name, named)
    chain = tuple(dict.fromkeys(chosen))
    return (*chain, RULES) if rules and RULES not in chain else chain


def _not_named(name: str, named: Sequence[str]) -> ConfigurationError:
    nearest = difflib.get_close_matches(name, named, n=1)
    hint = f"Did you mean {nearest[0]!r}?" if nearest else f"Name it: --providers {','.join([*named, name])}."
    return ConfigurationError(f"the fallback chain has {name!r}, which is no provider of this run", hint=hint)


def make_jobs(endpoints: Iterable[Endpoint], assignment: Mapping[str, str], chain: Sequence[str]) -> tuple[Job, ...]:
    """One job for each endpoint: first the provider that it is assigned to, then the chain."""
    jobs = []
    for endpoint in endpoints:
        first = assignment[endpoint.id]
        jobs.append(Job(endpoint, (first, *(name for name in chain if name != first))))
    return tuple(jobs)


def _canonical(names: Sequence[str] | None, settings: Settings) -> tuple[str, ...] | None:
    return None if names is None else resolve_names(names, settings)


def strategy_name(settings: Settings) -> str:
    """A map without a strategy means the one that reads maps."""
    if settings.provider_map and "strategy" not in settings.model_fields_set:
        return "manual"
    return settings.strategy


def filters_of(settings: Settings) -> Filters:
    """What of the document is wanted."""
    return Filters(
        include_tags=settings.include_tags,
        exclude_tags=settings.exclude_tags,
        include_paths=settings.include_paths,
        exclude_paths=settings.exclude_paths,
        include_methods=settings.include_methods,
    )
