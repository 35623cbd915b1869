"""Configuration that changes under a running gateway."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from casecraft.config import Settings, load_settings
from casecraft.errors import CasecraftError, ConfigurationError, StrategyError
from casecraft.gateway.reloading import Watch, watch, watched_files


def write(file: Path, text: str) -> None:
    """Write a file so that its time differs, however coarse the clock of the file system is."""
    write.count += 1  # type: ignore[attr-defined]
    file.write_text(text)
    os.utime(file, ns=(0, write.count * 10**9))  # type: ignore[attr-defined]


write.count = 0  # type: ignore[attr-defined]


def test_a_change_counts_once_it_has_come_to_rest(tmp_path: Path) -> None:
    file = tmp_path / "casecraft.toml"
    write(file, "a")
    watching = Watch((file,))
    assert [watching.has_changed() for _ in range(2)] == [False, False]
    write(file, "half")
    assert not watching.has_changed(), "it may still be written"
    write(file, "whole")
    assert [watching.has_changed() for _ in range(3)] == [False, True, False]


def test_a_file_that_is_away_for_a_moment_is_not_gone(tmp_path: Path) -> None:
    file = tmp_path / "casecraft.toml"
    write(file, "a")
    watching = Watch((file,))
    file.unlink()
    assert not watching.has_changed()
    write(file, "b")
    assert [watching.has_changed() for _ in range(2)] == [False, True]
    file.unlink()
    assert [watching.has_changed() for _ in range(3)] == [False, True, False]


def test_another_file_in_its_place_is_a_change(tmp_path: Path) -> None:
    file, other = tmp_path / "a", tmp_path / "b"
    for it in (file, other):
        it.write_text("same")
        os.utime(it, ns=(0, 5))
    watching = Watch((file,))
    other.replace(file)
    assert [watching.has_changed() for _ in range(2)] == [False, True]


def test_files_that_settings_name_are_watched(tmp_path: Path) -> None:
    settings = Settings.model_validate(
        {"providers_file": "more.toml", "gateway": {"provider_map": "map.yaml", "strategy": "own/s.py"}}
    )
    names = {str(it.relative_to(tmp_path)) for it in watched_files(settings, tmp_path)}
    assert names == {"casecraft.toml", ".env", "more.toml", "map.yaml", "own/s.py"}
    plain = Settings.model_validate({"gateway": {"provider_map": "*:glm", "strategy": "random"}})
    assert len(watched_files(plain, tmp_path)) == 2


def test_a_file_that_is_newly_followed_counts_as_known(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    write(first, "a")
    write(second, "b")
    watching = Watch((first,))
    watching.follow((first, second))
    assert [watching.has_changed() for _ in range(2)] == [False, False]
    write(second, "c")
    assert [watching.has_changed() for _ in range(2)] == [False, True]


class Watched:
    """A folder that is watched, what was taken from it and what was refused."""

    def __init__(self, folder: Path, refuse: Callable[[Settings], None]) -> None:
        self.folder = folder
        self.refuse = refuse
        self.events: asyncio.Queue[Settings | CasecraftError] = asyncio.Queue()

    def load(self) -> Settings:
        return load_settings({}, {}, self.folder)

    def take(self, settings: Settings) -> None:
        self.refuse(settings)
        self.events.put_nowait(settings)

    async def next(self) -> Settings | CasecraftError:
        async with asyncio.timeout(20):
            return await self.events.get()


@pytest.fixture
async def watched(tmp_path: Path):
    def refuse(settings: Settings) -> None:
        if settings.gateway.strategy == "unknown":
            raise StrategyError("no strategy 'unknown'")

    (tmp_path / "casecraft.toml").write_text("")
    it = Watched(tmp_path, refuse)
    task = asyncio.create_task(
        watch(it.load, it.take, it.events.put_nowait, settings=it.load(), folder=tmp_path, interval=0.01)
    )
    await asyncio.sleep(0)
    yield it
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_new_settings_come_and_wrong_ones_are_told_once(watched: Watched) -> None:
    file = watched.folder / "casecraft.toml"
    write(file, "[gateway]\nport = 1\n")
    assert (await watched.next()).gateway.port == 1
    write(file, "[gateway]\nprot = 1\n")
    assert isinstance(await watched.next(), ConfigurationError)
    write(file, '[gateway]\nstrategy = "unknown"\n')
    assert isinstance(await watched.next(), StrategyError)
    write(watched.folder / ".env", "CASECRAFT_GATEWAY_STRATEGY=random\n")
    assert (await watched.next()).gateway.strategy == "random"
    assert watched.events.empty()


async def test_a_file_that_refused_settings_name_is_followed(watched: Watched) -> None:
    def refuse(settings: Settings) -> None:
        if not (watched.folder / (settings.gateway.provider_map or "")).is_file():
            raise StrategyError("the map cannot be read")

    watched.refuse = refuse
    write(watched.folder / "casecraft.toml", '[gateway]\nprovider_map = "map.yaml"\n')
    assert isinstance(await watched.next(), StrategyError)
    write(watched.folder / "map.yaml", "'*': glm\n")
    assert (await watched.next()).gateway.provider_map == "map.yaml"
