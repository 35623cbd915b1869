"""What a run would use and cost."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from casecraft.cases import OUTPUT_TOKENS_PER_CASE, TOKENS_PER_COMPARED_CASE
from casecraft.core.endpoint import Endpoint
from casecraft.core.profile import Profile
from casecraft.core.usage import Cost, Usage
from casecraft.engine.case_work import MOST_CASES, CaseWork
from casecraft.providers import Provider, split_name


@dataclass(frozen=True, slots=True)
class Estimate:
    """One provider's share of a run, without repairs: its cases, or the embeddings that it makes of all cases.

    `cost` is None where the price is not known.
    """

    provider: str
    model: str
    endpoints: int
    usage: Usage
    cost: Cost | None
    purpose: Literal["cases", "embeddings"] = "cases"


def estimate_share(
    profile: Profile, provider: Provider | None, endpoints: Iterable[Endpoint], work: CaseWork
) -> Estimate:
    """The share of one provider; that of the built-in rules, None, is nothing."""
    assigned = list(endpoints)
    if provider is None:
        return Estimate(profile.name, profile.model, len(assigned), Usage(), Cost(Decimal(0), "USD", ""))
    usage = Usage(
        input=sum(work.estimate(work.request(endpoint, profile)) for endpoint in assigned),
        output=sum(MOST_CASES[endpoint.complexity.tier] * OUTPUT_TOKENS_PER_CASE for endpoint in assigned),
    )
    return Estimate(profile.name, profile.model, len(assigned), usage, provider.price(usage, profile.model))


def estimate_comparison(name: str, provider: Provider, endpoints: Iterable[Endpoint]) -> Estimate:
    """The share of who makes embeddings (`provider/model`) of the cases that models make for these endpoints."""
    asked = list(endpoints)
    model = split_name(name)[1] or provider.profile.model
    usage = Usage(input=sum(MOST_CASES[it.complexity.tier] * TOKENS_PER_COMPARED_CASE for it in asked))
    return Estimate(split_name(name)[0], model, len(asked), usage, provider.price(usage, model), "embeddings")
