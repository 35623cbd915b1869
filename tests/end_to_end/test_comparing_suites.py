"""Runs that look for near-duplicates, from the command to the manifest: over dialects, kills and wrong settings."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from casecraft.core.chat import ChatRequest, ChatResponse
from casecraft.core.embedding import EmbeddingResponse
from casecraft.core.usage import Usage
from casecraft.engine.near_duplicates import TEXTS_AT_ONCE
from casecraft.wire import find_dialect
from casecraft.wire.embeddings import find_embedding_dialect
from tests.answers import case, endpoint_of
from tests.command import Done, run, start, until
from tests.documents import write_things

pytestmark = pytest.mark.slow

RULE, SAME, ANOTHER = "Refuses a name that is taken", "A name cannot be used twice", "Refuses more than there is"
SPOKEN = {"anthropic": "anthropic_messages", "gemini": "gemini"}
EMBEDDED = {"tei": "tei", "openai": "openai_embeddings"}
KEY = "k" * 20


def vector(text: str) -> tuple[float, ...]:
    return (0.0, 1.0) if text.startswith(ANOTHER) else (1.0, 0.01 * len(text))


class Services:
    """Models that find one rule twice, in their answer and in its repair, and services that make embeddings.

    `failing` answer 401. `more` is how often the other rule is found besides. No second request for embeddings is
    answered before `let_go`.
    """

    def __init__(self, *failing: str, more: int = 0) -> None:
        self.failing = failing
        self.more = more
        self.asked: Counter[str] = Counter()
        self.texts: list[str] = []
        self.let_go = asyncio.Event()
        self.let_go.set()

    async def answer(self, request: web.Request) -> web.Response:
        name = request.match_info["provider"]
        self.asked[name] += 1
        if name in self.failing:
            return web.json_response({"error": {"message": "wrong key"}}, status=401)
        body = json.loads(await request.read())
        return await self._embed(name, body) if name in EMBEDDED else self._complete(name, body)

    async def _embed(self, name: str, body: dict[str, Any]) -> web.Response:
        dialect = find_embedding_dialect(EMBEDDED[name])
        read = dialect.decode_request(body)
        self.texts += read.texts
        if self.asked[name] > 1:
            await self.let_go.wait()
        answer = EmbeddingResponse(tuple(map(vector, read.texts)), read.model, Usage(input=50))
        return web.json_response(dialect.encode_response(answer, read))

    def _complete(self, name: str, body: dict[str, Any]) -> web.Response:
        dialect = find_dialect(SPOKEN[name])
        read, _, _ = dialect.decode_request(body, model="m", stream=False)
        answer = ChatResponse(cases_for(read, self.more), "m", usage=Usage(input=100, output=20))
        return web.json_response(dialect.encode_response(answer).body)


def cases_for(request: ChatRequest, more: int) -> str:
    """Two rules and something to repair; then the first rule in other words."""
    messages = [{"role": message.role, "content": message.text} for message in request.messages]
    endpoint = endpoint_of({"messages": messages})
    if any(message["role"] == "assistant" for message in messages):
        return json.dumps({"cases": [refused(endpoint, SAME, "Tim")]})
    wrong = case(endpoint, "sends what nobody knows", query=[{"name": "undeclared", "value": 1}])
    others = [refused(endpoint, ANOTHER, f"Ann {number}") for number in range(1 + more)]
    return json.dumps({"cases": [refused(endpoint, RULE, "Tom"), *others, wrong]})


def refused(endpoint: dict[str, Any], title: str, name: str) -> dict[str, Any]:
    return case(endpoint, title, body=json.dumps({"name": name}), expect_status=[409], technique="error_guessing")


@asynccontextmanager
async def serving(services: Services) -> AsyncIterator[dict[str, str]]:
    """The environment that leads each provider to the services."""
    application = web.Application(client_max_size=2**24)
    application.router.add_post("/{provider}/{path:.*}", services.answer)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    names = [*SPOKEN, *EMBEDDED]
    env = {f"CASECRAFT_{name.upper()}_BASE_URL": f"http://127.0.0.1:{port}/{name}" for name in names}
    try:
        yield {**env, **{f"CASECRAFT_{name.upper()}_API_KEY": KEY for name in names if name != "tei"}}
    finally:
        await runner.cleanup()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    schema = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
    content = {"application/json": {"schema": schema, "example": {"name": "Tom"}}}
    responses = {"201": {"description": "Made."}, "409": {"description": "Taken, or too many."}}
    pets = {"post": {"requestBody": {"required": True, "content": content}, "responses": responses}}
    write_things(tmp_path / "doc.json", 0, **{"/pets": pets})
    return tmp_path


async def generate(folder: Path, env: dict[str, str], *args: str) -> Done:
    return await run("generate", "doc.json", "-p", "anthropic,gemini", *args, cwd=folder, env=env)


def titles(folder: Path) -> set[str]:
    """The titles of the models' cases in the suite."""
    files = (folder / "suites/doc/cases").glob("*.json")
    cases = [it for path in files for it in json.loads(path.read_text())["cases"]]
    return {it["title"] for it in cases if it["source"]["provider"] != "rules"}


@pytest.mark.parametrize("name", ["tei", "openai"])
async def test_one_rule_found_twice_is_tested_once(folder: Path, name: str) -> None:
    services = Services("anthropic")
    async with serving(services) as env:
        without = await generate(folder, env, "--json")
        assert without.code == 0, without.err
        assert titles(folder) == {RULE, SAME, ANOTHER}
        done = await generate(folder, env, "--embeddings", name, "--json")
    assert done.code == 0, done.err
    assert titles(folder) == {RULE, ANOTHER}
    manifest = json.loads(done.out)
    (entry,) = manifest["endpoints"]
    assert (entry["provider"], entry["fell_back"]) == ("gemini", ["anthropic"])
    (note,) = entry["notes"]
    assert "near-duplicate left out: post.pets--valid-" in note
    assert RULE in note
    assert SAME in note
    full = {"tei": "tei", "openai": "openai/text-embedding-3-small"}[name]
    assert manifest["usage"]["by_provider"][full]["input"] == (0 if name == "tei" else 50)
    assert manifest["cost"]["by_provider"][full]["answers"] == 1
    assert services.asked[name] == 1
    assert {*services.texts} == {
        f'{ANOTHER}\nbody.name: "Ann 0"',
        f'{RULE}\nbody.name: "Tom"',
        f'{SAME}\nbody.name: "Tim"',
    }


async def test_the_provider_of_embeddings_stands_in_the_summary(folder: Path) -> None:
    async with serving(Services()) as env:
        done = await generate(folder, env, "--embeddings", "gpt", "--verbose")
    assert done.code == 0, done.err
    (row,) = [line.split() for line in done.out.splitlines() if line.startswith("openai/text-embedding-3-small")]
    assert row == ["openai/text-embedding-3-small", "0", "0", "0", "50", "0.0000", "USD"]
    assert titles(folder) == {RULE, ANOTHER}


async def test_results_without_comparison_are_not_taken_for_compared_ones(folder: Path) -> None:
    services = Services()
    async with serving(services) as env:
        for args in ((), ("--embeddings", "tei"), ("--embeddings", "tei", "--similarity", "0.5")):
            assert json.loads((await generate(folder, env, *args, "--json")).out)["counts"]["reused"] == 0
            assert json.loads((await generate(folder, env, *args, "--json")).out)["counts"]["reused"] == 1
    assert services.asked["tei"] == 2


async def test_settings_come_from_file_and_environment_too(folder: Path) -> None:
    (folder / "casecraft.toml").write_text(
        'embeddings = "own"\nsimilarity = 1\n[providers.own]\n'
        'dialect = "tei"\nlocal = true\nbase_url = "http://127.0.0.1:1"\n'
    )
    services = Services()
    async with serving(services) as env:
        own = {**env, "CASECRAFT_OWN_BASE_URL": env["CASECRAFT_TEI_BASE_URL"]}
        assert (await generate(folder, own, "--json")).code == 0
        assert services.asked["tei"] == 1
        assert titles(folder) == {RULE, SAME, ANOTHER}
        assert (await generate(folder, {**own, "CASECRAFT_SIMILARITY": "0.9"}, "--json")).code == 0
    assert services.asked["tei"] == 2
    assert titles(folder) == {RULE, ANOTHER}


async def test_a_killed_run_does_not_ask_again_for_vectors_that_came(folder: Path) -> None:
    services = Services(more=TEXTS_AT_ONCE)
    services.let_go.clear()
    args = ("doc.json", "-p", "gemini", "--embeddings", "tei", "--similarity", "0.9")
    async with serving(services) as env:
        process = await start(["generate", *args], folder, env)
        await until(lambda: services.asked["tei"] == 2)
        process.kill()
        await process.wait()
        services.let_go.set()
        asked = services.asked["gemini"]
        done = await run("resume", "--json", cwd=folder, env=env)
    assert done.code == 0, done.err
    assert (services.asked["gemini"], services.asked["tei"]) == (asked, 3)
    first, rest = services.texts[:TEXTS_AT_ONCE], services.texts[TEXTS_AT_ONCE:]
    assert not {*first} & {*rest}
    assert rest[: len(rest) // 2] == rest[len(rest) // 2 :]
    assert len(json.loads(done.out)["endpoints"][0]["notes"]) == TEXTS_AT_ONCE + 1
    assert titles(folder) == {RULE, ANOTHER}


async def test_wrong_keys_are_said_once_and_cost_no_case(folder: Path) -> None:
    services = Services("openai")
    async with serving(services) as env:
        done = await generate(folder, env, "--embeddings", "openai", "--quiet")
    assert done.code == 0
    assert titles(folder) == {RULE, SAME, ANOTHER}
    (line,) = [line for line in done.err.splitlines() if line]
    assert line.startswith("openai/text-embedding-3-small: near-duplicates are not looked for any more (")
    assert KEY not in done.err
    (entry,) = json.loads((folder / "suites/doc/suite.json").read_text())["endpoints"]
    assert entry["notes"][0].startswith("near-duplicates were not looked for: ")


async def test_a_server_that_is_not_there_costs_no_case(folder: Path) -> None:
    async with serving(Services()) as env:
        nowhere = {**env, "CASECRAFT_TEI_BASE_URL": "http://127.0.0.1:9"}
        done = await generate(folder, nowhere, "--embeddings", "tei", "--json")
    assert done.code == 0
    (entry,) = json.loads(done.out)["endpoints"]
    assert entry["notes"][0].startswith("near-duplicates were not looked for: ")
    assert titles(folder) == {RULE, SAME, ANOTHER}


LISTED = "`casecraft providers list --capability embeddings` shows who does."


@pytest.mark.parametrize(
    ("args", "message", "hint"),
    [
        (("--embeddings", "anthropic"), "provider 'anthropic' makes no embeddings", LISTED),
        (("--embeddings", "rules"), "provider 'rules' makes no embeddings", LISTED),
        (("--embeddings", "opnai"), "no provider has the name 'opnai'", "Did you mean 'openai'"),
        (("--embeddings", "mistral"), "provider 'mistral/mistral-embed' has no key", "CASECRAFT_MISTRAL_API_KEY"),
        (("--embeddings", "openrouter"), "no model of provider 'openrouter' is known", "--embeddings openrouter/MODEL"),
        (
            ("--embeddings", "openai/nobody-knows", "--max-cost", "5 USD"),
            "the price of 'nobody-knows' of 'openai/nobody-knows' is not known",
            "leave --max-cost out",
        ),
        (("--embeddings", "tei", "--similarity", "1.5"), "similarity", "Correct it"),
        (("--embeddings", "tei", "--similarity", "0"), "similarity", "Correct it"),
    ],
)
async def test_what_cannot_work_is_said_before_anybody_is_asked(
    folder: Path, args: tuple[str, ...], message: str, hint: str
) -> None:
    services = Services()
    async with serving(services) as env:
        own = {**env, "CASECRAFT_OPENROUTER_API_KEY": KEY}
        done = await run("generate", "doc.json", "-p", "gemini/gemini-2.5-flash", *args, cwd=folder, env=own)
    assert done.code == 2, done.err
    assert message in done.err
    assert hint in done.err
    assert not services.asked
