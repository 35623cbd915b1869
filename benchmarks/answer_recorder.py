"""A plugin of pytest that notes how each case of a suite was answered: `pytest -p benchmarks.answer_recorder`.

It looks at what the suite sends, from outside, and leaves the suite as it is. The file that ANSWERS names gets one JSON
line for each case: `case` (its id), `endpoint`, `valid`, `technique`, `targets`, `request_type` (of the body, if there
is one), `expected` (statuses), `outcome` (of the test), and of the answer to the case's own request `status`, `headers`
(names in lower case) and `body`; those are null where nothing was sent.
A scenario has `scenario` (its id) and `outcome`.
"""

import json
import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx
import pytest

from benchmarks.traffic import as_pattern

ANSWERS = "CASECRAFT_BENCHMARK_ANSWERS"


def pytest_configure(config: pytest.Config) -> None:
    if path := os.environ.get(ANSWERS):
        config.pluginmanager.register(Recorder(Path(path)))


class Recorder:
    """Notes what every client of httpx is answered, and writes it down by case."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._answers: list[httpx.Response] = []
        send = httpx.Client.send

        def noting(client: httpx.Client, request: httpx.Request, **options: Any) -> httpx.Response:
            response = send(client, request, **options)
            self._answers.append(response)
            return response

        httpx.Client.send = noting  # type: ignore[method-assign]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Write the case's line once its test is over."""
        report = yield
        if call.when == "call" and (case := find_parameter(item, "case")):
            self._write_case(case, report.outcome)
        elif call.when == "call" and (scenario := find_parameter(item, "scenario")):
            self._write({"scenario": scenario["id"], "outcome": report.outcome})
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_call(self) -> None:
        """Forget the answers to the case before."""
        self._answers.clear()

    def _write_case(self, case: dict[str, Any], outcome: str) -> None:
        answer = find_answer(case["request"], self._answers)
        line = {
            "case": case["id"], "endpoint": f"{case['request']['method']} {case['request']['path']}",
            "valid": case["valid"], "technique": case["technique"], "targets": case["targets"], "outcome": outcome,
            "request_type": case["request"]["content_type"],
            "expected": case["expect"]["status"],
            "status": answer and answer.status_code,
            "headers": answer and dict(answer.headers),
            "body": answer and answer.text,
        }  # fmt: skip
        self._write(line)

    def _write(self, line: dict[str, Any]) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def find_parameter(item: pytest.Item, name: str) -> dict[str, Any] | None:
    """The case or the scenario that a test of a suite carries out."""
    found = getattr(item, "callspec", None)
    value = found.params.get(name) if found else None
    return value if isinstance(value, dict) and "id" in value else None


def find_answer(request: dict[str, Any], answers: list[httpx.Response]) -> httpx.Response | None:
    """The answer to the case itself. What is set up before it came first; what is cleared away went elsewhere."""
    matches = as_pattern(request["path"].partition("#")[0].partition("?")[0])
    own = [
        answer
        for answer in answers
        if answer.request.method == request["method"]
        and matches(answer.request.url.raw_path.decode().partition("?")[0])
    ]
    return (own or answers or [None])[-1]
