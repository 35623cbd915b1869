"""What people see: lines in a pipe, a live table on a terminal, which is left as it was found."""

import asyncio
import os
import pty
import re
import signal
import subprocess
import termios
from pathlib import Path
from typing import Any

import pytest

from tests.answers import one_good_case
from tests.command import COMMAND, environment, run
from tests.documents import write_things
from tests.simulator import Behaviour, Simulator

pytestmark = pytest.mark.slow

HIDE, SHOW = b"\x1b[?25l", b"\x1b[?25h"
GENERATE = ("generate", "doc.json", "--provider", "qwen")


class Terminal:
    """A pseudo-terminal of 100 by 30, and what a command writes to it."""

    def __init__(self, args: tuple[str, ...], cwd: Path, env: dict[str, str]) -> None:
        self.ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (30, 100))
        self.theirs = theirs
        self.before = self.mode()
        self.written = b""
        variables = {**environment(cwd, env), "TERM": "xterm-256color"}
        del variables["COLUMNS"]
        self.process = subprocess.Popen(
            [*COMMAND, *args],
            cwd=cwd,
            env=variables,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )

    def mode(self) -> list[Any]:
        return termios.tcgetattr(self.theirs)

    def read(self) -> bool:
        """Take in what was written; False once the command has ended and everything is read."""
        while True:
            ended = self.process.poll() is not None
            os.set_blocking(self.ours, False)
            try:
                self.written += os.read(self.ours, 65536)
            except BlockingIOError:
                return not ended

    async def until(self, text: bytes) -> None:
        async with asyncio.timeout(30):
            while text not in self.written:
                assert self.read() or text in self.written, self.written.decode()
                await asyncio.sleep(0.02)

    async def end(self) -> int:
        async with asyncio.timeout(30):
            while self.read():
                await asyncio.sleep(0.02)
        return self.process.wait()

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.ours)
        os.close(self.theirs)


def plain(written: bytes) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", written.decode())


async def test_a_terminal_gets_a_live_table_and_is_restored(tmp_path: Path) -> None:
    write_things(tmp_path / "doc.json", 6)
    async with Simulator({"qwen": Behaviour(latency=0.7)}, answer=one_good_case) as server:
        terminal = Terminal(GENERATE, tmp_path, {"CASECRAFT_QWEN_BASE_URL": server.url("qwen")})
        try:
            await terminal.until(b"/6 endpoints")
            code = await terminal.end()
            assert code == 0, plain(terminal.written)
            for head in ("workers", "in flight", "done", "retries", "fallbacks", "tokens", "cost"):
                assert head in plain(terminal.written)
            assert re.search(r"qwen +3 +3 +\d +0 +0", plain(terminal.written))
            assert terminal.written.count(HIDE) == terminal.written.count(SHOW) == 1
            assert terminal.written.index(HIDE) < terminal.written.index(SHOW)
            assert terminal.mode() == terminal.before
            assert "run it with: " in plain(terminal.written)
        finally:
            terminal.close()


@pytest.mark.parametrize(("times", "fault"), [(1, {}), (2, {"hang": 1.0})])
async def test_ctrl_c_leaves_the_terminal_as_it_was(tmp_path: Path, times: int, fault: dict[str, float]) -> None:
    write_things(tmp_path / "doc.json", 6)
    behaviour = Behaviour(latency=0.6, faults=fault)
    async with Simulator({"qwen": behaviour}, answer=one_good_case) as server:
        terminal = Terminal(GENERATE, tmp_path, {"CASECRAFT_QWEN_BASE_URL": server.url("qwen")})
        try:
            await terminal.until(b"/6 endpoints")
            terminal.process.send_signal(signal.SIGINT)
            await terminal.until(b"press Ctrl-C again to stop at once")
            for _ in range(times - 1):
                terminal.process.send_signal(signal.SIGINT)
            assert await terminal.end() == 130
            assert terminal.written.count(HIDE) == terminal.written.count(SHOW) == 1
            assert terminal.mode() == terminal.before
            assert "go on with: casecraft resume 20" in plain(terminal.written)
        finally:
            terminal.close()


async def test_a_pipe_gets_lines_without_control_characters(tmp_path: Path) -> None:
    write_things(tmp_path / "doc.json", 10)
    async with Simulator({"qwen": Behaviour(script=["500"])}, answer=one_good_case) as server:
        env = {"CASECRAFT_QWEN_BASE_URL": server.url("qwen")}
        lines = await run(*GENERATE, cwd=tmp_path, env=env)
        assert "\x1b" not in lines.out + lines.err
        assert [line.partition(" ")[0] for line in lines.err.splitlines()] == [f"{done}/10" for done in range(1, 11)]
        verbose = await run(*GENERATE, "--force", "--verbose", cwd=tmp_path, env=env)
        assert re.search(r"^POST /things000/\{id\}: \d+ cases by qwen$", verbose.err, re.MULTILINE)
        quiet = await run(*GENERATE, "--force", "--quiet", cwd=tmp_path, env=env)
        assert quiet.err == ""
        assert "made by" in quiet.out
