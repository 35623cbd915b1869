"""Installed distributions that register something with casecraft."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, EntryPoint, distributions
from json import JSONDecodeError, loads

PROVIDERS = "casecraft.providers"
STRATEGIES = "casecraft.strategies"
FORMATS = "casecraft.formats"
GROUPS = (PROVIDERS, STRATEGIES, FORMATS)
OWN = "casecraft-engine"
"""Our own distribution: what it registers is built in."""


@dataclass(frozen=True, slots=True)
class Plugin:
    """One distribution. `source` is where it was installed from, as a URL, or "" for a package index."""

    name: str
    version: str
    source: str
    location: str
    entries: tuple[EntryPoint, ...]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


def installed_plugins() -> tuple[Plugin, ...]:
    """Every distribution with an entry point in one of our groups, by name. Nothing of theirs is imported."""
    found: dict[str, Plugin] = {}
    for distribution in distributions():
        for plugin in _plugins_in(distribution):
            found.setdefault(normalized(plugin.name), plugin)  # the first on the path is the one that is imported
    found.pop(OWN, None)
    return tuple(found[name] for name in sorted(found))


def normalized(name: str) -> str:
    """A distribution's name as package indexes compare it: `my_plugin` is `My.Plugin`."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _plugins_in(distribution: Distribution) -> Iterator[Plugin]:
    entries = tuple(entry for entry in distribution.entry_points if entry.group in GROUPS)
    # What a broken installation left behind may have no name.
    name = distribution.metadata["Name"] if entries else None
    if name:
        location = str(distribution.locate_file(""))
        yield Plugin(name, distribution.version, _source_of(distribution), location, entries)


def _source_of(distribution: Distribution) -> str:
    """What `direct_url.json` says: https://packaging.python.org/en/latest/specifications/direct-url/."""
    try:
        said = loads(distribution.read_text("direct_url.json") or "{}")
    except JSONDecodeError:
        return ""
    url = said.get("url") if isinstance(said, dict) else None
    return url if isinstance(url, str) else ""
