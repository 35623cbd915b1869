"""Which settings the state file keeps with a run."""

import json
from pathlib import Path

import pytest

import casecraft
from casecraft.state import open_store

TOKEN = "alices-token-0123456789"
SETTINGS = f"""
default_cli = "claude"
[gateway]
token = "{TOKEN}"
[gateway.keys.alice]
token = "{TOKEN}"
"""


def test_a_run_beside_a_gateway_keeps_nothing_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "casecraft.toml").write_text(SETTINGS)
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Things", "version": "1"},
        "paths": {"/things": {"get": {"responses": {"200": {"description": "ok"}}}}},
    }
    (tmp_path / "things.json").write_text(json.dumps(document))
    summary = casecraft.generate("things.json", providers=["rules"], output=tmp_path / "suite")
    assert summary.status == "done"
    with open_store(summary.state_file, read_only=True) as store, store.reading() as connection:
        (stored,) = connection.execute("SELECT settings FROM runs").fetchone()
    assert json.loads(stored)["providers"] == ["rules"]
    assert not {"gateway", "default_cli"} & json.loads(stored).keys()
    assert TOKEN.encode() not in summary.state_file.read_bytes()
