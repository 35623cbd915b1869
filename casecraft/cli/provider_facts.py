"""What the commands on providers show."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, get_args

import typer

from casecraft.api import environment, settings_for
from casecraft.cli.flags import read_money
from casecraft.config import Settings
from casecraft.errors import ProviderConfigurationError
from casecraft.providers import CatalogRow, canonical_name, create, detect, load_catalog, profile_of, settings_of
from casecraft.providers.catalog.row import Capability
from casecraft.providers.priced_models import PricedModel, priced_models

RULES = "rules"


@dataclass(frozen=True)
class Wanted:
    """Which providers to list. `max_price` is an amount with a currency, for a million tokens of output."""

    capabilities: tuple[str, ...] = ()
    region: str | None = None
    max_price: str | None = None
    ready: bool = False


def provider_rows(wanted: Wanted) -> list[dict[str, Any]]:
    """A row for each provider of the catalog, and of the user's own, that is wanted."""
    _refuse_unknown(wanted.capabilities)
    settings = settings_for({"providers": ["auto"]})  # all of them, those of plugins too
    catalog = load_catalog()
    found = {it.name: it.how for it in detect(environment(), settings.provider_settings)}
    own = [name for name in settings.provider_settings if name not in catalog]
    rows = (_row(name, settings, found) for name in (*catalog.names, *own))
    return [row for row in rows if _is_wanted(row, wanted)]


def broken_plugins() -> list[ProviderConfigurationError]:
    """What is wrong with the plugins whose providers cannot be listed."""
    return [error for _, error in load_catalog().broken]


def _refuse_unknown(capabilities: Iterable[str]) -> None:
    known = ("json_schema", "json_object", *get_args(Capability))
    for name in capabilities:
        if name not in known:
            raise typer.BadParameter(f"{name!r} is none of {', '.join(known)}", param_hint="--capability")


def _row(name: str, settings: Settings, found: dict[str, str]) -> dict[str, Any]:
    profile = profile_of(name, settings_of(name, settings.provider_settings))
    configured = settings.provider_settings.get(name)
    ready = "built in" if name == RULES else found.get(name)
    if ready is None and configured is not None and (configured.api_key or configured.base_url):
        ready = "configured"
    row = load_catalog().get(name) if name in load_catalog() else None
    return {
        "name": name,
        "ready": ready,
        "model": profile.model,
        "workers": profile.max_workers,
        "aliases": list(row.aliases) if row is not None else [],
        "base_url": profile.base_url,
        "local": profile.local,
        "dialect": profile.dialect,
        "capabilities": _capabilities(row) if row is not None else [],
        "regions": _regions(row) if row is not None else [],
    }


def _capabilities(row: CatalogRow) -> list[str]:
    structured = [row.structured_output] if row.structured_output != "prompt" else []
    return [*structured, *row.capabilities]


def _regions(row: CatalogRow) -> list[str]:
    return list(dict.fromkeys(site.region for site in row.sites if site.region))


def _is_wanted(row: dict[str, Any], wanted: Wanted) -> bool:
    if wanted.ready and row["ready"] is None:
        return False
    if wanted.region is not None and wanted.region not in row["regions"]:
        return False
    if not set(wanted.capabilities) <= set(row["capabilities"]):
        return False
    return wanted.max_price is None or _is_affordable(row, wanted.max_price)


def _is_affordable(row: dict[str, Any], max_price: str) -> bool:
    """Whether the default model's output costs no more. What runs on one's own machine costs nothing; what has no known
    price in that currency is not affordable.
    """
    most, currency = read_money(max_price, "--max-price")
    if row["local"]:
        return True
    prices = (it for it in priced_models(row["name"]) if it.model == row["model"] and it.tariff.currency == currency)
    return any(it.tariff.tiers[0].output.scaleb(6) <= most for it in prices)


def provider_facts(name: str) -> dict[str, Any]:
    """All that the catalog says of a provider. Raises `ProviderNotFoundError`."""
    return load_catalog().get(name).model_dump(mode="json")


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
    catalog = load_catalog()
    wanted = [catalog.get(name).name for name in names] or catalog.names
    return list(_price_rows(priced for name in wanted for priced in priced_models(name)))


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
