"""Reports of runs: XML for machines, a page for people, and the codes that processes end with."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest

from casecraft.cli.suite_reports import show_report
from casecraft.core.outcome import CaseResult, Outcome
from casecraft.runner.junit import as_junit
from casecraft.runner.page import as_page, bars
from casecraft.runner.report import CheckedCase, FailOn, SuiteReport, as_json
from casecraft.state import SuiteRunStatus
from casecraft.suites import WrittenCase

HOSTILE = '<script>alert("x")</script>\x00\x1b[31m\ud800 & ]]>'


def checked(case_id: str, outcome: Outcome, kind: str = "", *, flaky: bool = False, text: str = "") -> CheckedCase:
    case = WrittenCase(case_id, "GET /a", "get.a", f"Title of {case_id}", True, "P0", ("path:valid", case_id), {})
    result = CaseResult(case_id, "GET /a", outcome, kind, 500 if kind else None, 0.5, flaky, text[:20])
    return CheckedCase(result, f"test.py::{case_id}", case, text, "curl -X GET http://x/a" if kind else "")


def report(*cases: CheckedCase, status: SuiteRunStatus = "done") -> SuiteReport:
    return SuiteReport("20270101-000000", "suites/a", "An API", "http://x", status, len(cases) + 1, 2.0, cases)


ALL = report(
    checked("good", "passed"),
    checked("bad", "failed", "server_error", text=HOSTILE),
    checked("odd", "finding", "accepted_invalid", text="accepted an invalid request: status 200"),
    checked("lost", "unanswered", "no_answer", text="no answer: ReadTimeout"),
    checked("stuck", "blocked", "blocked", text="needs credentials"),
    checked("shaky", "passed", "server_error", flaky=True, text="server error: status 503"),
)


@pytest.mark.parametrize(
    ("outcome", "status", "codes"),
    [
        ("passed", "done", (0, 0, 0)),
        ("blocked", "done", (0, 0, 0)),
        ("failed", "done", (1, 1, 0)),
        ("finding", "done", (0, 1, 0)),
        ("unanswered", "done", (4, 4, 4)),
        ("passed", "unavailable", (4, 4, 4)),
        ("failed", "unavailable", (1, 1, 4)),
        ("failed", "interrupted", (130, 130, 130)),
    ],
)
def test_exit_codes(outcome: Outcome, status: SuiteRunStatus, codes: tuple[int, int, int]) -> None:
    one = report(checked("a", outcome), status=status)
    found: list[FailOn] = ["failure", "finding", "never"]
    assert tuple(one.exit_code(fail_on) for fail_on in found) == codes


def test_counts_say_what_was_not_run() -> None:
    assert ALL.counts == {
        "passed": 2,
        "failed": 1,
        "finding": 1,
        "unanswered": 1,
        "blocked": 1,
        "flaky": 1,
        "not_run": 1,
    }


@pytest.mark.parametrize(("fail_on", "failures"), [("failure", "1"), ("finding", "2")])
def test_junit(fail_on: FailOn, failures: str) -> None:
    root = ET.fromstring(as_junit(ALL, fail_on))
    (group,) = root
    assert group.attrib["name"] == "GET /a"
    assert [group.attrib[name] for name in ("tests", "failures", "errors", "skipped")] == ["6", failures, "1", "1"]
    by_name = {case.attrib["name"].split(" [")[0]: case for case in group}
    failure = by_name["Title of bad"].find("failure")
    assert failure is not None
    assert failure.attrib["type"] == "server_error"
    assert failure.text == '<script>alert("x")</script>��[31m� & ]]>'
    flaky = by_name["Title of shaky"].find("system-out")
    assert flaky is not None
    assert flaky.text == "flaky: server error: status 503"


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_the_page_has_everything_and_runs_and_loads_nothing() -> None:
    text = as_page(ALL).decode()
    page = Page(text)
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "img", "link", "iframe", "object"}
    assert not [attrs for _, attrs in page.tags if {"src", "href", "onclick"} & attrs.keys()]
    assert "url(" not in text
    shown = " ".join(page.texts)
    assert '<script>alert("x")</script>' in shown
    for part in ("Title of bad", "Title of odd", "Title of lost", "Title of shaky", "1 case: needs credentials"):
        assert part in shown
    assert "curl -X GET http://x/a" in shown
    assert "prefers-color-scheme: dark" in text


def test_the_picture_is_to_scale() -> None:
    drawn = bars({"passed": 6, "failed": 3, "blocked": 3, "flaky": 9, "not_run": 9})
    assert [(bar["outcome"], bar["x"], bar["width"]) for bar in drawn] == [
        ("passed", "0.00", "50.00"),
        ("failed", "50.00", "25.00"),
        ("blocked", "75.00", "25.00"),
    ]
    assert bars({}) == []
    assert len(re.findall(r'<rect class="failed"', as_page(ALL).decode())) == 2  # all, and the one endpoint


def test_json_goes_by_endpoint_and_target() -> None:
    data = as_json(ALL, "failure")
    (endpoint,) = data["endpoints"]
    assert data["exit_code"] == 1
    assert endpoint["counts"]["passed"] == 2
    assert endpoint["targets"]["bad"] == {"failed": 1}
    assert sum(endpoint["targets"]["path:valid"].values()) == 6
    (bad,) = (case for case in endpoint["cases"] if case["case_id"] == "bad")
    assert (bad["kind"], bad["status"], bad["command"]) == ("server_error", 500, "curl -X GET http://x/a")


def test_warnings_and_what_was_left_behind_are_in_every_report(capsys: pytest.CaptureFixture[str]) -> None:
    warned = replace(ALL, warnings={"left behind: DELETE /a/1: 500": 1, HOSTILE: 12})
    data = as_json(warned, "failure")
    assert data["left_behind"] == [{"text": "DELETE /a/1: 500", "times": 1}]
    assert data["warnings"] == [{"text": HOSTILE, "times": 12}]
    shown = " ".join(Page(as_page(warned).decode()).texts)
    assert "Left behind at the service" in shown
    assert '12 times: <script>alert("x")</script>' in shown
    show_report(warned, "failure", as_json=False)
    text = capsys.readouterr().out
    assert "\nleft behind at the service\n  DELETE /a/1: 500\n" in text
    assert "\nwarnings\n  12 times: " in text
    assert "1 left behind at the service, 1 warning\n" in text
    assert "\x1b" not in text
