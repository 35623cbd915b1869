import os
from collections.abc import Iterator

import pytest

from tests.llm.model import missing_packages, model_server


@pytest.fixture(scope="session")
def model_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of a served model. Mark the tests that use it `llm`."""
    if missing := missing_packages():
        say = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        say(f"no model to ask: {' and '.join(missing)} not installed (`make test-llm` installs them)")
    with model_server(tmp_path_factory.mktemp("model") / "server.log") as url:
        yield url
