"""Keeps credentials out of the state file."""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from casecraft.errors import StateError

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_SECRET_WORDS = frozenset(
    {"apikey", "authorization", "bearer", "cookie", "credential", "credentials", "passphrase", "passwd", "password"}
    | {"pat", "secret", "secrets", "token"}
)
_KEY_KINDS = frozenset({"access", "api", "auth", "private", "secret", "signing"})
_SECRET_VALUE = re.compile(
    r"(?i)\b(bearer|basic)\s+\S{8,}|\b(sk|pk|rk|ghp|gho|xai|gsk)[-_][A-Za-z0-9_-]{12,}|\bAKIA[A-Z0-9]{12,}"
)
_REDACTED = "***"


def refuse_secrets(value: object, where: str = "settings") -> None:
    """Raise StateError where `value` (JSON-like) holds something under a key-like name, or looking like a key.

    The message names the place, never the value. Names of environment variables (`api_key_env`) are no secrets.
    """
    if isinstance(value, Mapping):
        for name, inner in value.items():
            _refuse_named(str(name), inner, f"{where}.{name}")
    elif isinstance(value, str):
        if _SECRET_VALUE.search(value) or value != without_credentials(value):
            raise _refusal(where)
    elif isinstance(value, Sequence):
        for position, inner in enumerate(value):
            refuse_secrets(inner, f"{where}[{position}]")


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


def _refuse_named(name: str, value: object, where: str) -> None:
    if _is_secret_name(name) and value not in (None, "", _REDACTED) and not isinstance(value, bool):
        raise _refusal(where)
    refuse_secrets(value, where)


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
