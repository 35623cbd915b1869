"""OpenAPI documents: loading, validating and splitting them into endpoints."""

from casecraft.spec.filters import Filters
from casecraft.spec.limits import Limits
from casecraft.spec.loading import load
from casecraft.spec.splitting import split

__all__ = ["Filters", "Limits", "load", "split"]
