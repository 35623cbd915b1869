"""The catalog: what is known about each provider, one TOML row for each, read when first asked for."""

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from importlib import invalidate_caches
from importlib.resources import files
from typing import TypeAlias

from casecraft.config import KnownProvider, fold_name
from casecraft.errors import ProviderConfigurationError, ProviderNotFoundError
from casecraft.providers.catalog.row import CatalogRow, LocalServer, PriceTier, Site, check_row, read_row

__all__ = [
    "Catalog",
    "CatalogRow",
    "LocalServer",
    "PriceTier",
    "Site",
    "check_row",
    "load_catalog",
    "read_row",
    "refresh_providers",
]

Broken: TypeAlias = Sequence[tuple[str, ProviderConfigurationError]]
"""Plugins that cannot be used, and why."""
Additions: TypeAlias = tuple[Sequence[CatalogRow], Broken]
Add: TypeAlias = Callable[[Mapping[str, str]], Additions]


class Catalog:
    """The rows by name. `add` is asked for the rows of plugins when first a name is not found or all are wanted.

    It is given the names that there are, in lower case, and whose they are.
    """

    def __init__(self, rows: Iterable[CatalogRow], add: Add | None = None) -> None:
        self._rows: dict[str, CatalogRow] = {}
        self._names: dict[str, str] = {}
        self._folded: dict[str, str] = {}
        self._add = add
        self._take(rows)
        self._own = tuple(self._rows)
        self.broken: Broken = ()
        """Empty until the plugins have been asked."""

    @property
    def names(self) -> tuple[str, ...]:
        """The canonical names, sorted; `rules`, which stands at the end of every chain, is the last."""
        self._complete()
        return tuple(sorted(self._rows, key=lambda name: (name == "rules", name)))

    def __contains__(self, name: str) -> bool:
        return self._canonical(name) is not None

    def get(self, name: str) -> CatalogRow:
        """The row of this name or alias.

        Raises `ProviderNotFoundError` with the nearest name, and `ProviderConfigurationError` where the name may be
        that of a plugin that cannot be used.
        """
        canonical = self._canonical(name)
        if canonical is not None:
            return self._rows[canonical]
        if self.broken:
            _, first = self.broken[0]
            raise ProviderConfigurationError(f"no provider has the name {name!r}, and {first}", hint=first.hint)
        raise self._unknown(name)

    def known(self) -> tuple[KnownProvider, ...]:
        """What the settings have to know of each provider."""
        return tuple(_known(self._rows[name]) for name in self.names)

    def known_without_plugins(self) -> tuple[KnownProvider, ...]:
        """The same of the providers that come with casecraft."""
        return tuple(_known(self._rows[name]) for name in sorted(self._own))

    def _canonical(self, name: str) -> str | None:
        wanted, folded = name.strip().lower(), fold_name(name)
        if wanted not in self._names and folded not in self._folded:
            self._complete()
        return self._names.get(wanted) or self._folded.get(folded)

    def _take(self, rows: Iterable[CatalogRow]) -> None:
        for row in rows:
            self._rows[row.name] = row
            names = {alias.lower(): row.name for alias in (row.name, *row.aliases)}
            self._names |= names
            self._folded |= {fold_name(alias): name for alias, name in names.items()}

    def _complete(self) -> None:
        if self._add is not None:
            add, self._add = self._add, None
            rows, self.broken = add(self._names)
            self._take(rows)

    def _unknown(self, name: str) -> ProviderNotFoundError:
        nearest = difflib.get_close_matches(name.strip().lower(), self._names, n=1, cutoff=0.6)
        hint = f"Did you mean {nearest[0]!r}? " if nearest else ""
        hint += "`casecraft providers list` shows all; or add a [providers.NAME] table with a base_url."
        return ProviderNotFoundError(f"no provider has the name {name!r}", provider=name, hint=hint)


def _known(row: CatalogRow) -> KnownProvider:
    variables = {variable.name: variable.environment for variable in row.variables}
    return KnownProvider(row.name, row.aliases, row.key_variables, variables)


@cache
def load_catalog() -> Catalog:
    """The catalog that comes with casecraft, and the rows of plugins behind it."""
    folder = files("casecraft.providers.catalog")
    documents = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".toml")), key=lambda it: it.name)
    return Catalog((read_row(entry.read_text(encoding="utf-8"), entry.name) for entry in documents), _plugged)


def refresh_providers() -> tuple[str, ...]:
    """Read the catalog and what plugins register anew; the names that there are now in these two."""
    invalidate_caches()
    load_catalog.cache_clear()
    return load_catalog().names


def _plugged(taken: Mapping[str, str]) -> Additions:
    from casecraft.providers.plugins import plugged_rows  # noqa: PLC0415  # who names built-in ones needs no plugins

    return plugged_rows(taken)
