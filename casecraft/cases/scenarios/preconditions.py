"""Requests that say "only if": what else they test is tested without the condition, and the condition once alone.

`If-Match` and its like conform to the document with any value, and the answer to nearly all of them is 412 or 304,
which hides everything else that such a case is about.
"""

from dataclasses import replace

from casecraft.cases.identity import request_key
from casecraft.cases.scenarios.graph import is_accepted
from casecraft.cases.scenarios.parting import settled
from casecraft.cases.scenarios.targets import is_about, left_over, only
from casecraft.core.case import Case
from casecraft.core.endpoint import Endpoint
from casecraft.core.job import JobResult

UNMET = (304, 412, 428)

_HEADERS = frozenset({"if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range"})


def part_preconditions(result: JobResult) -> JobResult:
    """The result with optional precondition headers taken out of its valid cases.

    As few cases as hit what is lost thereby keep them, and may be answered by "the condition is not met" where the
    document lists that.
    """
    optional = _optional(result.endpoint)
    if not any(name in case.request.headers for case in result.cases for name in optional):
        return result
    seen: set[bytes] = set()
    cases: list[Case] = []
    conditional: list[Case] = []
    for case in result.cases:
        names = optional.intersection(case.request.headers)
        if not names or not is_accepted(case):
            seen.add(request_key(case.request))
            cases.append(case)
            continue
        plain = _without(case, names)
        key = request_key(plain.request)
        if plain.targets and key not in seen:
            seen.add(key)
            cases.append(plain)
        conditional.append(replace(case, targets=only(case, {*case.targets} - {*plain.targets})))
    apart = [_conditional(result.endpoint, case) for case in left_over(conditional, cases)]
    parted = {case.id for case in conditional}
    return replace(result, cases=tuple(settled(result.endpoint, cases, apart, parted)))


def _optional(endpoint: Endpoint) -> frozenset[str]:
    headers = (it for it in endpoint.parameters if it.location == "header" and not it.required)
    return frozenset(it.name for it in headers if it.name.lower() in _HEADERS)


def _without(case: Case, names: frozenset[str]) -> Case:
    headers = {name: value for name, value in case.request.headers.items() if name not in names}
    lost = {it for it in case.targets if any(is_about(it, f"header.{name}") for name in names)}
    kept = {*case.targets} - lost - {"request:all-parameters"}
    return replace(case, request=replace(case.request, headers=headers), targets=only(case, kept))


def _conditional(endpoint: Endpoint, case: Case) -> Case:
    listed = {response.status for response in endpoint.responses}
    unmet = [status for status in UNMET if str(status) in listed]
    status = tuple(dict.fromkeys((*case.expect.status, *unmet)))
    return replace(case, id=f"{case.id}-conditional", priority="P2", expect=replace(case.expect, status=status))
