"""Suites of shell scripts: what goes beyond that which all formats with listed requests have in common."""

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from casecraft.core.case import CaseRequest, Expectation
from casecraft.suites import render
from tests.petstore.app import create_app
from tests.petstore.server import serve
from tests.suites.conftest import CREDENTIALS
from tests.suites.consumers import run_curl
from tests.suites.life_cycle import life_cycle_suite
from tests.suites.running import HOSTILE, Echo
from tests.suites.samples import key_scheme, make_case, make_endpoint, make_result, make_suite

pytestmark = pytest.mark.slow

BODIES = ["nul\0byte", "x" * 300_000, "half \ud83d", '$(touch "$HOME/pwned")`id`', "-d @/etc/passwd", *HOSTILE]


def test_any_body_arrives(tmp_path: Path, echo: tuple[Echo, str]) -> None:
    requests = [CaseRequest("POST", "/pets", raw_body=body, content_type="text/plain") for body in BODIES]
    cases = [make_case(f"case-{number:03}", request=request) for number, request in enumerate(requests)]
    render(make_suite([make_result(make_endpoint(), *cases)]), tmp_path / "suite", ["curl"])
    run = run_curl(tmp_path / "suite", echo[1])
    assert set(run.verdicts.values()) == {"passed"}, run.output
    assert [one["body"] for one in echo[0].requests] == [body.encode("utf-8", "surrogatepass") for body in BODIES]


def test_failures_show_no_secrets(tmp_path: Path, echo: tuple[Echo, str]) -> None:
    echo[0].repeat = True
    endpoint = make_endpoint(security=((key_scheme("the key"),),))
    suite = make_suite([make_result(endpoint, make_case(expect=Expectation((418,))))])
    render(suite, tmp_path / "suite", ["curl"])
    run = run_curl(tmp_path / "suite", echo[1], CASECRAFT_AUTH_THE_KEY="key-*-secret")
    assert run.verdicts == {"case-1": "failed"}
    assert "status 200, expected 418" in run.output
    assert "$CASECRAFT_AUTH_THE_KEY" in run.output
    assert "secret" not in run.output


TOOLS = ("base64", "bash", "cat", "curl", "dirname", "grep", "head", "mktemp", "od", "rm", "sed", "tail", "tr")


def test_without_jq_what_is_in_bodies_is_left_out_and_said(tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in TOOLS:
        (tools / tool).symlink_to(str(shutil.which(tool)))
    suite = life_cycle_suite()
    (life,) = suite.scenarios
    made = replace(life.steps[0], values={"/status": "pending"})
    suite = replace(suite, scenarios=(replace(life, steps=(made, *life.steps[1:])),))
    render(suite, tmp_path / "suite", ["curl"])
    with serve(create_app(stateful=True)) as url:
        run = run_curl(tmp_path / "suite", url, PATH=str(tools), **CREDENTIALS)
    assert "# jq is not installed: what is in bodies is not checked, and flows into no request" in run.output
    assert run.verdicts["life--made"] == "passed", "the value that it has not is not looked for"
    assert run.verdicts["life--read"] == "skipped"
    assert run.verdicts["read"] == "passed", "its value comes from a header"


def test_no_answer_is_a_failure(tmp_path: Path) -> None:
    render(make_suite([make_result(make_endpoint(), make_case())]), tmp_path / "suite", ["curl"])
    run = run_curl(tmp_path / "suite", "http://127.0.0.1:9")
    assert (run.code, run.verdicts) == (1, {"case-1": "failed"})
    assert "no answer: curl: (7)" in run.output


def test_shellcheck_has_nothing_to_say(tmp_path: Path, petstore_suite: Path) -> None:
    render(life_cycle_suite(), tmp_path / "suite", ["curl"])
    for folder in (petstore_suite / "curl", tmp_path / "suite" / "curl"):
        scripts = [str(path.relative_to(folder)) for path in sorted(folder.rglob("*.sh"))]
        command = [str(Path(sys.executable).parent / "shellcheck"), "--severity=style", "--external-sources", *scripts]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
