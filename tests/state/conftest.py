"""Stores in a folder of the test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from casecraft.state import Store, open_store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "api.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with open_store(path, now=lambda: 1_800_000_000.0, linger=0) as opened:
        yield opened
