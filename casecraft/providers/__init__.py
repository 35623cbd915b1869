"""Providers: the catalog, the one HTTP client, prices, detection and health."""

from casecraft.providers.catalog import Catalog, CatalogRow, load_catalog
from casecraft.providers.detection import detect
from casecraft.providers.provider import Health, Provider
from casecraft.providers.selection import (
    Detected,
    create,
    no_provider_named,
    profile_of,
    resolve_names,
    settings_of,
    split_name,
)

__all__ = [
    "Catalog",
    "CatalogRow",
    "Detected",
    "Health",
    "Provider",
    "create",
    "detect",
    "load_catalog",
    "no_provider_named",
    "profile_of",
    "resolve_names",
    "settings_of",
    "split_name",
]
