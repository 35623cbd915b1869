"""The plugin that `casecraft run` gives to pytest: runs what is chosen, reports each result as a line of JSON, stops.

It is told where by the environment: `CASECRAFT_RUN` is a folder with `chosen.json`, into which `results.jsonl` goes. A
file `stop` in it ends the run after the tests that are under way; so do the first failure, where `chosen.json` says
"fail_fast", and as many tests in a row without an answer as it says. Only pytest imports this module.
"""

import json
import os
import shutil
import warnings
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from casecraft.runner.verdicts import judge

FOLDER = "CASECRAFT_RUN"
CHOSEN, RESULTS, STOP = "chosen.json", "results.jsonl", "stop"
_CASE = "casecraft_case"


def pytest_configure(config: pytest.Config) -> None:
    """Begin to report, in the process that hears of all tests."""
    folder = Path(os.environ[FOLDER])
    chosen = json.loads((folder / CHOSEN).read_bytes())
    config.pluginmanager.register(Chooser(chosen))
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Reporter(folder, config, chosen))


class Chooser:
    """Leaves out the tests that are not chosen, by case or by node id; None chooses all."""

    def __init__(self, chosen: dict[str, Any]) -> None:
        self._cases = None if chosen["cases"] is None else set(chosen["cases"])
        self._nodes = None if chosen["nodes"] is None else set(chosen["nodes"])

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Take out what is not chosen."""
        kept = [item for item in items if self._chooses(item)]
        if len(kept) < len(items):
            config.hook.pytest_deselected(items=[item for item in items if not self._chooses(item)])
            items[:] = kept

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Say which case a test belongs to: its parameter is not in the report."""
        report = yield
        if (case := _case_of(item)) is not None:
            report.user_properties.append((_CASE, case))
        return report

    def _chooses(self, item: pytest.Item) -> bool:
        if self._nodes is not None:
            return item.nodeid in self._nodes
        return self._cases is None or _case_of(item) in self._cases


def _case_of(item: pytest.Item) -> str | None:
    """The id of the case or scenario that a test was made for; None for tests of people's own."""
    call = getattr(item, "callspec", None)
    for value in call.params.values() if call is not None else ():
        if isinstance(value, dict) and "id" in value:
            return str(value["id"])
    return None


class Reporter:
    """Writes a line for each test that ended, and for each file that could not be collected."""

    def __init__(self, folder: Path, config: pytest.Config, chosen: dict[str, Any]) -> None:
        self._config = config
        self._folder = folder
        self._stop = folder / STOP
        self._file = (folder / RESULTS).open("a", encoding="utf-8")
        self._parent = chosen["parent"]
        self._fail_fast = chosen["fail_fast"]
        self._invalid = frozenset(chosen["invalid"])
        self._failed = False
        self._most_unanswered = chosen["most_unanswered"]
        self._unanswered = 0
        self._session: pytest.Session | None = None

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Remember what is to be stopped."""
        self._session = session

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Write down a file that is no test module."""
        if report.failed:
            self._write({"broken": report.nodeid, "text": report.longreprtext})

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Write down how a test ended: its call, or what kept it from being called."""
        if report.when == "call" or not report.passed:
            # Not `longreprtext`: with xdist it begins with the name of the worker.
            text = str(report.longrepr[2] if isinstance(report.longrepr, tuple | list) else report.longrepr or "")
            case = dict(report.user_properties).get(_CASE)
            self._write(
                {
                    "node": report.nodeid,
                    "case": case,
                    "outcome": report.outcome,
                    "seconds": report.duration,
                    "text": text.removeprefix("Skipped: "),
                }
            )
            if not report.skipped:
                self._count(judge(text, valid=case not in self._invalid).outcome if report.failed else "passed")
        if self._must_end:
            self._end()

    def pytest_warning_recorded(self, warning_message: warnings.WarningMessage) -> None:
        """Write down what a test, or the suite's own files, warn of."""
        self._write({"warning": str(warning_message.message)})

    def pytest_unconfigure(self) -> None:
        """Nothing comes any more; where nobody is left who would remove the folder, that is for us."""
        self._file.close()
        if self._is_orphan:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _count(self, outcome: str) -> None:
        self._failed |= outcome == "failed"
        self._unanswered = self._unanswered + 1 if outcome == "unanswered" else 0

    @property
    def _must_end(self) -> bool:
        if (self._fail_fast and self._failed) or self._unanswered >= self._most_unanswered:
            return True
        return self._stop.exists() or self._is_orphan

    @property
    def _is_orphan(self) -> bool:
        """Whether the process that wants to know of all this has gone: nobody would stop us then."""
        return os.name == "posix" and os.getppid() != self._parent

    def _write(self, line: dict[str, Any]) -> None:
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()

    def _end(self) -> None:
        for running in (self._session, self._config.pluginmanager.getplugin("dsession")):
            if running is not None:
                running.shouldstop = "stopped by casecraft"
