"""A place in which an example runs as it does for its reader, with the simulator where the providers are."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from tests.examples.model import answer
from tests.simulator import Behaviour, Simulator

ROOT = Path(__file__).parents[2]
KEY = "sk-simulated-0123456789"
OWN = re.compile(r"CASECRAFT_|.*_API_KEY$|FORCE_COLOR$|COLUMNS$|CI$")


@contextmanager
def simulate(*names: str) -> Iterator[Simulator]:
    """A simulator with these providers, in a thread of its own."""
    simulator = Simulator({name: Behaviour() for name in names}, answer=answer)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(simulator.start(), loop).result()
    try:
        yield simulator
    finally:
        asyncio.run_coroutine_threadsafe(simulator.stop(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@dataclass
class Stage:
    """A copy of what the repository ships, and an environment with this casecraft and nobody's keys."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("specs", "strategies", "examples"):
            ignored = shutil.ignore_patterns("suites", ".casecraft", "out", "__pycache__")
            shutil.copytree(ROOT / name, self.folder / name, ignore=ignored, dirs_exist_ok=True)
        commands = self.folder / ".commands"
        commands.mkdir()
        self._add_command("casecraft", "-m casecraft")
        self._add_command("pytest", "-m pytest -p no:cacheprovider")
        self._add_command("uvicorn", "-m uvicorn")
        self._add_command("python", "")
        clean = {name: value for name, value in os.environ.items() if not OWN.match(name)}
        path = os.pathsep.join((str(commands), clean["PATH"]))
        self.environment = {**clean, "PATH": path, "PYTHONPATH": str(ROOT), **self.environment}

    def add_providers(self, simulator: Simulator, key: str = KEY) -> None:
        """Have the catalog's names lead to the simulator."""
        for name in simulator.providers:
            self.environment |= {
                f"CASECRAFT_{name.upper()}_BASE_URL": simulator.url(name),
                f"CASECRAFT_{name.upper()}_API_KEY": key,
            }

    def run(self, command: str, folder: str = ".", **more: str) -> subprocess.CompletedProcess[str]:
        """Run a shell command as continuous integration does: the first that fails ends it."""
        return subprocess.run(
            ["bash", "-e", "-c", command],
            cwd=self.folder / folder,
            env=self.environment | more,
            capture_output=True,
            text=True,
            check=False,
        )

    def _add_command(self, name: str, arguments: str) -> None:
        path = self.folder / ".commands" / name
        path.write_text(f'#!/bin/sh\nexec {sys.executable} {arguments} "$@"\n')
        path.chmod(0o755)


def read_suite(folder: Path) -> Mapping[str, Any]:
    """The manifest of a suite."""
    return dict(orjson.loads((folder / "suite.json").read_bytes()))
