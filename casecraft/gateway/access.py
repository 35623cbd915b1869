"""Who may use the gateway: the token of this start, and the keys that the configuration names."""

import hmac
import secrets
from collections.abc import Mapping

from casecraft.errors import AuthenticationError

OWN = ""
"""The name of the token of this start, and of the one that is configured."""

_HEADERS = ("x-api-key", "x-goog-api-key", "api-key")


def new_token() -> str:
    """A token that nobody can guess."""
    return f"cc-{secrets.token_urlsafe(24)}"


class Access:
    """The tokens that open the gateway. None of them is ever shown or passed on."""

    def __init__(self, token: str, keys: Mapping[str, str]) -> None:
        self._tokens = {OWN: token.encode(), **{name: secret.encode() for name, secret in keys.items()}}

    def __repr__(self) -> str:
        return f"Access({len(self._tokens)} tokens)"

    def name_of(self, headers: Mapping[str, str], query: Mapping[str, str]) -> str:
        """Whose token a request brings. Raises `AuthenticationError` where it is nobody's."""
        given = _given(headers, query)
        if not given:
            raise AuthenticationError(
                "the gateway wants a token",
                status=401,
                hint="`casecraft gateway` prints it; `casecraft launch` sets it.",
            )
        # All are compared, so that the time says nothing about which one was nearly right.
        found = [name for name, token in self._tokens.items() if hmac.compare_digest(token, given.encode())]
        if not found:
            raise AuthenticationError("the gateway does not know this token", status=401)
        return found[0]


def _given(headers: Mapping[str, str], query: Mapping[str, str]) -> str:
    kind, _, token = headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer" and token:
        return token.strip()
    named = next((value for name in _HEADERS if (value := headers.get(name))), "")
    return named or query.get("key", "")
