"""Reports as pages: one file each, without scripts and without anything from elsewhere."""

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from casecraft.runner.history import History
from casecraft.runner.report import OUTCOMES, CheckedCase, SuiteReport, tally, tally_targets, words_of

WORDS = {
    "passed": ("passed", "passed"),
    "failed": ("failed", "failed"),
    "finding": ("finding", "findings"),
    "unanswered": ("without an answer", "without an answer"),
    "blocked": ("blocked", "blocked"),
    "flaky": ("flaky", "flaky"),
    "case": ("case", "cases"),
    "target": ("target", "targets"),
}
"""How one of each is called, and several."""

CHOSEN = ("failed", "finding", "unanswered", "flaky", "blocked")
"""What a reader can hide."""

_WIDTH = 100.0


def as_page(report: SuiteReport) -> bytes:
    """A run as HTML: everything that did not pass, with the command that shows it, then a bar for each endpoint."""
    endpoints = [
        {
            "id": name,
            "tally": tally(cases),
            "words": _in_words(tally(cases)),
            "bars": bars(tally(cases)),
            "targets": {target: _in_words(counts) for target, counts in tally_targets(cases).items()},
        }
        for name, cases in report.by_endpoint().items()
    ]
    counts = report.counts
    chosen = [kind for kind in CHOSEN if counts[kind]]
    return _render("run.html.j2", report=report, endpoints=endpoints, bars=bars(counts), chosen=chosen)


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
            words = _counted(outcome, number)
            drawn.append({"outcome": outcome, "words": words, "x": f"{begin:.2f}", "width": f"{width:.2f}"})
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
    templates.filters |= {"words_of": words_of, "counted": _counted, "text_without_command": _text_without_command}
    text = templates.get_template(name).render(**facts)
    return text.encode("utf-8", "backslashreplace")


def _counted(kind: str, number: int) -> str:
    """`1 finding`, `2 findings`."""
    return f"{number} {WORDS[kind][number != 1]}"


def _in_words(counts: Mapping[str, int]) -> str:
    return ", ".join(_counted(kind, number) for kind, number in counts.items())


def _text_without_command(case: CheckedCase) -> str:
    """What was said of a case, without the command that stands above it already."""
    return case.text.replace(f"{case.command}\n", "") if case.command else case.text
