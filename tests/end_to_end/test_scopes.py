"""A service that grants by scope, and one that forgets to ask for one: what a suite says of both."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from tests.petstore.server import serve
from tests.suites.running import outcomes

DOCUMENT = """\
openapi: 3.0.3
info: {title: Notes, version: "1"}
components:
  securitySchemes:
    login:
      type: oauth2
      flows:
        clientCredentials:
          tokenUrl: https://example.com/token
          scopes: {"notes:read": read, "notes:write": write}
paths:
  /notes:
    get:
      security: [{login: ["notes:read"]}]
      responses:
        "200": {description: all, content: {application/json: {schema: {type: array, items: {type: string}}}}}
        "401": {description: who}
        "403": {description: not you}
    post:
      security: [{login: ["notes:read", "notes:write"]}]
      requestBody:
        required: true
        content: {application/json: {schema: {type: object, required: [text], properties: {text: {type: string}}}}}
      responses: {"201": {description: made}, "400": {description: wrong}, "401": {description: who}}
"""
TOKENS = {
    "all": {"notes:read", "notes:write"},
    "only-read": {"notes:read"},
    "only-write": {"notes:write"},
}
VARIABLES = {
    "CASECRAFT_AUTH_LOGIN": "all",
    "CASECRAFT_AUTH_LOGIN_WITHOUT_NOTES_READ": "only-write",
    "CASECRAFT_AUTH_LOGIN_WITHOUT_NOTES_WRITE": "only-read",
}
SCOPED = {
    "get.notes--auth:without-scope=notes:read",
    "post.notes--auth:without-scope=notes:read",
    "post.notes--auth:without-scope=notes:write",
}


def service(forgotten: str = "") -> Starlette:
    """The notes, whose writing does not ask for the forgotten scope."""

    def granted(request: Request, *scopes: str) -> JSONResponse | None:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token not in TOKENS:
            return JSONResponse({}, 401, {"WWW-Authenticate": "Bearer"})
        return None if set(scopes) - {forgotten} <= TOKENS[token] else JSONResponse({}, 403)

    async def read(request: Request) -> JSONResponse:
        return granted(request, "notes:read") or JSONResponse(["a"])

    async def write(request: Request) -> JSONResponse:
        refused = granted(request, "notes:read", "notes:write")
        if refused is not None:
            return refused
        try:
            content: Any = json.loads(await request.body())
        except ValueError:
            return JSONResponse({}, 400)
        fits = isinstance(content, dict) and isinstance(content.get("text"), str)
        return JSONResponse({}, 201 if fits else 400)

    return Starlette(routes=[Route("/notes", read, methods=["GET"]), Route("/notes", write, methods=["POST"])])


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scopes")
    document = folder / "notes.yaml"
    document.write_text(DOCUMENT)
    command = ["generate", str(document), "--provider", "rules", "--techniques", "security", "-q"]
    command += ["--format", "pytest", "--format", "gherkin", "--format", "unittest"]
    done = subprocess.run(
        [sys.executable, "-m", "casecraft", *command, "-o", str(folder / "suite"), "--state-dir", str(folder / "s")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder / "suite"


@pytest.fixture
def base_url(request: pytest.FixtureRequest) -> Iterator[str]:
    with serve(service(request.param)) as url:
        yield url


def scoped(ends: dict[str, str]) -> dict[str, str]:
    return {name: text.splitlines()[0] if text else "" for name, text in ends.items() if "without-scope" in name}


@pytest.mark.parametrize("base_url", [""], indirect=True)
def test_who_lacks_a_scope_is_refused(suite: Path, base_url: str) -> None:
    ends = scoped(outcomes(suite, base_url, **VARIABLES))
    assert ends == dict.fromkeys(SCOPED, "")


@pytest.mark.parametrize("base_url", ["notes:write"], indirect=True)
def test_a_scope_that_is_not_asked_for_is_a_finding(suite: Path, base_url: str) -> None:
    ends = scoped(outcomes(suite, base_url, **VARIABLES))
    assert {name for name, text in ends.items() if text} == {"post.notes--auth:without-scope=notes:write"}
    found = ends["post.notes--auth:without-scope=notes:write"]
    assert "accepted an invalid request: status 201, expected 401 or 403" in found


@pytest.mark.parametrize("base_url", ["notes:write"], indirect=True)
def test_the_request_to_repeat_has_the_variable_without_the_scope(suite: Path, base_url: str) -> None:
    said = outcomes(suite, base_url, **VARIABLES)["post.notes--auth:without-scope=notes:write"]
    assert 'Bearer \'"$CASECRAFT_AUTH_LOGIN_WITHOUT_NOTES_WRITE"' in said
    assert "only-read" not in said


@pytest.mark.parametrize("base_url", [""], indirect=True)
def test_without_such_credentials_the_cases_are_blocked_and_say_what_they_want(suite: Path, base_url: str) -> None:
    ends = scoped(outcomes(suite, base_url, CASECRAFT_AUTH_LOGIN="all"))
    wanted = "needs credentials without the scope 'notes:write': set CASECRAFT_AUTH_LOGIN_WITHOUT_NOTES_WRITE"
    assert wanted in ends["post.notes--auth:without-scope=notes:write"]


def test_the_suite_says_which_variables_there_are(suite: Path) -> None:
    for file in ("README.md", "unittest/README.md", "gherkin/README.md"):
        text = (suite / file).read_text()
        assert "- `CASECRAFT_AUTH_LOGIN_WITHOUT_NOTES_READ`\n- `CASECRAFT_AUTH_LOGIN_WITHOUT_NOTES_WRITE`\n" in text
