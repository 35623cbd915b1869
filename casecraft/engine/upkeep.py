"""A new suite keeps what people did to the one before it."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from casecraft.cases import why_stale
from casecraft.core.case import RUN, Case, Source
from casecraft.core.job import JobResult
from casecraft.errors import SuiteError
from casecraft.suites import PERSON, PersonsCase, StaleCase, persons_cases, read_case

NO_ENDPOINT = "its endpoint is not in the document, or not in what was chosen of it"


@dataclass(frozen=True, slots=True)
class Upkeep:
    """The results with the cases of people among them, those cases, and the ones that could not be kept."""

    results: tuple[JobResult, ...]
    kept: tuple[PersonsCase, ...]
    stale: tuple[StaleCase, ...]


def keep_persons_cases(folder: Path, results: Sequence[JobResult], resources: Collection[str] = ()) -> Upkeep:
    """Put the cases that people added to or changed in the suite of a folder among new results.

    One that was changed takes the place of the new one with its id. One that no longer conforms, or whose endpoint or
    resource is gone, is stale; `resources` are the ids of those that there are. Raises SuiteError where the suite
    cannot be understood.
    """
    by_endpoint = {result.endpoint.id: result for result in results}
    own: dict[str, dict[str, Case]] = {}
    kept: list[PersonsCase] = []
    stale: list[StaleCase] = []
    for persons in persons_cases(folder):
        result = by_endpoint.get(persons.endpoint_id)
        found = NO_ENDPOINT if result is None else _judged(persons, result, resources)
        if isinstance(found, str):
            stale.append(StaleCase(persons, found))
        else:
            kept.append(persons)
            own.setdefault(persons.endpoint_id, {})[persons.id] = found
    merged = tuple(_merged(result, own.get(result.endpoint.id, {})) for result in results)
    return Upkeep(merged, tuple(kept), tuple(stale))


def _judged(persons: PersonsCase, result: JobResult, resources: Collection[str]) -> Case | str:
    """The case, or why it cannot be kept."""
    try:
        endpoint = result.endpoint
        case = read_case(persons.data, endpoint.method, endpoint.path, endpoint.body)
    except SuiteError as error:
        return str(error)
    missing = {binding.step for binding in case.bindings} - {*resources, RUN}
    if missing:
        return f"it needs {', '.join(map(repr, sorted(missing)))}, which the suite makes no more"
    return why_stale(result.endpoint, case) or replace(case, source=Source(PERSON))


def _merged(result: JobResult, own: dict[str, Case]) -> JobResult:
    if not own:
        return result
    return replace(result, cases=(*_without(result.cases, own), *own.values()))


def _without(cases: Iterable[Case], own: dict[str, Case]) -> Iterable[Case]:
    return (case for case in cases if case.id not in own)
