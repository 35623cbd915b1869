"""Suites to write, made by hand."""

from collections.abc import Iterable
from typing import Any

from casecraft.core.case import Case, CaseRequest, Expectation, Source
from casecraft.core.document import Document
from casecraft.core.endpoint import Complexity, Endpoint, MediaType, Response, SecurityScheme
from casecraft.core.job import JobResult
from casecraft.core.schema import Definitions
from casecraft.suites import Run, Suite

DEFINITIONS = {
    "Pet": {
        "type": "object",
        "required": ["id"],
        "properties": {"id": {"type": "integer"}, "toy": {"$ref": "#/$defs/Toy"}},
    },
    "Toy": {"type": "object", "properties": {"owner": {"$ref": "#/$defs/Pet"}}},
    "Unused": {"type": "string"},
    "odd/na~me": {"type": "integer"},
}
SHARED = Definitions(DEFINITIONS.__getitem__)
PET = {"$ref": "#/$defs/Pet"}


def make_endpoint(method: str = "GET", path: str = "/pets", **more: Any) -> Endpoint:
    more.setdefault("responses", (answer_of("200", PET),))
    return Endpoint(method, path, SHARED, SHARED, "f" * 64, Complexity(3, "simple"), **more)


def answer_of(status: str, schema: Any, content_type: str = "application/json") -> Response:
    return Response(status, "", (MediaType(content_type, schema),))


def make_case(case_id: str = "case-1", *, request: CaseRequest | None = None, **more: Any) -> Case:
    facts: dict[str, Any] = {
        "title": "A pet is found",
        "valid": True,
        "technique": "equivalence_partitioning",
        "priority": "P0",
        "targets": ("path:valid",),
        "expect": Expectation((200,)),
        "source": Source("rules"),
    }
    return Case(id=case_id, request=request or CaseRequest("GET", "/pets"), **(facts | more))


def make_result(endpoint: Endpoint, *cases: Case, **more: Any) -> JobResult:
    facts: dict[str, Any] = {"status": "done", "provider": "rules"}
    return JobResult(endpoint, cases=cases, **(facts | more))


def make_suite(results: Iterable[JobResult], **more: Any) -> Suite:
    parts = {name: more.pop(name) for name in ("resources", "scenarios") if name in more}
    facts: dict[str, Any] = {"source": "petstore.yaml", "title": "Petstore", "openapi": "3.1.0"}
    document = Document(name="petstore", version="1", digest="d" * 64, root={}, **(facts | more))
    return Suite(document, tuple(results), Run("run-1", "round_robin", ("rules",)), version="0.1.0", **parts)


def key_scheme(name: str = "apiKey", location: str = "header", parameter: str = "X-API-Key") -> SecurityScheme:
    return SecurityScheme(name, "apiKey", location=location, parameter=parameter)
