"""`cases/<slug>.json`: an endpoint's cases, and what a runner must know to send and check them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any, get_args

from casecraft.core.case import (
    Binding,
    Case,
    CaseRequest,
    Expectation,
    Priority,
    RawBody,
    Source,
    Technique,
    read_request,
)
from casecraft.core.endpoint import Body, Endpoint, MediaType, Response, SecurityScheme
from casecraft.core.schema import Schema
from casecraft.errors import SuiteError
from casecraft.suites.answer_schemas import answer_schema
from casecraft.suites.request_text import is_json
from casecraft.suites.schemas import referring_to_file
from casecraft.suites.serialization import find_part_types, find_styled, find_uploads
from casecraft.suites.suite import PERSON, Entry


def cases_file(entry: Entry) -> dict[str, Any]:
    """The content of an endpoint's file. Its cases are sorted: valid ones first, then by priority and id."""
    endpoint = entry.result.endpoint
    content: dict[str, Any] = {
        "generator": "casecraft",
        "endpoint": endpoint.id,
        "method": endpoint.method,
        "path": endpoint.path,
        "security": [[_scheme(scheme) for scheme in together] for together in endpoint.security],
        "responses": {response.status: _contents(endpoint, response.media_types) for response in endpoint.responses},
    }
    if headers := find_required_headers(endpoint):
        content["headers"] = headers
    if names := find_read_only(endpoint, entry.result.cases):
        content["read_only"] = names
    if entry.listing is not None:
        content["listing"] = asdict(entry.listing)
    facts = {
        "styled": find_styled(endpoint),
        "uploads": find_uploads(endpoint),
        "part_types": find_part_types(endpoint),
    }
    content |= {name: fact for name, fact in facts.items() if fact}
    content["cases"] = [_case_of(entry, case) for case in sorted(entry.result.cases, key=_order)]
    return content


def read_case(data: Mapping[str, Any], method: str, path: str, body: Body | None = None) -> Case:
    """The case of `METHOD path` that its JSON object in a suite's file describes.

    What a person left out gets a default; the content type is one of those that `body` has, JSON before others.

    Raises SuiteError that says what is missing or wrong.
    """
    try:
        return _read_case(data, method, path, body)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        problem = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
        raise SuiteError(
            f"the case {data.get('id')!r} of {f'{method} {path}'!r} is no case: {problem}",
            hint="Correct it in its file under cases/, in the way of its neighbours.",
        ) from error


def _read_case(data: Mapping[str, Any], method: str, path: str, body: Body | None) -> Case:
    request, expect, source = data["request"], data["expect"], data.get("source") or {}
    typed = {"content_type": _usual_type(body)} if "body" in request else {}
    return Case(
        id=str(data["id"]),
        title=str(data.get("title", data["id"])),
        valid=bool(data["valid"]),
        technique=_one_of(get_args(Technique), data.get("technique", "equivalence_partitioning")),
        priority=_one_of(get_args(Priority), data.get("priority", "P1")),
        targets=tuple(map(str, data.get("targets", ()))),
        request=read_request({"method": method, "path": path, **typed, **request}),
        expect=Expectation(tuple(expect["status"]), bool(expect.get("check_schema", True))),
        source=Source(str(source.get("provider", PERSON)), source.get("model")),
        bindings=tuple(Binding(**binding) for binding in data.get("bindings", ())),
        fresh=bool(data.get("fresh", False)),
    )


def _usual_type(body: Body | None) -> str:
    types = [media.content_type for media in body.media_types if "*" not in media.content_type] if body else []
    return next((each for each in types if is_json(each)), types[0] if types else "application/json")


def _one_of(known: tuple[str, ...], name: Any) -> Any:
    if name not in known:
        raise ValueError(f"{name!r} is none of {', '.join(known)}")
    return name


def _case_of(entry: Entry, case: Case) -> dict[str, Any]:
    """A case as JSON; what a person wrote stands as it was written, and says so."""
    persons = entry.persons.get(case.id)
    if persons is None:
        return {**_case(case), **({"alone": True} if case.id in entry.alone else {})}
    marks = {"source": {"provider": PERSON, "model": None}, **({"edited": True} if persons.edited else {})}
    whole = _case(case)
    parts = {name: {**whole[name], **persons.data[name]} for name in ("request", "expect")}
    return {**whole, **persons.data, **parts, **marks}


def _order(case: Case) -> tuple[bool, str, str]:
    return (not case.valid, case.priority, case.id)


def _scheme(scheme: SecurityScheme) -> dict[str, str]:
    facts = {"name": scheme.name, "type": scheme.kind}
    optional = {"scheme": scheme.http_scheme, "in": scheme.location, "parameter": scheme.parameter}
    return facts | {key: value for key, value in optional.items() if value}


def _contents(endpoint: Endpoint, media_types: tuple[MediaType, ...]) -> dict[str, Any]:
    return {media.content_type: referring_to_file(answer_schema(endpoint, media)) for media in media_types}


def find_required_headers(endpoint: Endpoint) -> dict[str, list[str]]:
    """The names of the headers that answers must have, by status; empty where none must have any."""
    headers = {response.status: _required_headers(response) for response in endpoint.responses}
    return headers if any(headers.values()) else {}


def _required_headers(response: Response) -> list[str]:
    return [header.name for header in response.headers if header.required]


def find_read_only(endpoint: Endpoint, cases: Iterable[Case]) -> list[str]:
    """Sorted, the fields of the body that only the server may set, where a case sets one."""
    if endpoint.body is None or not any(_ASSIGNMENT in case.targets for case in cases):
        return []
    names = {name for media in endpoint.body.media_types for name in _withheld(endpoint, media.schema)}
    return sorted(names)


def _withheld(endpoint: Endpoint, schema: Schema, depth: int = 0) -> Iterator[str]:
    known = endpoint.definitions.resolve(schema)
    if isinstance(known, bool) or depth > _DEEPEST:
        return
    properties = known.get("properties")
    for name, described in properties.items() if isinstance(properties, Mapping) else ():
        if isinstance(described, Mapping) and described.get("readOnly") is True:
            yield name
    for keyword in ("allOf", "anyOf", "oneOf"):
        branches = known.get(keyword)
        for branch in branches if isinstance(branches, list) else ():
            yield from _withheld(endpoint, branch, depth + 1)


_ASSIGNMENT = "security:API3-mass-assignment"
_DEEPEST = 4


def _case(case: Case) -> dict[str, Any]:
    return {
        "id": case.id,
        "title": case.title,
        "valid": case.valid,
        "technique": case.technique,
        "priority": case.priority,
        "targets": case.targets,
        "request": written_request(case.request),
        "expect": written_expectation(case.expect),
        "source": {"provider": case.source.provider, "model": case.source.model},
        **({"bindings": [asdict(binding) for binding in case.bindings]} if case.bindings else {}),
        **({"fresh": True} if case.fresh else {}),
    }


def _raw_body(raw: RawBody) -> str | list[dict[str, Any]]:
    return raw if isinstance(raw, str) else [asdict(part) for part in raw]


def written_expectation(expect: Expectation) -> dict[str, Any]:
    """What is expected of an answer, as it stands in the files."""
    return {"status": expect.status, "check_schema": expect.check_schema}


def written_request(request: CaseRequest) -> dict[str, Any]:
    """A request as it stands in the files; bindings point into this."""
    content: dict[str, Any] = {
        "method": request.method,
        "path": request.path,
        "path_params": request.path_params,
        "query": request.query,
        "headers": request.headers,
        "cookies": request.cookies,
    }
    if request.content_type is not None:
        content["body"] = request.body
    content["content_type"] = request.content_type
    if request.raw_body is not None:
        content["raw_body"] = _raw_body(request.raw_body)
    if request.credentials != "own":
        content["credentials"] = request.credentials
    if request.without_scope is not None:
        content["without_scope"] = asdict(request.without_scope)
    if request.credentials_for is not None:
        content["credentials_for"] = request.credentials_for
    return content
