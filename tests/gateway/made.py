"""Settings and exchanges for the tests of routing."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from pydantic import SecretStr

from casecraft.config import GatewaySettings, ProviderSettings, Settings
from casecraft.core.exchange import Exchange, ExchangeAttempt, ExchangeOutcome
from casecraft.core.usage import Cost, Usage

KEY = SecretStr("sk-0123456789abcdef")


def settings_with(keys: Iterable[str] = (), *, own: Any = None, use: Iterable[str] = (), **gateway: Any) -> Settings:
    """Settings in which these providers have a key, and one worker each; `own` has more of single providers, `gateway`
    are its fields.
    """
    providers = {name: ProviderSettings(api_key=KEY) for name in keys} | (own or {})
    return Settings(providers=tuple(use), workers=1, gateway=GatewaySettings(**gateway), provider_settings=providers)


def local(**more: Any) -> ProviderSettings:
    """A server of the user's own."""
    return ProviderSettings(base_url="http://127.0.0.1:9/v1", **more)


def attempt(provider: str, model: str = "m", error: str = "") -> ExchangeAttempt:
    return ExchangeAttempt(provider, model, 200, error, Usage(input=10), Cost(Decimal(1), "USD", "2026-01-01"), 0.1)


def exchange(outcome: ExchangeOutcome, *attempts: ExchangeAttempt) -> Exchange:
    return Exchange(
        id="x",
        started=0.0,
        client="claude",
        key="",
        dialect="openai_chat",
        path="/v1/chat/completions",
        asked_model="m",
        rule="",
        streamed=False,
        status=200,
        outcome=outcome,
        error="",
        attempts=attempts,
        losses=(),
        seconds=0.1,
        first_byte=None,
    )
