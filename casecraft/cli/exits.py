"""How the command ends: its exit codes, and what it says of an error."""

import sys

from casecraft.errors import CasecraftError

DONE = 0
SOME_FAILED = 1
WRONG_USE = 2
OUT_OF_BUDGET = 3
INTERRUPTED = 130

EXIT_CODES = {"done": DONE, "failed": SOME_FAILED, "budget": OUT_OF_BUDGET, "interrupted": INTERRUPTED}
"""By the status of a run."""


def say_error(error: CasecraftError) -> None:
    """One line that says what and where, and one that says what to do."""
    sys.stderr.write(f"error: {one_line(str(error))}\n")
    if error.hint:
        sys.stderr.write(f"  {one_line(error.hint)}\n")


def one_line(text: str) -> str:
    """Text of others, brought to one line without control characters."""
    return "".join(letter if letter.isprintable() else " " for letter in " ".join(text.split()))
