"""What may be spent in a day, by all clients and by each key."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from casecraft.core.usage import Cost, UsageMeter
from casecraft.errors import AuthenticationError, CasecraftError, ProviderConfigurationError, StateError
from casecraft.state import Store, ledgers, open_store, usage_by
from casecraft.wire.error_status import NO_CREDIT

DAY = 86_400


def today() -> int:
    """The day, counted from 1970, by UTC."""
    return int(time.time()) // DAY


@dataclass(slots=True)
class DayBudget:
    """Ceilings for a day (UTC) in one currency. `keys` has those of single keys, `spent` what each has spent today.

    A request is refused once the ceiling is reached; those in flight then may still pass it by what they cost.
    """

    currency: str
    ceiling: Decimal | None = None
    keys: Mapping[str, Decimal] = field(default_factory=dict)
    spent: dict[str, Decimal] = field(default_factory=dict)
    day: int = field(default_factory=today)

    @property
    def watches(self) -> bool:
        """Whether there is any ceiling."""
        return self.ceiling is not None or bool(self.keys)

    def check(self, key: str) -> None:
        """Raise `AuthenticationError` with status 402 where no more may be spent today."""
        self._turn_day()
        total = sum(self.spent.values(), Decimal())
        if self.ceiling is not None and total >= self.ceiling:
            raise self._reached(f"the gateway's budget of {self.ceiling} {self.currency} for today", total)
        own = self.keys.get(key)
        if own is not None and self.spent.get(key, Decimal()) >= own:
            raise self._reached(f"the budget of {own} {self.currency} for today of the key {key!r}", self.spent[key])

    def check_price(self, provider: str, model: str, price: Cost | None) -> None:
        """Raise `ProviderConfigurationError` where the price of a token is not known in the currency of a ceiling."""
        if not self.watches or (price is not None and (price.currency == self.currency or not price.amount)):
            return
        known = "no price is known" if price is None else f"the price is in {price.currency}, not {self.currency},"
        message = f"there is a budget, but {known} for {provider}/{model}"
        hint = f"Set `[providers.{provider}.price]` in casecraft.toml in {self.currency}, or `currency`."
        raise ProviderConfigurationError(message, provider=provider, hint=hint)

    def add(self, key: str, spending: UsageMeter) -> None:
        """Count what a request has cost. Money of another currency cannot be counted against the ceiling."""
        self._turn_day()
        amount = spending.amounts.get(self.currency)
        if amount:
            self.spent[key] = self.spent.get(key, Decimal()) + Decimal(amount)

    def take_over(self, earlier: "DayBudget") -> None:
        """Count what was counted before under other settings. A ledger may lack the last of it, or know of more."""
        if earlier.currency == self.currency and earlier.day == self.day:
            for key, amount in earlier.spent.items():
                self.spent[key] = max(amount, self.spent.get(key, Decimal()))

    def _turn_day(self) -> None:
        if self.day != today():
            self.day = today()
            self.spent.clear()

    def _reached(self, what: str, spent: Decimal) -> AuthenticationError:
        message = f"{what} is spent ({spent:.4f})"
        return AuthenticationError(message, status=NO_CREDIT, hint="It begins anew at midnight, UTC.")


def read_spent(own: Store, currency: str, report: Callable[[CasecraftError], None]) -> dict[str, Decimal]:
    """What each key has spent today in this currency, by all ledgers of the folder in which `own` is.

    A ledger of another gateway that cannot be read is reported and left out.
    """
    spent: dict[str, Decimal] = {}
    _add_spent(own, currency, spent)
    for path in ledgers(own.path.parent):
        if path == own.path:
            continue
        try:
            with open_store(path, read_only=True) as other:
                _add_spent(other, currency, spent)
        except StateError as error:
            report(error)
    return spent


def _add_spent(ledger: Store, currency: str, spent: dict[str, Decimal]) -> None:
    for row in usage_by(ledger, "key", since=float(today() * DAY)):
        amount = row.spending.amounts.get(currency)
        if amount:
            spent[row.groups[0]] = spent.get(row.groups[0], Decimal()) + Decimal(amount)
