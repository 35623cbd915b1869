"""Azure: tokens of Entra, by azure-identity, where no key is set."""

import asyncio
import logging
import re
import threading
import time
from collections.abc import Mapping
from typing import Any

from casecraft.errors import AuthenticationError, ProviderConfigurationError, ProviderError
from casecraft.providers.auth.packages import require
from casecraft.providers.auth.plain import NOTHING

# What tokens for Azure's model services are for.
SCOPE = "https://cognitiveservices.azure.com/.default"
# A token is renewed so long before it ends, in seconds.
MARGIN = 300
HINT = "Set the key, or run `az login`."
QUIET = logging.NullHandler()
NAMED_TWICE = re.compile(r"^(\w+): \1 ")


class EntraAuth:
    """Sends an access token, which is renewed before it expires.

    `credential` is azure-identity's; None for its `DefaultAzureCredential`.
    """

    query = NOTHING

    def __init__(self, scope: str = "", *, provider: str, credential: Any = None) -> None:
        require("azure.identity", "azure", provider, instead="Set its key, or run")
        self._scope = scope or SCOPE
        self._provider = provider
        self._credential = credential
        self._token: Any = None
        self._lock = threading.Lock()

    async def headers(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Mapping[str, str]:
        """The token, as a bearer."""
        del method, url, headers, body
        if self._is_stale():
            await asyncio.to_thread(self._renew)
        return {"Authorization": f"Bearer {self._token.token}"}

    def _is_stale(self) -> bool:
        return self._token is None or self._token.expires_on - time.time() < MARGIN

    def _renew(self) -> None:
        """Get a token. It asks other services, and so is not for the event loop; many requests renew but once."""
        from azure.core.exceptions import AzureError  # noqa: PLC0415

        with self._lock:
            if not self._is_stale():
                return
            try:
                if self._credential is None:
                    self._credential = _default_credential()
                self._token = self._credential.get_token(self._scope)
            except AzureError as error:
                raise self._error(error) from error

    def _error(self, error: Exception) -> ProviderError:
        from azure.identity import CredentialUnavailableError  # noqa: PLC0415

        provider = self._provider
        if isinstance(error, CredentialUnavailableError):
            message = f"provider {provider!r} has no key, and finds no credentials of Azure's"
            return ProviderConfigurationError(message, provider=provider, hint=HINT)
        message = f"provider {provider!r} has no key, and got no token of Entra: {_reasons(error)}"
        return AuthenticationError(message, provider=provider, hint=HINT)


def _reasons(error: Exception) -> str:
    """What the library says in many lines, in one: each way that was tried, and the first sentence of why it failed."""
    lines = str(error).splitlines() or [type(error).__name__]
    tried = [line.strip() for line in lines if line.startswith("\t")] or lines[:1]
    first = (line.partition(". ")[0].rstrip(".") for line in tried)
    return "; ".join(NAMED_TWICE.sub(r"\1 ", line) for line in first)


def _default_credential() -> Any:
    from azure.identity import DefaultAzureCredential  # noqa: PLC0415

    # What it warns of is in the error that it raises; programs that set up logging still get it.
    logging.getLogger("azure.identity").addHandler(QUIET)
    return DefaultAzureCredential()
