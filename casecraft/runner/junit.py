"""A run as JUnit XML, as continuous integration reads it.

A failure is a `failure`, what had no answer an `error`, what was blocked is `skipped`. A finding is a `failure` where
the run is to fail for it; else it passed, and its text is in `system-out`, as is that of a flaky case.
"""

import re
from xml.etree import ElementTree as ET

from casecraft.runner.report import CheckedCase, FailOn, SuiteReport

_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TAGS = {"failed": "failure", "unanswered": "error", "blocked": "skipped"}


def as_junit(report: SuiteReport, fail_on: FailOn) -> bytes:
    """The report as XML: a test suite for each endpoint, a test case for each case."""
    root = ET.Element("testsuites", name=_text(report.title or report.suite), time=f"{report.seconds:.3f}")
    for endpoint, cases in report.by_endpoint().items():
        group = ET.SubElement(root, "testsuite", name=_text(endpoint), tests=str(len(cases)))
        tags = [_add(group, case, fail_on) for case in cases]
        for tag, name in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            group.set(name, str(tags.count(tag)))
        group.set("time", f"{sum(case.result.seconds for case in cases):.3f}")
    ET.indent(root)
    text: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _add(group: ET.Element, case: CheckedCase, fail_on: FailOn) -> str:
    """Add a case; returns the tag that says how it ended."""
    result = case.result
    name = _text(f"{case.title} [{result.case_id}]")
    element = ET.SubElement(group, "testcase", classname=_text(case.endpoint), name=name, time=f"{result.seconds:.3f}")
    tag = "failure" if result.outcome == "finding" and fail_on == "finding" else _TAGS.get(result.outcome, "")
    if tag:
        ET.SubElement(element, tag, type=result.kind, message=_text(result.message)).text = _text(case.text)
    elif case.text:
        word = "flaky" if result.flaky else "finding"
        ET.SubElement(element, "system-out").text = _text(f"{word}: {case.text}")
    return tag


def _text(text: str) -> str:
    """The text without what XML has no place for."""
    return _NOT_XML.sub("�", text)
