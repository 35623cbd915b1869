"""The command as a real process, in a folder and an environment of its own."""

import asyncio
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
COMMAND = (sys.executable, "-W", "error", "-m", "casecraft")


@dataclass(frozen=True)
class Done:
    """How a process ended."""

    code: int
    out: str
    err: str


def environment(home: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """What a process sees: nothing of this machine's settings and keys."""
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TMPDIR") if name in os.environ}
    return {**kept, "HOME": str(home), "PYTHONPATH": str(ROOT), "COLUMNS": "100", "NO_PROXY": "*", **(extra or {})}


async def start(args: Sequence[str], cwd: Path, env: Mapping[str, str] | None = None) -> asyncio.subprocess.Process:
    """`casecraft ARGS`, begun."""
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        *COMMAND, *args, cwd=cwd, env=environment(cwd, env), stdin=pipe, stdout=pipe, stderr=pipe
    )


async def finish(process: asyncio.subprocess.Process, stdin: bytes = b"", limit: float = 60.0) -> Done:
    """Wait for the end of a process; it is killed where it takes too long."""
    try:
        async with asyncio.timeout(limit):
            out, err = await process.communicate(stdin)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    assert process.returncode is not None
    return Done(process.returncode, out.decode(errors="replace"), err.decode(errors="replace"))


async def run(
    *args: str | Path, cwd: Path, env: Mapping[str, str] | None = None, stdin: bytes = b"", limit: float = 60.0
) -> Done:
    """`casecraft ARGS` from its begin to its end."""
    process = await start([str(arg) for arg in args], cwd, env)
    return await finish(process, stdin, limit)


async def run_all(rows: Mapping[str, Sequence[str]], cwd: Path, *, at_once: int = 3) -> dict[str, Done]:
    """Many independent commands, some at once, each in a folder of its own under `cwd`."""
    gate = asyncio.Semaphore(at_once)

    async def one(name: str, args: Sequence[str]) -> tuple[str, Done]:
        folder = cwd / name
        folder.mkdir(parents=True, exist_ok=True)
        async with gate:
            return name, await run(*args, cwd=folder)

    return dict(await asyncio.gather(*(one(name, args) for name, args in rows.items())))


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file under a folder with its content, by its path from there."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


async def until(condition: Callable[[], bool], limit: float = 30.0) -> None:
    """Wait for something that another process does."""
    async with asyncio.timeout(limit):
        while not condition():  # nothing announces it
            await asyncio.sleep(0.005)
