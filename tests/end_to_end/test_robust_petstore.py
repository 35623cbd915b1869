"""What the suite of the petstore says of a petstore that is weak in many ways at once: each weakness by its class."""

import json
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.petstore.app import create_app
from tests.petstore.rules import API_KEY, OTHER_KEY, OTHER_TOKEN, SESSION, TOKEN
from tests.petstore.server import serve
from tests.suites.running import outcomes

ROOT = Path(__file__).resolve().parents[2]
CREDENTIALS = {
    "CASECRAFT_AUTH_APIKEY": API_KEY,
    "CASECRAFT_AUTH_BEARER": TOKEN,
    "CASECRAFT_AUTH_SESSION": SESSION,
    "CASECRAFT_FOREIGN_AUTH_APIKEY": OTHER_KEY,
    "CASECRAFT_FOREIGN_AUTH_BEARER": OTHER_TOKEN,
}
TRACE = b'{"code": "x", "message": "sqlite3.OperationalError: near \\"casecraft\\"", "field": null}'
WEAKNESSES = {
    "get.orders--auth:invalid": "accepted an invalid request",
    "get.users.me--auth:invalid=session": "accepted an invalid request",
    "get.orders._orderId--auth:foreign": "accepted an invalid request",
    "get.health--request:undocumented-method": "accepted an invalid request",
    "get.health--request:unacceptable-answer-type": "server error",
    "get.pets--request:repeated-parameter": "server error",
    "post.pets--body:truncated-json": "server error",
    "post.pets--body:deeply-nested": "server error",
    "post.pets--body:repeated-name": "server error",
    "post.pets--body:missing-content-type": "server error",
    "post.pets--body:empty": "accepted an invalid request",
    "post.pets--request:control-characters": "server error",
    "post.pets--security:sql-injection": "verbose error",
    "post.pets--security:API3-mass-assignment": "accepted an invalid request",
    "post.pets._petId.notes--security:template-injection": "injection",
}

pytestmark = pytest.mark.slow


class Weak:
    """An ASGI application before the right one, with all the weaknesses."""

    def __init__(self) -> None:
        self.app = create_app()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        headers = dict(scope["headers"])
        answer = weak_answer(scope, headers, body)
        if answer is not None:
            await respond(send, *answer)
            return
        trust_everybody(headers, scope["path"])

        async def again() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        await self.app({**scope, "headers": list(headers.items())}, again, changed(send, scope["path"], body))


def weak_answer(scope: Any, headers: dict[bytes, bytes], body: bytes) -> tuple[int, bytes] | None:
    text, place = body.decode(), (scope["method"], scope["path"])
    if place == ("PATCH", "/health"):
        return 200, b"{}"
    if place != ("POST", "/pets"):
        twice = b"limit=20&limit=20" in scope["query_string"]
        return (500, b"{}") if twice or b"unacceptable" in headers.get(b"accept", b"") else None
    if body == b"":
        return 201, b"{}"
    names = re.findall(r'"name":', text)
    crashes = (text.count("[") > 500, len(names) > 1, b"content-type" not in headers, "\x00" in text, text[-1] != "}")
    if any(crashes) or r"\u0000" in text or text.count("{") != text.count("}"):
        return 500, b"{}"
    return (400, TRACE) if "casecraft'" in text else None


def trust_everybody(headers: dict[bytes, bytes], path: str) -> None:
    if b"authorization" in headers:
        headers[b"authorization"] = f"Bearer {TOKEN}".encode()
    if b"cookie" in headers and path == "/users/me":
        headers[b"cookie"] = f"session={SESSION}".encode()


def changed(send: Any, path: str, body: bytes) -> Callable[[Any], Awaitable[None]]:
    """Passes an answer on, with what a client set and what a template made of its text."""
    started: list[Any] = []

    async def forward(message: Any) -> None:
        if message["type"] == "http.response.start":
            started.append(message)
            return
        content = message.get("body", b"")
        if started[0]["status"] == 201 and path == "/pets" and b"c0ffee00" in body:
            content = json.dumps({**json.loads(content), "id": json.loads(body)["id"]}).encode()
        if path.endswith("/notes"):
            content = content.replace(b"{{1337*1337}}", b"1787569")
        headers = [(name, value) for name, value in started[0]["headers"] if name != b"content-length"]
        await send({**started[0], "headers": headers})
        await send({**message, "body": content})

    return forward


async def respond(send: Any, status: int, content: bytes) -> None:
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weak") / "suite"
    names = "syntax_testing,error_guessing,security"
    command = ["generate", str(ROOT / "specs/petstore.yaml"), "--provider", "rules", "--techniques", names]
    done = subprocess.run(
        [sys.executable, "-m", "casecraft", *command, "-q", "-o", str(folder), "--state-dir", str(folder.parent / "s")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


def first_lines(suite: Path, app: Any) -> dict[str, str]:
    with serve(app) as url:
        ends = outcomes(suite, url, **CREDENTIALS)
    return {name: text.splitlines()[0].removeprefix("Failed: ") if text else "" for name, text in ends.items()}


def test_each_weakness_is_found_and_named(suite: Path) -> None:
    found = first_lines(suite, Weak())
    assert {name: found[name].partition(":")[0] for name in WEAKNESSES} == WEAKNESSES


def test_the_right_petstore_has_none_of_them(suite: Path) -> None:
    found = first_lines(suite, create_app())
    assert {name: text for name, text in found.items() if text} == {}
    assert found.keys() >= WEAKNESSES.keys()
