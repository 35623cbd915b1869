"""Makes `docs/demo.svg`, the picture in the README: a real run of the command that it shows.

    python -m docs.record_demo

A test compares the picture's text with what the command prints, so run this again when that changes.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path

from rich.ansi import AnsiDecoder
from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "demo.svg"
COMMAND = "casecraft generate specs/petstore.yaml --provider rules"
WIDTH = 90

# Like rich's own frame, without the fonts that it loads from elsewhere.
FRAME = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" role="img"
  aria-label="A terminal in which casecraft makes a test suite">
<style>
.{unique_id}-matrix {{
  font-family: ui-monospace, "SFMono-Regular", Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px; font-variant-east-asian: full-width;
}}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
  <rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def run_command(folder: Path) -> str:
    """What the command writes to a terminal, with its colours, when it is run in `folder`.

    Its progress goes to standard error and is gone at the end of a run: it is not in the picture.
    """
    return run_casecraft(COMMAND.split()[1:], folder, {"FORCE_COLOR": "1"})


def run_casecraft(arguments: Sequence[str], folder: Path, environment: Mapping[str, str]) -> str:
    """The standard output of the command in `folder`, to which the sample documents are copied."""
    shutil.copytree(ROOT / "specs", folder / "specs", dirs_exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CASECRAFT_")}
    for name in ("NO_COLOR", "FORCE_COLOR"):
        kept.pop(name, None)
    ours = {"PYTHONPATH": str(ROOT), "COLUMNS": str(WIDTH), "TERM": "xterm-256color", **environment}
    start = [sys.executable, "-m", "casecraft", *arguments]
    done = subprocess.run(start, cwd=folder, env=kept | ours, capture_output=True, check=True)  # noqa: S603  # ourselves
    return done.stdout.decode()


def draw(output: str) -> str:
    """The SVG of a terminal with the command and this output."""
    console = Console(record=True, width=WIDTH, file=StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.assemble(("$ ", "green"), (COMMAND, "bold")))
    for line in AnsiDecoder().decode(output):
        console.print(line)
    return console.export_svg(title="casecraft", theme=MONOKAI, code_format=FRAME, unique_id="casecraft")


def main() -> None:
    """Record and write the picture."""
    with tempfile.TemporaryDirectory() as folder:
        PICTURE.write_text(draw(run_command(Path(folder))), encoding="utf-8")
    sys.stdout.write(f"wrote {PICTURE}\n")


if __name__ == "__main__":
    main()
