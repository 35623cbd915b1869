"""What can be set, and of what type each setting is."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from casecraft.config.gateway import GatewaySettings
from casecraft.config.values import Currency, IsoDate, Money, Names
from casecraft.core.profile import StructuredOutput


class PriceSettings(BaseModel):
    """A provider's price as its user states it, per million tokens."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: Money
    output: Money
    currency: Currency = "USD"
    as_of: IsoDate
    cached_input: Money | None = None
    cache_write: Money | None = None
    reasoning: Money | None = None


class ProviderSettings(BaseModel):
    """What a user sets for one provider. What is None is taken from the provider's catalog row.

    `key_variable` is the environment variable that the key came from, if it came from one. `timeout` is in seconds,
    for one request. `extra` goes into every request body as it is, `headers` and `query` go with every request; what
    a `base_url` has as its query is taken for the latter.
    `variables` are the parts of the base URL that each user has their own value of. `local` says that the server costs
    nothing. `row` has further fields of a catalog row, over those of the provider's own.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    api_key: SecretStr | None = None
    key_variable: str | None = Field(default=None, exclude=True)
    base_url: str | None = None
    model: str | None = None
    workers: Annotated[int, Field(ge=1)] | None = None
    rpm: Annotated[int, Field(ge=1)] | None = None
    timeout: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    stream: bool = False
    structured_output: StructuredOutput | None = None
    context_tokens: Annotated[int, Field(ge=1)] | None = None
    max_output_tokens: Annotated[int, Field(ge=1)] | None = None
    price: PriceSettings | None = None
    headers: Mapping[str, SecretStr] = Field(default_factory=dict)
    query: Mapping[str, SecretStr] = Field(default_factory=dict)
    variables: Mapping[str, str] = Field(default_factory=dict)
    extra: Mapping[str, Any] = Field(default_factory=dict)
    dialect: str | None = None
    local: bool | None = None
    row: Mapping[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _take_query(cls, values: Any) -> Any:
        """A base URL as people paste it ends where the dialect's path has to come before the query."""
        given = values.get("base_url") if isinstance(values, Mapping) else None
        if not isinstance(given, str) or "?" not in given:
            return values
        address, _, query = given.partition("?")
        query, hash_sign, fragment = query.partition("#")
        parameters = {**dict(parse_qsl(query, keep_blank_values=True)), **(values.get("query") or {})}
        return {**values, "base_url": f"{address}{hash_sign}{fragment}", "query": parameters}


class Settings(BaseModel):
    """Every setting of a run. Names of providers are as given: the catalog says what they mean.

    `providers` are those to use; `provider_settings` what is set for each, under its canonical name. `embeddings`
    is who turns cases into vectors, `provider` or `provider/model`; cases at least as alike as `similarity` (cosine)
    are near-duplicates. `max_cost` is money of `currency`, `max_cases` the most cases of one endpoint. `workers`
    overrules the number of workers of every provider. `techniques` are those of test design that are wanted, none of
    them meaning all.
    `providers_file` is a TOML file with more tables of providers. `default_cli` is the coding client that is meant
    where none is named.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    providers: Names = ()
    strategy: str = "round_robin"
    provider_map: str | None = None
    fallback: Names | None = None
    rules_fallback: bool = True
    techniques: Names = ()
    lang: Literal["en", "zh"] = "en"
    seed: int = 0
    embeddings: str | None = None
    similarity: Annotated[float, Field(gt=0, le=1)] = 0.95
    workers: Annotated[int, Field(ge=1)] | None = None
    max_cost: Money | None = None
    max_cases: Annotated[int, Field(ge=1)] | None = None
    currency: Currency = "USD"
    formats: Names = ("json", "pytest")
    output: Path | None = None
    state_dir: Path = Path(".casecraft")
    include_tags: Names = ()
    exclude_tags: Names = ()
    include_paths: Names = ()
    exclude_paths: Names = ()
    include_methods: Names = ()
    strict: bool = False
    allow_external_refs: bool = False
    log_calls: Path | None = None
    log_bodies: bool = False
    providers_file: str | None = None
    default_cli: str | None = None
    gateway: GatewaySettings = GatewaySettings()
    provider_settings: Mapping[str, ProviderSettings] = Field(default_factory=dict)
