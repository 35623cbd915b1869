"""Puts into `docs/quick-start.md` what its commands print.

    python -m docs.record_consoles

A block marked `console` holds commands after `$ ` and, below each, its output. A test compares it with what the
commands print, so run this again when that changes.
"""

import re
import shlex
import sys
import tempfile
from pathlib import Path

from docs.record_demo import run_casecraft

PAGE = Path(__file__).with_name("quick-start.md")
BLOCK = re.compile(r"(?<=^```console\n).*?(?=^```$)", flags=re.MULTILINE | re.DOTALL)


def record(page: str) -> str:
    """The page with the outputs of today."""
    with tempfile.TemporaryDirectory() as folder:
        return BLOCK.sub(lambda block: _run_all(block[0], Path(folder)), page)


def _run_all(block: str, folder: Path) -> str:
    commands = (line.removeprefix("$ ") for line in block.splitlines() if line.startswith("$ "))
    return "".join(f"$ {command}\n{_run(command, folder)}\n" for command in commands)


def _run(command: str, folder: Path) -> str:
    name, *arguments = shlex.split(command)
    if name != "casecraft":
        raise ValueError(f"{command!r} is no command of ours")
    output = run_casecraft(arguments, folder, {"NO_COLOR": "1"})
    return "\n".join(line.rstrip() for line in output.strip().splitlines())


def main() -> None:
    """Write the page."""
    PAGE.write_text(record(PAGE.read_text("utf-8")), encoding="utf-8")
    sys.stdout.write(f"wrote {PAGE}\n")


if __name__ == "__main__":
    main()
