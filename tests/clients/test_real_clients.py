"""The real Claude Code, Codex and OpenCode, started by `casecraft launch`, write a file that a scripted model wants."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.clients.upstream import DONE, Upstream, scripted_model
from tests.command import Done, run
from tests.node import node_modules

pytestmark = [pytest.mark.slow, pytest.mark.clients]

CONTENT = "written by the client"
KEY = "sk-of-the-provider"
FOREIGN = "sk-of-somebody-else"
NOWHERE = "http://127.0.0.1:9"
LIMIT = 120.0
"""Seconds for one client; it takes a few."""

# What each client is asked headless. Nothing is asked back, and the tools run as they are.
ARGUMENTS = {
    "claude": ["-p", "Write the file", "--permission-mode", "acceptEdits"],
    "codex": ["exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", "Write the file"],
    "opencode": ["run", "Write the file"],
}

# What the user of these tests has set up: other providers, with keys that are for them.
OWN_FILES = {
    ".claude/settings.json": json.dumps(
        {
            "env": {"ANTHROPIC_BASE_URL": NOWHERE, "ANTHROPIC_AUTH_TOKEN": FOREIGN, "ANTHROPIC_MODEL": "opus"},
            "apiKeyHelper": f"echo {FOREIGN}",
        }
    ),
    ".codex/config.toml": f"""
model = "theirs"
model_provider = "theirs"
check_for_update_on_startup = false
[analytics]
enabled = false
[model_providers.theirs]
name = "theirs"
base_url = "{NOWHERE}/v1"
wire_api = "responses"
experimental_bearer_token = "{FOREIGN}"
""",
    ".config/opencode/opencode.json": json.dumps(
        {
            "$schema": "https://opencode.ai/config.json",  # OpenCode itself adds it where it is missing
            "provider": {
                "theirs": {
                    "npm": "@ai-sdk/openai-compatible",
                    "options": {"baseURL": f"{NOWHERE}/v1", "apiKey": FOREIGN},
                    "models": {"m": {}},
                }
            },
            "model": "theirs/m",
            "small_model": "theirs/m",
            "agent": {"build": {"model": "theirs/m"}},
            "autoupdate": False,
        }
    ),
}
OWN_VARIABLES = {
    "ANTHROPIC_API_KEY": FOREIGN,
    "CLAUDE_CODE_OAUTH_TOKEN": FOREIGN,
    # What clients would ask others than the model for.
    "DISABLE_AUTOUPDATER": "1",
    "OPENCODE_DISABLE_DEFAULT_PLUGINS": "1",
    "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
    "OPENCODE_DISABLE_MODELS_FETCH": "1",
}


class Format(NamedTuple):
    """A provider that speaks a format, the path under which the scripted model does, and where its key goes."""

    provider: str
    path: str
    header: str
    prefix: str = ""


FORMATS = {
    "anthropic_messages": Format("anthropic", "", "x-api-key"),
    "gemini": Format("gemini", "/v1beta", "x-goog-api-key"),
    "openai_chat": Format("glm", "/v1", "Authorization", "Bearer "),
    "openai_responses": Format("openai", "/v1", "Authorization", "Bearer "),
}


class Stage:
    """A user's machine: a home with files of their own, a folder to work in, a model that wants a file there."""

    def __init__(self, folder: Path, programs: Path, upstream: Upstream) -> None:
        self.home, self.work, self.upstream = folder / "home", folder / "work", upstream
        self._path = os.pathsep.join((str(programs), os.environ["PATH"]))
        for name, text in OWN_FILES.items():
            (self.home / name).parent.mkdir(parents=True, exist_ok=True)
            (self.home / name).write_text(text)

    async def launch(self, client: str, wanted: Format, *options: str) -> Done:
        name = wanted.provider.upper()
        variables = {
            **OWN_VARIABLES,
            "PATH": self._path,
            "HOME": str(self.home),
            "NO_PROXY": "",
            "HTTP_PROXY": NOWHERE,
            "HTTPS_PROXY": NOWHERE,
            f"CASECRAFT_{name}_API_KEY": KEY,
            f"CASECRAFT_{name}_BASE_URL": f"{self.upstream.url}{wanted.path}",
        }
        arguments = ["launch", client, "--provider", wanted.provider, *options, "--", *ARGUMENTS[client]]
        return await run(*arguments, cwd=self.work, env=variables, limit=LIMIT)


@pytest.fixture(scope="session")
def programs() -> Path:
    return node_modules(Path(__file__).parent / "package.json", scripts=True) / ".bin"


@pytest.fixture
def stage(tmp_path: Path, programs: Path) -> Iterator[Stage]:
    (tmp_path / "work").mkdir()
    with scripted_model(tmp_path / "work" / "wanted.txt", CONTENT) as upstream:
        yield Stage(tmp_path, programs, upstream)


def check(stage: Stage, done: Done, wanted: Format) -> None:
    """The file is there, the model was told so, nobody's key went astray, and the user's files are as they were."""
    upstream = stage.upstream
    assert done.code == 0, done.err
    assert DONE in done.out, done.err
    assert upstream.wish.path.read_text().strip() == CONTENT
    assert upstream.calls == 1
    assert len(upstream.results) == 1
    keys = {request.headers.get(wanted.header) for request in upstream.requests if request.method == "POST"}
    assert keys == {f"{wanted.prefix}{KEY}"}
    assert FOREIGN not in json.dumps([{**request.headers} for request in upstream.requests])
    assert KEY not in done.out + done.err
    assert {name: (stage.home / name).read_text() for name in OWN_FILES} == OWN_FILES


@pytest.mark.parametrize(
    ("client", "dialect"),
    [
        ("claude", "openai_chat"),
        ("claude", "openai_responses"),
        ("claude", "gemini"),
        ("codex", "openai_chat"),
        ("codex", "anthropic_messages"),
        ("codex", "gemini"),
        ("opencode", "anthropic_messages"),
        ("opencode", "openai_responses"),
        ("opencode", "gemini"),
    ],
)
async def test_a_client_works_with_a_model_of_another_format(stage: Stage, client: str, dialect: str) -> None:
    wanted = FORMATS[dialect]
    done = await stage.launch(client, wanted)
    assert "through the gateway" in done.err
    check(stage, done, wanted)


@pytest.mark.parametrize("model", ["gpt-5.5", "gpt-6-sol"])
async def test_codex_works_with_tools_that_only_its_own_models_have(stage: Stage, model: str) -> None:
    """By these names Codex offers a tool with a grammar, and one that runs code in groups of tools."""
    wanted = FORMATS["openai_chat"]
    check(stage, await stage.launch("codex", wanted, "--model", model), wanted)
    names = {tool["function"]["name"] for request in stage.upstream.requests for tool in request.body["tools"]}
    assert names & {"apply_patch", "functions__exec"}


@pytest.mark.parametrize(
    ("client", "dialect"),
    [("claude", "anthropic_messages"), ("codex", "openai_responses"), ("opencode", "openai_chat")],
)
async def test_a_client_works_directly_with_a_model_of_its_own_format(stage: Stage, client: str, dialect: str) -> None:
    wanted = FORMATS[dialect]
    done = await stage.launch(client, wanted, "--direct")
    assert f"directly at {stage.upstream.url}" in done.err
    check(stage, done, wanted)
    assert not (stage.work / ".casecraft").exists()


def models_asked(upstream: Upstream) -> set[Any]:
    return {request.body.get("model") for request in upstream.requests if request.method == "POST"}


async def test_claude_code_asks_for_the_model_that_was_named(stage: Stage) -> None:
    wanted = FORMATS["openai_chat"]
    check(stage, await stage.launch("claude", wanted, "--model", "glm-5.1"), wanted)
    assert models_asked(stage.upstream) == {"glm-5.1"}
