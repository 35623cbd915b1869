"""What a row of the catalog says, and the check that it says it right."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeAlias, TypeVar

import rtoml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from casecraft.core.profile import StructuredOutput
from casecraft.errors import ProviderConfigurationError
from casecraft.providers.addresses import PART, base_of, lies_below

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
Capability: TypeAlias = Literal["tools", "streaming", "system", "reasoning", "images", "embeddings"]
"""What a provider has beside chat; output by JSON schema is said by `structured_output`."""

Rate = Annotated[Decimal, Field(ge=0, allow_inf_nan=False)]
Share = Annotated[Decimal, Field(gt=0, le=1)]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Auth(_Row):
    """How a request shows who sends it.

    "bearer", "header" and "query" send the key, the last two under `name`. "aws" signs with AWS credentials for
    `service`, "google" takes a token of the application's default credentials, "azure" sends the key as `api-key` or
    a token of Entra; they come with the extras of the same names.
    """

    scheme: Literal["bearer", "header", "query", "aws", "google", "azure", "none"] = "bearer"
    name: str = ""
    service: str = ""


class Variable(_Row):
    """A part of a base URL that each user has their own value of, written `{name}` there.

    It is read from the first of the environment variables that is set; without a default it must be.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z_]\w*$")]
    environment: Annotated[tuple[str, ...], Field(min_length=1)]
    default: str | None = None


class Model(_Row):
    """A model that a provider serves; `embeddings` says that it makes vectors instead of answers.

    `batch_factor` is the share of the price that its batches cost, where that is not the row's.
    """

    id: str
    context_tokens: int | None = None
    max_output_tokens: int | None = None
    embeddings: bool = False
    batch_factor: Share | None = None


class Site(_Row):
    """One address of a provider; `dialect` where it speaks another than the row's, `model` where its default model is
    another.

    The ids are those of the price libraries for what is billed there.
    """

    base_url: str
    region: str = ""
    dialect: str | None = None
    model: str | None = None
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
    """One provider. `omit` names what it refuses: fields of a request, or of the top of its body; `rename` fields of
    the body that it has other names for; `extra` goes into every body; `codes` its own error codes.

    `headers` and `query` go with every request. `rpm` is the requests a minute that the vendor allows everybody;
    `batch_factor` is the share of the price that its batches cost. `pricing` says where prices are to be had that are
    not here, or why there are none; `retired` is the day since which nothing answers there. `checked` is the day on
    which these facts were looked up in `sources`.
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
    capabilities: tuple[Capability, ...] = ()
    rpm: int | None = None
    batch_factor: Share | None = None
    pricing: str = ""
    retired: date | None = None
    needs_key: bool = True
    local: bool = False
    auth: Auth = Auth()
    headers: Mapping[str, str] = Field(default_factory=dict)
    query: Mapping[str, str] = Field(default_factory=dict)
    variables: tuple[Variable, ...] = ()
    models: tuple[Model, ...] = ()
    omit: tuple[str, ...] = ()
    rename: Mapping[str, str] = Field(default_factory=dict)
    extra: Mapping[str, Any] = Field(default_factory=dict)
    sites: tuple[Site, ...] = ()
    prices: tuple[PriceRow, ...] = ()
    servers: tuple[LocalServer, ...] = ()
    codes: Mapping[str, ErrorKind] = Field(default_factory=dict)

    @field_validator("sites")
    @classmethod
    def _know_all_parts(cls, sites: tuple[Site, ...], info: ValidationInfo) -> tuple[Site, ...]:
        known = {variable.name for variable in info.data.get("variables", ())}
        for site in sites:
            for part in PART.findall(site.base_url):
                if part not in known:
                    raise ValueError(f"{site.base_url!r} has the part {part!r}, of which `variables` says nothing")
        return sites

    @property
    def key_variables(self) -> tuple[str, ...]:
        """The vendor's own variables for a key, in the order of its sites."""
        return tuple(variable for site in self.sites for variable in site.key_variables)

    def batch_factor_of(self, model: str) -> Decimal | None:
        """The share of the price that batches of this model cost; None where that is not known."""
        own = (it.batch_factor for it in self.models if it.id == model)
        return next(own, None) or self.batch_factor

    def site_of(self, base_url: str | None, key_variable: str | None) -> Site | None:
        """The site at this address, else the one that this variable's keys are for, else the first."""
        if base_url is not None:
            return self._site_at(base_url) or self._first_site()
        named = (site for site in self.sites if key_variable in site.key_variables)
        return next(named, self._first_site())

    def _site_at(self, base_url: str) -> Site | None:
        """The site that is meant by an address, with or without what its dialect appends; else one that it is below."""
        meant = [site for site in self.sites if base_of(base_url, site.dialect or self.dialect) == site.base_url]
        near = meant or [site for site in self.sites if lies_below(base_url, site.base_url)]
        return max(near, key=lambda site: len(site.base_url), default=None)

    def _first_site(self) -> Site | None:
        return self.sites[0] if self.sites else None


Row = TypeVar("Row", bound=CatalogRow)


def read_row(text: str, where: str) -> CatalogRow:
    """One row from its TOML. Raises `ProviderConfigurationError` that says what is wrong and `where`."""
    try:
        values = rtoml.loads(text)
    except rtoml.TomlParsingError as error:
        raise ProviderConfigurationError(f"{where} is no valid TOML: {' '.join(str(error).split())}") from error
    return check_row(values, where, CatalogRow)


def check_row(values: Mapping[str, Any], where: str, kind: type[Row]) -> Row:
    """One row from its fields. Raises `ProviderConfigurationError` that says what is wrong and `where`."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        problems = (f"{'.'.join(map(str, it['loc']))}: {it['msg']}" for it in error.errors(include_url=False))
        raise ProviderConfigurationError(f"{where} is no valid catalog row: {'; '.join(problems)}") from error
