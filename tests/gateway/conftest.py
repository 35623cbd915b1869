from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.gateway.stage import Stage


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Stage"]:
    """A gateway with every vendor behind it and every SDK before it. Mark the tests that use it `slow`."""
    from tests.gateway.stage import set_up  # takes seconds to import: most tests need none of the SDKs

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("casecraft.gateway.exchanging.BACK_OFF", (0, 0))
        patch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "dummy")
        patch.delenv("AWS_PROFILE", raising=False)
        with set_up(tmp_path_factory.mktemp("gateway")) as made:
            yield made
