"""How figures read on the page."""

from datetime import UTC, datetime
from decimal import Decimal

from casecraft.core.usage import UsageMeter
from casecraft.errors import CasecraftError

_LEAST = Decimal("0.0001")
_THOUSAND = 1000
_UNITS = ("", "k", "M", "G", "T")
_MINUTE = 60
_SECONDS_WITH_TENTHS = 10


def money(spending: UsageMeter) -> str:
    """`0.0123 USD + 1.2000 CNY, 3 of unknown price`; a dash where nothing was billed."""
    text = amounts(spending)
    return f"{text}, {spending.unpriced} of unknown price" if spending.amounts and spending.unpriced else text


def amounts(spending: UsageMeter) -> str:
    """`0.0123 USD + 1.2000 CNY`; "unknown" where no price is known, a dash where nothing was billed."""
    text = " + ".join(amount_of(Decimal(amount), currency) for currency, amount in sorted(spending.amounts.items()))
    return text or ("unknown" if spending.unpriced else "–")


def amount_of(amount: Decimal, currency: str) -> str:
    """`0.0123 USD`; what is not nothing does not read as nothing."""
    if not amount:
        return f"0 {currency}"
    return f"{amount:.4f} {currency}" if amount >= _LEAST else f"under {_LEAST} {currency}"


def short(number: float) -> str:
    """`950`, `12.3k`, `4.5M`."""
    size, unit = float(number), 0
    while abs(size) >= _THOUSAND and unit < len(_UNITS) - 1:
        size, unit = size / _THOUSAND, unit + 1
    text = f"{size:.1f}".removesuffix(".0") if unit or size != int(size) else f"{size:.0f}"
    return f"{text}{_UNITS[unit]}"


def duration(seconds: float | None) -> str:
    """`120 ms`, `3.2 s`, `45 s`, `2 min 5 s`; a dash for none."""
    if seconds is None:
        return "–"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < _SECONDS_WITH_TENTHS:
        return f"{seconds:.1f} s"
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    return f"{seconds // _MINUTE:.0f} min {seconds % _MINUTE:.0f} s"


def moment(unix: float) -> str:
    """`14:03:22` for one of today (UTC), else `2026-11-20 14:03`."""
    then = datetime.fromtimestamp(unix, UTC)
    today = then.date() == datetime.now(UTC).date()
    return then.strftime("%H:%M:%S" if today else "%Y-%m-%d %H:%M")


def iso(unix: float) -> str:
    """As machines read it."""
    return datetime.fromtimestamp(unix, UTC).isoformat(timespec="seconds")


def counted(number: int, one: str, many: str = "") -> str:
    """`1 request`, `3 requests`."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def told(error: CasecraftError) -> str:
    """What went wrong, and what to do about it."""
    return f"{error}. {error.hint or ''}".strip()
