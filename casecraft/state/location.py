"""Where a document's state file is."""

import hashlib
import os
from pathlib import Path

from casecraft.core.document import Document

STANDARD_INPUT = "-"


def state_path(directory: Path, document: Document, *, working_folder: Path | None = None) -> Path:
    """The state file of `document` in `directory`: its name and a short hash of where it came from.

    A source on disk counts relative to the working folder, so that a checkout elsewhere finds its file again while
    two documents of one name in different folders keep apart. Documents from standard input are told apart by title.
    """
    origin = _origin(document, working_folder or Path.cwd())
    short = hashlib.sha256(origin.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return directory / f"{document.name}-{short}.sqlite"


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
