"""Chance, repeatable."""

import random
from collections.abc import Mapping, Sequence
from itertools import islice

from casecraft.core.endpoint import Endpoint
from casecraft.core.profile import Profile
from casecraft.strategy.turns import turns


class SeededRandom:
    """Shuffles endpoints among providers, by their workers; the same with the same seed; idle ones take over."""

    rebalance = True

    def __init__(self, *, seed: int | None = None) -> None:
        self._seed = seed

    def assign(self, endpoints: Sequence[Endpoint], profiles: Sequence[Profile]) -> Mapping[str, str]:
        """A provider for each endpoint. With a seed, the order of the endpoints does not matter."""
        ids = sorted(endpoint.id for endpoint in endpoints)
        names = list(islice(turns(profiles), len(ids)))
        random.Random(self._seed).shuffle(names)  # noqa: S311  # no secret
        return dict(zip(ids, names, strict=True))
