"""Makes `docs/cli.md` from what `--help` says of each command.

python -m docs.build_cli
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main
from typer.testing import CliRunner

from casecraft.cli.app import app

PAGE = Path(__file__).with_name("cli.md")
HEAD = """\
# The command line

Made by `python -m docs.build_cli` from the command's own `--help`.

Exit codes: 0 all done; 1 some endpoints failed (the rest is written); 2 wrong usage, configuration or document;
3 stopped by the budget; 130 interrupted.

What can be said with an option can also be said with a variable or in `casecraft.toml`: see
[configuring providers](providers.md).
"""


def build() -> str:
    """The page."""
    sections = (f"## {' '.join(names)}\n\n```text\n{read_help(names)}\n```\n" for names in find_commands())
    return "\n".join([HEAD, *sections])


def find_commands() -> Iterator[tuple[str, ...]]:
    """The names that lead to each command, `("casecraft", "state", "show")`, in the order of `--help`."""
    waiting: list[tuple[tuple[str, ...], Any]] = [(("casecraft",), typer.main.get_command(app))]
    while waiting:
        names, command = waiting.pop(0)
        yield names
        inner = [((*names, name), it) for name, it in getattr(command, "commands", {}).items()]
        waiting = inner + waiting


def read_help(names: tuple[str, ...]) -> str:
    """What `--help` prints after these names."""
    environment = {"COLUMNS": "100", "TERMINAL_WIDTH": "100", "NO_COLOR": "1", "FORCE_COLOR": None}
    result = CliRunner().invoke(app, [*names[1:], "--help"], prog_name=names[0], env=environment)
    if result.exit_code:
        raise RuntimeError(f"{' '.join(names)} --help failed: {result.output}") from result.exception
    return "\n".join(line.rstrip() for line in result.output.strip().splitlines())


def main() -> None:
    """Write the page."""
    PAGE.write_text(build(), encoding="utf-8")
    sys.stdout.write(f"wrote {PAGE}\n")


if __name__ == "__main__":
    main()
