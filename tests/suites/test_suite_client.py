"""How suites behave towards a service: at what rate, how patiently, and who they think answered."""

import json
import os
import shlex
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from casecraft.core.case import CaseRequest, Expectation, Repeat
from casecraft.suites import render
from tests.petstore.server import serve
from tests.suites.running import Echo, outcomes, run_suite
from tests.suites.samples import key_scheme, make_case, make_endpoint, make_result, make_suite

pytestmark = pytest.mark.slow
PAGE = b"<!DOCTYPE html><html><title>Log in</title></html>"


class Busy:
    """Answers 429 `times` times before it does its work."""

    def __init__(self, times: int, headers: dict[str, str]) -> None:
        self.left = times
        self.headers = headers
        self.came: list[float] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.came.append(time.monotonic())
        self.left -= 1
        status = 429 if self.left >= 0 else 200
        headers = {"content-type": "application/json", **(self.headers if status == 429 else {})}
        raw = [(name.encode(), text.encode()) for name, text in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": b'{"id": 1}'})


def one_case(folder: Path, **more: Any) -> Path:
    render(make_suite([make_result(make_endpoint(**more), make_case())]), folder / "suite")
    return folder / "suite"


@pytest.mark.parametrize("headers", [{"retry-after": "0"}, {"retry-after": "Thu, 01 Jan 2026 00:00:00 GMT"}])
def test_who_asks_for_a_pause_gets_it(tmp_path: Path, headers: dict[str, str]) -> None:
    app = Busy(2, headers)
    with serve(app) as url:
        assert outcomes(one_case(tmp_path), url) == {"case-1": ""}
    assert len(app.came) == 3


def test_who_answers_429_for_ever_is_asked_no_more(tmp_path: Path) -> None:
    cases = [make_case(f"case-{number}") for number in range(7)]
    render(make_suite([make_result(make_endpoint(), *cases)]), tmp_path / "suite")
    app = Busy(99, {"retry-after": "3600"})
    with serve(app) as url:
        done = run_suite(tmp_path / "suite", url)
    assert "7 skipped" in done.stdout
    assert "3 times in a row: no more is sent" in done.stdout
    assert len(app.came) == 3


def test_patience_has_an_end_which_is_no_failure(tmp_path: Path) -> None:
    app = Busy(9, {"retry-after": "3600"})
    with serve(app) as url:
        done = run_suite(one_case(tmp_path), url)
    assert "1 skipped" in done.stdout
    assert "429 Too Many Requests" in done.stdout
    assert len(app.came) == 1


def test_requests_keep_to_the_rate(tmp_path: Path) -> None:
    app = Busy(0, {})
    cases = [make_case(f"case-{number}") for number in range(6)]
    render(make_suite([make_result(make_endpoint(), *cases)]), tmp_path)
    with serve(app) as url:
        run_suite(tmp_path, url, CASECRAFT_RATE="20")
    assert len(app.came) == 6
    assert app.came[-1] - app.came[0] > 0.2  # five gaps of 50 ms, and never less


class Answering:
    """Answers everything alike."""

    def __init__(self, status: int, body: bytes, **headers: str) -> None:
        self.status, self.body = status, body
        self.headers = [(name.encode(), text.encode()) for name, text in headers.items()]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.body})


@pytest.mark.parametrize(
    ("app", "message"),
    [
        (Answering(502, PAGE), "not the service: 502 in HTML"),
        (Answering(200, PAGE), "not the service: 200 with an HTML page, where application/json is documented"),
        (Answering(302, b"", location="https://sso.example.com/"), "not the service: 302 leads to https://sso.example"),
        (Answering(303, b"", location="/login?next=/pets"), "not the service: 303 leads to /login"),
        (Answering(307, b"", location="/pets/"), "unexpected status: status 307, expected 200"),
        (Answering(500, PAGE), "server error: status 500, expected 200"),
        (Answering(502, b"{}"), "server error: status 502, expected 200"),
    ],
)
def test_who_answers_in_the_services_place_is_told_apart(tmp_path: Path, app: Answering, message: str) -> None:
    with serve(app) as url:
        (text,) = outcomes(one_case(tmp_path), url).values()
    assert text.removeprefix("Failed: ").startswith(message)


def test_a_page_is_an_answer_where_it_is_documented(tmp_path: Path) -> None:
    page = Answering(200, PAGE, **{"content-type": "text/html"})
    responses = make_endpoint().responses
    documented = (type(responses[0])("200", "", (type(responses[0].media_types[0])("text/html", True),)),)
    with serve(page) as url:
        assert outcomes(one_case(tmp_path, responses=documented), url) == {"case-1": ""}


def test_headers_of_the_environment_are_sent_and_not_shown(tmp_path: Path) -> None:
    echo = Echo()
    own = make_case("own", request=CaseRequest("GET", "/pets", headers={"X-Trace": "of-the-case"}))
    none = make_case("none", request=CaseRequest("GET", "/pets", credentials="none"), expect=Expectation((404,)))
    render(make_suite([make_result(make_endpoint(security=((key_scheme(),),)), own, none)]), tmp_path / "suite")
    secrets = {"X_TENANT": "tenant-secret", "X_TRACE": "trace", "AUTHORIZATION": "Bearer secret-token"}
    with serve(echo) as url:
        variables = {f"CASECRAFT_HEADER_{name}": text for name, text in secrets.items()}
        ends = outcomes(tmp_path / "suite", url, CASECRAFT_AUTH_APIKEY="key", **variables)
    heads = {b"x-api-key" if "x-api-key" in it["headers"] else b"none": it["headers"] for it in echo.requests}
    assert heads[b"x-api-key"]["x-tenant"] == b"tenant-secret"
    assert heads[b"x-api-key"]["x-trace"] == b"of-the-case"
    assert heads[b"x-api-key"]["authorization"] == b"Bearer secret-token"
    assert heads[b"none"]["x-tenant"] == b"tenant-secret"
    assert "authorization" not in heads[b"none"]
    assert "CASECRAFT_HEADER_X_TENANT" in ends["none"]
    assert "tenant-secret" not in ends["none"]


@pytest.mark.parametrize("kind", ["apiKey", "basic"])
def test_the_command_of_a_failure_sends_the_same_request(tmp_path: Path, kind: str) -> None:
    echo = Echo()
    basic = type(key_scheme())("apiKey", "http", http_scheme="basic")
    scheme = key_scheme() if kind == "apiKey" else basic
    body = {"a": "$HOME 'x'"}
    request = CaseRequest("POST", "/pets", query={"q": "it's"}, body=body, content_type="application/json")
    case = make_case(request=request, expect=Expectation((404,)))
    render(make_suite([make_result(make_endpoint("POST", security=((scheme,),)), case)]), tmp_path / "suite")
    secret = {"CASECRAFT_AUTH_APIKEY": "user:it's $PATH secret"}
    with serve(echo) as url:
        (text,) = outcomes(tmp_path / "suite", url, **secret).values()
        command = text[text.index("curl ") :].split("\n\n")[0]
        assert "secret" not in command
        assert shlex.split(command)[0] == "curl"
        subprocess.run(["sh", "-c", f"{command} -s"], env={**os.environ, **secret}, check=True, capture_output=True)
    assert json.loads(echo.requests[0]["body"]) == body
    assert_same(echo)


def test_the_command_of_a_failure_sends_a_huge_body_without_showing_it(tmp_path: Path) -> None:
    echo = Echo()
    parts = (Repeat("'\n$(id) {}é\\", 2), Repeat("x", 2**20), Repeat(""))
    request = CaseRequest("POST", "/pets", raw_body=parts, content_type="application/json")
    case = make_case(request=request, expect=Expectation((404,)))
    render(make_suite([make_result(make_endpoint("POST"), case)]), tmp_path / "suite")
    with serve(echo) as url:
        (text,) = outcomes(tmp_path / "suite", url).values()
        assert len(text) < 2000
        command = text[text.index("curl ") :].split("\n\n")[0]
        subprocess.run(["bash", "-c", f"{command} -s"], check=True, capture_output=True)
    assert len(echo.requests[0]["body"]) > 2**20
    assert_same(echo)


def assert_same(echo: Echo) -> None:
    first, second = echo.requests
    for request_ in (first, second):
        del request_["headers"]["host"]
        for name in ("accept-encoding", "connection", "expect"):
            request_["headers"].pop(name, None)
    assert first == second
