"""Providers of others: rows, or whole providers, that installed packages register.

An entry point of the group `casecraft.providers` names a callable. One without an attribute `row` is called with
nothing and gives rows: each a mapping in the shape of a catalog row, its TOML as text, or the path of such a file. One
with an attribute `row` makes a `Provider`: it is called with the profile and the settings of the run.
"""

from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, TypeAlias

from pydantic import Field

from casecraft.config import ProviderSettings
from casecraft.core.plugin import PROVIDERS, Plugin, installed_plugins
from casecraft.core.profile import Profile
from casecraft.errors import ProviderConfigurationError
from casecraft.providers.catalog import Catalog, CatalogRow, check_row, read_row
from casecraft.providers.provider import Provider

Make: TypeAlias = Callable[[Profile, ProviderSettings], Provider]
Row: TypeAlias = Mapping[str, Any] | str | Path


class PluggedRow(CatalogRow):
    """A row of a plugin; `origin` is its distribution. `make` makes the provider where the plugin does so itself."""

    origin: str
    make: Make | None = Field(default=None, exclude=True)

    def provider(self, profile: Profile, settings: ProviderSettings) -> Provider | None:
        """The provider that the plugin makes, or None where its row is enough."""
        if self.make is None:
            return None
        provider = _guarded(lambda make: make(profile, settings), self.make, f"the provider {self.name!r}", self.origin)
        if not isinstance(provider, Provider):
            lacks = ", ".join(sorted(name for name in _members() if not hasattr(provider, name)))
            message = f"the provider {self.name!r} of {self.origin} lacks {lacks}"
            raise ProviderConfigurationError(message, provider=self.name, hint=_hint(self.origin))
        return provider


def plugged_rows(taken: Mapping[str, str]) -> tuple[list[PluggedRow], list[tuple[str, ProviderConfigurationError]]]:
    """The rows of all plugins, and the plugins that cannot be used with what is wrong with each.

    `taken` has the names and aliases of the catalog, in lower case, and whose they are.
    """
    owners = {name: f"casecraft's own {owner!r}" for name, owner in taken.items()}
    rows: list[PluggedRow] = []
    broken: list[tuple[str, ProviderConfigurationError]] = []
    for plugin in installed_plugins():
        for entry in plugin.entries:
            if entry.group != PROVIDERS:
                continue
            try:
                rows += _admit(rows_of(plugin, entry), owners)
            except ProviderConfigurationError as error:
                broken.append((str(plugin), error))
    return rows, broken


def registered_by(plugin: Plugin, catalog: Catalog) -> tuple[list[str], list[ProviderConfigurationError]]:
    """The names of the providers that a plugin has in the catalog, and what is wrong with it."""
    rows = map(catalog.get, catalog.names)
    names = [row.name for row in rows if isinstance(row, PluggedRow) and row.origin == str(plugin)]
    return names, [error for origin, error in catalog.broken if origin == str(plugin)]


def rows_of(plugin: Plugin, entry: EntryPoint) -> list[PluggedRow]:
    """The rows of one entry point. Raises `ProviderConfigurationError` that names the distribution."""
    origin, what = str(plugin), f"the entry point {entry.name!r} ({entry.value})"
    named = _guarded(lambda it: it.load(), entry, what, origin)
    if not callable(named):
        raise _wrong(f"{what} of {origin} is no callable", origin)
    row = getattr(named, "row", None)
    if row is not None:
        return [_checked(row, origin, named)]
    given = _guarded(lambda rows: list(rows()), named, what, origin)
    return [_checked(row, origin) for row in given]


def _admit(rows: list[PluggedRow], owners: dict[str, str]) -> list[PluggedRow]:
    """The rows, once it is clear that nobody has their names; `owners` has these from then on."""
    for row in rows:
        names = {name.lower() for name in (row.name, *row.aliases)}
        for name in sorted(names & owners.keys()):
            raise _wrong(f"{row.origin} registers a provider {name!r}, a name that {owners[name]} has", row.origin)
        owners |= dict.fromkeys(names, f"{row.name!r} of {row.origin}")
    return rows


def _checked(row: object, origin: str, make: object = None) -> PluggedRow:
    where = f"a provider of {origin}"
    try:
        if isinstance(row, Path):
            row = row.read_text(encoding="utf-8")
        values = read_row(row, where).model_dump() if isinstance(row, str) else row
    except (OSError, UnicodeDecodeError) as error:
        raise _wrong(f"{where} cannot be read: {error}", origin) from error
    if not isinstance(values, Mapping):
        raise _wrong(f"{where} is {type(row).__name__!r}; it must be a mapping, TOML or a path", origin)
    checked: PluggedRow = check_row({**values, "origin": origin, "make": make}, where, PluggedRow)
    return checked


def _guarded(call: Callable[[Any], Any], subject: Any, what: str, origin: str) -> Any:
    """What `call`, which runs code of others, returns; whatever it raises becomes an error of one line."""
    try:
        return call(subject)
    except ProviderConfigurationError:
        raise
    except Exception as error:
        said = " ".join(f"{type(error).__name__}: {error}".split())
        raise _wrong(f"{what} of {origin} cannot be used: {said}", origin) from error


def _members() -> Iterable[str]:
    return (name for name in vars(Provider) if not name.startswith("_"))


def _wrong(message: str, origin: str) -> ProviderConfigurationError:
    return ProviderConfigurationError(message, hint=_hint(origin))


def _hint(origin: str) -> str:
    return f"Correct it there, or run `casecraft plugins uninstall {origin.partition(' ')[0]}`."
