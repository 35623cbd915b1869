"""What is new since the last run of a suite."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from casecraft.core.outcome import CaseResult
from casecraft.state import Store, SuiteRun, results_of, suite_runs
from casecraft.suites import WrittenSuite, read_stale

CHANGES = (
    "newly_failing",
    "still_failing",
    "fixed",
    "flaky",
    "unanswered",
    "blocked",
    "never_run",
    "stale",
)
_WRONG = frozenset({"failed", "finding"})


@dataclass(frozen=True, slots=True)
class Change:
    """A case and what is to be said of it. `kind` is that of its failure; `since` the run in which it first failed."""

    case_id: str
    title: str
    endpoint_id: str
    kind: str = ""
    message: str = ""
    since: str | None = None


@dataclass(frozen=True, slots=True)
class History:
    """The newest run of a suite and, by what became of them since the runs before, its cases.

    `run` is None where the suite was never run; `before` is the run before it against the same base URL. `changes` has
    every name of CHANGES. `passed` counts the cases that passed when last run and of which nothing is to be said.
    """

    suite: str
    run: SuiteRun | None
    before: SuiteRun | None
    passed: int
    changes: Mapping[str, list[Change]] = field(default_factory=dict)


def compare_runs(suite: WrittenSuite, store: Store) -> History:
    """Compare the newest run with what was last known of each case before, at the same base URL.

    A case that a run left out, or could not carry out, is as it was in the run before that.
    """
    runs = suite_runs(store)
    run = runs[-1] if runs else None
    earlier = [other for other in runs[:-1] if run is not None and other.base_url == run.base_url]
    known = _last_known(store, earlier)
    last = {} if run is None else {result.case_id: result for result in results_of(store, run.id)}
    changes: dict[str, list[Change]] = {name: [] for name in CHANGES}
    passed = 0
    cases = {case.id: case for case in suite.cases}
    for case in suite.cases:
        result, before = last.get(case.id), known.get(case.id)
        name = _name(result, before)
        shown = result or (before[0] if before is not None else CaseResult(case.id, case.endpoint_id, "blocked"))
        if name is None:
            passed += 1
        else:
            since = before[1] if before is not None and before[0].outcome in _WRONG else None
            changes[name].append(Change(case.id, case.title, case.endpoint_id, shown.kind, shown.message, since))
    changes["stale"] = list(_stale(suite, {**{key: it for key, (it, _) in known.items()}, **last}, cases))
    return History(str(suite.folder), run, earlier[-1] if earlier else None, passed, changes)


def as_json(history: History) -> dict[str, Any]:
    """The history as a JSON object."""
    return {
        "suite": history.suite,
        "run": None if history.run is None else _run(history.run),
        "before": None if history.before is None else _run(history.before),
        "passed": history.passed,
        **{name: [asdict(change) for change in changes] for name, changes in history.changes.items()},
    }


def _run(run: SuiteRun) -> dict[str, Any]:
    facts = asdict(run)
    del facts["document_digest"]
    return facts


def _name(result: CaseResult | None, before: tuple[CaseResult, str] | None) -> str | None:
    """Which of CHANGES a case belongs to; None where it passed as before."""
    if result is None and before is None:
        return "never_run"
    was_wrong = before is not None and before[0].outcome in _WRONG
    if result is None:
        return "still_failing" if was_wrong else None
    if result.outcome in _WRONG:
        return "still_failing" if was_wrong else "newly_failing"
    if result.outcome != "passed":
        return result.outcome
    return "flaky" if result.flaky else "fixed" if was_wrong else None


def _last_known(store: Store, runs: Iterable[SuiteRun]) -> dict[str, tuple[CaseResult, str]]:
    """The last result of each case that says something of the service; of failures with the run of the first."""
    known: dict[str, tuple[CaseResult, str]] = {}
    for run in runs:
        for result in results_of(store, run.id):
            if result.outcome not in {"passed", *_WRONG}:
                continue
            before = known.get(result.case_id)
            goes_on = before is not None and result.outcome in _WRONG and before[0].outcome in _WRONG
            known[result.case_id] = (result, before[1] if goes_on and before is not None else run.id)
    return known


def _stale(suite: WrittenSuite, results: Mapping[str, CaseResult], cases: Mapping[str, object]) -> Iterable[Change]:
    """Cases that have results and are in the suite no more, and those of people that hold no longer."""
    for stale in read_stale(suite.folder):
        title = str(stale.case.data.get("title", stale.case.id))
        yield Change(stale.case.id, title, stale.case.endpoint_id, message=stale.reason)
    for case_id, result in sorted(results.items()):
        if case_id not in cases and result.endpoint_id:
            yield Change(case_id, case_id, result.endpoint_id, message="the suite has it no more")
