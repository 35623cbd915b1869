"""`--strategy strategies/cheapest.py`: everything goes to the cheapest provider, the others only stand in for it."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from casecraft.core.endpoint import Endpoint
from casecraft.core.profile import Price, Profile

INPUT_SHARE = 3
"""Input tokens for each token of output, about what a prompt with its schemas and an answer of ten cases take."""


class Cheapest:
    """Sends every endpoint to the provider with the lowest price.

    What runs on this machine costs nothing. An unknown price comes last, and so does one in another currency than the
    first known price: `notes` says which those are. Of equal prices the first-named counts.
    """

    rebalance = False

    def __init__(self) -> None:
        self.notes: tuple[str, ...] = ()

    def assign(self, endpoints: Sequence[Endpoint], profiles: Sequence[Profile]) -> Mapping[str, str]:
        """The same provider for each endpoint."""
        currency = next((profile.price.currency for profile in profiles if profile.price and not profile.local), None)
        costs = {profile.name: _cost(profile, currency) for profile in profiles}
        unknown = [name for name, cost in costs.items() if cost is None]
        self.notes = (f"no comparable price is known for {', '.join(unknown)}: last in line",) if unknown else ()
        cheapest = min(costs, key=lambda name: (costs[name] is None, costs[name] or Decimal(0)))
        return {endpoint.id: cheapest for endpoint in endpoints}


def _cost(profile: Profile, currency: str | None) -> Decimal | None:
    """The price of a typical mix of tokens, None where it is unknown or in another currency."""
    if profile.local:
        return Decimal(0)
    if profile.price is None or profile.price.currency != currency:
        return None
    return _mixed(profile.price)


def _mixed(price: Price) -> Decimal:
    return price.input * INPUT_SHARE + price.output
