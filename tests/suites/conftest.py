import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.node import ROOT
from tests.petstore.app import create_app
from tests.petstore.rules import API_KEY, SESSION, TOKEN
from tests.petstore.server import serve
from tests.suites.consumers import Run, run_pytest
from tests.suites.running import Echo

FORMATS = ("pytest", "unittest", "gherkin", "jest", "postman", "bruno", "http", "curl")
CASES = "7"  # for each endpoint, the best ones: all would take programs on Node.js minutes
CREDENTIALS = {
    "CASECRAFT_AUTH_APIKEY": API_KEY,
    "CASECRAFT_AUTH_BEARER": TOKEN,
    "CASECRAFT_AUTH_SESSION": SESSION,
}


@pytest.fixture
def echo() -> Iterator[tuple[Echo, str]]:
    app = Echo()
    with serve(app) as url:
        yield app, url


@pytest.fixture(scope="session")
def petstore_suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The suite that rules make for the petstore, in all formats that another program runs."""
    folder = tmp_path_factory.mktemp("petstore") / "suite"
    options = [option for name in FORMATS for option in ("--format", name)] + ["--max-cases", CASES]
    command = [sys.executable, "-m", "casecraft", "generate", str(ROOT / "specs/petstore.yaml"), "-q"]
    command += ["--provider", "rules", "--output", str(folder), *options]
    made = subprocess.run(command, cwd=folder.parent, capture_output=True, text=True, timeout=60, check=False)
    assert made.returncode == 0, made.stderr
    return folder


Runner = Callable[..., Run]
Comparison = Callable[[Runner, str], tuple[Run, Run]]


@pytest.fixture(scope="session")
def run_both(petstore_suite: Path) -> Comparison:
    """Runs the petstore's suite with another program and with pytest, which is done once for each bug."""
    known: dict[str, Run] = {}

    def run(runner: Runner, bug: str) -> tuple[Run, Run]:
        with serve(create_app(bug)) as url:
            if bug not in known:
                known[bug] = run_pytest(petstore_suite, url, **CREDENTIALS)
            return runner(petstore_suite, url, **CREDENTIALS), known[bug]

    return run
