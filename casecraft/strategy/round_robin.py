"""Everyone in turn."""

from collections.abc import Mapping, Sequence

from casecraft.core.endpoint import Endpoint
from casecraft.core.profile import Profile
from casecraft.strategy.turns import turns


class RoundRobin:
    """Takes turns through the document, each provider as often as it has workers; idle ones take over."""

    rebalance = True

    def assign(self, endpoints: Sequence[Endpoint], profiles: Sequence[Profile]) -> Mapping[str, str]:
        """A provider for each endpoint, in the document's order."""
        return {endpoint.id: name for endpoint, name in zip(endpoints, turns(profiles), strict=False)}
