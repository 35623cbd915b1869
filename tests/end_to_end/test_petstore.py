"""The suite that rules write for the petstore document, run by real pytest against a real implementation of it."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.petstore.app import OPERATIONS, create_app
from tests.petstore.bugs import BUGS, FORGOTTEN
from tests.petstore.rules import API_KEY, OTHER_KEY, OTHER_TOKEN, SESSION, TOKEN
from tests.petstore.server import serve

ROOT = Path(__file__).resolve().parents[2]
CREDENTIALS = {
    "CASECRAFT_AUTH_APIKEY": API_KEY,
    "CASECRAFT_AUTH_BEARER": TOKEN,
    "CASECRAFT_AUTH_SESSION": SESSION,
    "CASECRAFT_FOREIGN_AUTH_APIKEY": OTHER_KEY,
    "CASECRAFT_FOREIGN_AUTH_BEARER": OTHER_TOKEN,
}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("petstore")
    command = [
        sys.executable,
        "-m",
        "casecraft",
        "generate",
        str(ROOT / "specs/petstore.yaml"),
        "--provider",
        "rules",
        "-q",
    ]
    made = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert made.returncode == 0, made.stderr
    return folder / "suites" / "petstore"


def run_suite(suite: Path, url: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:asyncio", "-p", "no:cacheprovider"]
    environment = {**os.environ, **CREDENTIALS, "CASECRAFT_BASE_URL": url}
    return subprocess.run(
        [*command, *options, str(suite)],
        env=environment,
        cwd=suite,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_all_of_it_passes_on_the_right_implementation(suite: Path) -> None:
    with serve(create_app()) as url:
        for _ in range(2):  # what the first run leaves behind is not in the way of the second
            outcome = run_suite(suite, url)
            assert outcome.returncode == 0, outcome.stdout[-3000:]
            assert "skipped" not in outcome.stdout
            assert " passed" in outcome.stdout


def test_every_operation_is_carried_out(suite: Path) -> None:
    app, seen = create_app(), set()

    async def recording(scope: Any, receive: Any, send: Any) -> None:
        async def record(message: Any) -> None:
            if message["type"] == "http.response.start" and message["status"] < 300:
                seen.update(name for name, each in OPERATIONS.items() if _leads_to(*each, scope))
            await send(message)

        await app(scope, receive, record)

    with serve(recording) as url:
        run_suite(suite, url, "-m", "valid or P0 or P1")
    assert seen == set(OPERATIONS)


def _leads_to(method: str, path: str, scope: Any) -> bool:
    pattern = re.sub(r"\{\w+\}", "[^/]+", path)
    return scope["method"] == method and re.fullmatch(pattern, scope["path"]) is not None


@pytest.mark.parametrize("bug", FORGOTTEN)
def test_what_is_forgotten_is_caught_by_a_scenario(suite: Path, bug: str) -> None:
    with serve(create_app(bug=bug)) as url:
        outcome = run_suite(suite, url, "-k", "test_scenario", "-p", "no:warnings")
    assert outcome.returncode == 1, f"{bug} went unnoticed: {outcome.stdout[-500:]}"
    assert "step " in outcome.stdout


@pytest.mark.parametrize("bug", BUGS)
def test_each_bug_is_caught(suite: Path, bug: str) -> None:
    with serve(create_app(bug=bug)) as url:
        outcome = run_suite(suite, url, "-x")
    assert outcome.returncode == 1, f"{bug} went unnoticed: {outcome.stdout[-500:]}"
