"""The commands that the pages show are run."""

import os
import random
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import pytest
from markdown_it import MarkdownIt

from tests.examples.stage import ROOT, Stage, simulate

PAGES = (
    "README.md",
    "docs/quick-start.md",
    "docs/from-the-earlier-tool.md",
    "docs/providers.md",
    "docs/formats.md",
    "docs/running.md",
    "docs/usage.md",
)
INDEX = "# Needs the package index."
PORT = "8000"
EARLIER_STATE = ROOT / "state" / "v1" / "sample.casecraft_state.json"


@dataclass(frozen=True)
class Block:
    """Commands of a page."""

    line: int
    text: str


def read_blocks(page: str) -> list[Block]:
    tokens = MarkdownIt().parse((ROOT / page).read_text("utf-8"))
    fences = (token for token in tokens if token.type == "fence" and token.info == "sh")
    return [Block((token.map or [0])[0] + 1, token.content) for token in fences]


@contextmanager
def in_background(stage: Stage, command: str, port: int) -> Iterator[None]:
    """A server that a page starts with `&`, until the page is done."""
    process = subprocess.Popen(
        ["bash", "-c", f"exec {command}"], cwd=stage.folder, env=stage.environment, start_new_session=True
    )
    try:
        await_port(port, process)
        yield
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def await_port(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
    pytest.fail("the server that the page starts does not answer")


def free_port() -> int:
    """A port that nobody has, below those that systems give out by themselves: no other test gets it before us."""
    while True:
        port = random.randrange(20_000, 32_000)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page_do_what_it_says(stage: Stage, page: str) -> None:
    (stage.folder / ".casecraft_state.json").write_bytes(EARLIER_STATE.read_bytes())
    port = free_port()
    with simulate("glm", "qwen") as simulator:
        for name in simulator.providers:
            stage.environment[f"CASECRAFT_{name.upper()}_BASE_URL"] = simulator.url(name)
        blocks = [block for block in read_blocks(page) if not block.text.startswith(INDEX)]
        assert blocks
        run_blocks(stage, page, blocks, port)
        asked = {name for name in simulator.providers if simulator.requests(name)}
    needed = "".join(line for block in blocks for line in block.text.splitlines() if line.startswith("# Needs key"))
    assert asked >= {name for name in ("glm", "qwen") if name in needed.lower()}


def run_blocks(stage: Stage, page: str, blocks: list[Block], port: int) -> None:
    for number, block in enumerate(blocks):
        text = block.text.replace(PORT, str(port))
        if text.endswith("&\n"):
            with in_background(stage, text.rstrip("&\n"), port):
                run_blocks(stage, page, blocks[number + 1 :], port)
            return
        done = stage.run(text)
        assert done.returncode == 0, f"{page}:{block.line}: {done.stdout}{done.stderr}"


@pytest.mark.slow
def test_what_the_readme_shows_of_python_runs(stage: Stage) -> None:
    tokens = MarkdownIt().parse((ROOT / "README.md").read_text("utf-8"))
    (code,) = (token.content for token in tokens if token.type == "fence" and token.info == "python")
    (stage.folder / "readme.py").write_text(code)
    done = stage.run("python readme.py")
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"done \d+ suites/petstore\n", done.stdout)


@pytest.mark.slow
def test_what_the_page_on_providers_shows_of_python_runs(stage: Stage) -> None:
    tokens = MarkdownIt().parse((ROOT / "docs" / "providers.md").read_text("utf-8"))
    code = next(token.content for token in tokens if token.type == "fence" and "casecraft.create(" in token.content)
    (stage.folder / "page.py").write_text(code)
    with simulate("qwen") as simulator:
        stage.environment["CASECRAFT_QWEN_BASE_URL"] = simulator.url("qwen")
        done = stage.run("python page.py")
    assert done.returncode == 0, done.stderr
    first, *streamed = done.stdout.splitlines()
    assert re.fullmatch(r"OK Cost\(amount=Decimal\('[0-9.E-]+'\), currency='[A-Z]{3}', as_of='[0-9-]{10}'\)", first)
    assert "".join(streamed) == "OK"
