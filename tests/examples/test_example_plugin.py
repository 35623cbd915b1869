"""The example of a plugin is installed, listed and used."""

import shutil
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from tests.examples.stage import KEY, Stage, read_suite, simulate

pytestmark = pytest.mark.slow


@pytest.fixture
def site(stage: Stage) -> Path:
    """A folder with the plugin in it, which stands on the path."""
    folder = stage.folder / "site"
    options = ("--quiet", "--no-index", "--no-deps", "--no-build-isolation", "--target", str(folder))
    source = stage.folder / "examples" / "plugin"
    subprocess.run([sys.executable, "-m", "pip", "install", *options, str(source)], check=True)
    shutil.rmtree(source)
    stage.environment["PYTHONPATH"] += f":{folder}"
    return folder


def test_the_example_is_listed_and_asked(stage: Stage, site: Path) -> None:
    listed = stage.run("casecraft plugins list --json")
    (plugin,) = (it for it in orjson.loads(listed.stdout)["plugins"] if it["name"] == "casecraft-acme")
    assert plugin["providers"] == ["acme-cloud"]
    assert plugin["location"] == str(site)
    assert plugin["source"].startswith("file://")
    with simulate("acme-cloud") as simulator:
        stage.environment |= {"CASECRAFT_ACME_CLOUD_BASE_URL": simulator.url("acme-cloud"), "ACME_KEY": KEY}
        done = stage.run("casecraft generate specs/petstore.yaml --provider acme-cloud")
        assert done.returncode == 0, done.stderr
        asked = simulator.requests("acme-cloud")
    assert {seen.body["model"] for seen in asked} == {"acme-large"}
    assert {seen.headers["Authorization"] for seen in asked} == {f"Bearer {KEY}"}
    assert read_suite(stage.folder / "suites" / "petstore")["counts"]["by_provider"]["acme-cloud"] > 0
