"""Suites run by several workers of pytest-xdist at once, as a person does who has no casecraft."""

import copy
import json
import os
from pathlib import Path
from typing import Any

import pytest

import casecraft
from tests.boxes import DOCUMENT, Boxes
from tests.petstore.server import serve
from tests.suites.running import outcomes

pytestmark = pytest.mark.slow
WORKERS = ("-p", "xdist.plugin", "-n", "4")
SHUFFLE = """
import random

import pytest


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    random.Random(4).shuffle(items)
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    document = tmp_path / "boxes.json"
    document.write_text(json.dumps(DOCUMENT))
    casecraft.generate(document, providers=["rules"], output=tmp_path / "suite", state_dir=tmp_path)
    return tmp_path / "suite"


@pytest.fixture
def elsewhere(tmp_path: Path) -> dict[str, str]:
    """What a process needs to find no casecraft, and a plugin that shuffles tests."""
    folder = tmp_path / "modules"
    (folder / "casecraft").mkdir(parents=True)
    (folder / "casecraft" / "__init__.py").write_text("raise ImportError('casecraft is not here')\n")
    (folder / "shuffle.py").write_text(SHUFFLE)
    return {"PYTHONPATH": os.fspath(folder)}


def repeat(path: Path, name: str, times: int) -> None:
    """More cases like the one of this name."""
    content = json.loads(path.read_text())
    (case,) = (each for each in content["cases"] if each["id"] == name)
    content["cases"] += [copy.deepcopy(case) | {"id": f"{name}-{number}"} for number in range(times)]
    path.write_text(json.dumps(content))


def wrong(ends: dict[str, str]) -> dict[str, Any]:
    return {name: text for name, text in ends.items() if text}


def test_it_runs_by_itself(suite: Path, elsewhere: dict[str, str]) -> None:
    with serve(Boxes()) as url:
        alone = outcomes(suite, url, **elsewhere)
        together = outcomes(suite, url, *WORKERS, **elsewhere)
    assert wrong(alone) == {}
    assert together == alone


def test_what_removes_everything_disturbs_nobody(suite: Path, elsewhere: dict[str, str]) -> None:
    repeat(suite / "cases" / "delete.boxes.json", "delete.boxes--valid-c2b20388", 12)
    repeat(suite / "cases" / "get.boxes._id.json", first_valid(suite / "cases" / "get.boxes._id.json"), 60)
    with serve(Boxes()) as url:
        ends = outcomes(suite, url, *WORKERS, "-p", "shuffle", **elsewhere)
    assert len(ends) > 80
    assert wrong(ends) == {}


def first_valid(path: Path) -> str:
    cases = json.loads(path.read_text())["cases"]
    return next(case["id"] for case in cases if case["valid"] and case.get("bindings"))


def test_what_removes_everything_comes_last(suite: Path) -> None:
    app = Boxes()
    with serve(app) as url:
        outcomes(suite, url, "-k", "not scenario")
    last = max(number for number, (method, path) in enumerate(app.requests) if (method, path) == ("POST", "/boxes"))
    assert ("DELETE", "/boxes") not in app.requests[:last]
    assert ("DELETE", "/boxes") in app.requests[last:]
