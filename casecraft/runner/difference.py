"""What a change of the document means for its endpoints and their cases."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from casecraft.cases import complete, why_stale
from casecraft.cases.scenarios import chain
from casecraft.core.case import Case
from casecraft.core.endpoint import Endpoint
from casecraft.core.job import JobResult
from casecraft.errors import SuiteError
from casecraft.spec import load, split
from casecraft.suites import WrittenSuite, case_digest, read_case, read_suite

RULES = "rules"


@dataclass(frozen=True, slots=True)
class CaseChange:
    """A case that differs; `reason` says why it is stale, where more is known than that."""

    id: str
    title: str
    endpoint_id: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """Endpoints by id, and cases, that are new, changed and stale; and how many endpoints are as they were."""

    new_endpoints: tuple[str, ...]
    changed_endpoints: tuple[str, ...]
    stale_endpoints: tuple[str, ...]
    unchanged: int
    new_cases: tuple[CaseChange, ...]
    changed_cases: tuple[CaseChange, ...]
    stale_cases: tuple[CaseChange, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing is different."""
        return not (self.new_endpoints or self.changed_endpoints or self.stale_endpoints)


class Side:
    """One side of the comparison: the fingerprints of its endpoints, and their cases."""

    def __init__(
        self, fingerprints: Mapping[str, str], endpoints: Mapping[str, Endpoint], suite: WrittenSuite | None = None
    ) -> None:
        self.fingerprints = fingerprints
        self.endpoints = endpoints
        self.suite = suite

    def cases(self, endpoint_id: str) -> list[Case]:
        """The cases of an endpoint: those of the suite, or those that rules make for a document."""
        if self.suite is None:
            return self._made[endpoint_id]
        method, _, path = endpoint_id.partition(" ")
        return [read_case(case.data, method, path) for case in self.suite.cases if case.endpoint_id == endpoint_id]

    @cached_property
    def _made(self) -> dict[str, list[Case]]:
        """What rules make for the document, with the resources that cases need: of all endpoints, which may need each
        other.
        """
        results = [JobResult(it, "done", RULES, cases=complete(it, ())) for it in self.endpoints.values()]
        return {result.endpoint.id: list(result.cases) for result in chain(results).results}


def read_side(source: str) -> Side:
    """A document, or the suite in a folder. Raises DocumentError, and SuiteError for a suite without fingerprints."""
    if not Path(source).is_dir():
        endpoints = {endpoint.id: endpoint for endpoint in split(load(source))}
        return Side({name: endpoint.fingerprint for name, endpoint in endpoints.items()}, endpoints)
    suite = read_suite(Path(source))
    rows: Iterable[Mapping[str, Any]] = suite.manifest.get("endpoints", ())
    fingerprints = {row["id"]: row.get("fingerprint", "") for row in rows}
    if not all(fingerprints.values()):
        raise SuiteError(
            f"the suite in {source!r} does not say what its endpoints were like",
            hint="An earlier casecraft made it; `casecraft generate` makes it anew.",
        )
    return Side(fingerprints, {}, suite)


def compare(old: Side, new: Side) -> Difference:
    """What is new, changed and stale in `new`, which must be a document, against `old`.

    The cases of a document are those that rules make for it. A case changed where the one for the same targets is
    another now. What a model or a person made is stale only where it no longer conforms.
    """
    before, after = old.fingerprints, new.fingerprints
    fresh = tuple(name for name in after if name not in before)
    gone = tuple(name for name in before if name not in after)
    changed = tuple(name for name in after if name in before and after[name] != before[name])
    cases = _CaseChanges()
    for name in fresh:
        cases.add_new(name, new.cases(name))
    for name in changed:
        cases.add_changed(new.endpoints[name], old.cases(name), new.cases(name))
    for name in gone:
        cases.add_stale(name, old.cases(name), "its endpoint is gone")
    return Difference(
        fresh,
        changed,
        gone,
        len(after) - len(fresh) - len(changed),
        *map(tuple, (cases.new, cases.changed, cases.stale)),
    )


def as_json(difference: Difference) -> dict[str, Any]:
    """The difference as a JSON object."""
    found = difference
    return {
        "endpoints": {
            "new": found.new_endpoints,
            "changed": found.changed_endpoints,
            "stale": found.stale_endpoints,
            "unchanged": found.unchanged,
        },
        "cases": {
            name: [_row(case) for case in cases]
            for name, cases in (
                ("new", found.new_cases),
                ("changed", found.changed_cases),
                ("stale", found.stale_cases),
            )
        },
    }


def _row(case: CaseChange) -> dict[str, Any]:
    facts = {"id": case.id, "title": case.title, "endpoint": case.endpoint_id}
    return {**facts, "reason": case.reason} if case.reason else facts


class _CaseChanges:
    """Gathers what differs, endpoint by endpoint."""

    def __init__(self) -> None:
        self.new: list[CaseChange] = []
        self.changed: list[CaseChange] = []
        self.stale: list[CaseChange] = []

    def add_new(self, endpoint_id: str, cases: Iterable[Case]) -> None:
        self.new += [CaseChange(case.id, case.title, endpoint_id) for case in cases]

    def add_stale(self, endpoint_id: str, cases: Iterable[Case], reason: str) -> None:
        self.stale += [CaseChange(case.id, case.title, endpoint_id, reason) for case in cases]

    def add_changed(self, endpoint: Endpoint, old: Sequence[Case], new: Sequence[Case]) -> None:
        """Set the cases of an endpoint that changed against each other."""
        made = [case for case in old if case.source.provider != RULES]
        for case in made:
            if reason := why_stale(endpoint, case):
                self.add_stale(endpoint.id, [case], reason)
        kept = [case for case in made if why_stale(endpoint, case) is None]
        covered = {target for case in kept for target in case.targets}
        counterparts = _Counterparts(case for case in old if case.source.provider == RULES)
        for case in new:
            before = counterparts.take(case)
            if before is not None:
                if _content(before) != _content(case):
                    self.changed.append(CaseChange(case.id, case.title, endpoint.id))
            elif not covered or not covered.issuperset(case.targets):
                self.add_new(endpoint.id, [case])
        self.add_stale(endpoint.id, counterparts.left(), "")


class _Counterparts:
    """Old cases, each to be found once: by id, else by what it hits."""

    def __init__(self, cases: Iterable[Case]) -> None:
        self._cases = list(cases)

    def take(self, case: Case) -> Case | None:
        for same in (lambda old: old.id == case.id, lambda old: (old.valid, old.targets) == (case.valid, case.targets)):
            found = next(filter(same, self._cases), None)
            if found is not None:
                self._cases.remove(found)
                return found
        return None

    def left(self) -> list[Case]:
        return self._cases


def _content(case: Case) -> str:
    """Equal for cases that do the same and say the same, whoever made them and wherever they come from."""
    facts = asdict(case)
    return case_digest({name: facts[name] for name in ("valid", "title", "targets", "request", "expect", "bindings")})
