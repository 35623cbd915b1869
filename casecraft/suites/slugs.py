"""File names for endpoints and tags: readable, unique, and safe on every file system.

A slug is made from its endpoint alone, so it stays when other endpoints come and go. `GET /pets/{petId}` becomes
`get.pets._petid`: a dot for each slash, an underscore before a parameter. What this cannot say without loss (capitals
in the path, other characters, great length) is followed by `--` and a digest of the endpoint's id, which no slug
without a digest contains.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable

from casecraft.core.endpoint import Endpoint

MAX_LENGTH = 95  # with `.json` a file name of 100
_METHODS = frozenset(["get", "put", "post", "delete", "options", "head", "patch", "trace", "query"])
_PLAIN_SEGMENT = re.compile(r"[a-z0-9]+(?:[_-][a-z0-9]+)*")
_PARAMETER_SEGMENT = re.compile(r"\{([^{}/]*[A-Za-z0-9][^{}/]*)\}")
_OTHER = re.compile(r"[^a-z0-9]+")
_DIGEST_LENGTH = 8
# Windows gives these names to devices, whatever follows the first dot.
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)")


def endpoint_slugs(endpoints: Iterable[Endpoint]) -> dict[str, str]:
    """The slug of each endpoint, by the endpoint's id.

    Paths that differ in a parameter's name alone are one path to OpenAPI; where a document has them all the same,
    each of them gets a digest.
    """
    slugs = {endpoint.id: _endpoint_slug(endpoint) for endpoint in endpoints}
    uses = Counter(slugs.values())
    return {key: slug if uses[slug] == 1 else _with_digest(slug, key) for key, slug in slugs.items()}


def tag_slug(endpoint: Endpoint) -> str:
    """The name of the module that an endpoint belongs to: of its first tag, else of its first path segment.

    It is a Python identifier. Tags that differ in case or punctuation alone share a module.
    """
    name = endpoint.tags[0] if endpoint.tags else endpoint.path.split("?")[0].strip("/").split("/")[0] or "root"
    text = _OTHER.sub("_", name.lower()).strip("_")
    if text and name.isascii() and len(text) <= MAX_LENGTH // 2:
        return text
    return f"{text[: MAX_LENGTH // 2]}_{_digest(name)}".lstrip("_")


def function_names(slugs: Iterable[str]) -> dict[str, str]:
    """A Python identifier for each slug of one module; where two would be the same, both get a digest."""
    names = {slug: _OTHER.sub("_", slug).strip("_") for slug in slugs}
    uses = Counter(names.values())
    return {slug: name if uses[name] == 1 else f"{name}_{_digest(slug)}" for slug, name in names.items()}


def _endpoint_slug(endpoint: Endpoint) -> str:
    method = endpoint.method.lower()
    path = endpoint.path.removeprefix("/")
    parts = [_segment(text) for text in path.split("/")] if path else []
    slug = ".".join([method, *(part for part in parts if part is not None)])
    exact = method in _METHODS and None not in parts and endpoint.path.startswith("/")
    if exact and len(slug) <= MAX_LENGTH:
        return slug
    return _with_digest(_readable(method, endpoint.path), endpoint.id)


def _segment(text: str) -> str | None:
    if _PLAIN_SEGMENT.fullmatch(text):
        return text
    parameter = _PARAMETER_SEGMENT.fullmatch(text)
    return f"_{_OTHER.sub('_', parameter[1].lower()).strip('_')}" if parameter else None


def _readable(method: str, path: str) -> str:
    texts = [method, *path.lower().split("/")]
    parts = [_segment(text) or _OTHER.sub("-", text).strip("-") for text in texts]
    slug = ".".join(part for part in parts if part) or "endpoint"
    return f"x-{slug}" if _DEVICE.match(slug) else slug


def _with_digest(slug: str, name: str) -> str:
    return f"{slug[: MAX_LENGTH - _DIGEST_LENGTH - 2].rstrip('.-_')}--{_digest(name)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST_LENGTH]
