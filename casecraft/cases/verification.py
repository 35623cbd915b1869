"""The check that every case passes before it is kept: does it conform, or is it wrong in exactly one way?"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from casecraft.cases.bodies import Field
from casecraft.cases.draft import Draft
from casecraft.cases.expectations import (
    expect_accepted,
    expect_either,
    expect_no_failure,
    expect_refused,
    expect_refused_for_its_meaning,
    narrowed,
)
from casecraft.cases.identity import case_id, meaning_target
from casecraft.cases.inspection import Inspection
from casecraft.cases.requests import IGNORED_HEADERS, LOCATIONS, RequestModel, request_model
from casecraft.cases.styles import essence_of, is_form, is_json, write
from casecraft.cases.techniques import ALL_TECHNIQUES
from casecraft.cases.whole_requests import is_acceptable, needed_scopes, place_of, tried_credentials
from casecraft.core.case import Case, CaseRequest, Credentials, Expectation, Priority, Source, Technique
from casecraft.core.endpoint import Endpoint

RULES = Source("rules")

LONGEST_RAW_BODY = 20_000
"""Characters of a body's exact text, at most."""

SHOWN = 80
"""Characters of a value that a problem shows."""


@dataclass(frozen=True, slots=True)
class Verified:
    """The draft holds what it claims; this is the case."""

    case: Case


@dataclass(frozen=True, slots=True)
class Rejected:
    """The draft does not hold what it claims, for these reasons. `relabelled` is the case with the right claim, where
    the check proves one.
    """

    problems: tuple[str, ...]
    relabelled: Case | None = None


def verify(
    endpoint: Endpoint, draft: Draft, *, source: Source = RULES, techniques: frozenset[Technique] = ALL_TECHNIQUES
) -> Verified | Rejected:
    """Check a draft in the terms of the wire, against every schema of the endpoint.

    A valid one must conform wholly: what is required is there, nothing undeclared is sent (`Accept`, `Content-Type`
    and the credentials apart, which the suite sends itself), and credentials are used where they are needed. An
    invalid one must break exactly one rule, the one named by `violates` if it names one. A null parameter is one that
    is not sent. Only targets of these techniques count as hit.
    """
    model = request_model(endpoint, techniques)
    request, problems = _assemble(model, draft)
    if request is None:
        return Rejected(tuple(problems))
    inspection = model.inspect(request)
    if inspection.unclear:
        return Rejected(inspection.unclear)
    if len(inspection.findings) > 1:
        return Rejected(_several(draft, inspection))
    # Who is wrong about the request is not to be believed about the answer.
    proposed = draft.expect_status if draft.valid == (not inspection.findings) else ()
    case = judged_case(model, request, inspection, draft.title, source, draft.technique, draft.priority, proposed)
    problem = _wrong_claim(draft, inspection)
    return Verified(case) if problem is None else Rejected((problem,), _relabelled(model, case))


def hits(endpoint: Endpoint, request: CaseRequest) -> frozenset[str]:
    """The ids of the targets that a request hits, read off the request alone.

    A request that conforms hits the valid targets that its values meet; one that is wrong in exactly one way hits the
    target of that; any other hits none.
    """
    model = request_model(endpoint)
    return targets_hit(model, model.inspect(request))


def targets_hit(model: RequestModel, inspection: Inspection) -> frozenset[str]:
    """The ids of the targets that an inspected request hits."""
    if inspection.unclear or len(inspection.findings) > 1:
        return frozenset()
    if inspection.findings:
        return frozenset({inspection.findings[0].target} & model.goals.keys())
    return inspection.hits


def targets_of_case(
    model: RequestModel, request: CaseRequest, inspection: Inspection, expectation: Expectation
) -> tuple[str, ...]:
    """The targets of a case, in the order of the endpoint's.

    One that conforms and is refused all the same exercises none of the valid targets: its meaning is its target. So
    is the relation that a request breaks.
    """
    if inspection.doubtful:
        return tuple(inspection.hits)
    if (
        not inspection.findings
        and not inspection.probing
        and all(str(status).startswith("4") for status in expectation.status)
    ):
        return (meaning_target(request),)
    hit = targets_hit(model, inspection)
    return tuple(target for target in model.goals if target in hit) if len(hit) > 1 else tuple(hit)


def judged_case(
    model: RequestModel,
    request: CaseRequest,
    inspection: Inspection,
    title: str,
    source: Source,
    technique: Technique,
    priority: Priority,
    proposed: tuple[int | str, ...] = (),
) -> Case:
    """The case that an inspection with at most one finding proves."""
    valid = not inspection.findings
    title = title.replace("Accepts", "Withstands", 1) if inspection.unproven else title
    refused = expect_refused_for_its_meaning(model.endpoint, proposed) if valid and not inspection.probing else None
    if refused is not None:
        expectation = refused
    elif inspection.probing:
        expectation = narrowed(expect_no_failure(model.endpoint), proposed)
    elif inspection.doubtful or inspection.unproven:
        expectation = narrowed(expect_either(model.endpoint, request), proposed)
    elif valid:
        expectation = narrowed(expect_accepted(model.endpoint, request), proposed)
    else:
        expectation = narrowed(expect_refused(model.endpoint, request, inspection.findings[0].target), proposed)
    targets = targets_of_case(model, request, inspection, expectation)
    return Case(
        id=case_id(model.endpoint, request, targets, valid=valid),
        title=title,
        valid=valid,
        technique=technique,
        priority=priority,
        targets=targets,
        request=request,
        expect=expectation,
        source=source,
    )


def _several(draft: Draft, inspection: Inspection) -> tuple[str, ...]:
    found = tuple(f"{finding.target}: {finding.message}" for finding in inspection.findings)
    return found if draft.valid else ("more than one thing is wrong with the request", *found)


def _wrong_claim(draft: Draft, inspection: Inspection) -> str | None:
    if not inspection.findings:
        return (
            None
            if draft.valid or inspection.probing
            else "the request conforms to the document: nothing in it is wrong"
        )
    finding = inspection.findings[0]
    if draft.valid:
        return f"{finding.target}: {finding.message}"
    if draft.violates is not None and draft.violates != finding.target:
        return f"the request hits {finding.target!r}, not {draft.violates!r}: {finding.message}"
    return None


def _relabelled(model: RequestModel, case: Case) -> Case:
    """The same request under a title and a technique that say what it is."""
    goals = [model.goals[target][0] for target in case.targets]
    technique: Technique = goals[0].technique if goals and not case.valid else "equivalence_partitioning"
    verb = "Withstands" if any(goal.probe for goal in goals) else "Accepts" if case.valid else "Refuses"
    what = goals[0].description if goals else "a conforming request" if case.valid else "a request that breaks one rule"
    return Case(
        id=case.id,
        title=f"{verb} {what}",
        valid=case.valid,
        technique=technique,
        priority=case.priority,
        targets=case.targets,
        request=case.request,
        expect=case.expect,
        source=case.source,
    )


def _assemble(model: RequestModel, draft: Draft) -> tuple[CaseRequest | None, list[str]]:
    """The request of a draft in its wire form, or why it has none."""
    problems: list[str] = []
    given: dict[str, Mapping[str, Any]] = {
        "path": draft.path_params,
        "query": draft.query,
        "header": _declared_names(model, draft),
        "cookie": draft.cookies,
    }
    places = {location: _written(model, location, given[location], problems) for location in LOCATIONS}
    body = _body(model, draft, problems) if draft.raw_body is None else None
    if draft.raw_body is not None and len(draft.raw_body) > LONGEST_RAW_BODY:
        problems.append(f"the text of the body is longer than {LONGEST_RAW_BODY} characters")
    problems.extend(
        f"path parameter {name!r} has no value" for name in _path_names(model) if name not in places["path"]
    )
    if problems:
        return None, problems
    return CaseRequest(
        method=model.endpoint.method,
        path=model.endpoint.path,
        path_params=places["path"],
        query=places["query"],
        headers=places["header"],
        cookies=places["cookie"],
        body=body,
        content_type=draft.content_type,
        raw_body=draft.raw_body,
        credentials=_credentials(model, draft),
        without_scope=needed_scopes(model.endpoint).get(draft.violates or ""),
        credentials_for=tried_credentials(model.endpoint).get(draft.violates or "", ("own", None))[1],
    ), problems


def _credentials(model: RequestModel, draft: Draft) -> Credentials:
    """As whom a draft is sent. One that is wrong and brings a secret of its own has made it up."""
    if not model.endpoint.security:
        return "own"
    if draft.credentials is not None:
        return draft.credentials
    if not draft.authenticated:
        return "none"
    secret = {name.lower() for name in draft.headers} & _secret_headers(model)
    return "invalid" if secret and not draft.valid else "own"


def _secret_headers(model: RequestModel) -> set[str]:
    """The headers, in lower case, that credentials stand in and no parameter declares."""
    schemes = (scheme for together in model.endpoint.security for scheme in together)
    names = {name.lower() for location, name in map(place_of, schemes) if location == "header"}
    return names - {field.parameter.name.lower() for field in model.fields if _is_header(field)}


def _path_names(model: RequestModel) -> list[str]:
    return [field.parameter.name for field in model.fields if field.parameter.location == "path"]


def _declared_names(model: RequestModel, draft: Draft) -> dict[str, Any]:
    """The headers under the names that the document writes, without those that the suite sends itself."""
    declared = {field.parameter.name.lower(): field.parameter.name for field in model.fields if _is_header(field)}
    credentials = {each.parameter.lower() for needed in model.endpoint.security for each in needed if each.parameter}
    sent_by_suite = IGNORED_HEADERS | credentials if draft.valid else {"content-type", "accept"}
    if draft.authenticated:
        sent_by_suite |= _secret_headers(model)
    kept = {}
    for name, value in draft.headers.items():
        lower = name.lower()
        odd = lower == "accept" and not is_acceptable(model.endpoint, str(value))
        if (lower in declared and lower != "content-type") or odd or lower not in sent_by_suite:
            kept[declared.get(lower, name)] = value
    return kept


def _is_header(field: Field) -> bool:
    return field.parameter.location == "header"


def _written(model: RequestModel, location: str, given: Mapping[str, Any], problems: list[str]) -> dict[str, Any]:
    entries: dict[str, Any] = {}
    declared = {field.parameter.name: field for field in model.fields if field.parameter.location == location}
    for name, value in given.items():
        if value is None:
            continue
        field = declared.get(name)
        if field is None:
            entries[name] = value
            continue
        parameter, value = field.parameter, _structured(field, value)  # noqa: PLW2901  # the same value, read
        written = write(parameter, value)
        if written is None and isinstance(value, list | Mapping) and not value:
            continue
        if written is None:
            problems.append(f"{location} parameter {name!r}: its style {parameter.style!r} cannot carry {_cut(value)}")
        else:
            entries.update(written)
    return entries


def _structured(field: Field, value: Any) -> Any:
    """The mapping that a text stands for where nothing else is declared: `ANSWER_SCHEMA` has no room for mappings."""
    if not isinstance(value, str) or field.node.shape.types != {"object"} or not value.lstrip().startswith("{"):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _cut(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}..."


def _body(model: RequestModel, draft: Draft, problems: list[str]) -> Any:
    if draft.content_type is None:
        return None
    try:
        json.dumps(draft.body, allow_nan=False, ensure_ascii=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        problems.append(f"the body is no JSON value: {error}")
        return None
    body = model.body_for(draft.content_type)
    as_value = body is not None and body.kind in ("xml", "lines") and not isinstance(draft.body, str)
    if not is_json(draft.content_type) and not is_form(draft.content_type) and not as_value:
        return draft.body if isinstance(draft.body, str) else json.dumps(draft.body)
    if body is None or (body.kind != "form" and not as_value):
        return draft.body
    written = body.write(draft.body)
    if written is None:
        problems.append(f"the body cannot be written as {essence_of(draft.content_type)}")
        return None
    return written[0]
