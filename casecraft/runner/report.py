"""What a run of a suite showed."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypeAlias

from casecraft.core.outcome import CaseResult, Outcome
from casecraft.runner.verdicts import WORDS
from casecraft.state import SuiteRunStatus
from casecraft.suites import WrittenCase

FailOn: TypeAlias = Literal["failure", "finding", "never"]

PASSED, FAILED, UNAVAILABLE, INTERRUPTED = 0, 1, 4, 130
"""Exit codes of `casecraft run`; 2 is wrong use."""

_LEFT = "left behind: "
"""How the warnings of suites begin that are about cleaning up."""

OUTCOMES: tuple[Outcome, ...] = ("passed", "failed", "finding", "unanswered", "blocked")


@dataclass(frozen=True, slots=True)
class CheckedCase:
    """A case with its result. `command` sends a failure's request with curl, `text` is all that was said of it.

    `case` is None for a test of people's own, whose node id is the result's case id. `node` is pytest's name for it.
    """

    result: CaseResult
    node: str
    case: WrittenCase | None = None
    text: str = field(default="", repr=False)
    command: str = field(default="", repr=False)

    @property
    def title(self) -> str:
        """In a person's words."""
        return self.case.title if self.case is not None else self.node

    @property
    def targets(self) -> tuple[str, ...]:
        """What the case was made to hit."""
        return self.case.targets if self.case is not None else ()

    @property
    def endpoint(self) -> str:
        """The endpoint's id, or what stands in its place."""
        if self.result.endpoint_id:
            return self.result.endpoint_id
        return "scenarios" if self.case is not None else "other tests"


@dataclass(frozen=True, slots=True)
class SuiteReport:
    """One run of a suite. `chosen` is how many cases there were to run, `seconds` what it took.

    `warnings` are what the suite warned of and how often; those of what could not be removed from the service are among
    them.
    """

    run_id: str
    suite: str
    title: str
    base_url: str
    status: SuiteRunStatus
    chosen: int
    seconds: float
    cases: tuple[CheckedCase, ...]
    warnings: Mapping[str, int] = field(default_factory=dict)

    @property
    def left_behind(self) -> dict[str, int]:
        """What the suite made at the service and could not remove, and how often that was said."""
        return {text.removeprefix(_LEFT): times for text, times in self.warnings.items() if text.startswith(_LEFT)}

    @property
    def other_warnings(self) -> dict[str, int]:
        """The rest of the warnings."""
        return {text: times for text, times in self.warnings.items() if not text.startswith(_LEFT)}

    @property
    def counts(self) -> dict[str, int]:
        """How many cases had each outcome; and how many were flaky, which have passed, or were not run."""
        outcomes = Counter(case.result.outcome for case in self.cases)
        flaky = sum(case.result.flaky for case in self.cases)
        ran = sum(case.case is not None for case in self.cases)
        counted: dict[str, int] = {outcome: outcomes[outcome] for outcome in OUTCOMES}
        return {**counted, "flaky": flaky, "not_run": max(0, self.chosen - ran)}

    def of(self, outcome: Outcome) -> list[CheckedCase]:
        """The cases that ended so."""
        return [case for case in self.cases if case.result.outcome == outcome]

    @property
    def flaky(self) -> list[CheckedCase]:
        """The cases that failed first and passed then."""
        return [case for case in self.cases if case.result.flaky]

    def exit_code(self, fail_on: FailOn = "failure") -> int:
        """What a process should end with: 1 where there is what `fail_on` names, 4 where cases had no answer."""
        counts = self.counts
        wrong = {"failure": counts["failed"], "finding": counts["failed"] + counts["finding"], "never": 0}[fail_on]
        if self.status == "interrupted":
            return INTERRUPTED
        if wrong:
            return FAILED
        return UNAVAILABLE if counts["unanswered"] or self.status == "unavailable" else PASSED

    def by_endpoint(self) -> dict[str, list[CheckedCase]]:
        """The cases of each endpoint, in the order of the endpoints' paths."""
        groups: dict[str, list[CheckedCase]] = {}
        for case in sorted(self.cases, key=lambda case: (case.endpoint.partition(" ")[::-1], case.result.case_id)):
            groups.setdefault(case.endpoint, []).append(case)
        return groups

    def blocked_by_reason(self) -> dict[str, list[CheckedCase]]:
        """What could not be carried out, by what it lacks."""
        groups: dict[str, list[CheckedCase]] = {}
        for case in self.of("blocked"):
            groups.setdefault(case.result.message, []).append(case)
        return groups


def tally(cases: Iterable[CheckedCase]) -> dict[str, int]:
    """How many of the cases had each outcome, without those that none had."""
    outcomes = Counter(case.result.outcome for case in cases)
    return {outcome: outcomes[outcome] for outcome in OUTCOMES if outcomes[outcome]}


def tally_targets(cases: Iterable[CheckedCase]) -> dict[str, dict[str, int]]:
    """For each target how many of the cases that hit it had each outcome."""
    groups: dict[str, list[CheckedCase]] = {}
    for case in cases:
        for target in case.targets:
            groups.setdefault(target, []).append(case)
    return {target: tally(group) for target, group in sorted(groups.items())}


def words_of(kind: str) -> str:
    """A kind of failure as a person reads it."""
    return WORDS.get(kind, kind.replace("_", " "))


def as_json(report: SuiteReport, fail_on: FailOn) -> dict[str, Any]:
    """The report as a JSON object: counts, and each endpoint with its targets and cases."""
    return {
        "run": report.run_id,
        "suite": report.suite,
        "base_url": report.base_url,
        "status": report.status,
        "seconds": round(report.seconds, 3),
        "exit_code": report.exit_code(fail_on),
        "counts": report.counts,
        "left_behind": _counted(report.left_behind),
        "warnings": _counted(report.other_warnings),
        "endpoints": [
            {
                "id": endpoint,
                "counts": tally(cases),
                "targets": tally_targets(cases),
                "cases": [_case(case) for case in cases],
            }
            for endpoint, cases in report.by_endpoint().items()
        ],
    }


def _counted(texts: Mapping[str, int]) -> list[Mapping[str, Any]]:
    return [{"text": text, "times": times} for text, times in texts.items()]


def _case(case: CheckedCase) -> Mapping[str, Any]:
    facts = asdict(case.result)
    del facts["endpoint_id"]
    facts["seconds"] = round(case.result.seconds, 4)
    return {**facts, "title": case.title, "targets": case.targets, "command": case.command or None}
