"""What comes back out of a state file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from casecraft.core.case import Case
from casecraft.core.endpoint import Endpoint
from casecraft.core.job import JobResult, JobStatus
from casecraft.core.usage import UsageMeter

RunStatus: TypeAlias = Literal["running", "done", "interrupted", "failed", "budget", "imported"]
SuiteRunStatus: TypeAlias = Literal["running", "done", "interrupted", "unavailable"]


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run. Times are Unix times; `ended` is None while it runs, and after it was killed.

    `casecraft` is the version that began it, `endpoints` the ids that it set out to do, in order. `settings` and
    `totals` are JSON objects. `pruned` says that only jobs which later runs reuse are left of it.
    """

    id: str
    started: float
    ended: float | None
    status: RunStatus
    casecraft: str
    document_source: str
    document_title: str
    document_version: str
    document_digest: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    totals: Mapping[str, Any] = field(default_factory=dict)
    endpoints: tuple[str, ...] = ()
    pruned: bool = False


@dataclass(frozen=True, slots=True)
class StoredJob:
    """A job's result as stored: `core.JobResult` without its endpoint, which is in the document, and its spending,
    which is in the attempts.
    """

    run_id: str
    endpoint_id: str
    job_key: str
    status: JobStatus
    provider: str | None
    model: str | None = None
    cases: tuple[Case, ...] = ()
    fell_back: tuple[str, ...] = ()
    dropped: int = 0
    error: str | None = None
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, run_id: str, job_key: str, result: JobResult) -> "StoredJob":
        """What is stored of a job's result."""
        return cls(
            run_id=run_id,
            endpoint_id=result.endpoint.id,
            job_key=job_key,
            status=result.status,
            provider=result.provider,
            model=result.model,
            cases=result.cases,
            fell_back=result.fell_back,
            dropped=result.dropped,
            error=result.error,
            notes=result.notes,
        )

    def result(self, endpoint: Endpoint, *, status: JobStatus | None = None) -> JobResult:
        """The job's result for `endpoint`, with no spending; `status` ("reused", say) takes the stored one's place."""
        return JobResult(
            endpoint=endpoint,
            status=status or self.status,
            provider=self.provider,
            model=self.model,
            cases=self.cases,
            fell_back=self.fell_back,
            dropped=self.dropped,
            error=self.error,
            notes=self.notes,
        )


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A run in figures: jobs by status ("pending": not ended yet), attempts by outcome, cases, what was spent."""

    run: RunRecord
    jobs: Mapping[str, int]
    attempts: Mapping[str, int]
    cases: int
    spending: UsageMeter


@dataclass(frozen=True, slots=True)
class SuiteRun:
    """One run of a suite against a service. Times are Unix times; `ended` is None while it runs, and after a kill.

    `suite` is the folder as it was named, `base_url` where the service was, without credentials. `selection` says what
    of the suite was chosen (empty: all of it), `totals` how it went; both are JSON objects. `unavailable` is the
    status of a run that stopped because the service did not answer.
    """

    id: str
    started: float
    ended: float | None
    status: SuiteRunStatus
    suite: str
    base_url: str
    document_digest: str
    selection: Mapping[str, Any] = field(default_factory=dict)
    totals: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UsageRow:
    """What some exchanges, or requests of runs, used and cost.

    `groups` are the values that they have in common, in the order in which the groups were named; a value that is not
    known, or of no concern, is empty. `failures` are those of the `exchanges` that got no answer, though somebody still
    waited for one.
    """

    groups: tuple[str, ...]
    spending: UsageMeter
    exchanges: int
    failures: int


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import brought: the ids of the runs, how many jobs, attempts and exchanges, and what could not be
    carried.
    """

    runs: tuple[str, ...]
    jobs: int
    attempts: int
    lost: tuple[str, ...] = ()
    exchanges: int = 0
