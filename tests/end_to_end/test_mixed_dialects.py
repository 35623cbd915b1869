"""One run over providers that speak different wire formats, and a fallback from one format to another."""

import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from casecraft.core.chat import ChatRequest, ChatResponse, events_of
from casecraft.core.usage import Usage
from casecraft.wire import find_dialect
from tests.answers import one_good_case
from tests.command import run
from tests.documents import write_things

pytestmark = pytest.mark.slow

# Each provider, the dialect that it speaks, and the variables that lead to the server below instead.
SPOKEN = {
    "glm": "openai_chat",
    "openai": "openai_responses",
    "anthropic": "anthropic_messages",
    "gemini": "gemini",
    "cohere": "cohere_chat",
    "ollama": "ollama_chat",
    "bedrock": "bedrock_converse",
}

STREAM_TYPES = {"ollama": "application/x-ndjson", "bedrock": "application/vnd.amazon.eventstream"}


class Upstream:
    """Every provider behind one port, each in its own dialect; those in `failing` are broken."""

    def __init__(self, failing: frozenset[str] = frozenset()) -> None:
        self.failing = failing
        self.asked: Counter[str] = Counter()
        self.streamed: Counter[str] = Counter()
        self.port = 0

    async def answer(self, request: web.Request) -> web.Response:
        name = request.match_info["provider"]
        dialect = find_dialect(SPOKEN[name])
        self.asked[name] += 1
        if name in self.failing:
            return web.json_response({"error": {"message": "wrong key"}}, status=401)
        by_path = "stream" in request.match_info["path"]
        read, streamed, _ = dialect.decode_request(json.loads(await request.read()), model="m", stream=by_path)
        usage = Usage(input=100, output=20)
        answer = ChatResponse(one_good_case(as_chat(read)), "m", usage=usage, request_id="r")
        if not streamed:
            return web.json_response(dialect.encode_response(answer).body)
        self.streamed[name] += 1
        encoder = dialect.stream_encoder(model="m", request_id="r")
        body = b"".join(map(encoder.encode, events_of(answer)))
        return web.Response(body=body, content_type=STREAM_TYPES.get(name, "text/event-stream"))


def as_chat(request: ChatRequest) -> dict[str, Any]:
    return {"messages": [{"role": message.role, "content": message.text} for message in request.messages]}


@asynccontextmanager
async def serving(upstream: Upstream) -> AsyncIterator[dict[str, str]]:
    """The environment that leads each provider there."""
    application = web.Application(client_max_size=2**24)
    application.router.add_post("/{provider}/{path:.*}", upstream.answer)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    env = {"AWS_ACCESS_KEY_ID": "EXAMPLE", "AWS_SECRET_ACCESS_KEY": "EXAMPLE"}
    for name in SPOKEN:
        env[f"CASECRAFT_{name.upper()}_BASE_URL"] = f"http://127.0.0.1:{port}/{name}"
        if name not in ("ollama", "bedrock"):
            env[f"CASECRAFT_{name.upper()}_API_KEY"] = "k" * 20
    try:
        yield {**env, "CASECRAFT_OLLAMA_MODEL": "m"}
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("stream", [False, True])
async def test_a_run_mixes_dialects(tmp_path: Path, stream: bool) -> None:
    write_things(tmp_path / "doc.json", len(SPOKEN))
    if stream:
        (tmp_path / "casecraft.toml").write_text("".join(f"[providers.{name}]\nstream = true\n" for name in SPOKEN))
    upstream = Upstream()
    each = ",".join(f"/things{number:03}/*:{name}" for number, name in enumerate(SPOKEN))
    async with serving(upstream) as env:
        args = ("-p", ",".join(SPOKEN), "--provider-map", each, "--json")
        done = await run("generate", "doc.json", *args, cwd=tmp_path, env=env)
    assert done.code == 0, done.err
    assert set(upstream.asked) == set(SPOKEN)
    assert set(upstream.streamed) == (set(SPOKEN) if stream else set())
    used = json.loads(done.out)["usage"]["by_provider"]
    assert {name: (used[name]["input"], used[name]["output"]) for name in SPOKEN} == dict.fromkeys(SPOKEN, (100, 20))


async def test_what_one_dialect_cannot_answer_falls_back_to_another(tmp_path: Path) -> None:
    write_things(tmp_path / "doc.json", 4)
    upstream = Upstream(frozenset({"anthropic"}))
    async with serving(upstream) as env:
        args = ("-p", "anthropic,gemini", "--provider-map", "*:anthropic", "--json")
        done = await run("generate", "doc.json", *args, cwd=tmp_path, env=env)
    assert done.code == 0, done.err
    assert upstream.asked["gemini"] == 4
    assert {entry["provider"] for entry in json.loads(done.out)["endpoints"]} == {"gemini"}
