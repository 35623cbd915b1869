"""Real documents of other publishers, where they are at hand: every endpoint gets a suite."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

import casecraft
from casecraft.config import Settings

FOLDER = Path(os.environ.get("CASECRAFT_REAL_SPECS", Path(__file__).resolve().parents[3] / "shared" / "specs"))
METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", ["kubernetes-2.0.json", "stripe-3.0.json", "adyen-checkout-v71-3.1.json"])
def test_every_endpoint_of_a_real_document_gets_a_suite(name: str, tmp_path: Path) -> None:
    document = FOLDER / name
    if not document.is_file():
        pytest.skip(f"{document} is not here; CASECRAFT_REAL_SPECS names the folder that has it")
    settings = Settings(providers=("rules",), output=tmp_path / "suite", state_dir=tmp_path / "state")
    summary = casecraft.generate(document, settings=settings)
    assert summary.status == "done"
    assert {result.endpoint.id for result in summary.results} == operations(json.loads(document.read_bytes()))
    for result in summary.results:
        assert result.cases, result.endpoint.id
        assert any(case.valid for case in result.cases) or result.notes, result.endpoint.id
        requests = [
            json.dumps(request, sort_keys=True) for request in written_requests(tmp_path / "suite", result.endpoint.id)
        ]
        assert len(requests) == len(set(requests)) == len(result.cases)


def operations(document: dict[str, Any]) -> set[str]:
    return {
        f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item if method in METHODS
    }


def written_requests(suite: Path, endpoint_id: str) -> list[Any]:
    entries = manifest_of(suite)
    cases = json.loads((suite / entries[endpoint_id]).read_bytes())["cases"]
    # Values that come out of earlier answers make two requests of what is written alike.
    return [(case["request"], case.get("bindings")) for case in cases]


_manifests: dict[Path, dict[str, str]] = {}


def manifest_of(suite: Path) -> dict[str, str]:
    if suite not in _manifests:
        manifest = json.loads((suite / "suite.json").read_bytes())
        _manifests[suite] = {entry["id"]: entry["file"] for entry in manifest["endpoints"]}
    return _manifests[suite]
