"""A failing check says first which class it is; findings are told from failures, and weaknesses from both."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from casecraft.core.case import CaseRequest, Expectation
from casecraft.core.endpoint import Body, MediaType, Parameter, Response, SecurityScheme
from casecraft.core.scenario import Listing
from casecraft.suites import render
from tests.petstore.server import serve
from tests.suites.conftest import Runner
from tests.suites.consumers import run_bruno, run_curl, run_httpyac, run_jest, run_newman
from tests.suites.running import Answer, Echo, outcomes, run_suite
from tests.suites.samples import PET, answer_of, make_case, make_endpoint, make_result, make_suite
from tests.suites.test_python_formats import run_gherkin

pytestmark = pytest.mark.slow

OK, REFUSED = Expectation((200,)), Expectation((400, "4XX"), check_schema=False)
LOCATION = Response("201", "", (), (Parameter("Location", "header", True, True), Parameter("X", "header", False, True)))
SHOWN = b'Traceback (most recent call last):\n  File "app.py"'
PAGE = b"<!DOCTYPE html><html><body><p>Please log in</p></body></html>"
SELF_SET = CaseRequest("POST", "/pets", body={"id": 7}, content_type="application/json")


@pytest.fixture
def echo() -> Iterator[tuple[Echo, str]]:
    app = Echo()
    with serve(app) as url:
        yield app, url


CHECKS: dict[str, tuple[Answer, dict[str, Any], str]] = {
    "crash": (Answer(500), {"expect": OK}, "server error: status 500, expected 200"),
    "crash-on-wrong": (Answer(503), {"expect": REFUSED, "valid": False}, "server error: status 503"),
    "finding": (Answer(200), {"expect": REFUSED, "valid": False}, "accepted an invalid request: status 200"),
    "refused": (Answer(422), {"expect": OK}, "refused a valid request: status 422"),
    "moved": (Answer(301), {"expect": OK}, "unexpected status: status 301"),
    "redirected": (Answer(302), {"expect": REFUSED, "valid": False}, "unexpected status: status 302"),
    "other-success": (Answer(202), {"expect": OK}, "unexpected status: status 202"),
    "kept": (Answer(200), {"expect": Expectation((404,))}, "unexpected status: status 200"),
    "otherwise-gone": (Answer(409), {"expect": Expectation((404,))}, "unexpected status: status 409"),
    "tolerated": (Answer(422), {"expect": Expectation((200, "4XX"), check_schema=False)}, ""),
    "shape": (Answer(200, b"{}"), {"expect": OK}, "schema mismatch: the body does not fit its schema at $"),
    "no-json": (Answer(200, b"{"), {"expect": OK}, "schema mismatch: the body is no JSON"),
    "type": (Answer(200, b"<p>", "text/html"), {"expect": OK}, "content type mismatch: 'text/html'"),
    "gateway": (Answer(502, PAGE, "text/html"), {"expect": OK}, "not the service: 502 in HTML"),
    "log-in": (Answer(200, PAGE, "text/html"), {"expect": OK}, "not the service: 200 with an HTML page, where app"),
    "elsewhere": (Answer(302, location="https://sso.example/a"), {"expect": OK}, "not the service: 302 leads to https"),
    "same-scheme": (Answer(302, location="//b.example/a"), {"expect": OK}, "not the service: 302 leads to //b.example"),
    "to-log-in": (Answer(302, location="/login?next=/"), {"expect": OK}, "not the service: 302 leads to /login"),
    "nearby": (Answer(302, location="/pets/1"), {"expect": OK}, "unexpected status: status 302, expected 200"),
    "header": (Answer(201), {"expect": Expectation((201,))}, "header mismatch: the answer has no 'Location'"),
    "trace": (Answer(400, SHOWN), {"expect": REFUSED}, "verbose error: the answer shows the inside"),
    "trace-in-success": (Answer(200, b'{"id": 1, "log": "SQLSTATE[42000]"}'), {"expect": OK}, ""),
    "evaluated": (
        Answer(200, b'{"id": 1, "title": "1787569"}'),
        {"expect": OK, "targets": ("security:template-injection",)},
        "injection: the answer shows",
    ),
    "read": (
        Answer(400, b"root:x:0:0:root:/root"),
        {"expect": REFUSED, "targets": ("security:path-traversal",)},
        "injection: the answer shows",
    ),
    "page": (
        Answer(400, b"<p><script>casecraft()</script>", "text/html"),
        {"expect": REFUSED, "targets": ("security:script-injection",)},
        "injection: a script stands in a page",
    ),
    "data": (
        Answer(400, b'"<script>casecraft()</script>"'),
        {"expect": REFUSED, "targets": ("security:script-injection",)},
        "",
    ),
    "assigned": (
        Answer(200, b'{"id": 7}'),
        {"expect": OK, "targets": ("security:API3-mass-assignment",), "request": SELF_SET},
        "accepted an invalid request: 'id' is readOnly",
    ),
    "ignored": (
        Answer(200, b'{"id": 8}'),
        {"expect": OK, "targets": ("security:API3-mass-assignment",), "request": SELF_SET},
        "",
    ),
}


def write_checks(folder: Path, echo: Echo, name: str) -> Path:
    results = []
    for key, (answer, facts, _) in CHECKS.items():
        path = f"/{key}"
        echo.answers[path.encode()] = answer
        request = facts.get("request", CaseRequest("GET", path))
        case = make_case(f"a--{key}", **{**facts, "title": key, "request": replace(request, path=path)})
        endpoint = make_endpoint("GET", path, responses=(answer_of("200", PET), LOCATION), body=own_body())
        results.append(make_result(endpoint, case))
    render(make_suite(results), folder / "suite", [name])
    return folder / "suite"


def messages_of_gherkin(suite: Path, url: str) -> dict[str, str]:
    report = suite.parent / "cucumber.json"
    run_gherkin(suite, url, f"--cucumberjson={report}")
    found = [scenario for feature in json.loads(report.read_text("utf-8")) for scenario in feature["elements"]]
    texts = ("".join(step["result"].get("error_message", "") for step in one["steps"]) for one in found)
    ids = [next(tag["name"] for tag in one["tags"] if "--" in tag["name"]) for one in found]
    return dict(zip(ids, texts, strict=True))


def messages_by(runner: Runner) -> Callable[[Path, str], dict[str, str]]:
    def messages(suite: Path, url: str) -> dict[str, str]:
        run = runner(suite, url)
        return {key: run.messages[key] if verdict == "failed" else "" for key, verdict in run.verdicts.items()}

    return messages


# The formats that compare all this with an answer, and the first message of each case there.
MESSAGES: dict[str, Callable[[Path, str], dict[str, str]]] = {
    "pytest": outcomes,
    "gherkin": messages_of_gherkin,
    "jest": messages_by(run_jest),
    "postman": messages_by(run_newman),
    "bruno": messages_by(run_bruno),
    "http": messages_by(run_httpyac),
    "curl": messages_by(run_curl),
}
formats = pytest.mark.parametrize("name", MESSAGES)


def compare(name: str, suite: Path, url: str, begins: Mapping[str, str]) -> None:
    ends = {key.removeprefix("a--"): text for key, text in MESSAGES[name](suite, url).items()}
    first = {key: text.splitlines()[0].removeprefix("Failed: ") if text else "" for key, text in ends.items()}
    assert first.keys() == begins.keys()
    assert {key: line[: len(begins[key])] if begins[key] else line for key, line in first.items()} == begins


@formats
def test_the_first_line_of_a_failure_is_its_class(tmp_path: Path, echo: tuple[Echo, str], name: str) -> None:
    suite = write_checks(tmp_path, echo[0], name)
    begins = {key: begins for key, (*_, begins) in CHECKS.items()}
    if name in ("bruno", "http"):  # which give what is no JSON as if it were a string
        begins["no-json"] = "schema mismatch: the body does not fit its schema at $"
    if name == "curl":
        begins["shape"] = ""  # it has no checker of schemas
    compare(name, suite, echo[1], begins)


def own_body() -> Body:
    schema = {"allOf": [{"type": "object", "properties": {"id": {"type": "integer", "readOnly": True}}}]}
    return Body(False, (MediaType("application/json", schema),))


def test_what_http_asks_of_refusals_is_a_warning(tmp_path: Path, echo: tuple[Echo, str]) -> None:
    bearer, key = (
        SecurityScheme("token", "http", http_scheme="bearer"),
        SecurityScheme("key", "apiKey", "", "header", "K"),
    )
    results = []
    for path, status, scheme in (("/a", 401, bearer), ("/b", 405, bearer), ("/c", 401, key)):
        echo[0].answers[path.encode()] = Answer(status)
        case = make_case(path, expect=REFUSED, request=CaseRequest("GET", path, credentials="none"))
        results.append(make_result(make_endpoint("GET", path, security=((scheme,),)), case))
    render(make_suite(results), tmp_path)
    done = run_suite(tmp_path, echo[1], "-W", "default")
    assert "3 passed, 2 warnings" in done.stdout
    assert "GET /a: 401 without WWW-Authenticate" in done.stdout
    assert "GET /b: 405 without Allow" in done.stdout


PAGES = Listing("/items", "limit", ("state",))
LISTS: dict[str, tuple[bytes, dict[str, Any], str]] = {
    "as-asked": (b'{"items": [{"state": "sold"}]}', {"limit": 1, "state": "sold"}, ""),
    "too-many": (b'{"items": [{}, {}]}', {"limit": 1}, "value mismatch: 2 items, where 'limit' asks for 1 at most"),
    "another-state": (
        b'{"items": [{"state": "sold"}, {"state": "new"}]}',
        {"state": "sold"},
        'value mismatch: an item has state "new", where the query asks for "sold"',
    ),
    "no-limit-asked": (b'{"items": [{}, {}]}', {}, ""),
    "state-not-shown": (b'{"items": [{}, 1]}', {"state": "sold"}, ""),
    "no-list": (b'{"items": {}}', {"limit": 0}, ""),
    "no-items": (b'{"other": []}', {"limit": 0}, ""),
}


@formats
def test_lists_are_held_to_the_query(tmp_path: Path, echo: tuple[Echo, str], name: str) -> None:
    results, listings = [], {}
    for key, (body, query, _) in LISTS.items():
        echo[0].answers[f"/{key}".encode()] = Answer(200, body)
        endpoint = make_endpoint("GET", f"/{key}", responses=())
        listings[endpoint.id] = PAGES
        case = make_case(f"a--{key}", title=key, request=CaseRequest("GET", f"/{key}", query=query))
        results.append(make_result(endpoint, case))
    render(replace(make_suite(results), listings=listings), tmp_path / "suite", [name])
    compare(name, tmp_path / "suite", echo[1], {key: wanted for key, (*_, wanted) in LISTS.items()})
