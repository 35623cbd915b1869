"""All prices that are known of a provider's models, and how they are brought up to date."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from casecraft.core.profile import Profile
from casecraft.errors import NetworkError
from casecraft.providers.catalog import CatalogRow, Site
from casecraft.providers.prices import PriceList, Tariff


@dataclass(frozen=True, slots=True)
class PricedModel:
    """The rates of one model at the sites of one region; `batch_factor` is the share of them that a batch pays."""

    provider: str
    model: str
    region: str
    tariff: Tariff
    batch_factor: Decimal | None = None


def priced_models(row: CatalogRow, profile: Profile) -> Iterator[PricedModel]:
    """The models of a provider that have a known price, in each region: the price that a user has set for it, else
    those of its row.
    """
    seen: set[tuple[str, str]] = set()
    for site in row.sites:
        prices = PriceList(row, site, profile)
        for model in _models(row, site, profile):
            tariff = prices.tariff(model)
            if tariff is not None and (site.region, model) not in seen:
                seen.add((site.region, model))
                yield PricedModel(row.name, model, site.region, tariff, row.batch_factor_of(model))


def _models(row: CatalogRow, site: Site, profile: Profile) -> list[str]:
    own = [model for price in row.prices if price.region == site.region for model in price.models]
    return [model for model in dict.fromkeys((profile.model, *(it.id for it in row.models), *own)) if model]


def update_prices() -> str:
    """Fetch the newest prices of model-prices and keep them for later runs; what was done, in words.

    Those of genai-prices come with its package, and those of the catalog with casecraft. Raises `NetworkError`.
    """
    import model_prices  # noqa: PLC0415  # brings its data with it

    with warnings.catch_warnings():
        # It warns of what it also returns.
        warnings.simplefilter("ignore")
        status = model_prices.refresh(timedelta(0))
    if status.error is not None:
        raise NetworkError(f"prices cannot be updated: {status.error}", hint="Those that are here stay in use.")
    return f"prices of model-prices are those of {model_prices.data_as_of().date().isoformat()}"
