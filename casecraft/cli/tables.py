"""Where tables go: standard output, as wide as the terminal, and uncut where there is none."""

from rich.console import Console

WITHOUT_TERMINAL = 10_000


def output_console() -> Console:
    """A console on standard output. Into a pipe or a file it never shortens a cell."""
    console = Console(soft_wrap=True)
    if not console.is_terminal:
        console.width = WITHOUT_TERMINAL
    return console
