"""pytest as a process of its own: begun, listened to, stopped."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from casecraft.errors import SuiteError

PLUGIN = "casecraft.runner.plugin"
FOLDER = "CASECRAFT_RUN"
CHOSEN, RESULTS, STOP, OUTPUT, SETTINGS = "chosen.json", "results.jsonl", "stop", "output.txt", "pytest.ini"
TICK = 0.05
"""Seconds between two looks at what has come."""

GRACE = 15.0
"""Seconds that the tests under way have to end after they were asked to."""

_NEEDED = ("pytest", "xdist", "httpx", "jsonschema")
_SHOWN_LINES = 15
_ENDED_WELL = frozenset({0, 1, 2, 5})  # passed, failed, stopped, nothing to run


@dataclass(frozen=True, slots=True)
class Line:
    """How one test ended: "passed", "failed" or "skipped". `case` is None for tests of people's own."""

    node: str
    case: str | None
    outcome: str
    seconds: float
    text: str


class PytestProcess:
    """A pytest that runs a suite. `lines` gives what has come since the last look, `warnings` what was warned of, and
    how often.
    """

    def __init__(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        self._process = process
        self._folder = folder
        self.warnings: Counter[str] = Counter()
        self._read = 0
        self._stopped: float | None = None

    def lines(self) -> Iterator[list[Line]]:
        """Batches of ends of tests, empty ones too, until the process has ended.

        Raises SuiteError where pytest could not run the suite.
        """
        running = True
        while running:
            running = self._process.poll() is None
            yield self._news()
            if running:
                time.sleep(TICK)
                self._kill_late()
        if self._stopped is None and self._process.returncode not in _ENDED_WELL:
            raise self._failure()

    def stop(self) -> None:
        """Let the tests that are under way end, and begin no more."""
        (self._folder / STOP).touch()
        self._stopped = self._stopped or time.monotonic()

    def kill(self) -> None:
        """End it at once, and the processes that it began."""
        if self._process.poll() is None:
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()
        self._process.wait()

    def _kill_late(self) -> None:
        if self._stopped is not None and time.monotonic() - self._stopped > GRACE:
            self.kill()

    def _news(self) -> list[Line]:
        path = self._folder / RESULTS
        if not path.exists():
            return []
        with path.open("rb") as file:
            file.seek(self._read)
            content = file.read()
        whole = content[: content.rfind(b"\n") + 1]
        self._read += len(whole)
        news = [json.loads(text) for text in whole.splitlines()]
        self.warnings.update(data["warning"] for data in news if "warning" in data)
        return [_line(data) for data in news if "warning" not in data]

    def _failure(self) -> SuiteError:
        output = (self._folder / OUTPUT).read_text("utf-8", "replace").strip().splitlines()
        said = " | ".join(line.strip() for line in output[-_SHOWN_LINES:] if line.strip())
        return SuiteError(
            f"pytest could not run the suite (exit code {self._process.returncode}): {said}",
            hint="Run pytest in the suite's folder to see all of it; `casecraft generate` writes a suite anew.",
        )


@contextmanager
def running_pytest(
    suite: Path,
    environment: Mapping[str, str],
    *,
    workers: int,
    cases: Sequence[str] | None,
    nodes: Sequence[str] | None = None,
    most_unanswered: int,
    fail_fast: bool = False,
    invalid: Sequence[str] = (),
) -> Iterator[PytestProcess]:
    """pytest over the suite in a folder: all of its tests, those of some cases, or those of some node ids.

    It begins no more after `most_unanswered` in a row had no answer, and with `fail_fast` after the first failure; to
    tell that from a finding it needs to know the ids of the cases with an `invalid` request.
    It sees `environment` and none of the settings and plugins that pytest would find here. Raises SuiteError where
    something that it needs is not installed.
    """
    _refuse_missing()
    with tempfile.TemporaryDirectory(prefix="casecraft-run-") as name:
        folder = Path(name)
        ends = {"fail_fast": fail_fast, "invalid": list(invalid), "most_unanswered": most_unanswered}
        (folder / CHOSEN).write_text(json.dumps({"cases": cases, "nodes": nodes, "parent": os.getpid(), **ends}))
        (folder / SETTINGS).write_text("[pytest]\n")
        with (folder / OUTPUT).open("wb") as output:
            process = subprocess.Popen(  # noqa: S603  # our own Python and arguments
                _command(suite, folder, workers),
                cwd=suite,
                env={**_without_pytest(environment), FOLDER: name},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for us: we stop it in an orderly way
            )
        begun = PytestProcess(process, folder)
        try:
            yield begun
        finally:
            begun.kill()


def _command(suite: Path, folder: Path, workers: int) -> list[str]:
    parallel = ["-p", "xdist.plugin", "-n", str(workers), "--dist", "worksteal"] if workers > 1 else []
    settings = ["-c", str(folder / SETTINGS), "--rootdir", str(suite.resolve())]
    plugins = ["-p", PLUGIN, "-p", "no:cacheprovider"]
    return [sys.executable, "-m", "pytest", "-q", *settings, *plugins, *parallel, str(suite.resolve())]


def _without_pytest(environment: Mapping[str, str]) -> dict[str, str]:
    kept = {name: text for name, text in environment.items() if not name.startswith("PYTEST_")}
    return {**kept, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def _line(data: Mapping[str, Any]) -> Line:
    if "broken" in data:
        return Line(data["broken"], None, "failed", 0.0, data["text"])
    return Line(data["node"], data["case"], data["outcome"], data["seconds"], data["text"])


def _refuse_missing() -> None:
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise SuiteError(
            f"to run suites, casecraft needs what is not installed: {', '.join(missing)}",
            hint='Install it: pip install "casecraft-engine[suite]"',
        )
