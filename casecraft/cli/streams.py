"""Standard streams as they may be: closed, of an encoding that lacks letters, on a full disk."""

import io
import os
import sys
from pathlib import Path

STREAMS = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))


def prepare_streams() -> None:
    """Make all three usable: what was closed leads nowhere, and letters that an encoding lacks are escaped."""
    for name, mode in STREAMS:
        if getattr(sys, name) is None:
            # The lowest free descriptor is the closed one; event loops break where it becomes one of theirs.
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115  # it stays open
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def give_up_output() -> None:
    """Let what is still to be written go nowhere, so that the interpreter does not fail over it when it ends."""
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
