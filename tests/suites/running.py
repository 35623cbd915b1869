"""Runs written suites as their users do: with a real pytest, against a real server."""

import base64
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

# What is installed beside casecraft for its own tests has no part in a suite's run.
PYTEST = [sys.executable, "-W", "error", "-m", "pytest", "-p", "no:cacheprovider", "-rs"]
PLUGINS = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # in the environment; they would take most of the time

HOSTILE = [
    'it\'s "quoted" `code` $HOME $(id)',
    "{{ 7 * 7 }} {% raw %} {# gone #} ${x} %s %(x)s {0}",
    '""" + __import__("os").abort() + """',
    "back\\slash \\n \\u0041 \\",
    "new\nline\r\ttab\x00nul\x1b[31m",
    "../../etc/passwd",
    "..",
    ".",
    "a/b?c#d&e=f;g,h+i%20j",
    "宠物 🐈 é \u202e rtl",
    "half \ud83d and \udc08",
    "",
    " ",
]


def run_suite(folder: Path, url: str = "", *options: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return run_program([*PYTEST, *options], folder, url, **variables)


def run_program(command: list[str], folder: Path, url: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("CASECRAFT", "PYTEST"))}
    where = {"CASECRAFT_BASE_URL": url} if url else {}
    environment = {
        **kept,
        **where,
        **PLUGINS,
        **variables,
        "PYTHONDONTWRITEBYTECODE": "1",
        "NO_PROXY": "*",
        "COLUMNS": "200",
    }
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120
    )


@dataclass(frozen=True)
class Answer:
    status: int = 200
    content: bytes = b'{"id": 1}'
    content_type: str = "application/json"
    location: str = ""


class Echo:
    """An ASGI application that keeps every request as it came, and answers by path or as usual."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.answers: dict[bytes, Answer] = {}
        self.repeat = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        headers = [(name.decode("latin-1"), value) for name, value in scope["headers"]]
        request = {
            "method": scope["method"],
            "path": scope["raw_path"],
            "query": scope["query_string"],
            "headers": dict(headers),
            "body": body,
        }
        self.requests.append(request)
        answer = self.answers.get(request["path"], Answer())
        content = self._repeat(request) if self.repeat else answer.content
        headers = [(b"content-type", answer.content_type.encode()), (b"set-cookie", b"tracked=yes; Path=/")]
        headers += [(b"location", answer.location.encode())] if answer.location else []
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    def _repeat(self, request: dict[str, Any]) -> bytes:
        told = {name: value.decode("latin-1") for name, value in request["headers"].items()}
        return json.dumps({"id": "wrong", "told": told, "query": request["query"].decode()}).encode()


def outcomes(folder: Path, url: str, *options: str, **variables: str) -> dict[str, str]:
    """How each case of a suite ended, by its id: `""` where it passed, else the message."""
    report = folder.parent / "report.xml"
    done = run_suite(folder, url, f"--junitxml={report}", *options, **variables)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    ends = {}
    for case in ET.parse(report).iter("testcase"):
        name = case.attrib["name"].partition("[")[2].removesuffix("]")
        ends[name] = "\n".join(
            f"{end.get('message')}\n{end.text}" for end in case if end.tag in ("failure", "skipped", "error")
        )
    return ends


def basic(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
