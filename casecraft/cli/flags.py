"""From options as typed to settings by name."""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import typer

_COST = re.compile(r"^\s*(?P<amount>\d+(?:\.\d+)?)\s*(?P<currency>[A-Za-z]{3})?\s*$")


def flags_of(
    *,
    providers: Sequence[str] | None = None,
    models: Sequence[str] | None = None,
    workers: Sequence[str] | None = None,
    max_cost: str | None = None,
    no_rules: bool = False,
    formats: Sequence[str] | None = None,
    include_methods: Sequence[str] | None = None,
    techniques: Sequence[str] | None = None,
    **others: Any,
) -> dict[str, Any]:
    """The settings that were given as options; None and empty lists mean not given.

    `models` and `workers` are `NAME=VALUE`, or a bare value for all. Raises typer.BadParameter.
    """
    names = _names(providers)
    flags = {
        **others,
        **_own_and_common(names, models, workers),
        "providers": names,
        "include_methods": _names(include_methods),
        "techniques": _names(techniques),
        "formats": tuple(dict.fromkeys(["json", *_names(formats)])) if formats else (),
        "rules_fallback": False if no_rules else None,
        **(_budget(max_cost) if max_cost is not None else {}),
    }
    return {name: value for name, value in flags.items() if value not in (None, [], (), {})}


def _own_and_common(names: list[str], models: Sequence[str] | None, workers: Sequence[str] | None) -> dict[str, Any]:
    """What is set for single providers, and the number of workers of all."""
    own: dict[str, dict[str, Any]] = {}
    common: dict[str, Any] = {}
    for name, model in _pairs(models):
        for provider in [name] if name else _all_of(names, "--model"):
            own.setdefault(provider, {})["model"] = model
    for name, number in _pairs(workers):
        if name:
            own.setdefault(name, {})["workers"] = _whole(number)
        else:
            common["workers"] = _whole(number)
    return {**common, "provider_settings": own}


def _names(values: Sequence[str] | None) -> list[str]:
    from casecraft.config.values import split_names  # noqa: PLC0415  # `--help` must not pay for it

    return [name for value in values or () for name in split_names(value)]  # type: ignore[attr-defined]


def _pairs(values: Sequence[str] | None) -> list[tuple[str, str]]:
    pairs = []
    for value in values or ():
        for part in value.split(","):
            name, found, rest = part.partition("=")
            pairs.append((name.strip(), rest.strip()) if found else ("", part.strip()))
    return pairs


def _all_of(names: list[str], option: str) -> list[str]:
    if len(names) != 1:
        raise typer.BadParameter("say whose: NAME=MODEL", param_hint=option)
    return names


def _whole(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise typer.BadParameter(f"{text!r} is no whole number from 1 up", param_hint="--workers")
    return int(text)


def _budget(text: str) -> dict[str, str]:
    amount, currency = read_money(text, "--max-cost")
    return {"max_cost": str(amount), "currency": currency}


def read_money(text: str, option: str) -> tuple[Decimal, str]:
    """`5 CNY` as amount and currency, which is USD unless it is named. Raises typer.BadParameter."""
    match = _COST.match(text)
    if match is None:
        raise typer.BadParameter(f"{text!r} is no amount such as 5 or '5 USD'", param_hint=option)
    return Decimal(match["amount"]), (match["currency"] or "USD").upper()
