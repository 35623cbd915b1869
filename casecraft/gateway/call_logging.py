"""The gateway's log of calls, and what never stands in it."""

from casecraft.config import Settings
from casecraft.providers.call_log import CallLog
from casecraft.providers.redaction import Redaction, redaction_of_all


def open_log(settings: Settings, token: str) -> CallLog | None:
    """The log of calls, if one is wanted. No key or token of these settings is ever in it."""
    if settings.log_calls is None:
        return None
    return CallLog(settings.log_calls, bodies=settings.log_bodies, redaction=secrets_of(settings, token))


def secrets_of(settings: Settings, token: str) -> Redaction:
    """The keys of all providers, the tokens of the gateway's keys, and the token of this start."""
    tokens = [token, *(key.token.get_secret_value() for key in settings.gateway.keys.values())]
    return redaction_of_all(settings.provider_settings.values(), tokens)
