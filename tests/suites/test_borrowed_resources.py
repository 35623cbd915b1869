"""Ids of several parts and firsts of lists, as each format takes them out of real answers."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from casecraft.cases.scenarios import chain
from casecraft.spec import load
from casecraft.suites import Run as SuiteRun
from casecraft.suites import Suite, render
from tests.cases.scenarios.shop import PET, TEXT, item, named, operation, results_of
from tests.petstore.server import serve
from tests.suites.consumers import Run, run_bruno, run_curl, run_httpyac, run_jest, run_newman, run_pytest
from tests.suites.running import Answer, Echo

pytestmark = pytest.mark.slow

RUNNERS: dict[str, Callable[..., Run]] = {
    "pytest": run_pytest,
    "jest": run_jest,
    "curl": run_curl,
    "bruno": run_bruno,
    "http": run_httpyac,
    "postman": run_newman,
}
OWNER = {"type": "object", "properties": {"login": TEXT}}
REPOSITORY = {"type": "object", "properties": {"id": {"type": "integer"}, "name": TEXT, "owner": OWNER}}
PATHS = {
    "/user/repos": {"post": operation({"201": {"$ref": "#/components/schemas/Repository"}}, {"type": "object"})},
    "/repos/{owner}/{repo}": {
        "parameters": [named("owner"), named("repo")],
        "get": operation({"200": {"$ref": "#/components/schemas/Repository"}}),
    },
    "/things": {"get": operation({"200": {"type": "object", "properties": {"data": {"type": "array", "items": PET}}}})},
    "/things/{thingId}": item("thingId", {"type": "integer"}, get=operation({"200": PET})),
}


@pytest.fixture
def service() -> Iterator[tuple[Echo, str]]:
    app = Echo()
    made = {"id": 1, "name": "first", "owner": {"login": "ann"}}
    app.answers[b"/user/repos"] = Answer(201, json.dumps(made).encode())
    app.answers[b"/repos/ann/first"] = Answer(200, json.dumps(made).encode())
    app.answers[b"/things/7"] = Answer(200, b'{"id": 7}')
    with serve(app) as url:
        yield app, url


def write(folder: Path, name: str) -> Path:
    """A suite with a valid case of each endpoint."""
    results = results_of(folder, PATHS, components={"schemas": {"Repository": REPOSITORY}})
    chained = chain(results, fill=False, techniques=set())
    kept = []
    for result in chained.results:
        valid = [case for case in result.cases if case.valid and not case.id.endswith("as-written")]
        kept.append(replace(result, cases=tuple(valid[:1])))
    suite = Suite(
        load(str(folder / "shop.json")), tuple(kept), SuiteRun("r", "s", ("rules",)), {}, resources=chained.resources
    )
    render(suite, folder / "suite", ("json", "pytest") if name == "pytest" else ("json", name))
    return folder / "suite"


@pytest.mark.parametrize("name", RUNNERS)
def test_each_format_takes_all_parts_and_the_first(tmp_path: Path, name: str, service: tuple[Echo, str]) -> None:
    app, url = service
    app.answers[b"/things"] = Answer(200, b'{"data": [{"id": 7}, {"id": 8}]}')
    run = RUNNERS[name](write(tmp_path, name), url)
    asked = {request["path"] for request in app.requests}
    assert {b"/repos/ann/first", b"/things/7"} <= asked, run.output
    assert cases_of(run) == {"get.repos._": "passed", "get.things._": "passed"}, run.output


@pytest.mark.parametrize("name", RUNNERS)
def test_an_empty_list_blocks_and_says_why(tmp_path: Path, name: str, service: tuple[Echo, str]) -> None:
    app, url = service
    app.answers[b"/things"] = Answer(200, b'{"data": []}')
    run = RUNNERS[name](write(tmp_path, name), url)
    assert cases_of(run) == {"get.repos._": "passed", "get.things._": "skipped"}, run.output
    assert not any(request["path"].startswith(b"/things/") for request in app.requests)
    if name == "pytest":
        assert "needs the first of 'things', and /things lists none" in (tmp_path / "pytest.xml").read_text("utf-8")
    if name == "curl":
        assert "blocked: made_things_data_0_id" in run.output


def cases_of(run: Run) -> dict[str, str]:
    """The verdicts on the two cases, by what they read."""
    named: dict[str, Any] = {
        it: [verdict for name, verdict in run.verdicts.items() if name.startswith(it)] for it in READ
    }
    return {it: verdicts[0] for it, verdicts in named.items()}


READ = ("get.repos._", "get.things._")
