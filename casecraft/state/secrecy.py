"""Keeps credentials out of the state file."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from casecraft.errors import StateError

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_SECRET_WORDS = frozenset(
    {"apikey", "authorization", "bearer", "cookie", "credential", "credentials", "passphrase", "passwd", "password"}
    | {"pat", "secret", "secrets", "token"}
)
_KEY_KINDS = frozenset({"access", "api", "auth", "private", "secret", "signing"})
# With a digit somewhere: words joined by hyphens are paths or tags.
_SECRET_VALUE = re.compile(
    r"(?i)\bbearer\s+[\w.~+/-]{20,}|\b(?:sk|pk|rk|ghp|gho|xai|gsk)[-_](?=[\w-]*\d)[\w-]{16,}|\bAKIA[A-Z0-9]{12,}"
)
_REDACTED = "***"


def storable_settings(value: Any, where: str = "settings") -> Any:
    """A copy of a JSON-like value with the credentials in its addresses blotted out.

    Raises StateError where something stands under a key-like name, or looks like a key. The message names the place,
    never the value. Names of environment variables (`api_key_env`) are no secrets.
    """
    if isinstance(value, Mapping):
        return {str(name): _named(str(name), inner, f"{where}.{name}") for name, inner in value.items()}
    if isinstance(value, str):
        if _SECRET_VALUE.search(value):
            raise _refusal(where)
        return without_credentials(value)
    if isinstance(value, Sequence):
        return [storable_settings(inner, f"{where}[{position}]") for position, inner in enumerate(value)]
    return value


def without_credentials(url: str) -> str:
    """The URL with its user information and key-like query values blotted out; any other text as it is."""
    if "://" not in url:
        return url
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    if host == parts.netloc and not any(_is_secret_name(name) for name, _ in pairs):
        return url
    query = urlencode([(name, _REDACTED if _is_secret_name(name) else value) for name, value in pairs], safe="*/:")
    netloc = host if host == parts.netloc else f"{_REDACTED}@{host}"
    return urlunsplit(parts._replace(netloc=netloc, query=query))


def _named(name: str, value: Any, where: str) -> Any:
    if _is_secret_name(name) and value not in (None, "", _REDACTED) and not isinstance(value, bool):
        raise _refusal(where)
    return storable_settings(value, where)


def _is_secret_name(name: str) -> bool:
    words = [word.lower() for word in _WORDS.findall(name)]
    if not words or words[-1] in {"env", "variable"}:
        return False
    if words[-1] in {"key", "keys"}:
        return len(words) == 1 or words[-2] in _KEY_KINDS
    return not _SECRET_WORDS.isdisjoint(words)


def _refusal(where: str) -> StateError:
    return StateError(
        f"{where!r} looks like a credential and may not enter the state file",
        hint="keep keys in the environment or in .env; the state file needs none",
    )
