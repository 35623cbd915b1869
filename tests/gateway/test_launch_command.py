"""`casecraft launch` as a process, with a program in place of the client that does what its arguments say."""

import asyncio
import json
import os
import pty
import shlex
import signal
import subprocess
import sys
import termios
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.command import COMMAND, Done, environment, files_of, finish, run, start, until

pytestmark = pytest.mark.slow

KEY = "sk-a-key-that-nobody-may-see"
THROUGH = ("launch", "codex", "--provider", "glm", "--")
DIRECT = ("launch", "claude", "--provider", "glm", "--")

# Writes down how it was started, then runs the code that follows `--run`.
CLIENT = """#!{python}
import json, os, pathlib, sys
seen = {{"arguments": sys.argv[1:], "environment": dict(os.environ)}}
pathlib.Path({seen!r}).write_text(json.dumps(seen))
if "--run" in sys.argv:
    exec(sys.argv[sys.argv.index("--run") + 1])
"""
ASK = """
import urllib.request, urllib.error
base = next(it for it in sys.argv if "base_url" in it).split('"')[1]
def ask(token):
    request = urllib.request.Request(f"{base}/models", headers={"Authorization": f"Bearer {token}"})
    try:
        return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request).status
    except urllib.error.HTTPError as error:
        return error.code
print(base, ask(os.environ["CODEX_CASECRAFT_TOKEN"]), ask("another"))
"""


class Stage:
    """A folder to work in, a home, and clients that only pretend."""

    def __init__(self, folder: Path) -> None:
        self.work, self.home, self.bin = (folder / name for name in ("work", "home", "bin"))
        self.report = folder / "seen.json"
        for each in (self.work, self.home, self.bin):
            each.mkdir()
        for name in ("claude", "codex", "opencode"):
            program = self.bin / name
            program.write_text(CLIENT.format(python=sys.executable, seen=str(self.report)))
            program.chmod(0o755)
        path = os.pathsep.join((str(self.bin), os.environ["PATH"]))
        self.variables = {"PATH": path, "HOME": str(self.home), "ZAI_API_KEY": KEY, "LANG": "C.UTF-8"}

    @property
    def seen(self) -> dict[str, Any]:
        seen: dict[str, Any] = json.loads(self.report.read_text())
        return seen

    async def run(self, *args: str, stdin: bytes = b"", **environ: str) -> Done:
        return await run(*args, cwd=self.work, env={**self.variables, **environ}, stdin=stdin)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


async def test_arguments_streams_and_the_exit_code_pass_through(stage: Stage) -> None:
    code = "sys.stdout.write(sys.stdin.read().upper()); sys.stderr.write('said'); sys.exit(7)"
    awkward = ["--help", "-p", "é \"'$HOME\n", "", "--"]
    done = await stage.run(*DIRECT, "--run", code, *awkward, stdin=b"typed")
    assert done.code == 7
    assert done.out == "TYPED"
    assert "said" in done.err
    assert stage.seen["arguments"] == ["--run", code, *awkward]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
async def test_a_client_that_a_signal_ends_gives_the_code_of_shells(stage: Stage, number: int) -> None:
    done = await stage.run(*DIRECT, "--run", f"os.kill(os.getpid(), {number})")
    assert done.code == 128 + number


async def test_the_gateway_serves_the_client_with_its_token_alone_and_ends_with_it(stage: Stage) -> None:
    done = await stage.run(*THROUGH, "--run", ASK)
    assert done.code == 0, done.err
    base, own, other = done.out.split()
    assert (own, other) == ("200", "401")
    assert f"Codex with glm/glm-5.3-flash, through the gateway at {base}" in done.err
    port = int(base.rpartition(":")[2].partition("/")[0])
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)


@pytest.mark.parametrize("way", [DIRECT, THROUGH])
async def test_a_key_is_in_the_environment_of_the_client_alone(stage: Stage, way: tuple[str, ...]) -> None:
    code = "print(pathlib.Path(f'/proc/{os.getppid()}/cmdline').read_text(), sys.argv)"
    done = await stage.run(*way, "--run", code)
    assert done.code == 0, done.err
    token = stage.seen["environment"].get("CODEX_CASECRAFT_TOKEN") or stage.seen["environment"]["ANTHROPIC_AUTH_TOKEN"]
    assert (token == KEY) is (way is DIRECT)
    for secret in (token, KEY):
        assert secret not in done.out + done.err
    assert all(token.encode() not in content for content in files_of(stage.work).values())


async def test_the_user_s_files_stay_as_they_are(stage: Stage) -> None:
    own = {
        ".claude/settings.json": '{"env": {"ANTHROPIC_BASE_URL": "https://example.com"}}',
        ".claude.json": "{}",
        ".codex/config.toml": 'model = "theirs"\n',
        ".config/opencode/opencode.json": '{"model": "theirs/m"}',
    }
    for name, text in own.items():
        path = stage.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    before = files_of(stage.home)
    for client in ("claude", "codex", "opencode"):
        for way in ("--gateway", "--provider=glm"):
            done = await stage.run("launch", client, way)
            assert done.code == 0, done.err
    assert files_of(stage.home) == before


async def test_without_a_name_the_configured_client_starts_and_gets_the_arguments(stage: Stage) -> None:
    done = await stage.run("launch", "--", "run", "it", CASECRAFT_DEFAULT_CLI="opencode")
    assert done.code == 0, done.err
    assert stage.seen["arguments"] == ["run", "it"]
    assert "OPENCODE_CONFIG_CONTENT" in stage.seen["environment"]


async def test_a_client_that_is_missing_ends_the_command_with_the_way_to_get_it(stage: Stage) -> None:
    (stage.bin / "codex").unlink()
    done = await stage.run("launch", "codex", PATH=str(stage.bin))
    assert done.code == 2
    assert "npm install -g @openai/codex" in done.err


async def test_quiet_says_nothing_of_its_own(stage: Stage) -> None:
    done = await stage.run("launch", "claude", "--quiet", "--", "--run", "print(1)")
    assert (done.code, done.out, done.err) == (0, "1\n", "")


def evaluated(done: Done, path: str) -> Mapping[str, str]:
    """The environment of a shell that took the lines in."""
    script = f'eval "$LINES"; {sys.executable} -c "import json, os; print(json.dumps(dict(os.environ)))"'
    shell = subprocess.run(
        ["bash", "-c", script], env={"LINES": done.out, "PATH": path}, capture_output=True, text=True, check=True
    )
    seen: dict[str, str] = json.loads(shell.stdout)
    return seen


async def test_print_env_has_what_the_client_would_get_and_starts_nothing(stage: Stage) -> None:
    await stage.run("launch", "claude")
    launched = stage.seen["environment"]
    stage.report.unlink()
    done = await stage.run("launch", "claude", "--print-env")
    assert done.code == 0
    assert not stage.report.exists()
    seen = evaluated(done, os.environ["PATH"])
    own = [name for name in launched if name.startswith(("ANTHROPIC", "CLAUDE"))]
    assert len(own) > 5
    assert {name: seen.get(name) for name in own} == {name: launched[name] for name in own}
    assert "hold a key" in done.err


async def test_print_env_for_a_gateway_needs_a_token_that_stays(stage: Stage) -> None:
    done = await stage.run("launch", "codex", "--print-env")
    assert done.code == 2
    assert "CASECRAFT_GATEWAY_TOKEN" in done.err
    token = "a-configured-token-of-32-letters"
    done = await stage.run("launch", "codex", "--print-env", CASECRAFT_GATEWAY_TOKEN=token)
    assert f"export CODEX_CASECRAFT_TOKEN={token}" in done.out.splitlines()
    assert "http://127.0.0.1:4141/v1" in done.out
    assert KEY not in done.out


WAIT = """
import signal, time
for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
    signal.signal(number, lambda number, _: os.write(1, f"got {signal.Signals(number).name}\\n".encode()))
os.write(1, b"ready\\n")
sys.stdin.readline()
"""


async def line_of(process: asyncio.subprocess.Process) -> str:
    """The next line that it prints; it is killed where it prints none."""
    assert process.stdout is not None
    try:
        async with asyncio.timeout(30):
            return (await process.stdout.readline()).decode().rstrip()
    except TimeoutError:
        process.kill()
        raise


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
@pytest.mark.parametrize("way", [DIRECT, THROUGH])
async def test_signals_go_to_the_client_which_decides(
    stage: Stage, way: tuple[str, ...], number: signal.Signals
) -> None:
    process = await start([*way, "--run", WAIT], stage.work, stage.variables)
    assert await line_of(process) == "ready"
    process.send_signal(number)
    assert await line_of(process) == f"got {number.name}"
    assert (await finish(process, b"\n")).code == 0


async def test_two_clients_have_a_gateway_each(stage: Stage) -> None:
    process = await start([*THROUGH, "--run", WAIT], stage.work, stage.variables)
    assert await line_of(process) == "ready"
    second = await stage.run(*THROUGH, "--run", ASK)
    assert second.out.split()[1:] == ["200", "401"]
    assert (await finish(process, b"\n")).code == 0


async def test_a_client_that_does_not_catch_a_signal_ends_with_it_and_so_do_we(stage: Stage) -> None:
    code = "import time; print('ready', flush=True); time.sleep(60)"
    process = await start([*THROUGH, "--run", code], stage.work, stage.variables)
    assert await line_of(process) == "ready"
    process.terminate()
    assert (await finish(process)).code == 128 + signal.SIGTERM


class Terminal:
    """A terminal in which a shell works."""

    def __init__(self, stage: Stage) -> None:
        self.ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (30, 100))
        self.unread = b""
        variables = {**environment(stage.work, stage.variables), "TERM": "dumb", "PS1": "prompt> ", "CODE": ON_TERMINAL}
        self.process = subprocess.Popen(
            # A session of its own opens the terminal, which then is the shell's.
            [sys.executable, "-c", OPEN, os.ttyname(theirs)],
            cwd=stage.work,
            env=variables,
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.set_blocking(self.ours, False)
        self._theirs = theirs

    def type(self, text: str) -> None:
        os.write(self.ours, text.encode())

    def resize(self, columns: int) -> None:
        termios.tcsetwinsize(self._theirs, (30, columns))

    async def until(self, text: str) -> bytes:
        """Wait for text after what was awaited before; what came before it."""
        await until(lambda: self._shows(text.encode()))
        before, _, self.unread = self.unread.partition(text.encode())
        return before

    def _shows(self, text: bytes) -> bool:
        with suppress(BlockingIOError):
            self.unread += os.read(self.ours, 65536)
        return text in self.unread

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.ours)
        os.close(self._theirs)


OPEN = """
import os, sys
terminal = os.open(sys.argv[1], os.O_RDWR)
for number in range(3):
    os.dup2(terminal, number)
os.execvp("bash", ["bash", "--norc", "--noprofile", "--noediting", "-i"])
"""
ON_TERMINAL = """
import signal
def say(text):
    os.write(1, f"[{text}]".encode())
signal.signal(signal.SIGINT, lambda *_: say("interrupted"))
signal.signal(signal.SIGWINCH, lambda *_: say(f"columns {os.get_terminal_size().columns}"))
say("ready")
for line in sys.stdin:
    if line == "stop\\n":
        os.kill(os.getpid(), signal.SIGSTOP)
    say(f"read {line.strip()}")
    if line == "end\\n":
        sys.exit(9)
"""


@pytest.fixture
def terminal(stage: Stage) -> Iterator[Terminal]:
    terminal = Terminal(stage)
    yield terminal
    terminal.close()


@pytest.mark.parametrize("way", [DIRECT, THROUGH])
async def test_a_terminal_is_the_client_s(terminal: Terminal, way: tuple[str, ...]) -> None:
    await terminal.until("prompt> ")
    terminal.type(shlex.join([*COMMAND, *way, "--run"]) + ' "$CODE"\n')
    await terminal.until("[ready]")
    terminal.type("\x03")
    await terminal.until("[interrupted]")
    terminal.resize(77)
    assert b"interrupted" not in await terminal.until("[columns 77]")
    terminal.type("\x1a")
    await terminal.until("Stopped")
    await terminal.until("prompt> ")
    terminal.type('fg; echo "[code $?]"\n')
    terminal.type("hello\n")
    await terminal.until("[read hello]")
    terminal.type("end\n")
    await terminal.until("[code 9]")


async def test_a_client_that_stops_itself_gives_the_shell_its_terminal_back(terminal: Terminal) -> None:
    await terminal.until("prompt> ")
    terminal.type(shlex.join([*COMMAND, *THROUGH, "--run"]) + ' "$CODE"\n')
    await terminal.until("[ready]")
    terminal.type("stop\n")
    await terminal.until("Stopped")
    await terminal.until("prompt> ")
    terminal.type('fg; echo "[code $?]"\n')
    await terminal.until("[read stop]")
    terminal.type("end\n")
    await terminal.until("[code 9]")


@pytest.mark.parametrize("content", ["#!/nonexistent/interpreter\n", "no program"])
async def test_a_client_that_cannot_run_is_told(stage: Stage, content: str) -> None:
    (stage.bin / "claude").write_text(content)
    done = await stage.run(*DIRECT)
    assert (done.code, done.out) == (2, "")
    assert f"error: '{stage.bin}/claude' cannot be started: " in done.err
    assert "Traceback" not in done.err


ASK_AGAIN = """
import pathlib, time, urllib.request
base = next(it for it in sys.argv if "base_url" in it).split('"')[1]
token = os.environ["CODEX_CASECRAFT_TOKEN"]
def models():
    request = urllib.request.Request(f"{base}/models", headers={"Authorization": f"Bearer {token}"})
    return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request).read().decode()
before = models()
pathlib.Path("casecraft.toml").write_text('[gateway.routes]\\n"new-*" = "glm/glm-9"\\n')
end = time.monotonic() + 30
while models() == before and time.monotonic() < end:
    time.sleep(0.1)
print("glm-9" in before, "glm-9" in models())
"""


async def test_the_gateway_of_a_client_follows_changed_settings(stage: Stage) -> None:
    done = await stage.run(*THROUGH, "--run", ASK_AGAIN)
    assert (done.code, done.out.split()) == (0, ["False", "True"]), done.err
