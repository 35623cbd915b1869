"""A real model inside this process: it answers, streams, keeps to a schema, and makes a suite."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest

from casecraft.config import ProviderSettings
from casecraft.core.chat import ChatRequest, Message, StreamEnd, TextDelta
from casecraft.errors import ContextTooLongError, HealthCheckError, ProviderConfigurationError, ProviderTimeoutError
from casecraft.providers import create
from casecraft.providers.embedded import EmbeddedProvider
from tests.command import run
from tests.llm.model import SAMPLING, missing_packages, weights

pytestmark = pytest.mark.llm

SHORT = 24
HELLO = ChatRequest((Message("user", "Say hello."),), max_output_tokens=SHORT, seed=1)
SCHEMA = {
    "type": "object",
    "required": ["ok"],
    "properties": {"ok": {"type": "boolean"}},
    "additionalProperties": False,
}
DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Notes", "version": "1"},
    "paths": {
        "/notes": {
            "get": {
                "parameters": [{"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1}}],
                "responses": {"200": {"description": "ok"}, "400": {"description": "wrong"}},
            },
        }
    },
}


@pytest.fixture
def model() -> str:
    if missing := missing_packages():
        say = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        say(f"no model to run: {' and '.join(missing)} not installed (`make test-llm` installs them)")
    return str(weights())


def provider(model: str, **more: Any) -> EmbeddedProvider:
    made = create("embedded", ProviderSettings(model=model, context_tokens=1024, **more))
    assert isinstance(made, EmbeddedProvider)
    made.validate()
    return made


async def test_it_answers_streams_and_keeps_to_a_schema(model: str) -> None:
    embedded = provider(model)
    whole = await embedded.complete(HELLO)
    assert whole.text
    assert whole.model == Path(model).stem
    assert whole.usage is not None
    assert 0 < whole.usage.output <= SHORT
    assert embedded.price(whole.usage, whole.model).amount == 0  # type: ignore[union-attr]

    *pieces, end = [event async for event in embedded.stream(HELLO)]
    assert isinstance(end, StreamEnd)
    assert len(pieces) > 1
    assert "".join(piece.text for piece in pieces if isinstance(piece, TextDelta)) == end.response.text

    shaped = ChatRequest(HELLO.messages, json_schema=SCHEMA, max_output_tokens=200, seed=1)
    assert set(json.loads((await embedded.complete(shaped)).text)) == {"ok"}

    health = await embedded.health()
    assert health.model == Path(model).stem

    with pytest.raises(ContextTooLongError):
        await embedded.complete(ChatRequest((Message("user", "and so on " * 2000),)))
    await embedded.aclose()


async def test_an_answer_that_is_given_up_holds_nobody_up(model: str) -> None:
    embedded = provider(model, extra={**SAMPLING, "ignore_eos": True})
    endless = ChatRequest((Message("user", "Count."),), max_output_tokens=900)
    task = asyncio.create_task(embedded.complete(endless))
    async for event in embedded.stream(HELLO):  # waits for the thread, which the task has
        if not task.done():
            task.cancel()
        if isinstance(event, StreamEnd):
            assert event.response.text
    with pytest.raises(asyncio.CancelledError):
        await task
    embedded = provider(model, timeout=0.01, extra={"ignore_eos": True})
    with pytest.raises(ProviderTimeoutError, match=r"within 0\.01 s"):
        await embedded.complete(endless)
    await embedded.aclose()


@pytest.fixture
def cut(model: str, tmp_path: Path) -> Path:
    path = tmp_path / "cut.gguf"
    path.write_bytes(Path(model).read_bytes()[:1_000_000])
    return path


async def test_a_model_that_is_cut_short_is_one_line(cut: Path) -> None:
    embedded = provider(str(cut))
    with pytest.raises(ProviderConfigurationError, match="cannot load its model") as caught:
        await embedded.complete(HELLO)
    assert "\n" not in str(caught.value)
    with pytest.raises(HealthCheckError, match="cannot load its model"):
        await embedded.health()
    await embedded.aclose()


async def test_a_run_with_the_embedded_model_makes_a_suite(model: str, tmp_path: Path) -> None:
    (tmp_path / "notes.json").write_text(json.dumps(DOCUMENT))
    extra = ", ".join(f"{name} = {json.dumps(value)}" for name, value in SAMPLING.items())
    (tmp_path / "casecraft.toml").write_text(
        f"[providers.embedded]\nmax_output_tokens = 200\ncontext_tokens = 4096\nextra = {{ {extra} }}\n"
    )
    env = {"CASECRAFT_EMBEDDED_MODEL": model}
    done = await run("generate", "notes.json", "--provider", "embedded", "--json", cwd=tmp_path, env=env, limit=300)
    assert done.code == 0, done.err
    made = json.loads(done.out)
    assert made["counts"]["cases"] > 0
    assert made["cost"]["unpriced"] == 0
