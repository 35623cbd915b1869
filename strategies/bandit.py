"""`--strategy strategies/bandit.py`: learns during the run who gives most verified cases for the money.

A bandit by upper confidence bound (UCB1): each provider is tried first, then the one is chosen whose yield so far,
plus a bonus for having been tried little, is the highest.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from casecraft.core.endpoint import Endpoint
from casecraft.core.job import JobResult
from casecraft.core.profile import Profile
from casecraft.core.usage import UsageMeter
from casecraft.strategy import turns

CURIOSITY = 0.5
"""Weight of the bonus. At 0 the best so far is always taken; UCB1 in its textbook form has the square root of 2."""


@dataclass(slots=True)
class Record:
    """What a provider was given and what it made of it."""

    chosen: int = 0
    cases: int = 0
    tokens: int = 0
    unpriced: int = 0
    money: Counter[str] = field(default_factory=Counter)

    def add(self, cases: int, spending: UsageMeter) -> None:
        """Count what one job brought and took."""
        self.cases += cases
        self.tokens += spending.usage.input + spending.usage.output
        self.unpriced += spending.unpriced
        self.money.update(spending.amounts)


class Bandit:
    """Learns who gives most verified cases per unit of cost, and sends endpoints there.

    Cost is money where every answer had a price in one currency, else tokens. It draws no chance: the same results
    in the same order give the same choices.
    """

    rebalance = False

    def __init__(self) -> None:
        self._records: dict[str, Record] = {}

    def assign(self, endpoints: Sequence[Endpoint], profiles: Sequence[Profile]) -> Mapping[str, str]:
        """A forecast, before anything is known: turns by workers."""
        names = islice(turns(profiles), len(endpoints))
        return {endpoint.id: name for endpoint, name in zip(endpoints, names, strict=True)}

    def choose(self, endpoint: Endpoint, profiles: Sequence[Profile]) -> str:  # noqa: ARG002  # all endpoints alike
        """The provider with the highest bound; of equals the first-named."""
        names = [profile.name for profile in profiles]
        records = [self._records.setdefault(name, Record()) for name in names]
        bounds = dict(zip(names, _bounds(records), strict=True))
        choice = max(names, key=bounds.__getitem__)
        self._records[choice].chosen += 1
        return choice

    def learn(self, result: JobResult) -> None:
        """Count the cases that the provider itself made against what the job cost."""
        if result.status not in {"done", "failed"}:
            return
        name = result.fell_back[0] if result.provider is None and result.fell_back else result.provider
        if name is not None:
            own = sum(case.source.provider == name for case in result.cases)
            self._records.setdefault(name, Record()).add(own, result.spending)


def _bounds(records: Sequence[Record]) -> list[float]:
    yields = _yields(records)
    best = max(yields) or 1.0
    tries = sum(record.chosen for record in records)
    return [
        math.inf if not record.chosen else gained / best + CURIOSITY * math.sqrt(2 * math.log(tries) / record.chosen)
        for record, gained in zip(records, yields, strict=True)
    ]


def _yields(records: Sequence[Record]) -> list[float]:
    """Cases per unit of cost of each; what cost nothing is taken as a thousandth of the dearest job's share."""
    currencies = {currency for record in records for currency in record.money}
    in_money = len(currencies) == 1 and not any(record.unpriced for record in records)
    costs = [float(sum(record.money.values())) if in_money else float(record.tokens) for record in records]
    least = max(costs) / 1000 or 1.0
    return [record.cases / max(cost, least) for record, cost in zip(records, costs, strict=True)]
