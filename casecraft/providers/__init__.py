"""Providers: the catalog, the one HTTP client, prices, detection and health."""

from casecraft.providers.blocking import BlockingProvider
from casecraft.providers.call_log import CallLog
from casecraft.providers.catalog import Catalog, CatalogRow, load_catalog, refresh_providers
from casecraft.providers.detection import detect
from casecraft.providers.provider import Health, ModelInfo, Provider
from casecraft.providers.retry import RetryPolicy
from casecraft.providers.selection import (
    Detected,
    canonical_name,
    create,
    create_for_embeddings,
    name_for_embeddings,
    no_provider_named,
    profile_of,
    resolve_names,
    settings_of,
    split_name,
)
from casecraft.providers.serving import name_for_model, providers_for_model

__all__ = [
    "BlockingProvider",
    "CallLog",
    "Catalog",
    "CatalogRow",
    "Detected",
    "Health",
    "ModelInfo",
    "Provider",
    "RetryPolicy",
    "canonical_name",
    "create",
    "create_for_embeddings",
    "detect",
    "load_catalog",
    "name_for_embeddings",
    "name_for_model",
    "no_provider_named",
    "profile_of",
    "providers_for_model",
    "refresh_providers",
    "resolve_names",
    "settings_of",
    "split_name",
]
