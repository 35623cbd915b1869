"""The right provider for how hard an endpoint is."""

from collections.abc import Mapping, Sequence

from casecraft.core.endpoint import Endpoint
from casecraft.core.profile import Profile
from casecraft.strategy.turns import turns


class ByComplexity:
    """Simple endpoints go to the first-named provider, complex ones to the last, medium ones between; kept so.

    Between two providers there is nothing between: medium endpoints then go to the last, the more capable one. With
    four and more, those between take turns by their workers.
    """

    rebalance = False

    def assign(self, endpoints: Sequence[Endpoint], profiles: Sequence[Profile]) -> Mapping[str, str]:
        """A provider for each endpoint. Name them from the cheapest to the most capable."""
        between = turns(profiles[1:-1] or profiles[-1:])
        fixed = {"simple": profiles[0].name, "complex": profiles[-1].name}
        return {endpoint.id: fixed.get(endpoint.complexity.tier) or next(between) for endpoint in endpoints}
