"""How requests show who sends them: keys as they are, and what signs or renews itself."""

import os

from pydantic import SecretStr

from casecraft.errors import ProviderConfigurationError
from casecraft.providers.auth.plain import HeaderAuth, NoAuth, QueryAuth, bearer
from casecraft.providers.auth.protocol import Auth
from casecraft.providers.catalog import row

__all__ = ["Auth", "auth_of"]


def auth_of(row_auth: row.Auth, key: SecretStr | None, *, provider: str, region: str = "") -> Auth:
    """The way that a row names, with this key. Nobody is asked for anything before the first request.

    No key is no error here: a server of the user's own may want none. Raises `ProviderConfigurationError` where a
    package is missing, or the row lacks what its scheme needs.
    """
    scheme = row_auth.scheme
    if scheme == "aws":
        return _aws(row_auth, key, provider, region)
    if scheme == "google" and key is None:
        from casecraft.providers.auth.google import GoogleAuth  # noqa: PLC0415

        return GoogleAuth(provider=provider)
    if scheme == "azure" and key is None:
        from casecraft.providers.auth.azure import EntraAuth  # noqa: PLC0415

        return EntraAuth(row_auth.service, provider=provider)
    return _plain(row_auth, key, provider)


def _plain(row_auth: row.Auth, key: SecretStr | None, provider: str) -> Auth:
    scheme = row_auth.scheme
    if scheme == "none" or key is None:
        return NoAuth()
    if scheme == "bearer":
        return bearer(key)
    # Vertex AI takes keys under this name, Azure under that.
    name = row_auth.name or {"google": "x-goog-api-key", "azure": "api-key"}.get(scheme, "")
    if not name:
        message = f"provider {provider!r} sends its key by {scheme!r}, under no name"
        raise ProviderConfigurationError(message, provider=provider, hint="Set auth.name in its row.")
    return QueryAuth(key, name) if scheme == "query" else HeaderAuth(key, name)


def _aws(row_auth: row.Auth, key: SecretStr | None, provider: str, region: str) -> Auth:
    """A signature, or one of the bearer tokens that some services take instead."""
    service = row_auth.service
    if not service:
        message = f"provider {provider!r} signs for no service of AWS"
        raise ProviderConfigurationError(message, provider=provider, hint="Set auth.service in its row.")
    token = os.environ.get(f"AWS_BEARER_TOKEN_{service.upper()}")
    if key is None and token:
        key = SecretStr(token)
    if key is not None:
        return bearer(key)
    from casecraft.providers.auth.aws import AwsAuth  # noqa: PLC0415

    return AwsAuth(service, region, provider=provider)
