"""The catalog: what is known about each provider, one TOML row for each, read when first asked for."""

import difflib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from casecraft.config import KnownProvider
from casecraft.errors import ProviderNotFoundError
from casecraft.providers.catalog.row import CatalogRow, LocalServer, PriceTier, Site, read_row

__all__ = ["Catalog", "CatalogRow", "LocalServer", "PriceTier", "Site", "load_catalog", "read_row"]


class Catalog:
    """The rows by name."""

    def __init__(self, rows: Iterable[CatalogRow]) -> None:
        self._rows = {row.name: row for row in rows}
        self._names = {alias.lower(): row.name for row in self._rows.values() for alias in (row.name, *row.aliases)}

    @property
    def names(self) -> tuple[str, ...]:
        """The canonical names, sorted; `rules`, which stands at the end of every chain, is the last."""
        return tuple(sorted(self._rows, key=lambda name: (name == "rules", name)))

    def __contains__(self, name: str) -> bool:
        return name.strip().lower() in self._names

    def get(self, name: str) -> CatalogRow:
        """The row of this name or alias. Raises `ProviderNotFoundError` with the nearest name."""
        canonical = self._names.get(name.strip().lower())
        if canonical is None:
            raise self._unknown(name)
        return self._rows[canonical]

    def known(self) -> tuple[KnownProvider, ...]:
        """What the settings have to know of each provider."""
        rows = (self._rows[name] for name in self.names)
        return tuple(_known(row) for row in rows)

    def _unknown(self, name: str) -> ProviderNotFoundError:
        nearest = difflib.get_close_matches(name.strip().lower(), self._names, n=1, cutoff=0.5)
        hint = f"Did you mean {nearest[0]!r}? " if nearest else ""
        hint += f"Providers: {', '.join(self.names)}; or add a [providers.NAME] table with a base_url."
        return ProviderNotFoundError(f"no provider has the name {name!r}", provider=name, hint=hint)


def _known(row: CatalogRow) -> KnownProvider:
    variables = {variable.name: variable.environment for variable in row.variables}
    return KnownProvider(row.name, row.aliases, row.key_variables, variables)


@cache
def load_catalog() -> Catalog:
    """The catalog that comes with casecraft."""
    folder = files("casecraft.providers.catalog")
    documents = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".toml")), key=lambda it: it.name)
    return Catalog(read_row(entry.read_text(encoding="utf-8"), entry.name) for entry in documents)
