"""Runs a suite: asks whether the service is there, has pytest carry the cases out, and tries failures again."""

import os
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from casecraft.core.credentials import without_credentials
from casecraft.core.outcome import CaseResult
from casecraft.errors import SuiteError
from casecraft.runner.preflight import checked_base_url, refuse_absent
from casecraft.runner.process import Line, PytestProcess, running_pytest
from casecraft.runner.report import CheckedCase, SuiteReport
from casecraft.runner.selection import Selection, choose
from casecraft.runner.verdicts import judge
from casecraft.state import Store, SuiteRunStatus, begin_suite_run, finish_suite_run, record_results
from casecraft.suites import WrittenCase, WrittenSuite

MOST_WORKERS = 4
FEW_CASES = 20
"""So many cases are not worth more than one worker."""

MOST_UNANSWERED = 20
"""So many cases in a row without an answer of the service end the run: the rest would fare no better."""

LONGEST_MESSAGE = 500
"""Characters of a problem that the state file keeps."""

_HEADER_VARIABLE = "CASECRAFT_HEADER_"
_SECRETS = ("CASECRAFT_AUTH_", "CASECRAFT_FOREIGN_AUTH_", _HEADER_VARIABLE)
_SHORTEST_SECRET = 4


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a suite is run.

    `environment` has the credentials; `headers` go with every request. `rate` is the most requests a second of all
    workers together, `timeout` the seconds that an answer may take. Failures are tried again `retries` times.
    """

    base_url: str
    environment: Mapping[str, str] = field(repr=False)
    selection: Selection = field(default_factory=Selection)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    workers: int | None = None
    rate: float | None = None
    timeout: float = 30.0
    retries: int = 1
    fail_fast: bool = False


@dataclass(slots=True)
class Progress:
    """A run so far: of `total` cases those that ended, by outcome. `again` counts the cases that are tried again."""

    total: int
    counts: Counter[str] = field(default_factory=Counter)
    again: int = 0

    @property
    def done(self) -> int:
        """How many cases have ended."""
        return sum(self.counts.values())


Listener = Callable[[Progress, Sequence[CheckedCase]], None]


def run_suite(suite: WrittenSuite, options: RunOptions, store: Store, listen: Listener) -> SuiteReport:
    """Run what is chosen of a suite and record each result as it comes. `listen` is told now and then.

    After a first Ctrl-C (KeyboardInterrupt) the tests under way may end and the report has what was run; a second one
    is raised. Raises SuiteError where the suite cannot be run, ServiceError where the service is not there.
    """
    if not (suite.folder / "conftest.py").is_file():
        raise SuiteError(
            f"{str(suite.folder)!r} has no conftest.py: its format is not pytest",
            hint="Make it with `casecraft generate --format pytest`.",
        )
    options = replace(options, base_url=checked_base_url(options.base_url))
    chosen = choose(suite, options.selection)
    refuse_absent(options.base_url, options.headers, timeout=options.timeout)
    return _SuiteRun(suite, options, store, listen, chosen).run()


class _SuiteRun:
    """One run, from its begin to its report."""

    def __init__(
        self,
        suite: WrittenSuite,
        options: RunOptions,
        store: Store,
        listen: Listener,
        chosen: Mapping[str, WrittenCase],
    ) -> None:
        self._suite, self._options, self._store, self._listen = suite, options, store, listen
        self._chosen = chosen
        self._progress = Progress(len(chosen))
        self._checked: dict[str, CheckedCase] = {}
        self._warnings: Counter[str] = Counter()
        self._unanswered = 0
        self._interrupted = False
        self._variables = _variables(options)
        self._id = ""

    def run(self) -> SuiteReport:
        began, start = time.time(), time.monotonic()
        self._id = begin_suite_run(
            self._store,
            started=began,
            suite=str(self._suite.folder),
            base_url=self._options.base_url,
            document_digest=self._suite.digest,
            selection=self._options.selection.facts,
        )
        status: SuiteRunStatus = "interrupted"
        try:
            self._run_all()
            status = self._status
        finally:
            report = self._report(status, time.monotonic() - start)
            finish_suite_run(self._store, self._id, ended=time.time(), status=status, totals=report.counts)
        return report

    @property
    def _status(self) -> SuiteRunStatus:
        if self._interrupted:
            return "interrupted"
        return "unavailable" if self._is_away else "done"

    @property
    def _is_away(self) -> bool:
        """Whether the service has stopped to answer, or never has."""
        counts = self._progress.counts
        never = counts["unanswered"] > 0 and counts["unanswered"] + counts["blocked"] == self._progress.done
        return never or self._unanswered >= MOST_UNANSWERED

    def _run_all(self) -> None:
        everything = self._options.selection == Selection()
        self._carry_out(None if everything else list(self._chosen), None)
        for _ in range(self._options.retries):
            wrong = [case.node for case in self._checked.values() if case.result.outcome in _WRONG]
            if not wrong or self._interrupted or self._is_away:
                return
            self._progress.again = len(wrong)
            self._carry_out(None, wrong)

    def _carry_out(self, cases: list[str] | None, nodes: list[str] | None) -> None:
        workers = _workers(self._options, len(nodes) if nodes is not None else len(self._chosen))
        with running_pytest(
            self._suite.folder,
            self._variables,
            workers=workers,
            cases=cases,
            nodes=nodes,
            most_unanswered=MOST_UNANSWERED,
            fail_fast=self._options.fail_fast and not self._progress.again,
            invalid=[case.id for case in self._chosen.values() if not case.valid],
        ) as process:
            while not self._listen_to(process):
                self._interrupted = True
                process.stop()
        for text, times in process.warnings.items():
            self._warnings[_redacted(text, self._variables, self._options.base_url)] += times

    def _listen_to(self, process: PytestProcess) -> bool:
        """Take what comes; False where the first Ctrl-C came in between."""
        try:
            for lines in process.lines():
                self._take(lines)
        except KeyboardInterrupt:
            if self._interrupted:
                raise
            return False
        return True

    def _take(self, lines: Iterable[Line]) -> None:
        news = [self._settled(self._judged(line)) for line in lines]
        for case in news:
            self._count(case)
        if news:
            record_results(self._store, self._id, (case.result for case in news))
        self._listen(self._progress, news)

    def _judged(self, line: Line) -> CheckedCase:
        case = self._chosen.get(line.case or "")
        text = _redacted(line.text, self._variables, self._options.base_url)
        result = CaseResult(
            case_id=line.node if case is None else case.id,
            endpoint_id="" if case is None else case.endpoint_id,
            outcome="passed",
            seconds=line.seconds,
        )
        if line.outcome == "skipped":
            blocked = replace(result, outcome="blocked", kind="blocked", message=text[:LONGEST_MESSAGE])
            return CheckedCase(blocked, line.node, case, text)
        if line.outcome == "passed":
            return CheckedCase(result, line.node, case)
        verdict = judge(text, valid=case is None or case.valid)
        failed = replace(
            result,
            outcome=verdict.outcome,
            kind=verdict.kind,
            status=verdict.status,
            message=verdict.problem[:LONGEST_MESSAGE],
        )
        return CheckedCase(failed, line.node, case, text, verdict.command)

    def _settled(self, case: CheckedCase) -> CheckedCase:
        """A case in the light of how it ended before: what passes only the second time is flaky."""
        before = self._checked.get(case.result.case_id)
        if before is None or before.result.outcome not in _WRONG:
            return case
        if case.result.outcome == "passed":
            flaky = replace(before.result, outcome="passed", flaky=True, seconds=case.result.seconds)
            return replace(before, result=flaky)
        return before if case.result.outcome == "blocked" else case

    def _count(self, case: CheckedCase) -> None:
        before = self._checked.get(case.result.case_id)
        if before is not None:
            self._progress.counts[before.result.outcome] -= 1
        self._checked[case.result.case_id] = case
        self._progress.counts[case.result.outcome] += 1
        if case.result.outcome != "blocked":
            self._unanswered = self._unanswered + 1 if case.result.outcome == "unanswered" else 0

    def _report(self, status: SuiteRunStatus, seconds: float) -> SuiteReport:
        document = self._suite.manifest.get("document") or {}
        return SuiteReport(
            run_id=self._id,
            suite=str(self._suite.folder),
            title=str(document.get("title", "")),
            base_url=without_credentials(self._options.base_url),
            status=status,
            chosen=len(self._chosen),
            seconds=seconds,
            cases=tuple(self._checked.values()),
            warnings=dict(sorted(self._warnings.items())),
        )


_WRONG = frozenset({"failed", "finding", "unanswered"})


def _workers(options: RunOptions, cases: int) -> int:
    if options.workers is not None:
        return max(1, min(options.workers, cases))
    return 1 if cases <= FEW_CASES else min(MOST_WORKERS, os.cpu_count() or 1)


def _variables(options: RunOptions) -> dict[str, str]:
    """The environment of the suite's process. Nothing of this stands on a command line, where others could see it."""
    headers = {_HEADER_VARIABLE + name.upper().replace("-", "_"): text for name, text in options.headers.items()}
    told = {"CASECRAFT_BASE_URL": options.base_url, "CASECRAFT_TIMEOUT": f"{options.timeout:g}"}
    rate = {} if options.rate is None else {"CASECRAFT_RATE": f"{options.rate:g}"}
    return {**options.environment, **told, **rate, **headers}


def _redacted(text: str, variables: Mapping[str, str], base_url: str) -> str:
    """The text without secrets, should a test have let one through, and without those in the base URL."""
    secrets = {name: value.strip() for name, value in variables.items() if name.startswith(_SECRETS)}
    for name, value in sorted(secrets.items(), key=lambda secret: -len(secret[1])):
        if len(value) >= _SHORTEST_SECRET:
            text = text.replace(value, f"${name}")
    return text.replace(base_url, without_credentials(base_url))


def state_file(suite: WrittenSuite, folder: Path) -> Path:
    """The state file of the suite's document in `folder`, by the name that the manifest has.

    A suite without such a name gets one by its own; so does one whose name leads elsewhere.
    """
    run = suite.manifest.get("run")
    name = str(run.get("state")) if isinstance(run, Mapping) else ""
    plain = re.fullmatch(r"[\w.-]+\.sqlite", name)
    return folder / (name if plain else f"{suite.folder.resolve().name}.sqlite")
