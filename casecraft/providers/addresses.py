"""Base URLs: the parts in them that are each user's own, and what people paste along with them."""

import re
from collections.abc import Iterator, Mapping
from functools import cache

PART = re.compile(r"\{(\w+)\}")
# What a dialect's path may begin with that is often written as the end of a base URL.
VERSION = re.compile(r"/(?:v\d\w*|api)(?=/)")
# Servers that speak one of these speak most often all of them, at one address.
OPENAI_PATHS = ("/chat/completions", "/responses", "/embeddings")
# Some dialects want both parts in their paths, others write the slash in another way.
ANY_MODEL = "OWNER/MODEL"
WRITTEN = re.compile("OWNER(?:/|%2F)MODEL")


def fill(address: str, values: Mapping[str, str]) -> str:
    """The address with these values for its `{parts}`; one that has no value stays in its braces.

    Where a value is a whole URL, it stands for all of the host that its part is in: some vendors' variables hold a
    URL, others a part of it, and users mix them up.
    """
    filled = address
    for name, value in values.items():
        filled = _put(filled, f"{{{name}}}", value.strip().rstrip("/"))
    return f"https://{filled}" if address.startswith("{") and "://" not in filled and "{" not in filled else filled


def _put(address: str, part: str, value: str) -> str:
    host = re.match(rf"(?:\w+://)?[^/]*{re.escape(part)}([^/]*)", address)
    if host is None:
        return address.replace(part, value)
    rest = address[host.end() :]
    if "://" in value:
        return value.removesuffix(rest) + rest.replace(part, value)
    return address.replace(part, value.removesuffix(host[1]) if host[1] else value)


def base_of(address: str, dialect: str) -> str:
    """The address to which a dialect's path is appended: without that path, or the version that it begins with, and
    without slashes at the end. An address in a dialect that we do not know loses the slashes alone.
    """
    address = address.strip().rstrip("/")
    for path in _paths(dialect):
        cut = re.sub(f"{path}$", "", address)
        if cut != address:
            return cut.rstrip("/")
    version = _version(dialect)
    return address.removesuffix(version) if version else address


def lies_below(address: str, base_url: str) -> bool:
    """Whether the address is on the same host as the base URL, at its path or deeper. A bare host has no path."""
    has_path = "/" in base_url.partition("://")[2]
    return has_path and f"{address.strip().rstrip('/')}/".lower().startswith(f"{base_url}/".lower())


@cache
def _paths(dialect: str) -> tuple[str, ...]:
    """Patterns of all that the dialect appends to a base URL when it asks."""
    own = [WRITTEN.sub(".+", re.escape(path)) for path in _own_paths(dialect)]
    others = OPENAI_PATHS if dialect.startswith("openai_") else ()
    return tuple(dict.fromkeys((*own, *others)))


@cache
def _version(dialect: str) -> str:
    found = (VERSION.match(path) for path in _own_paths(dialect))
    return next((it[0] for it in found if it is not None), "")


def _own_paths(dialect: str) -> Iterator[str]:
    from casecraft.wire import DIALECTS, find_dialect  # noqa: PLC0415  # only who sets an address needs it
    from casecraft.wire.embeddings import EMBEDDING_DIALECTS, find_embedding_dialect  # noqa: PLC0415

    if dialect in DIALECTS:
        for stream in (False, True):
            yield find_dialect(dialect).chat_path(ANY_MODEL, stream).partition("?")[0]
    elif dialect in EMBEDDING_DIALECTS:
        yield find_embedding_dialect(dialect).path(ANY_MODEL)
