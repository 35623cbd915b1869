"""Formats of others, which installed packages register.

An entry point of the group `casecraft.formats` names a callable in the shape of `Format`; the entry point's name is
the format's. What it writes lies in a folder of that name. The first line of its docstring says what it is.
"""

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import EntryPoint
from typing import Any, TypeAlias

from casecraft.core.plugin import FORMATS, Plugin, installed_plugins
from casecraft.errors import ConfigurationError, SuiteError
from casecraft.suites.suite import Entry, Suite

PluggedFormat: TypeAlias = Callable[[Suite, tuple[Entry, ...]], list[tuple[str, bytes]]]

_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]*")
_OURS = frozenset({"cases"})
"""Folders of a suite that are no format's."""


def plugged_names(taken: Mapping[str, object]) -> list[str]:
    """The names of all formats of plugins, sorted; `taken` are casecraft's own. Nothing of theirs is imported."""
    return sorted({entry.name for _, entry in _entries()} - taken.keys())


def find_plugged(name: str, taken: Mapping[str, object]) -> PluggedFormat | None:
    """The format of this name from the first plugin that has it; None where there is none.

    Raises ConfigurationError that names the plugin where it cannot be used. Whatever goes wrong while it writes
    becomes a SuiteError.
    """
    found = next(((plugin, entry) for plugin, entry in _entries() if entry.name == name), None)
    return _load(*found, taken) if found else None


def formats_of(plugin: Plugin, taken: Mapping[str, object]) -> tuple[list[str], list[ConfigurationError]]:
    """The names of the formats of a plugin that can be used, and what is wrong with the others."""
    names: list[str] = []
    errors: list[ConfigurationError] = []
    for entry in _of_formats(plugin):
        try:
            _load(plugin, entry, taken)
        except ConfigurationError as error:
            errors.append(error)
        else:
            names.append(entry.name)
    return names, errors


def _entries() -> Iterator[tuple[Plugin, EntryPoint]]:
    return ((plugin, entry) for plugin in installed_plugins() for entry in _of_formats(plugin))


def _of_formats(plugin: Plugin) -> Iterator[EntryPoint]:
    return (entry for entry in plugin.entries if entry.group == FORMATS)


def _load(plugin: Plugin, entry: EntryPoint, taken: Mapping[str, object]) -> PluggedFormat:
    what = f"the format {entry.name!r} of {plugin}"
    if entry.name in taken or entry.name in _OURS or not _NAME.fullmatch(entry.name):
        raise _unusable(f"{what} cannot have this name", plugin)
    try:
        write = entry.load()
    except Exception as error:
        raise _unusable(f"{what} cannot be used: {_said(error)}", plugin) from error
    if not callable(write):
        raise _unusable(f"{what} is no callable: {entry.value}", plugin)

    @functools.wraps(write, updated=())
    def guarded(suite: Suite, entries: tuple[Entry, ...]) -> list[tuple[str, bytes]]:
        try:
            return [_checked(file, entry.name) for file in write(suite, entries)]
        except Exception as error:
            raise SuiteError(f"{what} was not written: {_said(error)}", hint=_hint(plugin)) from error

    return guarded


def _checked(file: Any, name: str) -> tuple[str, bytes]:
    """What the format gave, if it is a path in its own folder and bytes."""
    path, content = file
    if not (isinstance(path, str) and isinstance(content, bytes)):
        raise TypeError(f"a file is a path and bytes, not {type(path).__name__} and {type(content).__name__}")
    if not path.startswith(f"{name}/"):
        raise ValueError(f"{path!r} is not in the folder {name!r}")
    return path, content


def _unusable(message: str, plugin: Plugin) -> ConfigurationError:
    return ConfigurationError(message, hint=_hint(plugin))


def _hint(plugin: Plugin) -> str:
    return f"Correct it there, or run `casecraft plugins uninstall {plugin.name}`."


def _said(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())
