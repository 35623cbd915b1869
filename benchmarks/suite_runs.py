"""Suites as a user makes and runs them: `casecraft generate --provider rules`, then pytest."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.answer_recorder import ANSWERS
from benchmarks.processes import CASECRAFT, ROOT

TIMEOUT = "5"
"""Seconds that an answer may take: services are on this machine, and some never answer what they cannot read."""


@dataclass(frozen=True, slots=True)
class SuiteRun:
    """What became of each case and scenario, as the recorder writes it, and the seconds that pytest took."""

    lines: list[dict[str, Any]]
    seconds: float

    @property
    def answers(self) -> list[dict[str, Any]]:
        """What is known of cases alone."""
        return [line for line in self.lines if "case" in line]

    def passed(self) -> set[str]:
        """The ids of the cases and scenarios that passed."""
        return self._with("passed")

    def failed(self) -> set[str]:
        """The ids of those that failed; what was blocked is in neither."""
        return self._with("failed")

    def _with(self, outcome: str) -> set[str]:
        return {line.get("case") or line["scenario"] for line in self.lines if line["outcome"] == outcome}


@dataclass(frozen=True, slots=True)
class Suite:
    """A suite that was written, and with which secrets it runs."""

    folder: Path
    credentials: Mapping[str, str] = field(default_factory=dict)
    """Environment variables for the secrets of the document's schemes; made up where a variable is not given."""

    def run(self, base_url: str, *options: str) -> SuiteRun:
        """Run the suite with pytest. Cases may fail; raises RuntimeError where pytest itself breaks."""
        answers = self.folder / "answers.jsonl"
        answers.unlink(missing_ok=True)
        environment = {**os.environ, **self._secrets(), **self.credentials, "CASECRAFT_BASE_URL": base_url}
        environment |= {ANSWERS: str(answers), "PYTHONPATH": str(ROOT), "CASECRAFT_TIMEOUT": TIMEOUT}
        started = time.perf_counter()
        ran = subprocess.run(
            (*PYTEST, *options, str(self.folder)),
            cwd=self.folder, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        seconds = time.perf_counter() - started
        if ran.returncode not in (0, 1):
            raise RuntimeError(f"pytest ended with {ran.returncode}: {ran.stdout[-2000:]}{ran.stderr[-2000:]}")
        return SuiteRun([json.loads(line) for line in answers.read_text("utf-8").splitlines()], seconds)

    def _secrets(self) -> dict[str, str]:
        schemes = {
            (scheme["name"], scheme.get("scheme", "").lower() == "basic")
            for path in (self.folder / "cases").glob("*.json")
            for alternative in json.loads(path.read_bytes())["security"]
            for scheme in alternative
        }
        return {
            f"CASECRAFT_{whose}AUTH_{re.sub('[^A-Za-z0-9]', '_', name).upper()}": f"{user}:secret" if basic else user
            for name, basic in schemes
            for whose, user in (("", "somebody"), ("FOREIGN_", "another"))
        }


PYTEST = (sys.executable, "-m", "pytest", "-q", "--tb=no", "-p", "no:asyncio", "-p", "no:cacheprovider",
          "-p", "benchmarks.answer_recorder")  # fmt: skip


def generate(document: Path, folder: Path, credentials: Mapping[str, str] | None = None) -> tuple[Suite, float]:
    """The suite that rules make for a document, in a folder of its own, and the seconds that it took to make."""
    where = ("--state-dir", str(folder / "state"), "--output", str(folder / "suite"))
    started = time.perf_counter()
    subprocess.run(
        (*CASECRAFT, "generate", str(document), "--provider", "rules", "-q", *where),
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    return Suite(folder / "suite", credentials or {}), time.perf_counter() - started
