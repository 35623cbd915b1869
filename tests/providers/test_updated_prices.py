"""`providers price --update`: newer prices are fetched once, kept, and used from then on."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from threading import Thread

import pytest

pytestmark = pytest.mark.slow

WHEN = "2031-02-03T00:00:00Z"
UPDATE = """
import sys, model_prices
model_prices.SNAPSHOT_URL = sys.argv[1]
from casecraft.providers.priced_models import update_prices
print(update_prices())
"""


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        """Tests have nothing to say on standard error."""


@pytest.fixture
def published(tmp_path: Path) -> Iterator[str]:
    """Where the library's own snapshot is published once more, with a later date."""
    folder = tmp_path / "published"
    folder.mkdir()
    snapshot = json.loads((files("model_prices") / "snapshot.json").read_bytes())
    newer = {"models_dev": {**snapshot["models_dev"], "committed_at": WHEN}, "updated_at": WHEN}
    text = json.dumps({**snapshot, **newer}).encode()
    digest = hashlib.sha256(text).hexdigest()
    (folder / f"{digest}.json").write_bytes(text)
    (folder / "latest.json").write_text(json.dumps({"sha256": digest, "published_at": WHEN}))
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def python(tmp_path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "MODEL_PRICES_CACHE": str(tmp_path / "cache"), "NO_PROXY": "*"}
    return subprocess.run(
        [sys.executable, *words], env=environment, capture_output=True, text=True, check=False, cwd=Path.cwd()
    )


def dates(tmp_path: Path) -> set[str]:
    done = python(tmp_path, "-m", "casecraft", "providers", "price", "cohere", "--json")
    return {row["as_of"] for row in json.loads(done.stdout)["prices"]}


def test_newer_prices_are_fetched_and_kept(tmp_path: Path, published: str) -> None:
    before = dates(tmp_path)
    done = python(tmp_path, "-c", UPDATE, published)
    assert done.stdout.strip() == "prices of model-prices are those of 2031-02-03", done.stderr
    assert "2031-02-03" in dates(tmp_path) - before


def test_prices_that_cannot_be_fetched_leave_those_that_are_here(tmp_path: Path) -> None:
    before = dates(tmp_path)
    done = python(tmp_path, "-c", UPDATE, "http://127.0.0.1:9/")
    assert done.returncode == 1
    assert "prices cannot be updated: could not fetch price data" in done.stderr
    assert dates(tmp_path) == before != set()
