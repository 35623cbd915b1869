"""Bodies that are huge: one for each tag, as one request shows how a service bounds what it reads."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from casecraft.cases.bodies import concrete_type
from casecraft.cases.expectations import expect_refused
from casecraft.cases.generation import base_of
from casecraft.cases.identity import endpoint_slug
from casecraft.cases.raw_bodies import HUGE, huge
from casecraft.cases.requests import RequestModel, request_model
from casecraft.cases.scenarios.registry import Registry
from casecraft.core.case import Case, CaseRequest, Source, Technique
from casecraft.core.endpoint import Endpoint
from casecraft.core.job import JobResult

TARGET = "body:huge"
DESCRIPTION = f"a body of {HUGE // 2**20} MiB, once for each tag (OWASP API4:2023)"
TECHNIQUE: Technique = "error_guessing"

_TRIED = 3
"""Endpoints of one tag that are looked at."""


def huge_bodies(registry: Registry, results: Sequence[JobResult]) -> Iterator[tuple[str, Case]]:
    """The cases, each with the id of its endpoint: for each first tag the endpoint with the plainest path.

    What is sent is a string where the document wants something else, so that it is refused and nothing is kept of it.
    """
    by_tag: dict[str, list[Endpoint]] = {}
    for result in results:
        if result.cases and _takes_json(result.endpoint):
            by_tag.setdefault(_tag(result.endpoint), []).append(result.endpoint)
    for endpoints in by_tag.values():
        case = next(_cases(registry, sorted(endpoints, key=_plainness)[:_TRIED]), None)
        if case is not None:
            yield case


def _takes_json(endpoint: Endpoint) -> bool:
    types = endpoint.body.media_types if endpoint.body is not None else ()
    return endpoint.method in ("POST", "PUT", "PATCH") and any("json" in media.content_type for media in types)


def _tag(endpoint: Endpoint) -> str:
    return endpoint.tags[0] if endpoint.tags else endpoint.path.strip("/").partition("/")[0]


def _plainness(endpoint: Endpoint) -> tuple[int, str, str]:
    return endpoint.path.count("{"), endpoint.path, endpoint.method


def _cases(registry: Registry, endpoints: Iterable[Endpoint]) -> Iterator[tuple[str, Case]]:
    for endpoint in endpoints:
        request = _request(request_model(endpoint))
        if request is not None:
            yield endpoint.id, _case(registry, endpoint, request)


def _request(model: RequestModel) -> CaseRequest | None:
    """The least request with the huge body, where that is what is wrong with it."""
    base, body = base_of(model), next((each for each in model.bodies if each.kind == "json"), None)
    plain = model.request(base.values, None, None) if base is not None else None
    if plain is None or body is None:
        return None
    request = replace(plain, raw_body=huge(), content_type=concrete_type(body.media.content_type))
    inspection = model.inspect(request)
    found = [finding.target for finding in inspection.findings]
    return request if found == [TARGET] and not inspection.unclear else None


def _case(registry: Registry, endpoint: Endpoint, request: CaseRequest) -> Case:
    return Case(
        id=f"{endpoint_slug(endpoint)}--{TARGET}",
        title=f"Refuses a body of {HUGE // 2**20} MiB (OWASP API4:2023)",
        valid=False,
        technique=TECHNIQUE,
        priority="P2",
        targets=(TARGET,),
        request=request,
        expect=expect_refused(endpoint, request, TARGET),
        source=Source("rules"),
        bindings=tuple(registry.path_bindings(endpoint)),
    )
