"""What passes through the gateway: one client's request, the attempts to have it answered, and what came of it."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeAlias

from casecraft.core.usage import Cost, Usage, UsageMeter

ExchangeOutcome: TypeAlias = Literal["answered", "failed", "refused", "cancelled", "cut"]
"""`refused`: by the gateway itself (token, budget, size, lost meaning, unknown model); `failed`: no provider answered;
`cancelled`: the client went away; `cut`: the answer broke off after its first byte.
"""

_SUCCESS = range(200, 300)


@dataclass(frozen=True, slots=True)
class ExchangeAttempt:
    """One request to one provider for one exchange.

    `status` is the provider's HTTP status, None where none came. `error` is empty where it answered, else the error's
    class and message ("RateLimitError: …"), without credentials. `seconds` is how long it took.
    """

    provider: str
    model: str
    status: int | None
    error: str
    usage: Usage | None
    cost: Cost | None
    seconds: float

    @property
    def billed(self) -> bool:
        """Has it cost something, known or not? So have answers that broke off: the provider had begun on them."""
        begun = self.status is not None and self.status in _SUCCESS
        return not self.error or self.usage is not None or self.cost is not None or begun


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request of a client, with what came of it.

    `started` is Unix time; `seconds` how long all of it took, `first_byte` how long until the first byte of the answer
    went out, None where none did. `client` is the program that asked, `key` the name of its token, empty for the token
    of this start. `dialect` and `path` are those of the door, `asked_model` is the model as the client named it,
    `rule` says what led to the route. `status` is the HTTP status that the client got. `error` is empty where nothing
    went wrong. `losses` are the names of what could not be said to the provider.
    """

    id: str
    started: float
    client: str
    key: str
    dialect: str
    path: str
    asked_model: str
    rule: str
    streamed: bool
    status: int
    outcome: ExchangeOutcome
    error: str
    attempts: tuple[ExchangeAttempt, ...]
    losses: tuple[str, ...]
    seconds: float
    first_byte: float | None

    @property
    def provider(self) -> str:
        """The provider asked last; empty where none was."""
        return self.attempts[-1].provider if self.attempts else ""

    @property
    def model(self) -> str:
        """The model asked last; empty where none was."""
        return self.attempts[-1].model if self.attempts else ""

    @property
    def spending(self) -> UsageMeter:
        """What all attempts used and cost together: currencies apart, and what has no known price counted."""
        total = UsageMeter()
        for attempt in self.attempts:
            if attempt.billed:
                total.add(attempt.usage, attempt.cost)
        return total

    @property
    def usage(self) -> Usage | None:
        """The tokens of all attempts; None where no provider told any."""
        told = [attempt.usage for attempt in self.attempts if attempt.usage is not None]
        return sum(told, Usage()) if told else None

    @property
    def cost(self) -> Cost | None:
        """The cost of all attempts, by the newest of their prices.

        None where nothing was billed, where one's price is not known, and where they are in different currencies:
        `spending` tells those apart.
        """
        costs = [attempt.cost for attempt in self.attempts if attempt.billed]
        known = [cost for cost in costs if cost is not None]
        currencies = {cost.currency for cost in known}
        if len(known) < len(costs) or len(currencies) != 1:
            return None
        amount = sum((cost.amount for cost in known), Decimal())
        return Cost(amount, currencies.pop(), max(cost.as_of for cost in known))
