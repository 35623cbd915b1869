"""Disks that are full or read-only, and state files that cannot be used: nothing that was answered is lost."""

import json
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from casecraft.state import open_store
from tests.answers import one_good_case
from tests.command import files_of, finish, run, start, until
from tests.documents import write_things
from tests.simulator import Behaviour, Simulator

pytestmark = pytest.mark.slow

ENDPOINTS = 40
GENERATE = ("generate", "doc.json", "--provider", "qwen", "--json")
Mount = Callable[[Path, str], None]


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[None]:
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def mount() -> Iterator[Mount]:
    """Makes a small disk of a folder."""
    with ExitStack() as stack:

        def do(folder: Path, options: str) -> None:
            folder.mkdir()
            try:
                stack.enter_context(mounted(folder, options))
            except (OSError, subprocess.CalledProcessError) as error:
                pytest.skip(f"a disk of its own needs root and mount: {error}")

        yield do


def resize(folder: Path, size: str) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", str(folder)], check=True)


def server() -> Simulator:
    """It takes longer to answer than an answer takes to be written."""
    return Simulator({"qwen": Behaviour(latency=0.02)}, answer=one_good_case)


def environment(server: Simulator) -> dict[str, str]:
    return {"CASECRAFT_QWEN_BASE_URL": server.url("qwen")}


def recorded(path: Path) -> int:
    with open_store(path, read_only=True) as store:
        return sum(len(store.attempts_of(run.id)) for run in store.runs())


async def test_a_disk_that_fills_while_the_state_is_written(tmp_path: Path, mount: Mount) -> None:
    write_things(tmp_path / "doc.json", ENDPOINTS)
    disk = tmp_path / "disk"
    mount(disk, "size=256k")
    async with server() as simulator:
        env = environment(simulator)
        done = await run(*GENERATE, "--state-dir", "disk", cwd=tmp_path, env=env)
        assert (done.code, done.out) == (2, "")
        assert done.err.splitlines()[-2:] == [
            f"error: no space left to write the state file {str(state_of(disk).relative_to(tmp_path))!r}",
            "  free some space, then `casecraft resume`",
        ]
        asked = len(simulator.seen)
        assert 0 < asked < ENDPOINTS

        resize(disk, "20m")
        kept = recorded(state_of(disk))
        again = await run("resume", "--state-dir", "disk", "--json", cwd=tmp_path, env=env)
        assert again.code == 0, again.err
        assert json.loads(again.out)["counts"]["failed"] == 0
        assert len(simulator.seen) == asked + ENDPOINTS - kept


def state_of(folder: Path) -> Path:
    return next(folder.glob("*.sqlite"))


async def test_a_disk_that_fills_while_the_suite_is_written(tmp_path: Path, mount: Mount) -> None:
    write_things(tmp_path / "doc.json", ENDPOINTS)
    write_things(tmp_path / "small" / "doc.json", 1)
    disk = tmp_path / "disk"
    mount(disk, "size=160k")
    small = await run("generate", "small/doc.json", "-p", "rules", "-o", "disk/out", cwd=tmp_path)
    assert small.code == 0, small.err
    before = files_of(disk)
    async with server() as simulator:
        done = await run(*GENERATE, "-o", "disk/out", cwd=tmp_path, env=environment(simulator))
        assert (done.code, done.out) == (2, "")
        assert done.err.splitlines()[-2:] == [
            "error: cannot write the suite to 'disk/out': No space left on device",
            "  Make room on the disk, then run it again; the suite that was there is as it was.",
        ]
        assert files_of(disk) == before
        assert len(simulator.seen) == ENDPOINTS

        resize(disk, "20m")
        again = await run(*GENERATE, "-o", "disk/out", cwd=tmp_path, env=environment(simulator))
        assert again.code == 0, again.err
        assert len(simulator.seen) == ENDPOINTS


@pytest.mark.parametrize(
    ("args", "says", "to_do"),
    [
        (("-o", "disk/out"), "cannot write the suite to 'disk/out': the folder 'disk' may not be written", "--output"),
        (("--state-dir", "disk/state"), "cannot be used: Read-only file system", "choose another with --state-dir"),
    ],
)
async def test_a_read_only_disk_is_noticed_before_anybody_is_asked(
    tmp_path: Path, mount: Mount, args: tuple[str, ...], says: str, to_do: str
) -> None:
    write_things(tmp_path / "doc.json", 1)
    mount(tmp_path / "disk", "ro")
    async with server() as simulator:
        done = await run(*GENERATE, *args, cwd=tmp_path, env=environment(simulator))
        error, hint = done.err.splitlines()
        assert (done.code, done.out) == (2, "")
        assert says in error
        assert to_do in hint
        assert simulator.seen == []


async def test_a_file_in_the_place_of_the_suite_is_noticed_before_anybody_is_asked(tmp_path: Path) -> None:
    write_things(tmp_path / "doc.json", 1)
    async with server() as simulator:
        done = await run(*GENERATE, "-o", "doc.json/out", cwd=tmp_path, env=environment(simulator))
        assert done.code == 2
        assert done.err.splitlines()[0] == "error: cannot write the suite to 'doc.json/out': Not a directory"
        assert simulator.seen == []


async def test_a_file_of_somebody_else_is_not_overwritten(tmp_path: Path) -> None:
    write_things(tmp_path / "doc.json", 1)
    mine = tmp_path / "suites" / "doc" / "conftest.py"
    write_mine(mine)
    done = await run("generate", "doc.json", "-p", "rules", "-q", cwd=tmp_path)
    assert done.code == 2
    assert "'suites/doc/conftest.py' is in the way" in done.err
    assert files_of(tmp_path)["suites/doc/conftest.py"] == b"mine = True\n"


def write_mine(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_text("mine = True\n")


def make_newer(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()


def damage(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4096:] = b"\x5a" * (len(data) - 4096)
    path.write_bytes(bytes(data))


def replace(path: Path) -> None:
    path.write_text("not a database, " * 20)


@pytest.mark.parametrize(
    ("spoil", "says", "to_do"),
    [
        (make_newer, "has version 99; this casecraft knows versions up to", "install a newer casecraft"),
        (damage, "is damaged", "put a copy of it back, or move it away"),
        (replace, "is no state file of casecraft", "move the file away"),
    ],
)
async def test_a_state_file_that_cannot_be_used_is_left_untouched(
    tmp_path: Path, spoil: Callable[[Path], None], says: str, to_do: str
) -> None:
    write_things(tmp_path / "doc.json", 2)
    assert (await run("generate", "doc.json", "-p", "rules", cwd=tmp_path)).code == 0
    state = state_of(tmp_path / ".casecraft")
    spoil(state)
    before = files_of(tmp_path / ".casecraft")[state.name]
    for args in (("generate", "doc.json", "-p", "rules", "--json"), ("resume",), ("state", "list", "--json")):
        done = await run(*args, cwd=tmp_path)
        error, hint = done.err.splitlines()
        assert says in error
        assert repr(str(state.relative_to(tmp_path))) in error
        assert to_do in hint
        assert (done.code, done.out) == (2, "")
    assert files_of(tmp_path / ".casecraft")[state.name] == before


async def test_a_second_run_says_who_holds_the_state_file(tmp_path: Path) -> None:
    write_things(tmp_path / "doc.json", 1)
    async with Simulator({"qwen": Behaviour(faults={"hang": 1.0})}) as simulator:
        first = await start(GENERATE, tmp_path, environment(simulator))
        await until(lambda: len(simulator.seen) == 1)
        second = await run(*GENERATE, cwd=tmp_path, env=environment(simulator))
        error, hint = second.err.splitlines()
        assert (second.code, second.out) == (2, "")
        assert f"is held by process {first.pid} on " in error
        assert "wait for it to end or stop it" in hint
        listed = await run("state", "list", "--json", cwd=tmp_path)
        assert json.loads(listed.out)["runs"][0]["status"] == "running"
        first.kill()
        await finish(first)
        third = await run("generate", "doc.json", "-p", "rules", "-q", cwd=tmp_path)
        assert third.code == 0, third.err
