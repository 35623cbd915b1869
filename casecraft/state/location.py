"""Where a document's state file is, and where the gateway's ledgers are."""

import hashlib
import os
import re
from pathlib import Path

from casecraft.core.document import Document

STANDARD_INPUT = "-"
MOST_LEDGERS = 999
# Three digits at most: the state file of a document called "gateway" has eight characters there.
_LEDGER = re.compile(r"gateway(?:-([1-9][0-9]{0,2}))?\.sqlite")


def state_path(directory: Path, document: Document, *, working_folder: Path | None = None) -> Path:
    """The state file of `document` in `directory`: its name and a short hash of where it came from.

    A source on disk counts relative to the working folder, so that a checkout elsewhere finds its file again while
    two documents of one name in different folders keep apart. Documents from standard input are told apart by title.
    """
    origin = _origin(document, working_folder or Path.cwd())
    short = hashlib.sha256(origin.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return directory / f"{document.name}-{short}.sqlite"


def gateway_path(directory: Path, number: int = 1) -> Path:
    """The ledger of the gateway in `directory`; of the second that runs at the same time, `number` 2, and so on."""
    return directory / ("gateway.sqlite" if number == 1 else f"gateway-{number}.sqlite")


def ledgers(directory: Path) -> list[Path]:
    """The gateway's ledgers that there are in `directory`, by number."""
    found = ((_LEDGER.fullmatch(path.name), path) for path in directory.glob("gateway*.sqlite"))
    return [path for _, path in sorted((int(match[1] or 1), path) for match, path in found if match)]


def _origin(document: Document, working_folder: Path) -> str:
    if document.source == STANDARD_INPUT:
        return f"{STANDARD_INPUT}\n{document.title}"
    if "://" in document.source:
        return document.source
    try:
        # Not resolved: a symbolic link stays the name that the user gave.
        relative = os.path.relpath(working_folder / document.source, working_folder)
    except ValueError:  # on another drive
        return document.source
    return Path(relative).as_posix()
