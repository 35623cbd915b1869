"""What a model writes is data: it comes out of the suite's requests to the byte, and nothing of it is executed."""

import json
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.answers import case, endpoint_of
from tests.command import Done, files_of, run
from tests.petstore.server import serve
from tests.simulator import Behaviour, Simulator
from tests.suites.running import Echo, run_suite

pytestmark = pytest.mark.slow

HOSTILE = [
    'it\'s "quoted" `code` $HOME $(touch pwned)',
    "{{ 7 * 7 }} {% raw %} {# gone #} ${x} %s %(x)s {0}",
    "''' + __import__('os').system('touch pwned') + '''",
    '""")\nimport os; os.system("touch pwned")\n("""',
    "back\\slash \\n \\u0041 \\",
    "new\nline\r\ttab\x00nul\x1b[31m",
    "../../pwned",
    "..\\..\\pwned",
    "/etc/passwd",
    "a/b?c#d&e=f;g,h+i%20j",
    "[bold]markup[/bold] [link=file:///etc]",
    "宠物 🐈 é \u202e rtl",
    "long " * 20_000,
]
HALVES = "half \ud83d and \udc08"
LARGE = "x" * 1_000_000


def document(count: int) -> dict[str, Any]:
    text = {"type": "string"}
    parameters = [
        {"name": "key", "in": "path", "required": True, "schema": text, "example": "k"},
        {"name": "q", "in": "query", "required": True, "schema": text, "example": "q"},
        {"name": "X-Note", "in": "header", "required": False, "schema": text, "example": "n"},
    ]
    schema = {"type": "object", "required": ["text"], "properties": {"text": text}}
    body = {"required": True, "content": {"application/json": {"schema": schema, "example": {"text": "t"}}}}
    post = {
        "post": {
            "tags": ["texts"],
            "parameters": parameters,
            "requestBody": body,
            "responses": {"200": {"description": "Well."}},
        }
    }
    paths = {f"/texts{number:02}/{{key}}": post for number in range(count)}
    return {"openapi": "3.0.3", "info": {"title": "Texts", "version": "1"}, "paths": paths}


def hostile_case(body: dict[str, Any]) -> str:
    """One case for each path, made of its hostile text."""
    endpoint = endpoint_of(body)
    return json.dumps({"cases": [case_of(endpoint, HOSTILE[int(endpoint["path"][6:8])])]})


def in_path(text: str) -> str:
    """A path parameter cannot hold what divides a URL."""
    return "".join(letter for letter in text[:500] if letter not in "/?#")


def case_of(endpoint: dict[str, Any], text: str) -> dict[str, Any]:
    in_header = text.isascii() and text.isprintable() and len(text) < 1000
    return case(
        endpoint,
        text,
        path_params=[{"name": "key", "value": in_path(text)}],
        query=[{"name": "q", "value": text[:500]}],
        headers=[{"name": "X-Note", "value": text}] if in_header else [],
        body=json.dumps({"text": text}),
    )


def large_case(body: dict[str, Any]) -> str:
    return json.dumps({"cases": [case_of(endpoint_of(body), LARGE)]})


def halves(body: dict[str, Any]) -> str:
    """Half characters in a title, and in one of two requests."""
    endpoint = endpoint_of(body)
    return json.dumps({"cases": [{**case_of(endpoint, "right"), "title": HALVES}, case_of(endpoint, HALVES)]})


async def generate(folder: Path, count: int, answer: Any, *args: str) -> Done:
    write(folder / "doc.json", document(count))
    async with Simulator({"qwen": Behaviour()}, answer=answer) as simulator:
        env = {"CASECRAFT_QWEN_BASE_URL": simulator.url("qwen")}
        return await run("generate", "doc.json", "-p", "qwen", "--verbose", *args, cwd=folder, env=env)


def write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content))


def escaped(text: str) -> bytes:
    return quote(text, safe="", errors="surrogatepass").encode()


def sent(app: Echo, folder: Path) -> subprocess.CompletedProcess[str]:
    with serve(app) as url:
        return run_suite(folder, url)


async def test_hostile_texts_are_sent_as_they_are(tmp_path: Path) -> None:
    done = await generate(tmp_path, len(HOSTILE), hostile_case, "--no-rules")
    assert done.code == 0, done.err
    assert "\x1b" not in done.out + done.err
    suite = tmp_path / "suites" / "doc"
    app = Echo()
    ended = sent(app, suite)
    assert ended.returncode == 0, ended.stdout
    assert f"{len(HOSTILE)} passed" in ended.stdout
    assert len(app.requests) == len(HOSTILE)
    for request, text in zip(sorted(app.requests, key=lambda it: it["path"]), HOSTILE, strict=True):
        wire = text.encode("utf-8", "surrogatepass")
        assert request["path"].rpartition(b"/")[2] == escaped(in_path(text))
        assert request["query"] == b"q=" + escaped(text[:500])
        assert json.loads(request["body"])["text"] == text
        if "x-note" in request["headers"]:
            assert request["headers"]["x-note"] == wire
    assert not [name for name in files_of(tmp_path) if "pwned" in name]


async def test_hostile_texts_stand_in_json_only(tmp_path: Path) -> None:
    await generate(tmp_path, len(HOSTILE), hostile_case, "--no-rules")
    suite = files_of(tmp_path / "suites" / "doc")
    code = {name: content for name, content in suite.items() if name.endswith((".py", ".md"))}
    assert code.keys() == {"README.md", "conftest.py", "test_texts.py"}
    for content in code.values():
        for word in (b"pwned", b"7 * 7", b"rtl", b"long long", b"[bold]"):
            assert word not in content


async def test_half_characters_cost_the_case_that_sends_them_and_nothing_else(tmp_path: Path) -> None:
    done = await generate(tmp_path, 1, halves, "--no-rules")
    assert done.code == 0, done.err
    for name, content in files_of(tmp_path / "suites" / "doc").items():
        assert content.decode(), name
    app = Echo()
    ended = sent(app, tmp_path / "suites" / "doc")
    assert ended.returncode == 0, ended.stdout
    assert [json.loads(request["body"]) for request in app.requests] == [{"text": "right"}]


async def test_an_answer_above_all_measure_does_no_harm(tmp_path: Path) -> None:
    done = await generate(tmp_path, 1, large_case)
    assert done.code == 0, done.err
    assert "rules" in done.out
    assert max(map(len, files_of(tmp_path / "suites").values())) < len(LARGE)
