"""What the command costs before it does anything: help must not import what only work needs."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.command import ROOT, environment

pytestmark = pytest.mark.slow

COMMANDS = [
    (), ("generate",), ("resume",), ("run",), ("report",), ("explain",), ("diff",),
    ("estimate",), ("endpoints",), ("strategies",), ("init",), ("launch",),
    ("providers",), ("providers", "list"), ("providers", "check"),
    ("plugins",), ("plugins", "list"), ("plugins", "install"), ("plugins", "uninstall"),
    ("state",), ("state", "list"), ("state", "show"), ("state", "export"), ("state", "import"), ("state", "prune"),
]  # fmt: skip
HEAVY = ("httpx", "aiohttp", "jsonschema_rs", "jinja2", "orjson", "sqlite3", "openapi_spec_validator", "tenacity")
"""And pydantic, which typer itself imports for commands that have parameters."""

SCRIPT = f"""
import sys
from casecraft.cli.app import main
try:
    main()
except SystemExit as leaving:
    assert leaving.code in (0, None), leaving.code
heavy = {HEAVY!r} + (() if sys.argv[2:] else ("pydantic",))
loaded = [name for name in heavy if name in sys.modules]
assert not loaded, loaded
"""


def test_the_help_of_every_command_imports_nothing_heavy(tmp_path: Path) -> None:
    def begin(command: tuple[str, ...]) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-c", SCRIPT, *command, "--help"], cwd=tmp_path, env=environment(tmp_path),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    for first in range(0, len(COMMANDS), 4):
        batch = COMMANDS[first : first + 4]
        processes = [begin(command) for command in batch]
        outcomes = [process.communicate(timeout=60) for process in processes]
        for command, process, (out, err) in zip(batch, processes, outcomes, strict=True):
            assert process.returncode == 0, (command, err)
            assert out.startswith(" ".join(("Usage: -c", *command))), out


def test_it_runs_as_a_module_too(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "casecraft", "--help"], cwd=tmp_path, env=environment(tmp_path),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "generate" in done.stdout
    assert (ROOT / "casecraft" / "__main__.py").is_file()
