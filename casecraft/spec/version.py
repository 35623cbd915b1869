"""Which of OpenAPI's versions a document follows."""

from collections.abc import Mapping
from typing import Any, Final

KNOWN: Final = ("2.0", "3.0", "3.1", "3.2")


def version_of(root: Mapping[str, Any]) -> str:
    """One of KNOWN, by whose rules the document is read: its own version where that is known, else the nearest."""
    if "swagger" in root:
        return "2.0"
    own = str(root.get("openapi"))
    if own in KNOWN[1:] or own.startswith(tuple(f"{known}." for known in KNOWN[1:])):
        return own[:3]
    return "3.0" if own.startswith(("0", "1", "2")) else KNOWN[-1]
