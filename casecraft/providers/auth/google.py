"""Google Cloud: tokens of the application's default credentials, by google-auth."""

import asyncio
import threading
from collections.abc import Mapping
from typing import Any

from casecraft.errors import AuthenticationError, NetworkError, ProviderConfigurationError, ProviderError
from casecraft.providers.auth.packages import require
from casecraft.providers.auth.plain import NOTHING

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
HINT = "Run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS."


class GoogleAuth:
    """Sends an access token, which is renewed as it expires, and the project that pays where the credentials say one.

    `credentials` are google-auth's; None for the application's default ones.
    """

    query = NOTHING

    def __init__(self, *, provider: str, credentials: Any = None) -> None:
        for package in ("google.auth", "requests"):
            require(package, "google", provider)
        self._provider = provider
        self._credentials = credentials
        self._lock = threading.Lock()

    async def headers(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Mapping[str, str]:
        """The token, as a bearer."""
        del method, url, headers, body
        if self._credentials is None or not self._credentials.valid:
            await asyncio.to_thread(self._renew)
        added: dict[str, str] = {}
        self._credentials.apply(added)
        return added

    def _renew(self) -> None:
        """Get a token. It asks other services, and so is not for the event loop; many requests renew but once."""
        from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415

        with self._lock:
            try:
                if self._credentials is None:
                    self._credentials = _default_credentials()
                if not self._credentials.valid:
                    self._credentials.refresh(_transport())
            except GoogleAuthError as error:
                raise self._error(error) from error

    def _error(self, error: Exception) -> ProviderError:
        from google.auth.exceptions import DefaultCredentialsError, TransportError  # noqa: PLC0415

        provider = self._provider
        if isinstance(error, DefaultCredentialsError):
            message = f"provider {provider!r} finds no credentials of Google's"
            return ProviderConfigurationError(message, provider=provider, hint=HINT)
        if isinstance(error, TransportError):
            return NetworkError(f"provider {provider!r} cannot reach Google for a token", provider=provider)
        message = f"provider {provider!r} has Google credentials that cannot be renewed ({type(error).__name__})"
        return AuthenticationError(message, provider=provider, hint=HINT)


def _default_credentials() -> Any:
    import google.auth  # noqa: PLC0415

    credentials, _ = google.auth.default(scopes=[SCOPE])
    return credentials


def _transport() -> Any:
    from google.auth.transport.requests import Request  # noqa: PLC0415

    return Request()
