"""Requests with one odd thing about them as a whole, made from a right one. `whole_requests` has their readers."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from casecraft.cases import raw_bodies, xml_bodies
from casecraft.cases.bodies import BodyForm
from casecraft.cases.nodes import Goal
from casecraft.cases.whole_requests import UNACCEPTABLE, other_method
from casecraft.core.case import CaseRequest, RawBody
from casecraft.core.endpoint import Endpoint


@dataclass(frozen=True, slots=True)
class RightRequest:
    """A request that conforms, with its body's form and value."""

    endpoint: Endpoint
    request: CaseRequest
    body: BodyForm | None
    value: Any


def odd_requests(right: RightRequest, goal: Goal) -> Iterator[CaseRequest]:
    """Requests that may hit a goal about requests as a whole."""
    return _MAKERS[goal.kind](right, goal)


def _with_method(right: RightRequest, _: Goal) -> Iterator[CaseRequest]:
    method = other_method(right.endpoint)
    if method is not None:
        yield CaseRequest(method, right.request.path, path_params=right.request.path_params)


def _with_accept(right: RightRequest, _: Goal) -> Iterator[CaseRequest]:
    yield replace(right.request, headers={**right.request.headers, "Accept": UNACCEPTABLE})


def _with_repetition(right: RightRequest, _: Goal) -> Iterator[CaseRequest]:
    for name, value in right.request.query.items():
        if not isinstance(value, list):
            yield replace(right.request, query={**right.request.query, name: [value, value]})


def _with_credentials(right: RightRequest, goal: Goal) -> Iterator[CaseRequest]:
    whose, scheme = goal.argument
    yield replace(right.request, credentials=whose, credentials_for=scheme)


def _without_scope(right: RightRequest, goal: Goal) -> Iterator[CaseRequest]:
    yield replace(right.request, without_scope=goal.argument)


def _raw(right: RightRequest, goal: Goal) -> Iterator[CaseRequest]:
    if right.body is None:
        return
    texts: Mapping[str, Callable[[], Iterable[RawBody]]] = {
        "truncated-json": lambda: raw_bodies.truncated(right.value),
        "malformed-json": lambda: raw_bodies.malformed(right.value),
        "truncated-xml": lambda: xml_bodies.truncated(right.request.body),
        "malformed-xml": lambda: xml_bodies.malformed(right.request.body),
        "deeply-nested-xml": lambda: xml_bodies.nested(right.request.body),
        "empty": lambda: ("",),
        "deeply-nested": lambda: raw_bodies.nested(right.body.node.shape.types if right.body else frozenset()),
    }
    for text in texts[goal.argument]():
        yield replace(right.request, body=None, raw_body=text)


def _with_repeated_name(right: RightRequest, _: Goal) -> Iterator[CaseRequest]:
    for text in raw_bodies.with_repeated_name(right.value):
        yield replace(right.request, body=None, raw_body=text)


def _without_type(right: RightRequest, _: Goal) -> Iterator[CaseRequest]:
    is_xml = right.body is not None and right.body.kind == "xml"
    text = right.request.body if is_xml else raw_bodies.text_of(right.value)
    yield replace(right.request, body=None, raw_body=text, content_type="")


_MAKERS: Mapping[str, Callable[[RightRequest, Goal], Iterator[CaseRequest]]] = {
    "method": _with_method,
    "accept": _with_accept,
    "repeated": _with_repetition,
    "auth-invalid": _with_credentials,
    "auth-foreign": _with_credentials,
    "scope": _without_scope,
    "raw": _raw,
    "repeated-name": _with_repeated_name,
    "typeless": _without_type,
}

WHOLE_KINDS = frozenset(_MAKERS)
