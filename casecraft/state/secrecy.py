"""Keeps credentials out of the state file."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from casecraft.core.credentials import REDACTED, is_secret_name, without_credentials
from casecraft.errors import StateError

# With a digit somewhere: words joined by hyphens are paths or tags.
_SECRET_VALUE = re.compile(
    r"(?i)\bbearer\s+[\w.~+/-]{20,}|\b(?:sk|pk|rk|ghp|gho|xai|gsk)[-_](?=[\w-]*\d)[\w-]{16,}|\bAKIA[A-Z0-9]{12,}"
)
_USER = re.compile(r"(?<=//)[^/@\s]+(?=@)")
_QUERY_VALUE = re.compile(r"(?<=[?&])([\w.-]+)=[^&#\s'\")]+")


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


def blot_out(text: str) -> str:
    """The text with what looks like a key, and with the credentials of addresses in it, blotted out."""
    if "//" in text:
        text = _USER.sub(REDACTED, text)
    if "=" in text:
        text = _QUERY_VALUE.sub(_blot_value_out, text)
    return _SECRET_VALUE.sub(REDACTED, text)


def _blot_value_out(pair: re.Match[str]) -> str:
    return f"{pair[1]}={REDACTED}" if is_secret_name(pair[1]) else pair[0]


def _named(name: str, value: Any, where: str) -> Any:
    if is_secret_name(name) and value not in (None, "", REDACTED) and not isinstance(value, bool):
        raise _refusal(where)
    return storable_settings(value, where)


def _refusal(where: str) -> StateError:
    return StateError(
        f"{where!r} looks like a credential and may not enter the state file",
        hint="keep keys in the environment or in .env; the state file needs none",
    )
