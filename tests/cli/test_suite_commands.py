"""`casecraft run`, `report`, `explain` and `diff` as processes."""

import json
import signal
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.command import ROOT, finish, run, start, until
from tests.petstore.app import create_app
from tests.petstore.rules import API_KEY, SESSION, TOKEN
from tests.petstore.server import serve

pytestmark = pytest.mark.slow
SECRETS = {"CASECRAFT_AUTH_APIKEY": API_KEY, "CASECRAFT_AUTH_BEARER": TOKEN, "CASECRAFT_AUTH_SESSION": SESSION}
SPEC = ROOT / "specs" / "petstore.yaml"


@pytest.fixture
async def made(tmp_path: Path) -> Path:
    done = await run("generate", SPEC, "-p", "rules", "-o", "suites/pets", "-q", cwd=tmp_path)
    assert done.code == 0, done.err
    return tmp_path


async def test_a_run_writes_every_report_and_the_next_commands_know_of_it(made: Path) -> None:
    files = ("--junit", "out/junit.xml", "--html", "out/page.html", "--json-report", "out/run.json")
    reports = (*files, "--endpoint", "/pets", "-n", "2")
    with serve(create_app("page-without-total")) as url:
        done = await run("run", "suites/pets", "--base-url", url, *reports, cwd=made, env=SECRETS)
        assert done.code == 1, done.err
        machine = await run("run", "suites/pets", "--json", "--endpoint", "GET /pets", "-n", "1", cwd=made,
                            env={**SECRETS, "CASECRAFT_BASE_URL": url})  # fmt: skip
    assert "schema mismatch: " in done.out
    assert "curl -X GET" in done.out
    assert "failed: GET /pets: " in done.err
    assert "cases: " in done.err
    assert ET.parse(made / "out" / "junit.xml").getroot().tag == "testsuites"
    assert (made / "out" / "page.html").read_text().startswith("<!doctype html>")
    filed = json.loads((made / "out" / "run.json").read_text())
    assert filed["exit_code"] == 1
    assert f"{filed['counts']['failed']} failed" in done.out
    data = json.loads(machine.out)
    assert filed.keys() == data.keys()
    assert (machine.code, data["exit_code"], machine.err) == (1, 1, "")
    assert data["counts"]["failed"] > 0
    await check_what_is_known(made, data)


async def check_what_is_known(made: Path, data: dict[str, Any]) -> None:
    report = await run("report", "--json", "--html", "history.html", cwd=made)
    told = json.loads(report.out)
    assert told["run"]["id"] == data["run"]
    assert len(told["still_failing"]) == data["counts"]["failed"]
    assert told["newly_failing"] == []
    assert (made / "history.html").is_file()
    words = await run("report", "suites/pets", cwd=made)
    assert f"still failing: {data['counts']['failed']}" in words.out
    name = told["still_failing"][0]["case_id"]
    explained = await run("explain", name, cwd=made)
    assert explained.code == 0
    assert f"  id         {name}" in explained.out
    assert f"  run        {data['run']}: failed: " in explained.out


async def test_a_service_that_is_not_there_has_a_code_of_its_own(made: Path) -> None:
    done = await run("run", "suites/pets", "--base-url", "http://127.0.0.1:9", cwd=made)
    assert done.code == 4
    assert done.err.startswith("error: the service is not there: ")
    assert len(done.err.splitlines()) == 2


async def test_wrong_use_is_2(made: Path) -> None:
    for args in (("suites/nothing",), ("suites/pets",), ("suites/pets", "--header", "secret-without-name")):
        done = await run("run", *args, cwd=made)
        assert done.code == 2, done.err
        assert "secret-without-name" not in done.err


def command_lines(folder: Path) -> set[str]:
    """Those of the pytest processes that run a suite in the folder, by what the system shows to everybody."""
    lines = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended
            lines.add(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return {line for line in lines if "-m pytest" in line and str(folder) in line}


@pytest.mark.skipif(not Path("/proc").exists(), reason="only Linux shows them in /proc")
async def test_secrets_are_on_no_command_line_of_the_processes_begun(made: Path) -> None:
    seen: set[str] = set()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.update(command_lines(made))
        await send({"type": "http.response.start", "status": 500, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    with serve(app) as url:
        args = ("--base-url", url, "--endpoint", "/orders", "--header", "X-Tenant: tenant-4711")
        done = await run("run", "suites/pets", *args, cwd=made, env=SECRETS)
    assert done.code == 1, done.err
    assert seen
    for secret in ("tenant-4711", API_KEY, TOKEN, SESSION):
        assert not [line for line in seen if secret in line]
        assert secret not in done.out + done.err


async def test_ctrl_c_keeps_what_was_run(made: Path) -> None:
    with serve(create_app()) as url:
        process = await start(
            ["run", "suites/pets", "--base-url", url, "--endpoint", "/pets", "--rate", "10", "-n", "1"], made, SECRETS
        )
        (state,) = (made / ".casecraft").glob("*.sqlite")
        await until(lambda: bool(results(state)))
        process.send_signal(signal.SIGINT)
        done = await finish(process)
    assert done.code == 130, done.err
    assert "stopping: tests under way may end" in done.err
    assert "stopped before its end; what was run is kept" in done.out
    told = json.loads((await run("report", "--json", cwd=made)).out)
    assert told["run"]["status"] == "interrupted"
    assert told["run"]["totals"]["passed"] == told["passed"] == results(state)
    assert 0 < told["passed"] < told["passed"] + len(told["never_run"])


def results(path: Path) -> int:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        return int(connection.execute("SELECT count(*) FROM case_results").fetchone()[0])


async def test_what_cannot_be_written_is_said(made: Path) -> None:
    (made / "file").write_text("")
    with serve(create_app()) as url:
        args = ("--base-url", url, "--endpoint", "/health", "--json-report", "file/run.json")
        done = await run("run", "suites/pets", *args, cwd=made, env=SECRETS)
    assert done.code == 2
    assert "error: cannot write the report 'file/run.json'" in done.err
    assert "3 passed of 3 cases" in done.out  # the results are told all the same


@pytest.mark.skipif(not Path("/proc").exists(), reason="only there is SIGTERM what it is here")
@pytest.mark.parametrize(("signals", "code"), [(1, 130), (2, 130)])
async def test_stopped_it_leaves_no_folder_of_its_own(made: Path, signals: int, code: int) -> None:
    own = made / "temporary"
    own.mkdir()
    with serve(create_app()) as url:
        args = ["run", "suites/pets", "--base-url", url, "--endpoint", "/pets", "--rate", "10", "-n", "1"]
        process = await start(args, made, {**SECRETS, "TMPDIR": str(own)})
        (state,) = (made / ".casecraft").glob("*.sqlite")
        await until(lambda: bool(results(state)))
        assert [path for path in own.iterdir() if path.name.startswith("casecraft-run-")]
        for _ in range(signals):
            process.send_signal(signal.SIGTERM)
        done = await finish(process)
    assert done.code == code, done.err
    assert not [path for path in own.iterdir() if path.name.startswith("casecraft-run-")]


@pytest.mark.skipif(not Path("/proc").exists(), reason="only Linux shows them in /proc")
async def test_killed_it_leaves_no_pytest_that_goes_on_and_no_folder(made: Path) -> None:
    own = made / "temporary"
    own.mkdir()
    variables = {**SECRETS, "TMPDIR": str(own)}
    with serve(create_app()) as url:
        process = await start(["run", "suites/pets", "--base-url", url, "--rate", "10", "-n", "1"], made, variables)
        (state,) = (made / ".casecraft").glob("*.sqlite")
        await until(lambda: bool(results(state)))
        process.kill()
        await process.wait()
        await until(lambda: not command_lines(made), limit=10)  # all of the suite would take half a minute
    assert not [path for path in own.iterdir() if path.name.startswith("casecraft-run-")]


async def test_differences_between_documents(made: Path, tmp_path: Path) -> None:
    text = SPEC.read_text()
    changed = tmp_path / "changed.yaml"
    changed.write_text(text.replace("/health:", "/healthy:"))
    done = await run("diff", SPEC, changed, "--exit-code", cwd=made)
    assert done.code == 1
    assert "+ GET /healthy (new)" in done.out
    assert "- GET /health (stale)" in done.out
    assert done.out.splitlines()[-1].startswith("endpoints: 1 new, 0 changed, 1 stale, 13 as they were; cases: ")
    same = await run("diff", "suites/pets", SPEC, "--exit-code", "--json", cwd=made)
    assert (same.code, json.loads(same.out)["endpoints"]["unchanged"]) == (0, 14)
    plain = await run("diff", SPEC, changed, cwd=made)
    assert plain.code == 0
