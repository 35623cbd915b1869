"""Standard streams that are full, closed, gone or of a small alphabet."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.command import COMMAND, environment
from tests.documents import write_things

pytestmark = pytest.mark.slow

FULL = Path("/dev/full")
GENERATE = ("generate", "doc.json", "-p", "rules")


def shell(command: str, folder: Path, *args: str, **env: str) -> "subprocess.CompletedProcess[str]":
    """`casecraft ARGS` within a line of shell, where it is called "$@"."""
    return subprocess.run(
        ["sh", "-c", command, "sh", *COMMAND, *args], cwd=folder, env=environment(folder, env),
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_things(tmp_path / "doc.json", 2)
    return tmp_path


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize(
    "args", [(*GENERATE, "-q"), (*GENERATE, "--json"), ("endpoints", "doc.json"), ("strategies",), ("--help",)]
)
def test_a_full_output_is_one_line(folder: Path, args: tuple[str, ...]) -> None:
    done = shell('"$@" >/dev/full', folder, *args)
    assert done.returncode == 2
    error, hint = done.stderr.splitlines()
    assert error == "error: cannot write the output: No space left on device"
    assert "state file" in hint
    if args[0] == "generate":
        assert json.loads((folder / "suites/doc/suite.json").read_text())["counts"]["done"] == 2


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&- <&-"])
def test_closed_streams_do_no_harm(folder: Path, closed: str) -> None:
    done = shell(f'"$@" {closed}', folder, *GENERATE, "--json")
    assert done.returncode == 0, done.stderr
    assert (folder / "suites/doc/suite.json").is_file()
    assert "Traceback" not in done.stderr


def test_a_reader_that_has_gone_is_no_error(folder: Path) -> None:
    done = shell('"$@" | true', folder, "endpoints", "doc.json", "--json")
    assert done.stderr == ""


def test_letters_that_the_encoding_lacks_are_escaped(folder: Path) -> None:
    done = shell('"$@"', folder, "providers", "list", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert done.returncode == 0
    assert "\\u667a\\u8c31" in done.stdout
