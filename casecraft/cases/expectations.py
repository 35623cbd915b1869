"""What an answer must be, from the responses that the document lists."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TypeAlias

from casecraft.cases.whole_requests import AUTH_FOREIGN, AUTH_WITHOUT_SCOPE, METHOD
from casecraft.core.case import CaseRequest, Expectation
from casecraft.core.endpoint import Endpoint, Parameter

Status: TypeAlias = int | str

REFUSALS = (400, 422)
"""What a server answers to a request that breaks a schema."""

UNKNOWN_OBJECT = 404
CONFLICT = 409
NOT_MODIFIED = 304

_WRITES = frozenset({"POST", "PUT", "PATCH"})


def expect_accepted(endpoint: Endpoint, request: CaseRequest) -> Expectation:
    """For a request that conforms: any documented success.

    An object that the document gives no example of may not exist, and an object that is written may be there
    already: where the document lists 404 or 409 for these, they are right answers too.
    """
    statuses: list[Status] = list(_documented(endpoint, _is_success))
    statuses.extend(each for each in _ranges(endpoint) if each in ("2XX", "3XX"))
    if not statuses:
        statuses = ["2XX"]
    if may_be_unknown(endpoint, request):
        statuses.extend(_documented(endpoint, lambda status: status == UNKNOWN_OBJECT))
    if endpoint.method.upper() in _WRITES:
        statuses.extend(_documented(endpoint, lambda status: status == CONFLICT))
    return _expectation(endpoint, statuses)


def expect_no_failure(endpoint: Endpoint) -> Expectation:
    """For a request that conforms and that a server may refuse all the same: any documented success, any "4XX"."""
    statuses: list[Status] = [*_documented(endpoint, _is_success)]
    statuses.extend(each for each in _ranges(endpoint) if each in ("2XX", "3XX"))
    return Expectation((*(statuses or ["2XX"]), "4XX"), check_schema=False)


def expect_refused(endpoint: Endpoint, request: CaseRequest, target: str) -> Expectation:
    """For a request that is wrong in one way: the documented refusals of that kind, else any "4XX".

    `target` is the id of the invalid target that it hits.
    """
    kind = _kind_of(target)
    if kind == "method":
        # What the document says of the endpoint's own answers is not said of those to another method.
        others = _documented(endpoint, _is_client_error)
        return Expectation(tuple(dict.fromkeys([405, 404, 501, *others])), check_schema=False)
    if kind == "foreign":
        return _expectation(endpoint, _FOREIGN)
    if kind == "scope":
        return _expectation(endpoint, _FOREIGN if request.path_params else _FORBIDDEN)
    wanted = set(_REFUSALS_OF.get(kind, REFUSALS))
    statuses: list[Status] = list(_documented(endpoint, lambda status: status in wanted))
    if not statuses:
        return _expectation(endpoint, ["4XX"])
    statuses.extend(status for status in _ALWAYS.get(kind, ()) if status not in statuses)
    if kind == "path" or (kind != "auth" and may_be_unknown(endpoint, request)):
        statuses.extend(_documented(endpoint, lambda status: status == UNKNOWN_OBJECT))
    return _expectation(endpoint, statuses)


_FORBIDDEN = (401, 403)
_FOREIGN = (401, 403, 404)
"""An object that one may not see may be forbidden, or hidden as if it were not there (RFC 9110, 15.5.4)."""

_ALWAYS: Mapping[str, tuple[int, ...]] = {"content-type": (415,), "syntax": (400,), "size": (400, 413)}
"""What is a right answer to a sort of wrongness whether it is documented or not."""

_REFUSALS_OF = {
    "auth": (401, 403),
    "syntax": (400, 415, 422),
    "size": (400, 413, 422),
    "content-type": (400, 415, 422),
    "path": (400, 404, 422),
    "length": (400, 413, 414, 422),
}


_KINDS = {
    METHOD: "method",
    AUTH_FOREIGN: "foreign",
    AUTH_WITHOUT_SCOPE: "scope",
    "body:truncated-json": "syntax",
    "body:malformed-json": "syntax",
    "body:truncated-xml": "syntax",
    "body:malformed-xml": "syntax",
    "body:empty": "syntax",
    "body:deeply-nested": "size",
    "body:huge": "size",
}


def _kind_of(target: str) -> str:
    known = _KINDS.get(target) or _KINDS.get(target.partition("=")[0])
    if known is not None:
        return known
    if target.startswith("auth:"):
        return "auth"
    if target == "body:unsupported-content-type":
        return "content-type"
    if target.startswith("path."):
        return "path"
    return "length" if target.endswith((":too-long", ":too-many-items")) else "schema"


def expect_refused_for_its_meaning(endpoint: Endpoint, proposed: Iterable[Status]) -> Expectation | None:
    """For a request that conforms but whose author says that it is refused all the same (a birthday that is to come):
    what is proposed, where all of it is a client error that the document lists; else None.
    """
    statuses = tuple(proposed)
    documented: set[Status] = {*_documented(endpoint, _is_client_error), *_ranges(endpoint)}
    if not statuses or not all(str(status).startswith("4") and _is_allowed(status, documented) for status in statuses):
        return None
    return _expectation(endpoint, statuses)


def expect_either(endpoint: Endpoint, request: CaseRequest) -> Expectation:
    """For a request that conforms and may be refused all the same for how its values stand to each other: any
    documented success or refusal, any "4XX" where no refusal is documented. Never an error of the server's own.
    """
    accepted = expect_accepted(endpoint, request)
    refused: list[Status] = [*_documented(endpoint, lambda status: status in _MAY_REFUSE)] or ["4XX"]
    return _expectation(endpoint, (*accepted.status, *refused))


_MAY_REFUSE = frozenset({400, 409, 412, 422})


def narrowed(expectation: Expectation, proposed: Iterable[Status]) -> Expectation:
    """The expectation, with only the proposed statuses where any of them is allowed by it."""
    kept = tuple(status for status in proposed if _is_allowed(status, expectation.status))
    return Expectation(kept, expectation.check_schema) if kept else expectation


def _is_allowed(status: Status, allowed: Collection[Status]) -> bool:
    return status in allowed or (isinstance(status, int) and f"{status // 100}XX" in allowed)


def may_be_unknown(endpoint: Endpoint, request: CaseRequest) -> bool:
    """Whether a path parameter has a value that the document does not give itself, as an example or in a list."""
    return any(
        request.path_params.get(parameter.name) not in given_values(parameter)
        for parameter in endpoint.parameters
        if parameter.location == "path"
    )


def given_values(parameter: Parameter) -> list[object]:
    """The values of a parameter that the document gives itself: examples, a default, listed ones."""
    given = list(parameter.examples)
    if isinstance(parameter.schema, bool):
        return given
    given.extend(parameter.schema[key] for key in ("example", "default", "const") if key in parameter.schema)
    for key in ("examples", "enum"):
        values = parameter.schema.get(key)
        given.extend(values if isinstance(values, list) else ())
    return given


def _is_success(status: int) -> bool:
    return str(status)[0] in "23" and status != NOT_MODIFIED


def _is_client_error(status: int) -> bool:
    return str(status)[0] == "4"


def _documented(endpoint: Endpoint, wanted: Callable[[int], bool]) -> list[int]:
    numbers = (int(response.status) for response in endpoint.responses if response.status.isdecimal())
    return sorted({number for number in numbers if wanted(number)})


def _ranges(endpoint: Endpoint) -> list[str]:
    return sorted({response.status.upper() for response in endpoint.responses} - {"DEFAULT"})


def _expectation(endpoint: Endpoint, statuses: Iterable[Status]) -> Expectation:
    status = tuple(dict.fromkeys(statuses))
    check = any(
        media.schema is not True
        for response in endpoint.responses
        if response.status == "default" or _concerns(response.status, status)
        for media in response.media_types
    )
    return Expectation(status, check)


def _concerns(documented: str, expected: Collection[Status]) -> bool:
    if documented.isdecimal():
        return _is_allowed(int(documented), expected)
    return any(str(status)[0] == documented[0] for status in expected)
