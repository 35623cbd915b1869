"""Names of cases, and when two requests are the same."""

import hashlib
import re
from collections.abc import Sequence

from casecraft.cases.keys import stable_key
from casecraft.cases.styles import text_tree
from casecraft.core.case import CaseRequest
from casecraft.core.endpoint import Endpoint

MEANING = "meaning:"
"""How the target of a request begins that is refused for what it means."""

_PLAIN_SEGMENT = re.compile(r"[A-Za-z0-9-]+|\{[A-Za-z0-9_-]+\}")


def request_key(request: CaseRequest) -> bytes:
    """Equal for requests that look the same on the wire."""
    return stable_key(
        [
            request.method,
            request.path,
            text_tree(request.path_params),
            {name: _repeated(value) for name, value in request.query.items()},
            text_tree(request.headers),
            text_tree(request.cookies),
            request.content_type,
            request.body,
            request.raw_body,
            request.credentials,
            *([] if request.without_scope is None else [[request.without_scope.scheme, request.without_scope.scope]]),
            *([] if request.credentials_for is None else [request.credentials_for]),
        ]
    )


def _repeated(value: object) -> object:
    texts = text_tree(value)
    return texts[0] if isinstance(texts, list) and len(texts) == 1 else texts


def case_id(endpoint: Endpoint, request: CaseRequest, targets: Sequence[str], *, valid: bool) -> str:
    """A readable id that depends on nothing but the endpoint and the case itself.

    A case that is wrong in one way, and one with a probe, is named after its target, any other after a digest of its
    request.
    """
    if (valid and not _is_probe(targets)) or not targets:
        digest = hashlib.sha256(request_key(request)).hexdigest()[:8]
        return f"{endpoint_slug(endpoint)}--{'valid' if valid else 'invalid'}-{digest}"
    return f"{endpoint_slug(endpoint)}--{targets[0]}"


_PROBES = re.compile(
    r"security:.*|request:(?:unacceptable-answer-type|repeated-parameter|control-characters|long-text)"
    r"|body:(?:missing-content-type|repeated-name|deeply-nested)|query\..*:nested-deep-object"
)


def _is_probe(targets: Sequence[str]) -> bool:
    return len(targets) == 1 and _PROBES.fullmatch(targets[0]) is not None


def meaning_target(request: CaseRequest) -> str:
    """The target of a request that conforms to every schema and is refused for what it means."""
    return f"{MEANING}{hashlib.sha256(request_key(request)).hexdigest()[:8]}"


def endpoint_slug(endpoint: Endpoint) -> str:
    """`get.pets._petId` for `GET /pets/{petId}`; what does not fit that form gets a digest of the endpoint's id."""
    segments = endpoint.path.strip("/").split("/") if endpoint.path.strip("/") else []
    slug = ".".join([endpoint.method.lower(), *map(_segment, segments)])
    plain = all(_PLAIN_SEGMENT.fullmatch(segment) for segment in segments) and not endpoint.path.endswith("/")
    if plain:
        return slug
    return f"{slug}-{hashlib.sha256(endpoint.id.encode('utf-8', 'replace')).hexdigest()[:6]}"


def _segment(segment: str) -> str:
    if segment.startswith("{") and segment.endswith("}"):
        segment = f"_{segment[1:-1]}"
    return re.sub(r"[^A-Za-z0-9_-]+", "-", segment)
