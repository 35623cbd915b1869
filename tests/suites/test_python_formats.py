"""The formats that Python runs, by their real programs: each finds what the pytest suite finds, and sends the same."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from casecraft.core.case import CaseRequest, Expectation, MissingScope, Repeat
from casecraft.core.endpoint import Body, MediaType, Response, SecurityScheme
from casecraft.suites import render
from tests.petstore.app import create_app
from tests.petstore.rules import OTHER_KEY, OTHER_TOKEN
from tests.petstore.server import serve
from tests.suites.conftest import CREDENTIALS
from tests.suites.running import PYTEST, Answer, Echo, outcomes, run_program
from tests.suites.samples import answer_of, key_scheme, make_case, make_endpoint, make_result, make_suite
from tests.suites.test_suite_running import HOSTILE

pytestmark = pytest.mark.slow

# With another user's nothing is skipped, which the report for Cucumber does not tell from passed.
ALL_CREDENTIALS = {
    **CREDENTIALS,
    "CASECRAFT_FOREIGN_AUTH_APIKEY": OTHER_KEY,
    "CASECRAFT_FOREIGN_AUTH_BEARER": OTHER_TOKEN,
}
UNITTEST = [sys.executable, "-W", "error", "-m", "unittest"]
Ends: TypeAlias = dict[str, str]
Done: TypeAlias = subprocess.CompletedProcess[str]


def run_unittest(folder: Path, url: str = "", *options: str, **variables: str) -> Done:
    return run_program([*UNITTEST, *(options or ("discover", "-v"))], folder / "unittest", url, **variables)


def run_gherkin(folder: Path, url: str = "", *options: str, **variables: str) -> Done:
    return run_program([*PYTEST, "-p", "pytest_bdd.plugin", *options], folder / "gherkin", url, **variables)


def ends_of_pytest(folder: Path, url: str) -> Ends:
    """How cases and scenarios end, by their ids."""
    ends = outcomes(folder, url, **ALL_CREDENTIALS)
    return {name: "failed" if said else "passed" for name, said in ends.items()}


def ends_of_unittest(folder: Path, url: str) -> Ends:
    done = run_unittest(folder, url, **ALL_CREDENTIALS)
    words = {"ok": "passed", "FAIL": "failed", "ERROR": "error", "skipped": "failed"}
    lines = re.findall(r"^(\w+) \((\w+)\.(\w+)\.\1\)\n.* \.\.\. (\w+)", done.stderr, re.MULTILINE)
    found = {(name, method): words[end] for method, _, name, end in lines}
    assert len(found) == int(re.findall(r"^Ran (\d+) tests", done.stderr, re.MULTILINE)[0])
    classes = re.compile(r'^class (\w+)\(ApiCase, cases="(.+)"\)', re.MULTILINE)
    modules = (folder / "unittest").glob("tests_*.py")
    files = [pair for module in modules for pair in classes.findall(module.read_text("utf-8"))]
    return {
        case["id"]: found[name, method_of(case)]
        for name, file in files
        for case in json.loads((folder / "cases" / f"{file}.json").read_text("utf-8"))["cases"]
    }


def method_of(case: dict[str, Any]) -> str:
    words = re.findall("[A-Za-z0-9]+", case["id"].partition("--")[2].replace("[]", "_item"))
    return "_".join(["test", case["priority"], *words])


def ends_of_gherkin(folder: Path, url: str) -> Ends:
    report = folder.parent / "cucumber.json"
    run_gherkin(folder, url, f"--cucumberjson={report}", **ALL_CREDENTIALS)
    scenarios = [scenario for feature in json.loads(report.read_text("utf-8")) for scenario in feature["elements"]]
    ids = [next(tag["name"] for tag in scenario["tags"] if "--" in tag["name"]) for scenario in scenarios]
    statuses = [{step["result"]["status"] for step in scenario["steps"]} for scenario in scenarios]
    return {name: "passed" if ends == {"passed"} else "failed" for name, ends in zip(ids, statuses, strict=True)}


def test_all_programs_find_the_same(petstore_suite: Path) -> None:
    bug = "page-without-total"
    with serve(create_app(bug)) as url:
        expected = ends_of_pytest(petstore_suite, url)
    files = (petstore_suite / "cases").glob("*.json")
    known = {case["id"] for file in files for case in json.loads(file.read_text("utf-8"))["cases"]}
    assert len(expected.keys() - known) > 3, "scenarios, which unittest has in one method"
    with serve(create_app(bug)) as url:
        assert ends_of_unittest(petstore_suite, url) == {name: expected[name] for name in known}
    tagged = {re.sub(r"[^\w.:/\[\]-]+", "_", name, flags=re.ASCII): end for name, end in expected.items()}
    with serve(create_app(bug)) as url:
        assert ends_of_gherkin(petstore_suite, url) == tagged
    assert set(expected.values()) == {"passed", "failed"}
    assert len(expected) > 70


def requests() -> list[CaseRequest]:
    """All that a request can be, with every hostile text in every place."""
    found = [
        CaseRequest(
            "POST",
            "/pets/{name}/end",
            {"name": text},
            {text or "empty": [text, 1, True, None, 0.5], "none": [], "one": ["x"]},
            {"X-Odd": text.encode("ascii", "ignore").decode().translate(dict.fromkeys(range(32))).strip()},
            {"a": text, "b": text},
            {"text": text, text: [text, {"deep": None}]},
            "application/json",
        )
        for text in [*HOSTILE, *GHERKIN]
    ]
    texts = [*HOSTILE, *GHERKIN]
    found += [CaseRequest("POST", "/text", body=text, content_type="text/plain; charset=utf-8") for text in texts]
    found += [CaseRequest("PUT", "/raw", raw_body=text, content_type="application/json") for text in texts]
    found += [CaseRequest("PUT", "/raw", raw_body=text, content_type="") for text in texts]
    parts = tuple(Repeat(text, number) for number, text in enumerate(texts))
    found += [CaseRequest("PUT", "/raw", raw_body=parts, content_type=kind) for kind in ("application/json", "")]
    found += [CaseRequest("PUT", "/raw", raw_body=(Repeat("x", 2**20),), content_type="application/json")]
    form = {"text": "a b", "many": [1, "two"], "deep": {"a": [None]}}
    kinds = ["application/x-www-form-urlencoded", "multipart/form-data", "application/x+json", "application/xml"]
    found += [CaseRequest("POST", "/form", body=form, content_type=kind) for kind in kinds]
    found += [CaseRequest("POST", "/form", body=body, content_type=kinds[0]) for body in ("x", 1, None, {}, [])]
    found += [
        CaseRequest("POST", "/json", body=body, content_type="application/json") for body in (None, "", 0, [], "x")
    ]
    found += [CaseRequest("GET", "/as", credentials=whose) for whose in ("own", "none", "invalid", "foreign")]
    found += [CaseRequest("GET", "/as", without_scope=MissingScope("apiKey", "pets:read"))]
    found += [CaseRequest("GET", "/as", credentials=whose, credentials_for="a b") for whose in ("invalid", "foreign")]
    return [*found, CaseRequest("GET", "/odd path/{x}|y?z=1", {"x": 1}), CaseRequest("OPTIONS", "/pets")]


BASIC = SecurityScheme("a b", "http", http_scheme="basic")

GHERKIN = [
    "| a | b |",
    "\\| \\n \\\\",
    "# no comment",
    "@tag",
    "<placeholder>",
    '"quoted"',
    '"""',
    '"',
    '""',
    'a """ b',
    r"\"\"\"",
    '  """\n  indented\n',
    "```\nx\n```",
    " blanks around ",
    "trailing  \nblanks",
    "  all\n  indented",
    "Scenario: another\n  Given no credentials",
    "* x",
    "a\u2028b\x85c\x0bd\x0ce",
    "\ufeffmark",
    "\u00a0",
]


def arrived(echo: Echo, run: Callable[[], Done]) -> list[str]:
    echo.requests.clear()
    done = run()
    assert done.returncode == 0, done.stdout + done.stderr
    return sorted(re.sub(r"[0-9a-f]{32}", "BOUNDARY", repr(sorted(request.items()))) for request in echo.requests)


def test_all_programs_send_the_same(tmp_path: Path, echo: tuple[Echo, str]) -> None:
    app, url = echo
    cases = [make_case(f"case--{number:03}", request=request) for number, request in enumerate(requests())]
    form = Body(True, (MediaType("multipart/form-data", {"properties": {"text": {"format": "binary"}}}),))
    endpoint = make_endpoint(
        "POST", "/pets", responses=(Response("200"),), security=((key_scheme(),), (BASIC, key_scheme())), body=form
    )
    folder = tmp_path / "suite"
    render(make_suite([make_result(endpoint, *cases)]), folder, ["pytest", "unittest", "gherkin"])
    keys = {"CASECRAFT_AUTH_APIKEY": "own-key", "CASECRAFT_FOREIGN_AUTH_APIKEY": "other-key"}
    keys |= {"CASECRAFT_AUTH_APIKEY_WITHOUT_PETS_READ": "lesser-key", "CASECRAFT_FOREIGN_AUTH_A_B": "them:theirs"}
    expected = arrived(app, lambda: run_program(PYTEST, folder, url, **keys))
    assert sum("lesser-key" in request for request in expected) == 1
    assert sum("Basic bm9ib2R5Ondyb25n" in request and "own-key" in request for request in expected) == 1
    assert sum("Basic dGhlbTp0aGVpcnM=" in request and "other-key" in request for request in expected) == 1
    assert len(expected) == len(cases)
    assert arrived(app, lambda: run_unittest(folder, url, **keys)) == expected
    assert arrived(app, lambda: run_gherkin(folder, url, **keys)) == expected


def test_texts_around_the_requests_stay_data(tmp_path: Path, echo: tuple[Echo, str]) -> None:
    results = []
    for number, text in enumerate([*HOSTILE, *GHERKIN]):
        case = make_case(f"{text}-{number}", title=text, targets=(text,), request=CaseRequest("GET", f"/{number}"))
        endpoint = make_endpoint(
            "GET", f"/{number}{text}", tags=(text,), summary=text, responses=(Response("200", text),)
        )
        results.append(make_result(endpoint, case, make_case(f"{number}--x", title=text, request=case.request)))
    folder = tmp_path / "suite"
    render(make_suite(results, title="".join(HOSTILE)), folder, ["unittest", "gherkin"])
    for run in (run_unittest, run_gherkin):
        echo[0].requests.clear()
        done = run(folder, echo[1])
        assert done.returncode == 0, done.stdout + done.stderr
        paths = [request["path"] for request in echo[0].requests]
        assert sorted(paths) == sorted(f"/{number}".encode() for number in range(len(results)) for _ in range(2))
    for file in folder.rglob("*.py"):
        assert "__import__" not in file.read_text("utf-8")


BLOCKED = make_case("blocked--here", title="needs a key", request=CaseRequest("GET", "/pets"))


@pytest.mark.parametrize("run", [run_unittest, run_gherkin])
def test_a_case_that_lacks_credentials_is_skipped_with_the_reason(
    tmp_path: Path, echo: tuple[Echo, str], run: Callable[..., Done]
) -> None:
    endpoint = make_endpoint(security=((key_scheme(),),))
    render(make_suite([make_result(endpoint, BLOCKED)]), tmp_path / "suite", ["unittest", "gherkin"])
    done = run(tmp_path / "suite", echo[1])
    assert done.returncode == 0
    assert "needs credentials: set CASECRAFT_AUTH_APIKEY" in done.stdout + done.stderr
    assert echo[0].requests == []


@pytest.mark.parametrize("run", [run_unittest, run_gherkin])
def test_a_failure_says_what_came_and_how_to_repeat_it_without_secrets(
    tmp_path: Path, echo: tuple[Echo, str], run: Callable[..., Done]
) -> None:
    echo[0].answers[b"/pets"] = Answer(500, b'{"told": "very-secret"}')
    endpoint = make_endpoint(security=((key_scheme(),),), responses=(answer_of("200", {"type": "object"}),))
    case = make_case("failing--case", expect=Expectation((200, "3XX")))
    render(make_suite([make_result(endpoint, case)]), tmp_path / "suite", ["unittest", "gherkin"])
    done = run(tmp_path / "suite", echo[1], CASECRAFT_AUTH_APIKEY="very-secret")
    said = done.stdout + done.stderr
    assert done.returncode == 1
    assert "status 500, expected 200 or 3XX" in said
    assert re.search(rf"""curl -X GET {echo[1]}/pets .*-H 'X-API-Key: '"\$CASECRAFT_AUTH_APIKEY\"""", said)
    assert "very-secret" not in said
    assert "api_case.py" not in said, "no lines of the runtime"


@pytest.mark.parametrize("run", [run_unittest, run_gherkin])
@pytest.mark.parametrize("url", ["", "ftp://x"])
def test_without_a_base_url_the_run_stops_at_once(tmp_path: Path, run: Callable[..., Done], url: str) -> None:
    toys = make_result(make_endpoint("GET", "/toys"), make_case("b--1"))
    render(
        make_suite([make_result(make_endpoint(), make_case("a--1"), make_case("a--2")), toys]),
        tmp_path / "suite",
        ["unittest", "gherkin"],
    )
    done = run(tmp_path / "suite", url)
    said = done.stdout + done.stderr
    assert done.returncode not in (0, 5)
    assert said.count("CASECRAFT_BASE_URL must say where the API is") == 1
    assert "Traceback" not in said


def test_each_case_runs_alone(petstore_suite: Path) -> None:
    with serve(create_app()) as url:
        done = run_unittest(petstore_suite, url, "tests_pets.TestGetPets.test_P1_query_limit_above_maximum", "-v")
        assert "Refuses query.limit: above the maximum (101) ... ok" in done.stderr
        assert "Ran 1 test in" in done.stderr
        done = run_gherkin(petstore_suite, url, "-m", "get.pets--query.limit:above-maximum")
        assert re.search(r"^1 passed, \d+ deselected", done.stdout.splitlines()[-1].strip("= ")), done.stdout
        done = run_gherkin(petstore_suite, url, "-m", "P0 and invalid", **CREDENTIALS)
        assert re.search(r"^\d+ passed, \d+ deselected", done.stdout.splitlines()[-1].strip("= ")), done.stdout


def test_pytest_at_the_top_runs_its_own_tests_alone(petstore_suite: Path) -> None:
    done = run_program([*PYTEST, "--collect-only", "-q"], petstore_suite, "http://127.0.0.1:9")
    assert done.returncode == 0, done.stdout
    named = {line.partition("::")[0] for line in done.stdout.splitlines() if "::" in line}
    assert named == {"test_orders.py", "test_pets.py", "test_scenarios.py", "test_shop.py", "test_users.py"}


def test_unittest_finds_the_modules_from_the_folder_above(petstore_suite: Path) -> None:
    with serve(create_app(stateful=True)) as url:
        done = run_program([*UNITTEST, "discover", "-s", "unittest", "-k", "P0"], petstore_suite, url, **CREDENTIALS)
    assert done.stderr.endswith("OK\n"), done.stderr


def test_a_feature_edited_by_a_person_is_what_is_sent(tmp_path: Path, echo: tuple[Echo, str]) -> None:
    request = CaseRequest("GET", "/pets", query={"limit": 1})
    folder = tmp_path / "suite"
    render(
        make_suite([make_result(make_endpoint(responses=()), make_case("a--1", request=request))]), folder, ["gherkin"]
    )
    feature = folder / "gherkin/features/pets.feature"
    text = feature.read_text("utf-8").replace("| limit | 1     |", "| limit | 2 |\n        | limit | two words |")
    feature.write_text(text.replace("status 200", "status 404 or 2XX"), "utf-8")
    assert run_gherkin(folder, echo[1]).returncode == 0
    assert [request["query"] for request in echo[0].requests] == [b"limit=2&limit=two%20words"]
    feature.write_text(text.replace("status 200", "status 404 or 3XX"), "utf-8")
    done = run_gherkin(folder, echo[1])
    assert "status 200, expected 404 or 3XX" in done.stdout


def test_scenarios_with_one_title_all_run(tmp_path: Path, echo: tuple[Echo, str]) -> None:
    pets, toys = make_endpoint(tags=("t",)), make_endpoint("GET", "/toys", tags=("T",))
    results = [make_result(pets, make_case("a--x[].1"), make_case("a--x-item-1")), make_result(toys, make_case("b--1"))]
    render(make_suite(results), tmp_path / "suite", ["gherkin", "unittest"])
    assert " 3 passed" in run_gherkin(tmp_path / "suite", echo[1]).stdout
    assert "Ran 3 tests" in run_unittest(tmp_path / "suite", echo[1]).stderr
