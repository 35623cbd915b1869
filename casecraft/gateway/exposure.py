"""Whether the gateway may listen where it is told to, with the tokens that it has."""

from collections.abc import Iterator
from ipaddress import ip_address

from casecraft.config import GatewaySettings
from casecraft.config.environment import GATEWAY_PREFIX, gateway_key_variable
from casecraft.errors import ConfigurationError

SHORTEST_TOKEN = 16
"""Characters that a token needs where others can reach the gateway."""


def check_exposure(gateway: GatewaySettings) -> None:
    """Raise `ConfigurationError` where a token is missing, malformed or used twice, or where others can reach the
    gateway and a token is weak or none is set.
    """
    owners: dict[str, str] = {}
    for owner, variable, token in _tokens(gateway):
        _check_token(owner, variable, token)
        if token in owners:
            raise ConfigurationError(f"{owner} and {owners[token]} are the same", hint="Give each a token of its own.")
        owners[token] = owner
        if len(token) < SHORTEST_TOKEN and not is_loopback(gateway.host):
            message = f"{owner} has fewer than {SHORTEST_TOKEN} characters, and others can reach {gateway.host!r}"
            raise ConfigurationError(message, hint=f"Set a longer one: {variable}.")
    if not owners and not is_loopback(gateway.host):
        message = f"the gateway has no token, and others can reach {gateway.host!r}"
        raise ConfigurationError(message, hint=f"Set {_OWN_VARIABLE}, in the environment or in .env.")


def is_loopback(host: str) -> bool:
    """Does this address, or name, lead to this machine alone?"""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


_OWN_VARIABLE = f"{GATEWAY_PREFIX}TOKEN"


def _tokens(gateway: GatewaySettings) -> Iterator[tuple[str, str, str]]:
    """Each token with whose it is and the variable for it."""
    if gateway.token is not None:
        yield "the token of the gateway", _OWN_VARIABLE, gateway.token.get_secret_value()
    for name, key in gateway.keys.items():
        yield f"the token of the key {name!r}", gateway_key_variable(name), key.token.get_secret_value()


def _check_token(owner: str, variable: str, token: str) -> None:
    if not token:
        raise ConfigurationError(f"{owner} is not set", hint=f"Set {variable}, in the environment or in .env.")
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise ConfigurationError(f"{owner} has blanks or characters that no header can hold", hint=f"Check {variable}.")
