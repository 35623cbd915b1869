"""The petstore's suite, made once, and what its service wants."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import casecraft
from casecraft.api import Selection, SuiteReport
from tests.browser import browser
from tests.petstore.rules import API_KEY, SESSION, TOKEN

__all__ = ["browser"]

SPEC = Path(__file__).parents[2] / "specs" / "petstore.yaml"
SECRETS = {"CASECRAFT_AUTH_APIKEY": API_KEY, "CASECRAFT_AUTH_BEARER": TOKEN, "CASECRAFT_AUTH_SESSION": SESSION}


@pytest.fixture(scope="session")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    casecraft.generate(SPEC, providers=["rules"], output=folder / "suite", state_dir=folder / "state")
    return folder / "suite"


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("PYTEST_ADDOPTS", "--no-such-option")  # what pytest is told elsewhere is not for suites
    for name, text in SECRETS.items():
        monkeypatch.setenv(name, text)


RunSuite = Callable[..., SuiteReport]


@pytest.fixture
def run(suite: Path, secrets: None, tmp_path: Path) -> RunSuite:
    """Runs the suite's cases for one endpoint, in one process."""

    def run(url: str, *endpoints: str, **options: Any) -> SuiteReport:
        chosen = Selection(endpoints=endpoints or ("GET /pets",), **options.pop("selection", {}))
        facts = {"workers": 1, "timeout": 5.0, "state_dir": tmp_path / "state", **options}
        return casecraft.run_suite(suite, url, selection=chosen, **facts)

    return run
