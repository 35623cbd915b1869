"""Which providers could be used: keys in the environment, what is configured, servers on this machine."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from casecraft.config import KnownProvider, ProviderSettings
from casecraft.config.environment import read_provider
from casecraft.providers.catalog import CatalogRow, LocalServer, load_catalog
from casecraft.providers.selection import EMBEDDED, Detected

# Servers on this machine answer within milliseconds or not at all. In seconds.
PROBE_TIMEOUT = 0.4
# Rows that sign may have a key instead, and need none; the variables that hold all that signing needs.
CREDENTIALS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"aws": ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "google": (), "azure": ()}
)
NOTHING: Mapping[str, ProviderSettings] = MappingProxyType({})


def detect(
    environ: Mapping[str, str], own: Mapping[str, ProviderSettings] = NOTHING, *, probe: bool = True
) -> list[Detected]:
    """The providers that could be used, each once and each group by name: those whose key, credentials or address are
    in `environ`, those that `own` settings make usable, and servers on their usual ports of this machine.

    Only this machine is probed, and only where `probe` says so; no key is sent anywhere.
    """
    catalog = load_catalog()
    rows = [catalog.get(name) for name in catalog.names]
    found: dict[str, Detected] = {}
    for known, row in zip(catalog.known(), rows, strict=True):
        found.update((it.name, it) for it in _by_variables(row, known, environ))
    for name in sorted(own.keys() - found.keys()):
        if own[name].api_key is not None or own[name].base_url is not None or _has_address(name, own[name].variables):
            found[name] = Detected(name, "configured", own[name].base_url)
    for row in rows if probe else ():
        if row.name not in found:
            found.update((it.name, it) for it in _by_server(row))
    return list(found.values())


def _by_variables(row: CatalogRow, known: KnownProvider, environ: Mapping[str, str]) -> Iterator[Detected]:
    settings = read_provider(environ, known)
    if "key_variable" in settings and (row.needs_key or row.auth.scheme in CREDENTIALS):
        yield Detected(row.name, f"key in {settings['key_variable'].value}")
    elif not row.needs_key and row.sites and "base_url" in settings:
        yield Detected(row.name, f"address in {settings['base_url'].where}", str(settings["base_url"].value))
    elif _has_credentials(row, environ) and (row.model or "model" in settings):
        yield Detected(row.name, f"credentials in {CREDENTIALS[row.auth.scheme][0]}")
    elif row.dialect == EMBEDDED and "model" in settings:
        yield Detected(row.name, f"model in {settings['model'].where}")
    elif not row.needs_key and "variables" in settings and _is_whole(row, settings["variables"].value):
        yield Detected(row.name, f"address in {settings['variables'].where}")


def _has_credentials(row: CatalogRow, environ: Mapping[str, str]) -> bool:
    needed = CREDENTIALS.get(row.auth.scheme, ())
    return needed != () and all(environ.get(name) for name in needed)


def _has_address(name: str, parts: Mapping[str, str]) -> bool:
    """Whether these parts make the address of a provider of the catalog whole that needs no key."""
    row = load_catalog().get(name) if name in load_catalog() else None
    return row is not None and not row.needs_key and _is_whole(row, parts)


def _is_whole(row: CatalogRow, parts: object) -> bool:
    """Whether each part of the row's address that has no default is among these parts."""
    needed = {variable.name for variable in row.variables if variable.default is None}
    return bool(needed) and isinstance(parts, Mapping) and needed <= parts.keys()


def _by_server(row: CatalogRow) -> Iterator[Detected]:
    """The first of the row's servers that answers with a list of models."""
    if not row.servers:
        return
    from casecraft.providers.http import fetch_listing  # noqa: PLC0415  # brings the HTTP client with it
    from casecraft.wire.dialect import read_model_ids  # noqa: PLC0415

    for server in row.servers:
        models = read_model_ids(fetch_listing(f"{server.base_url}/models", timeout=PROBE_TIMEOUT))
        if models is not None:
            address = _speaking_address(row, server)
            yield Detected(row.name, f"{server.title} at {address}", address, models, openai_url=server.base_url)
            return


def _speaking_address(row: CatalogRow, server: LocalServer) -> str:
    """Where the row's dialect is spoken: models are listed at the OpenAI address, beside which there may be another."""
    return next((site.base_url for site in row.sites if server.base_url.startswith(site.base_url)), server.base_url)
