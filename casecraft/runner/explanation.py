"""Why a case exists: what it tries, for which targets, who made it, what is expected and why, what came of it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from casecraft.cases import targets_of
from casecraft.cases.scenarios import describe_added
from casecraft.core.case import MissingScope
from casecraft.core.endpoint import Endpoint
from casecraft.core.outcome import CaseResult
from casecraft.errors import CasecraftError, SuiteError
from casecraft.spec import load, split
from casecraft.state import SuiteRun
from casecraft.suites import WrittenCase, WrittenSuite, credential_variable

TECHNIQUES = {
    "equivalence_partitioning": "one value stands for all that the service should treat alike",
    "boundary_value_analysis": "values on both sides of a bound, where mistakes are most likely",
    "pairwise_testing": "every two choices meet in some case, without trying all combinations",
    "decision_table_testing": "rules between several inputs, kept and broken",
    "syntax_testing": "what is sent does not follow the grammar that it should follow",
    "error_guessing": "mistakes that services of this kind are known to make",
    "security": "who may do what, and what must not be let through",
    "scenario_testing": "requests one after the other, as a user sends them",
}
LAST_RESULTS = 5


@dataclass(frozen=True, slots=True)
class Explanation:
    """A case in words. `targets` are ids with descriptions, "" where the document is not at hand: `note` says why.

    `needs` says what must be there for it to run; `expected` gives each status with what the document says of it.
    """

    case: WrittenCase
    technique: str
    meaning: str
    made_by: str
    targets: Mapping[str, str]
    expected: Mapping[str, str]
    needs: Sequence[str]
    results: Sequence[tuple[SuiteRun, CaseResult]]
    note: str = ""
    endpoint_summary: str = ""
    request: Mapping[str, Any] = field(default_factory=dict)


def find_case(suite: WrittenSuite, name: str) -> WrittenCase:
    """The case or scenario with this id, or the only one whose id begins so. Raises SuiteError."""
    known = {case.id: case for case in suite.cases}
    if name in known:
        return known[name]
    matches = [case_id for case_id in known if case_id.startswith(name)]
    if len(matches) == 1:
        return known[matches[0]]
    near = matches[:3] or get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(map(repr, near))}?" if near else "The ids are in the files under cases/."
    reason = f"begins the ids of {len(matches)} cases" if matches else "is no case"
    raise SuiteError(f"{name!r} {reason} in {str(suite.folder)!r}", hint=hint)


def explain(
    suite: WrittenSuite, name: str, results: Sequence[tuple[SuiteRun, CaseResult]], *, document: str | None = None
) -> Explanation:
    """Explain a case of a suite.

    Descriptions come from the document, which is read from where the suite came from unless `document` says where;
    without it the rest is explained. Raises SuiteError where there is no such case.
    """
    case = find_case(suite, name)
    endpoint, note = _endpoint(case, document or suite.source)
    descriptions = {target.id: target.description for target in targets_of(endpoint)} if endpoint else {}
    technique = str(case.data.get("technique", "scenario_testing"))
    return Explanation(
        case=case,
        technique=technique,
        meaning=TECHNIQUES.get(technique, ""),
        made_by=_maker(case.data),
        targets={target: descriptions.get(target) or describe_added(target) for target in case.targets},
        expected=_expected(case, endpoint),
        needs=_needs(case, suite.files.get(case.file, {})),
        results=results,
        note=note,
        endpoint_summary=(endpoint.summary or endpoint.operation_id or "") if endpoint else "",
        request=case.data.get("request", {}),
    )


def as_json(explanation: Explanation) -> dict[str, Any]:
    """The explanation as a JSON object."""
    case = explanation.case
    return {
        "id": case.id,
        "title": case.title,
        "endpoint": case.endpoint_id or None,
        "valid": case.valid,
        "priority": case.priority,
        "technique": explanation.technique,
        "made_by": explanation.made_by,
        "targets": dict(explanation.targets),
        "expected": dict(explanation.expected),
        "needs": list(explanation.needs),
        "request": explanation.request,
        "results": [
            {"run": run.id, "outcome": result.outcome, "kind": result.kind, "message": result.message}
            for run, result in explanation.results
        ],
        "note": explanation.note or None,
    }


def _endpoint(case: WrittenCase, source: str) -> tuple[Endpoint | None, str]:
    """The case's endpoint in the document, or why it is not at hand."""
    if not case.endpoint_id:
        return None, ""
    if source in {"", "-"}:
        return None, "the document came from standard input; --document says where it is"
    try:
        endpoints = {endpoint.id: endpoint for endpoint in split(load(source))}
    except CasecraftError as error:
        return None, f"the document could not be read, so targets are not described: {error}"
    if case.endpoint_id not in endpoints:
        return None, f"{case.endpoint_id!r} is no longer in the document"
    return endpoints[case.endpoint_id], ""


def _maker(data: Mapping[str, Any]) -> str:
    source = data.get("source") or {}
    provider, model = str(source.get("provider", "person")), source.get("model")
    if provider == "person":
        return "a person, who changed it" if data.get("edited") else "a person"
    return f"{provider} ({model})" if model else provider


def _expected(case: WrittenCase, endpoint: Endpoint | None) -> dict[str, str]:
    documented = {response.status.upper(): response.description for response in endpoint.responses} if endpoint else {}
    statuses = map(str, (case.data.get("expect") or {}).get("status", ()))
    return {status: _why(status, case, documented) for status in statuses}


def _why(status: str, case: WrittenCase, documented: Mapping[str, str]) -> str:
    if status.upper() in documented:
        return f"documented: {documented[status.upper()]}" if documented[status.upper()] else "documented"
    if not documented:
        return ""
    if status[:1] == "4" and not case.valid:
        return "not documented, and what a service that refuses a request may answer"
    return "not documented by itself"


def _needs(case: WrittenCase, content: Mapping[str, Any]) -> list[str]:
    request = case.data.get("request") or {}
    needs = [
        f"{binding.get('place')} from {binding.get('source')} of {binding.get('step')!r}"
        for binding in case.data.get("bindings", ())
    ]
    if case.data.get("fresh"):
        needs.append("resources of its own, made for it and removed after it")
    if alternatives := list(_credentials(request, content.get("security", ()))):
        needs.append(f"credentials in {' or '.join(alternatives)}")
    return needs


def _credentials(request: Mapping[str, Any], security: Iterable[Sequence[Mapping[str, Any]]]) -> Iterator[str]:
    """The variables of each alternative that has any."""
    whose, scope = request.get("credentials", "own"), request.get("without_scope")
    missing = MissingScope(scope["scheme"], scope["scope"]) if scope else None
    wanted = missing.scheme if missing is not None else request.get("credentials_for")
    for together in security:
        names = [scheme["name"] for scheme in together]
        sent = names if whose in ("own", "foreign") else [name for name in names if wanted and name != wanted]
        if sent and (wanted is None or wanted in names):
            yield " and ".join(credential_variable(name, whose, missing) for name in sent)
