"""What an answer used and what it cost."""

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one answer. `cached_input` and `cache_write` are parts of `input`, `reasoning` of `output`."""

    input: int = 0
    output: int = 0
    cached_input: int = 0
    cache_write: int = 0
    reasoning: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.input + other.input,
            self.output + other.output,
            self.cached_input + other.cached_input,
            self.cache_write + other.cache_write,
            self.reasoning + other.reasoning,
        )


@dataclass(frozen=True, slots=True)
class Cost:
    """An amount of money by the prices of a day. `currency` is an ISO 4217 code, `as_of` an ISO 8601 date."""

    amount: Decimal
    currency: str
    as_of: str


@dataclass(slots=True)
class UsageMeter:
    """A running sum of usage and cost. What has no known price is counted in `unpriced`, never taken as free."""

    usage: Usage = Usage()
    amounts: Counter[str] = field(default_factory=Counter)
    unpriced: int = 0
    answers: int = 0

    def add(self, usage: Usage | None, cost: Cost | None) -> None:
        """Count one answer. Money of different currencies is kept apart."""
        self.answers += 1
        if usage is not None:
            self.usage += usage
        if cost is None:
            self.unpriced += 1
        else:
            self.amounts[cost.currency] += cost.amount  # type: ignore[assignment]  # a Counter adds Decimals too

    def include(self, other: "UsageMeter") -> None:
        """Count all that another meter has counted."""
        self.usage += other.usage
        self.amounts.update(other.amounts)
        self.unpriced += other.unpriced
        self.answers += other.answers
