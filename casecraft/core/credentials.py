"""What a credential looks like, by its name and in an address."""

import re
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

REDACTED = "***"
_USER = re.compile(r"//[^/@]*@")
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_SECRET_WORDS = frozenset(
    {"apikey", "authorization", "bearer", "cookie", "credential", "credentials", "passphrase", "passwd", "password"}
    | {"pat", "secret", "secrets", "token"}
)
_KEY_KINDS = frozenset({"access", "api", "auth", "private", "secret", "signing"})


def without_credentials(url: str) -> str:
    """The URL with its user information and key-like query values blotted out; any other text as it is."""
    if "://" not in url:
        return url
    try:
        parts = urlsplit(url)
    except ValueError:
        return _USER.sub(f"//{REDACTED}@", url)
    host = parts.netloc.rpartition("@")[2]
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    if host == parts.netloc and not any(is_secret_name(name) for name, _ in pairs):
        return url
    query = urlencode([(name, REDACTED if is_secret_name(name) else value) for name, value in pairs], safe="*/:")
    netloc = host if host == parts.netloc else f"{REDACTED}@{host}"
    return urlunsplit(parts._replace(netloc=netloc, query=query))


def is_secret_name(name: str) -> bool:
    """Whether what stands under this name is a credential; the name of an environment variable is none."""
    words = [word.lower() for word in _WORDS.findall(name)]
    if not words or words[-1] in {"env", "variable"}:
        return False
    if words[-1] in {"key", "keys"}:
        return len(words) == 1 or words[-2] in _KEY_KINDS
    return not _SECRET_WORDS.isdisjoint(words)
