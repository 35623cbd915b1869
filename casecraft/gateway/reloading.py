"""Configuration that changes while the gateway runs."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

from casecraft.config import Settings
from casecraft.config.environment import DOTENV
from casecraft.config.loader import FILE
from casecraft.errors import CasecraftError

INTERVAL = 1.0
"""Seconds between two looks at the files."""

Stamps: TypeAlias = Mapping[Path, tuple[int, int, int] | None]
"""What tells one version of a file from another; None where there is no file."""


def watched_files(settings: Settings, folder: Path) -> tuple[Path, ...]:
    """The files that these settings came from or lead to, whether they are there or not."""
    gateway = settings.gateway
    named = [settings.providers_file or "", gateway.provider_map or ""]
    if gateway.strategy is not None and gateway.strategy.endswith(".py"):
        named.append(gateway.strategy)
    found = (folder / Path(name).expanduser() for name in named if _may_be_file(name))
    return (folder / FILE, folder / DOTENV, *found)


def _may_be_file(name: str) -> bool:
    """A map may also be written out in place of its file."""
    return name.lower().endswith((".toml", ".yaml", ".yml", ".json", ".py"))


class Watch:
    """Tells when one of some files has changed and then stayed as it is from one look to the next: editors write in
    steps, and some take the file away in between.
    """

    def __init__(self, files: tuple[Path, ...]) -> None:
        self._files = files
        self._seen = self._known = _stamps(files)

    def follow(self, files: tuple[Path, ...]) -> None:
        """Look at these files instead; those that are new count as known."""
        if files != self._files:
            self._files = files
            now = _stamps(files)
            self._seen = {file: self._seen.get(file, now[file]) for file in files}
            self._known = {file: self._known.get(file, now[file]) for file in files}

    def has_changed(self) -> bool:
        """Look once."""
        last, self._seen = self._seen, _stamps(self._files)
        if self._seen != last or self._seen == self._known:
            return False
        self._known = self._seen
        return True


async def watch(
    load: Callable[[], Settings],
    changed: Callable[[Settings], None],
    failed: Callable[[CasecraftError], None],
    *,
    settings: Settings,
    folder: Path,
    interval: float = INTERVAL,
) -> None:
    """Call `changed` with new settings whenever their files have changed, until it is cancelled.

    `settings` are those in force, `load` reads them anew from `folder`, in a thread of its own. Where they cannot be
    read, or `changed` refuses them by raising a `CasecraftError`, `failed` is told, once for each change, and the old
    ones stay in force.
    """
    watching = Watch(watched_files(settings, folder))
    while True:
        await asyncio.sleep(interval)
        if not watching.has_changed():
            continue
        try:
            loaded = await asyncio.to_thread(load)
            # Before they are tried: what is wrong with them may be in a file that they name.
            watching.follow(watched_files(loaded, folder))
            changed(loaded)
        except CasecraftError as error:
            failed(error)


def _stamps(files: tuple[Path, ...]) -> Stamps:
    return {file: _stamp(file) for file in files}


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None  # it may come, or come back
    return found.st_mtime_ns, found.st_size, found.st_ino
