"""Which providers could be used: keys in the environment, servers on this machine."""

from collections.abc import Iterator, Mapping

from casecraft.config import KnownProvider
from casecraft.config.environment import read_provider
from casecraft.providers.catalog import CatalogRow, LocalServer, load_catalog
from casecraft.providers.selection import Detected

# Servers on this machine answer within milliseconds or not at all. In seconds.
PROBE_TIMEOUT = 0.4


def detect(environ: Mapping[str, str], *, probe: bool = True) -> list[Detected]:
    """The providers whose key or address is in `environ` and local servers on their usual ports, by name.

    Only this machine is probed, and only where `probe` says so; no key is sent anywhere.
    """
    catalog = load_catalog()
    found: list[Detected] = []
    for known in catalog.known():
        row = catalog.get(known.name)
        found.extend(_by_variables(row, known, environ))
        if probe and not any(it.name == row.name for it in found):
            found.extend(_by_server(row))
    return found


def _by_variables(row: CatalogRow, known: KnownProvider, environ: Mapping[str, str]) -> Iterator[Detected]:
    settings = read_provider(environ, known)
    if "key_variable" in settings and row.needs_key:
        yield Detected(row.name, f"key in {settings['key_variable'].value}")
    elif not row.needs_key and row.sites and "base_url" in settings:
        yield Detected(row.name, f"address in {settings['base_url'].where}", str(settings["base_url"].value))
    elif not row.needs_key and "variables" in settings and _is_whole(row, settings["variables"].value):
        yield Detected(row.name, f"address in {settings['variables'].where}")


def _is_whole(row: CatalogRow, parts: object) -> bool:
    """Whether each part of the row's address that has no default is among these parts."""
    needed = {variable.name for variable in row.variables if variable.default is None}
    return bool(needed) and isinstance(parts, Mapping) and needed <= parts.keys()


def _by_server(row: CatalogRow) -> Iterator[Detected]:
    """The first of the row's servers that answers with a list of models."""
    if not row.servers:
        return
    from casecraft.providers.chat import read_models  # noqa: PLC0415  # brings the HTTP client with it
    from casecraft.providers.http import fetch_listing  # noqa: PLC0415

    for server in row.servers:
        models = read_models(fetch_listing(f"{server.base_url}/models", timeout=PROBE_TIMEOUT))
        if models is not None:
            address = _speaking_address(row, server)
            yield Detected(row.name, f"{server.title} at {address}", address, models)
            return


def _speaking_address(row: CatalogRow, server: LocalServer) -> str:
    """Where the row's dialect is spoken: models are listed at the OpenAI address, beside which there may be another."""
    return next((site.base_url for site in row.sites if server.base_url.startswith(site.base_url)), server.base_url)
