"""What the cases of an endpoint hit, by whom, and what nothing hits."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from casecraft.core.case import Case, Source
from casecraft.core.job import Coverage
from casecraft.suites.suite import Entry


def targets_report(coverage: Coverage, cases: Sequence[Case]) -> dict[str, Any]:
    """The targets of one endpoint in figures; those that nothing hits by their ids, with the reason.

    `hit_by` counts each target once: for the first model that hits it, for `rules` where no model does. `left_out` are
    the targets that could be hit and that no case of this suite hits.
    """
    hit_by = _makers(cases)
    left_out = [target for target in coverage.reachable if target not in hit_by]
    known = {*coverage.reachable, *coverage.unreachable}
    unreachable = {target: reason for target, reason in coverage.unreachable.items() if target not in hit_by}
    return {
        "total": len(known | hit_by.keys()),
        "hit": len(hit_by),
        "hit_by": dict(sorted(Counter(hit_by.values()).items())),
        "left_out": left_out,
        "unreachable": unreachable,
    }


def targets_total(entries: Iterable[Entry]) -> dict[str, Any]:
    """The same of a whole suite, in figures alone."""
    reports = [
        targets_report(entry.result.coverage, entry.result.cases)
        for entry in entries
        if entry.result.coverage is not None
    ]
    hit_by: Counter[str] = Counter()
    for report in reports:
        hit_by.update(report["hit_by"])
    return {
        "total": sum(report["total"] for report in reports),
        "hit": sum(report["hit"] for report in reports),
        "hit_by": dict(sorted(hit_by.items())),
        "left_out": sum(len(report["left_out"]) for report in reports),
        "unreachable": sum(len(report["unreachable"]) for report in reports),
    }


def _makers(cases: Sequence[Case]) -> dict[str, str]:
    """Who is counted for each target that is hit."""
    makers: dict[str, str] = {}
    for case in sorted(cases, key=lambda case: case.source.provider == "rules"):
        for target in case.targets:
            makers.setdefault(target, _name(case.source))
    return makers


def _name(source: Source) -> str:
    return source.provider if source.model is None else f"{source.provider}/{source.model}"
