"""Reports as pages: one file each, without scripts and without anything from elsewhere."""

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from casecraft.runner.history import History
from casecraft.runner.report import OUTCOMES, SuiteReport, tally, tally_targets, words_of

WORDS = {
    "passed": "passed",
    "failed": "failed",
    "finding": "findings",
    "unanswered": "no answer",
    "blocked": "blocked",
}
_WIDTH = 100.0


def as_page(report: SuiteReport) -> bytes:
    """A run as HTML: a bar for each endpoint, then everything that did not pass, with the command that shows it."""
    groups = report.by_endpoint()
    endpoints = [
        {"id": name, "tally": tally(cases), "bars": bars(tally(cases)), "targets": tally_targets(cases), "cases": cases}
        for name, cases in groups.items()
    ]
    return _render("run.html.j2", report=report, endpoints=endpoints, bars=bars(report.counts))


def as_history_page(history: History) -> bytes:
    """What is new since the last run as HTML."""
    return _render("history.html.j2", history=history)


def bars(counts: Mapping[str, int]) -> list[dict[str, Any]]:
    """Where each outcome's part of a bar begins and how wide it is, in hundredths of the bar."""
    total = sum(counts.get(outcome, 0) for outcome in OUTCOMES)
    drawn: list[dict[str, Any]] = []
    begin = 0.0
    for outcome in OUTCOMES:
        if number := counts.get(outcome, 0):
            width = _WIDTH * number / total
            drawn.append({"outcome": outcome, "number": number, "x": f"{begin:.2f}", "width": f"{width:.2f}"})
            begin += width
    return drawn


def _render(name: str, **facts: Any) -> bytes:
    templates = Environment(
        loader=PackageLoader("casecraft.runner"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    templates.filters["words_of"] = words_of
    text = templates.get_template(name).render(words=WORDS, **facts)
    return text.encode("utf-8", "backslashreplace")
