"""Suites run by a real pytest against the petstore: right, wrong, flaky, strange, absent."""

import json
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import casecraft
from casecraft.api import CheckedCase, Progress, Selection, SuiteReport
from casecraft.errors import ConfigurationError, ServiceError, SuiteError
from casecraft.runner.running import MOST_UNANSWERED, state_file
from casecraft.state import open_store, results_of, suite_runs
from casecraft.suites import WrittenCase, read_suite
from tests.boxes import DOCUMENT, Boxes
from tests.petstore.app import create_app
from tests.petstore.rules import TOKEN
from tests.petstore.server import serve
from tests.runner.conftest import RunSuite
from tests.runner.services import PAGE, Answering, Counting, Dying, FailingFirst

pytestmark = pytest.mark.slow


def endings(case: WrittenCase) -> set[str]:
    """The paths of a case's endpoint, or of the steps of a scenario."""
    endpoints = [case.endpoint_id] if case.endpoint_id else [step["endpoint"] for step in case.data["steps"]]
    return {f" {endpoint.partition(' ')[2]}" for endpoint in endpoints}


def kinds(report: SuiteReport) -> Counter[str]:
    return Counter(case.result.kind for case in report.cases if case.result.kind)


def test_a_right_service_passes_and_every_case_is_recorded(suite: Path, secrets: None, tmp_path: Path) -> None:
    with serve(create_app()) as url:
        report = casecraft.run_suite(suite, url, workers=2, state_dir=tmp_path)
    written = read_suite(suite)
    assert report.counts["passed"] + report.counts["blocked"] == report.chosen == len(written.cases)
    assert all("of another user" in reason for reason in report.blocked_by_reason())
    assert (report.status, report.exit_code("finding")) == ("done", 0)
    with open_store(state_file(written, tmp_path), read_only=True) as store:
        (run,) = suite_runs(store)
        results = results_of(store, run.id)
    assert (run.status, run.totals, run.base_url) == ("done", report.counts, url)
    assert {result.case_id for result in results} == {case.id for case in written.cases}


@pytest.mark.parametrize(
    ("bug", "kind", "outcome", "code", "strict"),
    [
        ("limit-text-crashes", "server_error", "failed", 1, 1),
        ("limit-above-maximum-accepted", "accepted_invalid", "finding", 0, 1),
        ("limit-maximum-refused", "refused_valid", "failed", 1, 1),
        ("page-without-total", "schema_mismatch", "failed", 1, 1),
    ],
)
def test_what_is_wrong_has_its_name(run: RunSuite, bug: str, kind: str, outcome: str, code: int, strict: int) -> None:
    with serve(create_app(bug)) as url:
        report = run(url)
    assert set(kinds(report)) == {kind}
    wrong = [case for case in report.cases if case.result.kind]
    assert {case.result.outcome for case in wrong} == {outcome}
    assert not any(case.result.flaky for case in wrong)
    assert (report.exit_code(), report.exit_code("finding"), report.exit_code("never")) == (code, strict, 0)
    assert all(f"curl -X GET '{url}" in case.command or f"curl -X GET {url}" in case.command for case in wrong)


def test_a_failure_that_does_not_repeat_is_flaky_and_no_failure(run: RunSuite) -> None:
    with serve(FailingFirst("/pets")) as url:
        report = run(url)
        again = run(url)
    assert report.counts["flaky"] == report.counts["passed"] == report.chosen
    assert {case.result.message for case in report.flaky if "503" not in case.result.message} == set()
    assert kinds(report) == {"server_error": report.chosen}
    assert report.exit_code("finding") == 0
    assert again.counts["flaky"] == 0


def test_only_what_failed_is_asked_again(run: RunSuite) -> None:
    app = Counting(create_app("limit-maximum-refused"))
    with serve(app) as url:
        report = run(url, selection={"cases": ("get.pets--*",)})  # no scenario, which has several requests
    assert 0 < report.counts["failed"] < report.chosen
    assert app.requests == 1 + report.chosen + report.counts["failed"]  # the first asks whether it is there


def test_without_retries_nothing_is_flaky(run: RunSuite) -> None:
    with serve(FailingFirst("/pets")) as url:
        report = run(url, retries=0)
    assert report.counts["failed"] == report.chosen


def test_a_service_that_is_not_there_is_said_once(run: RunSuite, tmp_path: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))  # nobody else gets the port, and nobody listens at it
        with pytest.raises(ServiceError, match="the service is not there"):
            run(f"http://127.0.0.1:{silent.getsockname()[1]}")


def test_a_service_that_only_listens_is_slow(run: RunSuite) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        pytest.raises(ServiceError, match=r"does not answer within 0\.3 s"),
    ):
        run(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=0.3)


@pytest.mark.parametrize(
    ("app", "message"),
    [
        (Answering(200, PAGE, **{"content-type": "text/html"}), "an HTML page"),
        (Answering(302, b"", location="https://sso.example.com/login"), "leads to https://sso.example.com/login"),
        (Answering(502, PAGE, **{"content-type": "text/html"}), "502 in HTML, as gateways answer"),
    ],
)
def test_a_stranger_in_its_place_ends_the_run(run: RunSuite, app: Answering, message: str) -> None:
    with serve(app) as url:
        report = run(url, "POST /pets")
    assert report.status == "unavailable"
    assert report.exit_code("never") == 4
    assert set(kinds(report)) <= {"not_the_service"}
    assert all(message in case.result.message for case in report.of("unanswered"))
    assert MOST_UNANSWERED <= app.requests < report.chosen
    assert report.counts["not_run"] > 0


def test_a_service_that_dies_is_not_asked_to_the_end(run: RunSuite) -> None:
    app = Dying(10)
    with serve(app) as url:
        report = run(url, "POST /users", selection={"cases": ("post.users--*",)})
    assert report.status == "unavailable"
    assert report.counts["passed"] == 9  # one of the answers was that before all cases
    assert set(kinds(report)) == {"no_answer"}
    assert app.after < report.chosen - 10


def test_one_that_wants_fewer_requests_blocks_and_fails_nothing(run: RunSuite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASECRAFT_PATIENCE", "1")
    with serve(Answering(429, b"", **{"retry-after": "60"})) as url:
        report = run(url)
    assert report.counts["blocked"] == report.chosen
    assert all("429 Too Many Requests" in reason for reason in report.blocked_by_reason())
    assert report.exit_code("finding") == 0
    assert sum(map(len, report.blocked_by_reason().values())) == report.chosen


def test_missing_credentials_block_and_are_named(run: RunSuite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CASECRAFT_AUTH_APIKEY")
    with serve(create_app()) as url:
        report = run(url, "DELETE /pets/*")
    assert list(report.blocked_by_reason()) == ["needs credentials: set CASECRAFT_AUTH_APIKEY"]
    assert report.exit_code() == 0


@pytest.mark.parametrize(
    ("selection", "chosen"),
    [
        ({"priorities": ("P0",)}, lambda case: case.priority == "P0"),
        ({"valid": False}, lambda case: not case.valid),
        ({"valid": True}, lambda case: case.valid),
        ({"cases": ("*limit*",)}, lambda case: "limit" in case.id),
    ],
)
def test_only_what_is_chosen_runs(run: RunSuite, suite: Path, selection: dict[str, Any], chosen: Any) -> None:
    with serve(create_app()) as url:
        report = run(url, "/pets", selection=selection)
    expected = {case.id for case in read_suite(suite).cases if " /pets" in endings(case) and chosen(case)}
    assert {case.result.case_id for case in report.cases} == expected
    assert 0 < len(expected) < len(read_suite(suite).cases)


def test_fail_fast_leaves_out_what_comes_after(run: RunSuite) -> None:
    with serve(create_app("name-null-crashes")) as url:
        report = run(url, "POST /pets", fail_fast=True, workers=1)
    assert report.counts["failed"] == 1
    assert report.counts["not_run"] > 0
    assert report.exit_code() == 1


def test_headers_go_along_and_their_values_stay_out_of_everything(run: RunSuite, tmp_path: Path) -> None:
    with serve(create_app("page-without-total")) as url:
        report = run(url, headers={"X-Tenant": "tenant-4711-secret"})
    (state,) = (tmp_path / "state").glob("*.sqlite")
    assert b"tenant-4711-secret" not in state.read_bytes()
    for case in report.of("failed"):
        assert '"$CASECRAFT_HEADER_X_TENANT"' in case.command
        assert "tenant-4711-secret" not in case.text


def boxes(tmp_path: Path) -> Path:
    """The suite of boxes, which can all be removed at once."""
    document = tmp_path / "boxes.json"
    document.write_text(json.dumps(DOCUMENT))
    casecraft.generate(document, providers=["rules"], output=tmp_path / "boxes", state_dir=tmp_path)
    return tmp_path / "boxes"


def test_several_workers_find_what_one_finds(secrets: None, tmp_path: Path) -> None:
    suite = boxes(tmp_path)
    found = []
    for workers in (1, 4):
        app = Boxes()
        with serve(app) as url:
            report = casecraft.run_suite(suite, url, workers=workers, retries=0, state_dir=tmp_path)
        found.append({case.result.case_id: case.result.outcome for case in report.cases})
        assert ("DELETE", "/boxes") in app.requests
        assert app.kept == {}
    assert found[0] == found[1]
    assert set(found[0].values()) == {"passed"}


def test_what_is_left_behind_is_told(secrets: None, tmp_path: Path) -> None:
    app = Boxes()
    app.keeps = True
    with serve(app) as url:
        chosen = Selection(cases=("post.boxes--*",), valid=True)
        report = casecraft.run_suite(boxes(tmp_path), url, selection=chosen, state_dir=tmp_path)
    assert report.counts["passed"] > 0
    assert report.counts["failed"] == 0 == report.exit_code("finding")
    assert report.left_behind == {
        f"DELETE /boxes/{{id}} did not remove /boxes/{number}: 500 Internal Server Error": 1 for number in app.kept
    }
    assert report.other_warnings == {}


def test_warnings_of_tests_are_told_without_secrets(secrets: None, tmp_path: Path) -> None:
    suite = boxes(tmp_path)
    own = "import os, warnings\n\n\ndef test_mine():\n    warnings.warn('as ' + os.environ['CASECRAFT_AUTH_BEARER'])\n"
    (suite / "test_own.py").write_text(own)
    with serve(Boxes()) as url:
        report = casecraft.run_suite(suite, url, workers=2, state_dir=tmp_path)
    assert report.warnings == {"as $CASECRAFT_AUTH_BEARER": 1}
    assert report.exit_code("finding") == 0


def test_the_rate_holds_over_all_workers(run: RunSuite, tmp_path: Path) -> None:
    progress: list[int] = []

    def listen(now: Progress, news: Sequence[CheckedCase]) -> None:
        progress.append(now.done)

    with serve(create_app()) as url:
        report = run(url, "GET /pets", workers=2, rate=20, on_progress=listen)
    assert report.counts["passed"] == report.chosen
    assert report.seconds > (report.chosen - 2) / 20
    assert progress == sorted(progress)
    assert progress[-1] == report.chosen


def test_tests_of_ones_own_run_too(secrets: None, tmp_path: Path) -> None:
    suite = tmp_path / "suite"
    document = tmp_path / "tiny.json"
    document.write_text(
        '{"openapi": "3.1.0", "info": {"title": "t", "version": "1"},'
        ' "paths": {"/health": {"get": {"responses": {"200": {"description": "ok"}}}}}}'
    )
    casecraft.generate(document, providers=["rules"], output=suite, state_dir=tmp_path)
    own = "import os\n\n\ndef test_mine():\n    assert os.environ['CASECRAFT_AUTH_BEARER'] == 'x'\n"
    (suite / "test_own.py").write_text(own)
    with serve(create_app()) as url:
        report = casecraft.run_suite(suite, url, state_dir=tmp_path)
    (failed,) = report.of("failed")
    assert failed.node == "test_own.py::test_mine"
    assert (failed.endpoint, failed.result.kind) == ("other tests", "other")
    assert report.counts["passed"] == report.chosen
    # Such a test knows nothing of secrets; what it says is kept all the same.
    assert "$CASECRAFT_AUTH_BEARER" in failed.text
    assert TOKEN not in failed.text + failed.result.message


def test_what_cannot_be_run_is_refused(suite: Path, run: RunSuite, tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="there is no suite in"):
        casecraft.run_suite(tmp_path, "http://127.0.0.1:1")
    with pytest.raises(SuiteError, match="is chosen"):
        run("http://127.0.0.1:1", "GET /nothing")
    for url in ("", "127.0.0.1:8000", "ftp://x", "http://", "http://x:99999"):
        with pytest.raises(ConfigurationError, match="must be said"):
            run(url)


def test_a_broken_suite_is_no_failure_of_the_service(secrets: None, tmp_path: Path, suite: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    for path in ("suite.json", "schemas.json"):
        (broken / path).write_bytes((suite / path).read_bytes())
    (broken / "cases").mkdir()
    (broken / "cases" / "a.json").write_text('{"endpoint": "GET /a", "cases": [{"id": "a"}]}')
    (broken / "conftest.py").write_text("import nothing_of_this_name\n")
    with serve(create_app()) as url, pytest.raises(SuiteError, match="nothing_of_this_name"):
        casecraft.run_suite(broken, url, state_dir=tmp_path)


def test_the_plugin_is_light(tmp_path: Path) -> None:
    script = (
        "import sys, pytest; seen = set(sys.modules); import casecraft.runner.plugin; print(*set(sys.modules) - seen)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    values = {"casecraft", "casecraft.core", "casecraft.core.outcome"}
    assert set(done.stdout.split()) == values | {f"casecraft.runner{name}" for name in ("", ".plugin", ".verdicts")}


def test_a_selection_of_nothing_is_all() -> None:
    assert Selection().facts == {}
    assert Selection(priorities=("P0",), valid=False).facts == {"priorities": ["P0"], "valid": False}
