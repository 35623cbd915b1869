"""Virtual environments in `benchmarks/.cache`, made once: what is in them is no dependency of casecraft."""

import json
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.load import CACHE
from benchmarks.processes import ROOT

FOLDER = CACHE / "peers"
REQUIREMENTS = ("schemathesis==4.32.*", "aiohttp>=3.14", "httpx-aiohttp>=0.2", "openai", "litellm")


def python() -> str:
    """The interpreter of the peers' environment."""
    return make_environment(FOLDER, REQUIREMENTS)


def make_environment(folder: Path, requirements: Sequence[str]) -> str:
    """The interpreter of an environment that has what is required; made where there is none yet."""
    ready = folder / ".ready"
    interpreter = str(folder / "bin" / "python")
    wanted = "\n".join((sys.version, *requirements))
    if not ready.exists() or ready.read_text() != wanted:
        venv.create(folder, with_pip=True)
        subprocess.run([interpreter, "-m", "pip", "install", "-qq", *requirements], check=True)
        ready.write_text(wanted)
    return interpreter


def ask(module: str, *arguments: str) -> dict[str, Any]:
    """What a module of `benchmarks`, run in the environment, prints as its last line: JSON."""
    command: Sequence[str] = (python(), "-m", f"benchmarks.{module}", *arguments)
    printed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    answer: dict[str, Any] = json.loads(printed.splitlines()[-1])
    return answer
