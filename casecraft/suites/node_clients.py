"""What programs on Node.js cannot send as it is, whatever format they read."""

import re
from urllib.parse import unquote_to_bytes

from casecraft.suites.outgoing import is_dotted, write_text
from casecraft.suites.plan import Sending

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def find_node_obstacle(sending: Sending, program: str) -> str | None:
    """Why a program that resolves URLs and trims headers cannot send a request as it is; None where it can."""
    if sending.obstacle:
        return sending.obstacle
    if is_dotted(sending.outgoing.path):
        return "a path segment of dots alone would be resolved before it is sent"
    if not _is_unicode(unquote_to_bytes(write_text(sending.outgoing.url, lambda _: ""))):
        return f"{program} refuses URLs that are not in UTF-8"
    for name, text in sending.outgoing.headers:
        plain = write_text(text, lambda slot: slot.name).encode("utf-8", "surrogatepass")
        if _CONTROL.search(plain.decode("latin-1")) or not _is_unicode(plain):
            return f"Node.js has no way to send the value of {name!r}"
        if plain != plain.decode("latin-1").strip().encode("latin-1"):
            return f"{program} would take blanks from the value of {name!r}"
    return None


def _is_unicode(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
