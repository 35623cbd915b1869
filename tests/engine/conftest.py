from collections.abc import Iterator
from pathlib import Path

import pytest

from casecraft.state import Store
from tests.engine.rig import new_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with new_store(tmp_path) as opened:
        yield opened
