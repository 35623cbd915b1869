"""Whom a route may lead to: a provider with a model, or a provider that is asked for what it has."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from casecraft.config import Settings
from casecraft.errors import ProviderConfigurationError, ProviderNotFoundError
from casecraft.providers import Provider, canonical_name, create, profile_of, settings_of, split_name
from casecraft.providers.chat import ChatProvider
from casecraft.providers.named import LOCAL, with_detected
from casecraft.providers.selection import AUTO, row_of
from casecraft.wire.embeddings import EMBEDDING_DIALECTS

ANY = "*"
"""As a model: whichever the client asks for."""

_SNAPSHOT = re.compile(r"-(?:\d{4}-\d{2}-\d{2}|\d{8}|latest)$")


def resolve_auto(settings: Settings, environment: Mapping[str, str]) -> Settings:
    """The settings with the providers that `auto` stands for, and the addresses of local servers that were found.

    Looks for them in `environment` and on this machine, which takes part of a second, where `auto` or `local` is named.
    """
    names = settings.gateway.providers or settings.providers
    if not {AUTO, LOCAL} & {name.strip().lower() for name in names}:
        return settings
    found, names = with_detected(names, settings, environment)
    return found.model_copy(update={"gateway": settings.gateway.model_copy(update={"providers": names})})


@dataclass(frozen=True, slots=True)
class Candidate:
    """A provider of a route. Without a `model` it is asked for the one that the client names, where `serves` has it,
    and else for its `usual`, which only a server of one's own may lack.
    """

    provider: str
    model: str = ""
    usual: str = ""
    serves: frozenset[str] = frozenset()

    def name_for(self, asked: str) -> str:
        """`provider/model` for a request that asks for this model; the provider alone where it has one model."""
        if self.model == ANY or (not self.model and self.has(asked)):
            return f"{self.provider}/{asked}"
        model = self.model or self.usual
        return f"{self.provider}/{model}" if model else self.provider

    def has(self, model: str) -> bool:
        """Is it known to have this model, or the one of which this is a dated snapshot?"""
        return bool(model) and (model in self.serves or _SNAPSHOT.sub("", model) in self.serves)


class Candidates:
    """Makes candidates from names, and looks at each provider but once whether it can be used."""

    def __init__(self, settings: Settings) -> None:
        self._own = settings.provider_settings
        self._checked: dict[str, ProviderConfigurationError | None] = {}

    def read(self, names: Iterable[str], where: str) -> tuple[Candidate, ...]:
        """The candidates of these names, each once. Raises `ProviderNotFoundError` with the nearest name, and
        `ProviderConfigurationError` for one that cannot be used; both say `where` it is named.
        """
        return tuple(dict.fromkeys(self._read(name, where) for name in names))

    def _read(self, name: str, where: str) -> Candidate:
        try:
            canonical = canonical_name(name, self._own)
        except ProviderNotFoundError as error:
            message = f"{where} names {name!r}, but no provider has that name"
            raise ProviderNotFoundError(message, provider=error.provider, hint=error.hint) from error
        problem = self.problem(canonical)
        if problem is not None:
            message = f"{where} names {name!r}, but {problem}"
            raise ProviderConfigurationError(message, provider=problem.provider, hint=problem.hint) from problem
        return self.make(canonical)

    def find(self, name: str) -> Candidate | None:
        """The candidate that a client means; None where it is none, or one that cannot be used."""
        try:
            canonical = canonical_name(name, self._own)
        except (ProviderNotFoundError, ProviderConfigurationError):
            return None
        return self.make(canonical) if self.problem(canonical) is None else None

    def problem_of(self, name: str) -> ProviderConfigurationError | None:
        """Why the provider that a client means by a name cannot be used; None where it can, or there is none."""
        try:
            return self.problem(canonical_name(name, self._own))
        except (ProviderNotFoundError, ProviderConfigurationError):
            return None

    def configured(self) -> tuple[Candidate, ...]:
        """The providers for which something is set, and all that they need."""
        return tuple(self.make(name) for name in self._own if self.problem(name) is None)

    def has_key(self, candidate: Candidate) -> bool:
        """Has the user given its key or its address, so that it is there on purpose?"""
        settings = self._own.get(candidate.provider)
        return settings is not None and (settings.api_key is not None or settings.base_url is not None)

    def make(self, canonical: str) -> Candidate:
        """The candidate of a canonical name."""
        provider, model = split_name(canonical)
        settings = settings_of(provider, self._own)
        row = row_of(provider, settings)
        usual = profile_of(provider, settings).model
        serves = frozenset({usual, row.model, *(it.id for it in row.models)} - {""})
        return Candidate(provider, model, usual, serves)

    def problem(self, canonical: str) -> ProviderConfigurationError | None:
        """Why the provider cannot be used, with a model or without; None where it can."""
        provider, model = split_name(canonical)
        name = f"{provider}/{ANY}" if model else provider  # which model, is the provider's to judge
        if name not in self._checked:
            self._checked[name] = self._check(name)
        return self._checked[name]

    def _check(self, name: str) -> ProviderConfigurationError | None:
        try:
            provider = create(name, settings_of(name, self._own))
            _validate(provider)
        except ProviderConfigurationError as error:
            error.args = (str(error).replace(f"/{ANY}'", "'"),)
            return error
        return None


def _validate(provider: Provider) -> None:
    """Raise `ProviderConfigurationError` where it can answer neither chat nor, by its row, requests for embeddings."""
    if isinstance(provider, ChatProvider) and provider.profile.dialect in EMBEDDING_DIALECTS:
        provider.validate_embeddings()
    else:
        provider.validate()
