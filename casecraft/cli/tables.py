"""Where tables go: standard output, as wide as the terminal, and uncut where there is none."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

WITHOUT_TERMINAL = 10_000


def output_console() -> "Console":
    """A console on standard output. Into a pipe or a file it never shortens a cell."""
    from rich.console import Console  # noqa: PLC0415  # `--help` must not pay for it

    console = Console(soft_wrap=True)
    if not console.is_terminal:
        console.width = WITHOUT_TERMINAL
    return console


def show_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table of plain cells; what is empty is a dash, lists are joined."""
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        table.add_column(name.replace("_", " "))
    for row in rows:
        table.add_row(*(Text(_cell(value)) for value in row))
    output_console().print(table)


def lines_of(facts: Mapping[str, object]) -> Iterator[str]:
    """Facts as lines; lists of objects, and what is nested, one to a line. What is empty is left out."""
    for name, value in facts.items():
        if value in (None, "", [], {}):
            continue
        if isinstance(value, list) and isinstance(value[0], dict):
            yield f"{name}:"
            yield from (f"  {_cell(each)}" for each in value)
        else:
            yield f"{name}: {_cell(value)}"


def _cell(value: object) -> str:
    if isinstance(value, list | tuple):
        value = ", ".join(map(_cell, value))
    if isinstance(value, dict):
        value = ", ".join(
            f"{key} {_cell(each)}" for key, each in value.items() if each not in (None, "", [], {}, False)
        )
    return "-" if value in (None, "") else str(value)
