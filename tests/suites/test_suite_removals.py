"""What cases make is removed again: after a suite a service has what it had before."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

import casecraft
from tests.boxes import DOCUMENT, Boxes
from tests.petstore.app import Store, create_app_of
from tests.petstore.server import serve
from tests.petstore.shop import Shop
from tests.suites.conftest import CREDENTIALS
from tests.suites.consumers import run_jest, run_program, run_pytest
from tests.suites.running import outcomes, run_suite

pytestmark = pytest.mark.slow


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """Of boxes that cannot all be removed at once."""
    document = tmp_path / "boxes.json"
    paths: dict[str, Any] = DOCUMENT["paths"]
    without = {path: {name: it for name, it in found.items() if (path, name) != ("/boxes", "delete")}
               for path, found in paths.items()}  # fmt: skip
    document.write_text(json.dumps({**DOCUMENT, "paths": without}))
    casecraft.generate(
        document,
        providers=["rules"],
        output=tmp_path / "suite",
        state_dir=tmp_path,
        formats=("pytest", "unittest", "jest"),
    )
    return tmp_path / "suite"


def made(app: Boxes) -> int:
    return app.requests.count(("POST", "/boxes"))


@pytest.mark.parametrize("program", ["pytest", "unittest", "jest"])
def test_nothing_is_left(suite: Path, program: str) -> None:
    app = Boxes()
    with serve(app) as url:
        if program == "jest":
            assert set(run_jest(suite, url).verdicts.values()) == {"passed"}
        elif program == "pytest":
            assert not any(outcomes(suite, url).values())
        else:
            run = run_program([sys.executable, "-m", "unittest", "discover"], suite / "unittest", url, {})
            assert run.code == 0, run.output
    assert made(app) > 10
    assert app.kept == {}
    # What a case makes goes before the next: besides it there is what is shared, and what a scenario makes.
    assert app.most <= (20 if program == "jest" else 4)


def test_the_petstore_has_as_many_pets_as_before(petstore_suite: Path) -> None:
    shop = Shop()
    before = dict(shop.pets)
    with serve(create_app_of(Store(None, shop))) as url:
        run = run_pytest(petstore_suite, url, **CREDENTIALS)
    assert set(run.verdicts.values()) <= {"passed", "skipped"}
    assert shop.pets.keys() == before.keys()


@pytest.mark.parametrize("program", ["pytest", "jest"])
def test_what_cannot_be_removed_fails_no_case_and_is_said(suite: Path, program: str) -> None:
    app = Boxes()
    app.keeps = True
    with serve(app) as url:
        if program == "jest":
            run = run_jest(suite, url)
            code, output, wrong = run.code, run.output, {name for name, end in run.verdicts.items() if end == "failed"}
        else:
            done = run_suite(suite, url, "-W", "default", "-p", "no:cacheprovider")
            code, output = done.returncode, done.stdout
            wrong = {line.split("[")[1].split("]")[0] for line in output.splitlines() if line.startswith("FAILED")}
    assert code == 1  # removing is a case of its own, which fails
    assert not {name for name in wrong if name.startswith("post.boxes")}
    assert "left behind: DELETE /boxes/{id}" in output


class One(Boxes):
    """Has one box only, and gives the same to all who want a new one."""

    def of_all(self, method: str, body: bytes, kind: bytes) -> tuple[int, Any]:
        before = dict(self.kept)
        status, answer = super().of_all(method, body, kind)
        if method == "POST" and status == 201 and before:
            self.kept = before
            return status, next(iter(before.values()))
        return status, answer


def test_what_others_use_stays(suite: Path) -> None:
    with serve(One()) as url:
        names = ("get_boxes_id", "post_boxes", "put_boxes_id")
        ends = outcomes(suite, url, *(f"test_boxes.py::test_{name}" for name in names))
    assert len(ends) > 30
    assert not any(ends.values())


def test_what_others_use_stays_with_jest_too(suite: Path) -> None:
    (suite / "cases" / "delete.boxes._id.json").write_text(without_cases(suite / "cases" / "delete.boxes._id.json"))
    (suite / "jest" / "scenarios--life-cycles.test.js").unlink()
    with serve(One()) as url:
        verdicts = run_jest(suite, url).verdicts
    assert len(verdicts) > 30
    assert set(verdicts.values()) == {"passed"}


def without_cases(path: Path) -> str:
    return json.dumps({**json.loads(path.read_text()), "cases": []})
