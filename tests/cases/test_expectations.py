"""Which answers are right."""

import pytest

from casecraft.cases import generate
from casecraft.core.case import Case
from casecraft.core.endpoint import Endpoint, MediaType, Parameter, Response
from tests.cases.sample_endpoints import KEY, endpoint, query

ID = Parameter("id", "path", True, {"type": "integer"})
KNOWN_ID = Parameter("id", "path", True, {"type": "integer"}, examples=(5,))


def statuses(of: Endpoint, target: str) -> tuple[int | str, ...]:
    return found(of, target).expect.status


def found(of: Endpoint, target: str) -> Case:
    return next(case for case in generate(of) if target in case.targets)


@pytest.mark.parametrize(
    ("documented", "expected"),
    [
        (("200", "201", "400"), (200, 201)),
        (("302", "200", "304"), (200, 302)),
        (("default",), ("2XX",)),
        (("400",), ("2XX",)),
        (("2XX", "204"), (204, "2XX")),
        ((), ("2XX",)),
    ],
)
def test_a_valid_request_expects_a_documented_success(
    documented: tuple[str, ...], expected: tuple[object, ...]
) -> None:
    assert statuses(endpoint(method="GET", statuses=documented), "request:minimal") == expected


def test_an_object_that_may_not_exist_may_be_missing() -> None:
    documented = ("200", "404")
    unknown = endpoint(ID, method="GET", path="/x/{id}", statuses=documented)
    known = endpoint(KNOWN_ID, method="GET", path="/x/{id}", statuses=documented)
    silent = endpoint(ID, method="GET", path="/x/{id}", statuses=("200",))
    assert statuses(unknown, "request:minimal") == (200, 404)
    assert statuses(known, "request:minimal") == (200,)
    assert statuses(silent, "request:minimal") == (200,)


def test_what_is_written_may_be_there_already() -> None:
    documented = ("201", "409")
    assert statuses(endpoint(body={"type": "object"}, statuses=documented), "request:minimal") == (201, 409)
    assert statuses(endpoint(method="GET", statuses=documented), "request:minimal") == (201,)


@pytest.mark.parametrize(
    ("documented", "target", "expected"),
    [
        (("200", "400", "422", "401", "409"), "query.q:wrong-type", (400, 422)),
        (("200", "404"), "query.q:wrong-type", ("4XX",)),
        (("200",), "auth:missing", ("4XX",)),
        (("200", "401", "403", "400"), "auth:missing", (401, 403)),
        (("200", "400"), "body:unsupported-content-type", (400, 415)),
        (("200",), "body:unsupported-content-type", ("4XX",)),
        (("200", "400", "404"), "path.id:wrong-type", (400, 404)),
        (("200", "400", "413"), "query.s:too-long", (400, 413)),
    ],
)
def test_an_invalid_request_expects_a_refusal_of_its_kind(
    documented: tuple[str, ...], target: str, expected: tuple[object, ...]
) -> None:
    of = endpoint(
        KNOWN_ID,
        query("q", {"type": "integer"}),
        query("s", {"type": "string", "maxLength": 3}),
        body={"type": "object"},
        path="/x/{id}",
        statuses=documented,
        security=KEY,
    )
    assert statuses(of, target) == expected


def test_the_schema_is_checked_where_there_is_one() -> None:
    plain = endpoint(method="GET")
    answers = (Response("200", media_types=(MediaType("application/json", {"type": "object"}),)), Response("400"))
    described = Endpoint(
        "GET", "/x", plain.definitions, plain.definitions, "none", plain.complexity, (), responses=answers,
        parameters=(query("q", {"type": "integer"}),),
    )  # fmt: skip
    assert not found(plain, "request:minimal").expect.check_schema
    assert found(described, "request:minimal").expect.check_schema
    assert not found(described, "query.q:wrong-type").expect.check_schema
