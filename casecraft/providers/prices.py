"""What usage costs: by the user's price, else the row's, else genai-prices, else model-prices; always offline.

The libraries are imported when a price is first asked for, and only data on this machine is used. Each model's rates
are looked up once an hour (some prices depend on the time) and then cost a few multiplications.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from casecraft.core.profile import Price, Profile
from casecraft.core.usage import Cost, Usage
from casecraft.providers.catalog import CatalogRow, PriceTier, Site

if TYPE_CHECKING:
    from model_prices import Rates

SECONDS_PER_HOUR = 3600
PER_MILLION = -6
# Where it costs nothing there is no currency; this one keeps sums in one place.
FREE_CURRENCY = "USD"


@dataclass(frozen=True, slots=True)
class Tier:
    """Money per token for requests with more than `above` input tokens; None is billed as plain input or output.

    `reasoning` is the rate of reasoning tokens; `thinking_output` that of the whole output where there was reasoning.
    """

    above: int
    input: Decimal
    output: Decimal
    cached_input: Decimal | None = None
    cache_write: Decimal | None = None
    reasoning: Decimal | None = None
    thinking_output: Decimal | None = None

    def amount(self, usage: Usage) -> Decimal:
        """What the usage costs at these rates."""
        fresh = usage.input - usage.cached_input - usage.cache_write
        total = self.input * fresh
        total += (self.input if self.cached_input is None else self.cached_input) * usage.cached_input
        total += (self.input if self.cache_write is None else self.cache_write) * usage.cache_write
        if usage.reasoning and self.thinking_output is not None:
            return total + self.thinking_output * usage.output
        if self.reasoning is not None:
            return total + self.output * (usage.output - usage.reasoning) + self.reasoning * usage.reasoning
        return total + self.output * usage.output


@dataclass(frozen=True, slots=True)
class Tariff:
    """The rates of one model. The tier with the highest `above` that a request exceeds holds for all of its tokens."""

    tiers: tuple[Tier, ...]
    currency: str
    as_of: str

    def cost(self, usage: Usage, factor: Decimal = Decimal(1)) -> Cost:
        """What the usage costs; `factor` is the share of the price that is paid."""
        chosen = self.tiers[0]
        for tier in self.tiers[1:]:
            if usage.input > tier.above:
                chosen = tier
        return Cost(chosen.amount(usage) * factor, self.currency, self.as_of)


class PriceList:
    """The prices of one provider as this run uses it."""

    def __init__(self, row: CatalogRow, site: Site | None, profile: Profile) -> None:
        self._row = row
        self._site = site
        self._profile = profile
        self._found: dict[str, tuple[int, Tariff | None]] = {}

    def cost(self, usage: Usage | None, model: str, *, batch: bool = False) -> Cost | None:
        """What the usage costs, in a batch of the vendor's where `batch` says so.

        None where the price is not known, or the usage is not. Local models cost nothing.
        """
        if self._profile.local:
            return Cost(Decimal(0), FREE_CURRENCY, self._row.checked.isoformat())
        factor = self._row.batch_factor_of(model) if batch else Decimal(1)
        tariff = self.tariff(model)
        return tariff.cost(usage, factor) if tariff is not None and usage is not None and factor is not None else None

    def tariff(self, model: str) -> Tariff | None:
        """The rates of a model now."""
        hour = int(time.time() // SECONDS_PER_HOUR)
        found = self._found.get(model)
        if found is None or found[0] != hour:
            found = self._found[model] = (hour, self._look_up(model))
        return found[1]

    def _look_up(self, model: str) -> Tariff | None:
        if self._profile.price is not None:
            return _from_user(self._profile.price)
        return look_up(self._row, self._site, model)


def look_up(row: CatalogRow, site: Site | None, model: str) -> Tariff | None:
    """The rates of a model at a site: those of the row, else those of the libraries."""
    own = _from_row(row, site, model)
    if own is not None or site is None:
        return own
    for library, vendor in ((_from_genai_prices, site.genai_prices), (_from_model_prices, site.model_prices)):
        tariff = library(vendor, model, row.checked.isoformat()) if vendor is not None else None
        if tariff is not None:
            return tariff
    return None


def _from_user(price: Price) -> Tariff:
    tier = Tier(
        above=0,
        input=price.input.scaleb(PER_MILLION),
        output=price.output.scaleb(PER_MILLION),
        cached_input=_per_token(price.cached_input),
        cache_write=_per_token(price.cache_write),
        reasoning=_per_token(price.reasoning),
    )
    return Tariff((tier,), price.currency, price.as_of)


def _from_row(row: CatalogRow, site: Site | None, model: str) -> Tariff | None:
    region = site.region if site is not None else ""
    for price in row.prices:
        if price.region == region and model.lower() in price.models:
            return Tariff(tuple(map(_tier_of_row, price.tiers)), price.currency, price.as_of.isoformat())
    return None


def _tier_of_row(tier: PriceTier) -> Tier:
    return Tier(
        above=tier.above,
        input=tier.input.scaleb(PER_MILLION),
        output=tier.output.scaleb(PER_MILLION),
        cached_input=_per_token(tier.cached_input),
        cache_write=_per_token(tier.cache_write),
        thinking_output=_per_token(tier.thinking_output),
    )


def _per_token(rate: Decimal | None) -> Decimal | None:
    return None if rate is None else rate.scaleb(PER_MILLION)


def _from_genai_prices(vendor: str, model: str, as_of: str) -> Tariff | None:
    """Rates of genai-prices, in USD. It does not date them: they are as of the day on which the row was checked."""
    from datetime import UTC, datetime  # noqa: PLC0415

    from genai_prices.data_snapshot import get_snapshot  # noqa: PLC0415

    try:
        _, found = get_snapshot().find_provider_model(model, None, vendor, None)
    except LookupError:
        return None
    rates: Any = found.get_prices(datetime.now(tz=UTC))
    steps = {0, *(tier.start for rate in vars(rates).values() for tier in getattr(rate, "tiers", ()))}

    def rate_above(name: str, above: int) -> Decimal | None:
        rate: Any = getattr(rates, name, None)
        if hasattr(rate, "tiers"):
            rate = next((tier.price for tier in reversed(rate.tiers) if tier.start <= above), rate.base)
        return None if rate is None else Decimal(rate)

    return _tariff(steps, rate_above, GENAI_NAMES, "USD", as_of)


def _from_model_prices(vendor: str, model: str, _: str) -> Tariff | None:
    """Rates of model-prices, in USD, as of the commit that its data comes from."""
    model_prices = _newest_model_prices()
    found = model_prices.rates(model, provider=vendor)
    # A name that it knows only from another vendor says nothing about the price here.
    if found is None or found.provider != vendor:
        return None
    thinking = model_prices.rates(model, provider=vendor, mode=model_prices.THINKING)
    steps = {0, *(tier.above for tier in found.tiers)}

    def rate_above(name: str, above: int) -> Decimal | None:
        if name == "thinking_output":
            rate = _model_rate(thinking, "output", above)
            return None if rate == _model_rate(found, "output", above) else rate
        return _model_rate(found, name, above)

    as_of = model_prices.data_as_of().date().isoformat()
    return _tariff(steps, rate_above, MODEL_PRICES_NAMES, "USD", as_of)


@cache
def _newest_model_prices() -> Any:
    """The library with the newest data that is on this machine: what came with it, or what an update has fetched."""
    import model_prices  # noqa: PLC0415

    model_prices.refresh(max_age=None)
    return model_prices


def maker_of(model: str) -> str | None:
    """The vendor that has made the model of this very id, by its name in model-prices."""
    found = _newest_model_prices().resolve(model, strict=True)
    return found[0] if found is not None and found[1] == model else None


def _model_rate(rates: "Rates", name: str, above: int) -> Decimal | None:
    value = getattr(rates, name)
    for tier in rates.tiers:
        if tier.above <= above and getattr(tier, name) is not None:
            value = getattr(tier, name)
    return None if value is None else Decimal(str(value))


# Our name of a rate -> the library's.
Names: TypeAlias = Mapping[str, str]
GENAI_NAMES: Names = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cached_input": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
}
MODEL_PRICES_NAMES: Names = {
    "input": "input",
    "output": "output",
    "cached_input": "cache_read",
    "cache_write": "cache_write",
    "thinking_output": "thinking_output",
}


def _tariff(
    steps: Iterable[int], rate_above: Callable[[str, int], Decimal | None], names: Names, currency: str, as_of: str
) -> Tariff | None:
    tiers = []
    for above in sorted(steps):
        rates = {ours: _per_token(rate_above(theirs, above)) for ours, theirs in names.items()}
        given, made = rates.pop("input"), rates.pop("output")
        if given is None or made is None:
            return None
        tiers.append(Tier(above, given, made, **rates))
    return Tariff(tuple(tiers), currency, as_of)
