"""Exchanges to rows and back. No row holds a credential, and no text of strangers is longer than it should be."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from casecraft.core.exchange import Exchange, ExchangeAttempt
from casecraft.state import codec
from casecraft.state.codec import COST_COLUMNS, USAGE_COLUMNS, Row
from casecraft.state.secrecy import blot_out

EXCHANGE_COLUMNS = (
    "id", "started", "client", '"key"', "dialect", "path", "asked_model", "rule", "streamed", "status", "outcome",
    "error", "losses", "seconds", "first_byte",
)  # fmt: skip
ATTEMPT_COLUMNS = (
    "exchange_id", "ordinal", "provider", "model", "status", "error", *USAGE_COLUMNS, *COST_COLUMNS, "seconds",
)  # fmt: skip
LONGEST_NAME = 500
LONGEST_ERROR = 4000


class ExchangeItem(NamedTuple):
    """The row of an exchange, and those of its attempts."""

    exchange: Row
    attempts: tuple[Row, ...]


def exchange_item(exchange: Exchange) -> ExchangeItem:
    """The rows of `EXCHANGE_COLUMNS` and `ATTEMPT_COLUMNS`. Longer names and errors are cut."""
    row = (
        exchange.id,
        exchange.started,
        _name(exchange.client),
        exchange.key,
        exchange.dialect,
        _name(exchange.path),
        _name(exchange.asked_model),
        _name(exchange.rule),
        exchange.streamed,
        exchange.status,
        exchange.outcome,
        _error(exchange.error),
        codec.dump(exchange.losses),
        exchange.seconds,
        exchange.first_byte,
    )
    return ExchangeItem(row, tuple(_attempt_row(exchange.id, *each) for each in enumerate(exchange.attempts)))


def exchange_from(row: Sequence[Any], attempts: Iterable[Sequence[Any]]) -> Exchange:
    """The exchange of a row and those of its attempts, in their order."""
    fields = dict(zip(("key" if name == '"key"' else name for name in EXCHANGE_COLUMNS), row, strict=True))
    changed = {
        "streamed": bool(fields["streamed"]),
        "losses": tuple(codec.load(fields["losses"])),
        "attempts": tuple(map(_attempt_from, attempts)),
    }
    return Exchange(**fields | changed)


def _attempt_row(exchange_id: str, ordinal: int, attempt: ExchangeAttempt) -> Row:
    return (
        exchange_id,
        ordinal,
        attempt.provider,
        _name(attempt.model),
        attempt.status,
        _error(attempt.error),
        *codec.usage_columns(attempt.usage),
        *codec.cost_columns(attempt.cost),
        attempt.seconds,
    )


def _attempt_from(row: Sequence[Any]) -> ExchangeAttempt:
    _, _, provider, model, status, error, *figures, seconds = row
    usage, cost = codec.usage_from(figures[:5]), codec.cost_from(figures[5:])
    return ExchangeAttempt(provider, model, status, error, usage, cost, seconds)


def _name(text: str) -> str:
    return _cut(blot_out(text), LONGEST_NAME)


def _error(text: str) -> str:
    # Cut first, with room: what is blotted out may reach over the end.
    return _cut(blot_out(text[: 2 * LONGEST_ERROR]), LONGEST_ERROR) if text else ""


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
