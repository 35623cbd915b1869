"""Reading the bytes of a document: from a file, a URL or standard input."""

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import urlsplit

from casecraft.core.credentials import without_credentials
from casecraft.errors import DocumentUnreadableError
from casecraft.spec.limits import refuse_size

if TYPE_CHECKING:
    import httpx

STANDARD_INPUT = "-"
_CONNECT_SECONDS = 10.0
_READ_SECONDS = 30.0
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def is_url(source: str) -> bool:
    """Whether the source is read over HTTP."""
    return source.lower().startswith(("http://", "https://"))


def read(source: str, max_bytes: int) -> bytes:
    """The bytes of a path, an http(s) URL or `-`.

    Raises DocumentUnreadableError, and DocumentLimitError as soon as more than `max_bytes` have come.
    """
    if source == STANDARD_INPUT:
        return _read_stream(sys.stdin.buffer, source, max_bytes)
    return _read_url(source, max_bytes) if is_url(source) else _read_file(source, max_bytes)


def name_source(source: str) -> str:
    """A short slug for file names: the last part of the path without its extension."""
    if source == STANDARD_INPUT:
        return "stdin"
    parts = urlsplit(source) if is_url(source) else None
    stem = Path(parts.path if parts else source).stem or (parts.hostname if parts else None) or ""
    return _UNSAFE.sub("-", stem).strip("-.")[:80] or "document"


def _read_file(source: str, max_bytes: int) -> bytes:
    try:
        if Path(source).is_dir():
            raise DocumentUnreadableError(f"{source!r} is a folder", hint="name the document inside it")
        with Path(source).open("rb") as stream:
            return _read_stream(stream, source, max_bytes)
    except FileNotFoundError as error:
        hint = "check the path; a URL starts with http:// or https://, and - is standard input"
        raise DocumentUnreadableError(f"there is no file {source!r}", hint=hint) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DocumentUnreadableError(
            f"the document {source!r} cannot be read: {reason}", hint="check the path and its permissions"
        ) from error


def _read_stream(stream: BinaryIO, source: str, max_bytes: int) -> bytes:
    data = stream.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise refuse_size(source, max_bytes)
    return data


def _read_url(source: str, max_bytes: int) -> bytes:
    import httpx  # noqa: PLC0415  (costs the start of every command otherwise)

    shown = without_credentials(source)
    timeout = httpx.Timeout(_READ_SECONDS, connect=_CONNECT_SECONDS)
    try:
        with httpx.stream("GET", source, follow_redirects=True, timeout=timeout) as response:
            response.raise_for_status()
            return _collect(response, shown, max_bytes)
    except httpx.HTTPStatusError as error:
        answer = f"{error.response.status_code} {error.response.reason_phrase}".strip()
        raise DocumentUnreadableError(
            f"{shown!r} answered {answer}", hint="check the URL, or download the document and give its path"
        ) from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        reason = str(error) or type(error).__name__
        raise DocumentUnreadableError(
            f"{shown!r} cannot be fetched: {reason}", hint="check the URL and the network, or give a path"
        ) from error


def _collect(response: "httpx.Response", source: str, max_bytes: int) -> bytes:
    data = bytearray()
    for chunk in response.iter_bytes():
        data += chunk
        if len(data) > max_bytes:
            raise refuse_size(source, max_bytes)
    return bytes(data)
