"""Where a client can talk to a provider without the gateway: both speak the same format, and nothing is between."""

from urllib.parse import urlsplit

from casecraft.config import ProviderSettings, Settings
from casecraft.core.profile import Profile
from casecraft.gateway.launch.client import Client
from casecraft.providers import profile_of, settings_of
from casecraft.providers.catalog import CatalogRow
from casecraft.providers.catalog.row import Site
from casecraft.providers.plugins import PluggedRow
from casecraft.providers.selection import row_of

SCHEMES = {"bearer", "header", "none"}


def direct_address(client: Client, name: str, settings: Settings) -> str | None:
    """The base URL at which this provider speaks the client's format; None where only the gateway can go between."""
    return None if obstacle(client, name, settings) else _address(client, name, settings)


def obstacle(client: Client, name: str, settings: Settings) -> str:
    """Why the client cannot talk to this provider directly, in words; empty where it can."""
    own = settings_of(name, settings.provider_settings)
    row, profile = row_of(name, own), profile_of(name, own)
    if _address(client, name, settings) is None:
        return f"{row.name!r} does not speak the format of {client.title}"
    if isinstance(row, PluggedRow) and row.make is not None:
        return f"a plugin answers for {row.name!r}"
    if own.headers or own.query or own.extra or row.query:
        return f"{row.name!r} gets headers, a query or fields that {client.title} cannot be given"
    if row.auth.scheme not in SCHEMES or not client.can_send(row.auth.name):
        return f"{client.title} cannot sign requests to {row.name!r}"
    if row.name != client.vendor and profile.dialect == client.dialect and _refused(client, row):
        return f"{row.name!r} does not take all that {client.title} sends"
    return ""


def gateway_rules(settings: Settings) -> str:
    """The setting that needs the gateway whoever answers; empty where there is none."""
    own = settings.gateway
    needed = {
        "gateway.routes": own.routes.candidates,
        "gateway.strategy": own.strategy or own.provider_map,
        "gateway.budget": own.budget,
        "gateway.fallback": own.fallback,
        "log_calls": settings.log_calls,
    }
    return next((name for name, value in needed.items() if value not in (None, "", (), {})), "")


def _address(client: Client, name: str, settings: Settings) -> str | None:
    own = settings_of(name, settings.provider_settings)
    row, profile = row_of(name, own), profile_of(name, own)
    if profile.dialect == client.dialect:
        return profile.base_url
    used = _used_site(row, own, profile)
    return _beside(used, client.dialect, row) if used is not None else None


def _used_site(row: CatalogRow, own: ProviderSettings, profile: Profile) -> Site | None:
    """The site of the catalog that is in use; None at an address of the user's own."""
    site = row.site_of(own.base_url, own.key_variable)
    return site if site is not None and site.base_url == profile.base_url else None


def _beside(used: Site, dialect: str, row: CatalogRow) -> str | None:
    """Where the same host speaks the dialect, best for the same region: there the same key is good."""
    host = urlsplit(used.base_url).netloc
    sites = [site for site in row.sites if site.dialect == dialect and urlsplit(site.base_url).netloc == host]
    same = (site.base_url for site in sites if site.region == used.region)
    return next(same, sites[0].base_url if sites else None)


def _refused(client: Client, row: CatalogRow) -> bool:
    """Whether the gateway would leave out or rename something that the client sends."""
    return bool(client.fields & {*row.omit, *row.rename})
