"""Cases that meet what they ask for: their ids come from resources, and "there is no such thing" is no answer then."""

import re
from collections.abc import Iterator
from dataclasses import replace

from casecraft.cases.hostile_texts import HOSTILE_TEXTS
from casecraft.cases.scenarios.graph import GONE, bindable_places, is_accepted
from casecraft.cases.scenarios.parting import settled
from casecraft.cases.scenarios.registry import Registry, path_place
from casecraft.cases.scenarios.targets import is_about, left_over, only
from casecraft.cases.scenarios.uniqueness import unique_bindings
from casecraft.cases.whole_requests import ends_an_object
from casecraft.core.case import Binding, Case, CaseRequest, Expectation
from casecraft.core.endpoint import Endpoint
from casecraft.core.job import JobResult

CONFLICT = "409"

_ANY_VALUE = frozenset({"valid", "valid-format", "valid-pattern"})


def attach(registry: Registry, result: JobResult) -> JobResult:
    """The result with bindings on its cases.

    A value that a case is about stays as it is. Where a valid case is about one id and about other things as well, it
    is parted in two: one that meets a resource, and one that sends the id as written and may miss.
    """
    endpoint = result.endpoint
    path = {binding.place: binding for binding in registry.path_bindings(endpoint)}
    if not path and endpoint.body is None and not endpoint.parameters:
        return result
    borrowed = registry.borrowed
    about = {path_place(place.name): f"path.{place.name}" for place in bindable_places(endpoint)}
    cases: list[Case] = []
    written: list[Case] = []
    for case in result.cases:
        if _is_refused_for_its_meaning(case):
            cases.append(_bound_by_path(case, {} if {*GONE} & {*case.expect.status} else path))
            continue
        own = {place: _own_targets(case, about[place]) | _probes_at(case, place) for place in path}
        kept = {place: it for place, it in path.items() if not own[place] and (case.valid or it.step not in borrowed)}
        others = set(case.targets).difference(*own.values())
        if case.valid and len(kept) < len(path) and others:
            written.append(replace(case, targets=only(case, set(case.targets) - others)))
            cases.append(_bound(registry, endpoint, replace(case, targets=only(case, others)), path))
        else:
            cases.append(_bound(registry, endpoint, case, kept))
    if written:
        apart = [_as_written(registry, endpoint, case, path, about) for case in left_over(written, cases)]
        cases = settled(endpoint, cases, apart, {case.id for case in written})
    return result if cases == list(result.cases) else replace(result, cases=tuple(cases))


def _is_refused_for_its_meaning(case: Case) -> bool:
    """Whether a request conforms and is refused all the same: any of its values may be the reason."""
    return case.valid and all(str(status).startswith("4") for status in case.expect.status)


def _bound_by_path(case: Case, path: dict[str, Binding]) -> Case:
    return replace(case, bindings=tuple(path.values())) if path else case


def _own_targets(case: Case, node: str) -> set[str]:
    """The targets of a case that one path parameter must have a certain value for."""
    return {target for target in case.targets if is_about(target, node) and target[len(node) + 1 :] not in _ANY_VALUE}


def _probes_at(case: Case, place: str) -> set[str]:
    """The targets of a case whose hostile text is what one path parameter is filled with."""
    values = {path_place(name): value for name, value in case.request.path_params.items()}
    text = str(values[place])
    return {it.target for it in HOSTILE_TEXTS if it.target in case.targets and it.is_one(text)}


def _as_written(
    registry: Registry, endpoint: Endpoint, case: Case, path: dict[str, Binding], about: dict[str, str]
) -> Case:
    own = {place: _own_targets(case, about[place]) | _probes_at(case, place) for place in path}
    kept = {place: binding for place, binding in path.items() if not own[place]}
    bound = _bound(registry, endpoint, case, kept)
    missed = _documented(endpoint, GONE)
    status = tuple(dict.fromkeys((*bound.expect.status, *missed)))
    return replace(bound, id=f"{case.id}-as-written", priority="P2", expect=replace(bound.expect, status=status))


def _bound(registry: Registry, endpoint: Endpoint, case: Case, path: dict[str, Binding]) -> Case:
    bindings = {**path}
    for binding in _field_bindings(registry, endpoint, case):
        if not case.valid and binding.step in registry.borrowed:
            continue
        own = [target for target in case.targets if not _allows_any(target)]
        if not any(is_about(target, node) for target in own for node in _nodes(binding.place)):
            bindings.setdefault(binding.place, binding)
    if not bindings:
        return case
    expect = case.expect
    missing = [place for place in case.request.path_params if path_place(place) not in path]
    if not missing and not _is_about_path(case) and not _may_be_hidden(case.request):
        expect = _without_not_found(case.expect)
    return replace(case, bindings=tuple(bindings.values()), fresh=_consumes(endpoint, case, path), expect=expect)


def _may_be_hidden(request: CaseRequest) -> bool:
    """Whether what exists may be answered as if it did not: to a stranger, and to who lacks a scope."""
    return request.credentials != "own" or request.without_scope is not None


def _field_bindings(registry: Registry, endpoint: Endpoint, case: Case) -> Iterator[Binding]:
    if endpoint.method.upper() in ("POST", "PUT", "PATCH") and _documented(endpoint, (int(CONFLICT),)):
        yield from unique_bindings(registry.graph.shapes, endpoint, case.request)
    yield from registry.reference_bindings(endpoint, case.request)


def _nodes(place: str) -> tuple[str, str]:
    """The node of the request whose targets a place is about: `body.owner.id` for `/body/owner/id`.

    The second is what it is where brackets mean what is inside, as in `/body/owner[id]` of a form.
    """
    section, *names = place.removeprefix("/").split("/")
    node = "header" if section == "headers" else section
    for name in names:
        node += "[]" if name.isdecimal() else "." + name.replace("~1", "/").replace("~0", "~")
    return node, re.sub(r"\[(\w+)\]", r".\1", node)


def _allows_any(target: str) -> bool:
    return target.rpartition(":")[2] in _ANY_VALUE


def _is_about_path(case: Case) -> bool:
    return any(target.startswith("path.") for target in case.targets) and not case.valid


def _without_not_found(expect: Expectation) -> Expectation:
    status = tuple(each for each in expect.status if each not in GONE)
    return expect if not status or status == expect.status else replace(expect, status=status)


def _consumes(endpoint: Endpoint, case: Case, path: dict[str, Binding]) -> bool:
    """Whether a case leaves nothing behind that others could use."""
    if not path or not is_accepted(case):
        return False
    if endpoint.method.upper() == "DELETE":
        return True
    return endpoint.method.upper() != "GET" and ends_an_object(endpoint.path)


def _documented(endpoint: Endpoint, statuses: tuple[int, ...]) -> list[int]:
    listed = {response.status for response in endpoint.responses}
    return [status for status in statuses if str(status) in listed]
