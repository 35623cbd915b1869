"""The catalog: what is known about each provider, one TOML row for each, read when first asked for."""

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from casecraft.config import KnownProvider
from casecraft.core.profile import StructuredOutput
from casecraft.errors import ProviderConfigurationError, ProviderNotFoundError

ErrorKind: TypeAlias = Literal[
    "authentication",
    "quota",
    "rate_limit",
    "model_not_found",
    "wrong_address",
    "invalid_request",
    "context_too_long",
    "content_filtered",
    "timeout",
    "server",
]
Rate = Annotated[Decimal, Field(ge=0, allow_inf_nan=False)]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Site(_Row):
    """One address of a provider. The ids are those of the price libraries for what is billed there."""

    base_url: str
    region: str = ""
    key_variables: tuple[str, ...] = ()
    genai_prices: str | None = None
    model_prices: str | None = None


class PriceTier(_Row):
    """Rates per million tokens for requests with more than `above` input tokens.

    `thinking_output` is the rate of the whole output of an answer that was made with thinking on.
    """

    above: int = 0
    input: Rate
    output: Rate
    cached_input: Rate | None = None
    cache_write: Rate | None = None
    thinking_output: Rate | None = None


class PriceRow(_Row):
    """A vendor's price for some models on the sites of one region."""

    models: tuple[str, ...]
    region: str = ""
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    as_of: date
    source: str
    tiers: Annotated[tuple[PriceTier, ...], Field(min_length=1)]


class LocalServer(_Row):
    """A program that serves models on this machine, and where it listens unless told otherwise."""

    title: str
    base_url: str


class CatalogRow(_Row):
    """One provider. `omit` names fields of the body that it refuses; `codes` its own error codes.

    `checked` is the day on which these facts were looked up in `sources`.
    """

    name: str
    title: str
    dialect: str
    model: str
    workers: Annotated[int, Field(ge=1)]
    checked: date
    sources: Annotated[tuple[str, ...], Field(min_length=1)]
    aliases: tuple[str, ...] = ()
    structured_output: StructuredOutput = "prompt"
    context_tokens: int | None = None
    max_output_tokens: int | None = None
    needs_key: bool = True
    local: bool = False
    omit: tuple[str, ...] = ()
    sites: tuple[Site, ...] = ()
    prices: tuple[PriceRow, ...] = ()
    servers: tuple[LocalServer, ...] = ()
    codes: Mapping[str, ErrorKind] = Field(default_factory=dict)

    @property
    def key_variables(self) -> tuple[str, ...]:
        """The vendor's own variables for a key, in the order of its sites."""
        return tuple(variable for site in self.sites for variable in site.key_variables)

    def site_of(self, base_url: str | None, key_variable: str | None) -> Site | None:
        """The site at this address, else the one that this variable's keys are for, else the first."""
        if base_url is not None:
            wanted = base_url.rstrip("/")
            return next((site for site in self.sites if site.base_url == wanted), self._first_site())
        named = (site for site in self.sites if key_variable in site.key_variables)
        return next(named, self._first_site())

    def _first_site(self) -> Site | None:
        return self.sites[0] if self.sites else None


class Catalog:
    """The rows by name."""

    def __init__(self, rows: Iterable[CatalogRow]) -> None:
        self._rows = {row.name: row for row in rows}
        self._names = {alias.lower(): row.name for row in self._rows.values() for alias in (row.name, *row.aliases)}

    @property
    def names(self) -> tuple[str, ...]:
        """The canonical names, sorted; `rules`, which stands at the end of every chain, is the last."""
        return tuple(sorted(self._rows, key=lambda name: (name == "rules", name)))

    def __contains__(self, name: str) -> bool:
        return name.strip().lower() in self._names

    def get(self, name: str) -> CatalogRow:
        """The row of this name or alias. Raises `ProviderNotFoundError` with the nearest name."""
        canonical = self._names.get(name.strip().lower())
        if canonical is None:
            raise self._unknown(name)
        return self._rows[canonical]

    def known(self) -> tuple[KnownProvider, ...]:
        """What the settings have to know of each provider."""
        rows = (self._rows[name] for name in self.names)
        return tuple(KnownProvider(row.name, row.aliases, row.key_variables) for row in rows)

    def _unknown(self, name: str) -> ProviderNotFoundError:
        nearest = difflib.get_close_matches(name.strip().lower(), self._names, n=1, cutoff=0.5)
        hint = f"Did you mean {nearest[0]!r}? " if nearest else ""
        hint += f"Providers: {', '.join(self.names)}; or add a [providers.NAME] table with a base_url."
        return ProviderNotFoundError(f"no provider has the name {name!r}", provider=name, hint=hint)


@cache
def load_catalog() -> Catalog:
    """The catalog that comes with casecraft."""
    folder = files("casecraft.providers.catalog")
    documents = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".toml")), key=lambda it: it.name)
    return Catalog(read_row(entry.read_text(encoding="utf-8"), entry.name) for entry in documents)


def read_row(text: str, where: str) -> CatalogRow:
    """One row from its TOML. Raises `ProviderConfigurationError` that says what is wrong and `where`."""
    try:
        return CatalogRow.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ProviderConfigurationError(f"{where} is no valid TOML: {error}") from error
    except ValidationError as error:
        problems = (f"{'.'.join(map(str, it['loc']))}: {it['msg']}" for it in error.errors(include_url=False))
        raise ProviderConfigurationError(f"{where} is no valid catalog row: {'; '.join(problems)}") from error
