"""What the commands on providers show."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, get_args

import typer

from casecraft.api import environment, settings_for
from casecraft.cli.flags import read_money
from casecraft.config import ProviderSettings
from casecraft.core.profile import Profile
from casecraft.errors import ProviderConfigurationError
from casecraft.providers import (
    CatalogRow,
    canonical_name,
    create,
    detect,
    load_catalog,
    profile_of,
    settings_of,
    split_name,
)
from casecraft.providers.catalog.row import Capability
from casecraft.providers.priced_models import PricedModel, priced_models
from casecraft.providers.selection import row_of

RULES = "rules"
CAPABILITIES = ("json_schema", "json_object", *get_args(Capability))
# What is set for a provider and is no fact of it, or may be a secret.
NO_FACTS = {"api_key", "key_variable", "headers", "query", "row"}


@dataclass(frozen=True)
class Wanted:
    """Which providers to list. `max_price` is an amount with a currency, for a million tokens of output."""

    capabilities: tuple[str, ...] = ()
    region: str | None = None
    max_price: str | None = None
    ready: bool = False


def provider_rows(wanted: Wanted) -> list[dict[str, Any]]:
    """A row for each provider of the catalog, and of the user's own, that is wanted."""
    _refuse_unknown("--capability", wanted.capabilities, CAPABILITIES)
    own = _own_settings()
    found = {it.name: it.how for it in detect(environment(), own)}
    providers = _providers(own)
    rows = [_row(it, found) for it in providers]
    if wanted.region is not None:
        _refuse_unknown("--region", [wanted.region], sorted({name for row in rows for name in row["regions"]}))
    rows = [row for row in rows if _is_wanted(row, wanted)]
    if wanted.max_price is None:
        return rows
    affordable = _affordable(providers, wanted.max_price)
    return [row for row in rows if row["name"] in affordable]


@dataclass(frozen=True)
class _Known:
    """A provider as it would be used now: its row with the user's fields over it, and what is set for it."""

    row: CatalogRow
    profile: Profile
    settings: ProviderSettings


def _own_settings() -> Mapping[str, ProviderSettings]:
    """What is set for each provider, those of plugins too."""
    return settings_for({"providers": ["auto"]}).provider_settings


def _providers(own: Mapping[str, ProviderSettings]) -> list[_Known]:
    """The providers of the catalog, then the user's own. Raises `ProviderConfigurationError`."""
    return [_known(name, own) for name in dict.fromkeys((*load_catalog().names, *own))]


def _known(name: str, own: Mapping[str, ProviderSettings]) -> _Known:
    settings = settings_of(name, own)
    return _Known(row_of(name, settings), profile_of(name, settings), settings)


def _named(name: str) -> _Known:
    """The provider of this name or alias. Raises `ProviderNotFoundError`."""
    own = _own_settings()
    return _known(split_name(canonical_name(name, own))[0], own)


def broken_plugins() -> list[ProviderConfigurationError]:
    """What is wrong with the plugins whose providers cannot be listed."""
    return [error for _, error in load_catalog().broken]


def _refuse_unknown(option: str, values: Iterable[str], known: Collection[str]) -> None:
    for value in values:
        if value not in known:
            raise typer.BadParameter(f"{value!r} is none of {', '.join(known)}", param_hint=option)


def _row(known: _Known, found: Mapping[str, str]) -> dict[str, Any]:
    row, profile, settings = known.row, known.profile, known.settings
    ready = "built in" if row.name == RULES else found.get(row.name)
    if ready is None and (settings.api_key or settings.base_url):
        ready = "configured"
    return {
        "name": row.name,
        "ready": ready,
        "retired": row.retired and row.retired.isoformat(),
        "model": profile.model,
        "workers": profile.max_workers,
        "aliases": list(row.aliases),
        "base_url": profile.base_url,
        "local": profile.local,
        "dialect": profile.dialect,
        "capabilities": _capabilities(row, profile),
        "regions": _regions(row),
    }


def _capabilities(row: CatalogRow, profile: Profile) -> list[str]:
    structured = [profile.structured_output] if profile.structured_output != "prompt" else []
    return [*structured, *row.capabilities]


def _regions(row: CatalogRow) -> list[str]:
    return list(dict.fromkeys(site.region for site in row.sites if site.region))


def _is_wanted(row: dict[str, Any], wanted: Wanted) -> bool:
    if wanted.ready and row["ready"] is None:
        return False
    if wanted.region is not None and wanted.region not in row["regions"]:
        return False
    return set(wanted.capabilities) <= set(row["capabilities"])


def _affordable(providers: Iterable[_Known], max_price: str) -> set[str]:
    """The names of those whose default model's output costs no more. What runs on one's own machine costs nothing; what
    has no known price in that currency is not affordable.
    """
    most, currency = read_money(max_price, "--max-price")
    names = {it.row.name for it in providers if it.profile.local}
    priced = [(it, price) for it in providers for price in priced_models(it.row, it.profile)]
    _refuse_unknown("--max-price", [currency], sorted({price.tariff.currency for _, price in priced}))
    names.update(
        it.row.name
        for it, price in priced
        if price.model == it.profile.model
        and price.tariff.currency == currency
        and price.tariff.tiers[0].output.scaleb(6) <= most
    )
    return names


def provider_facts(name: str) -> dict[str, Any]:
    """All that is known of a provider, with what the user has set for it. Raises `ProviderNotFoundError`."""
    known = _named(name)
    settings = known.settings.model_dump(mode="json", exclude=NO_FACTS, exclude_defaults=True)
    return {**known.row.model_dump(mode="json"), **settings}


async def list_models(name: str) -> tuple[str, ...]:
    """The models that a provider lists when asked. Raises a `ProviderError`."""
    settings = settings_for({"providers": [name]})
    name = canonical_name(name, settings.provider_settings)
    provider = create(name, settings_of(name, settings.provider_settings))
    try:
        provider.validate()
        return await provider.list_models()
    finally:
        await provider.aclose()


def price_rows(names: Sequence[str]) -> list[dict[str, Any]]:
    """A row for each tier of each model that has a known price. Raises `ProviderNotFoundError`."""
    providers = [_named(name) for name in names] or _providers(_own_settings())
    return list(_price_rows(priced for it in providers for priced in priced_models(it.row, it.profile)))


def _price_rows(models: Iterable[PricedModel]) -> Iterator[dict[str, Any]]:
    for it in models:
        for tier in it.tariff.tiers:
            yield {
                "provider": it.provider,
                "model": it.model,
                "region": it.region,
                "above": tier.above or None,
                "input": _per_million(tier.input),
                "output": _per_million(tier.output),
                "cached_input": _per_million(tier.cached_input),
                "cache_write": _per_million(tier.cache_write),
                "thinking_output": _per_million(tier.thinking_output),
                "batch_factor": str(it.batch_factor) if it.batch_factor is not None else None,
                "currency": it.tariff.currency,
                "as_of": it.tariff.as_of,
            }


def _per_million(rate: Decimal | None) -> str | None:
    """A rate as people write it; exact."""
    return None if rate is None else f"{rate.scaleb(6).normalize():f}"
