"""Schemathesis as a user runs it: `schemathesis run` with its defaults, and what it says failed."""

import re
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from benchmarks import peers

SEED = "1"
_FAILURE = re.compile(r"^- (ST\d+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class PeerRun:
    """The failures, each as the operation and Schemathesis's code for what is wrong, and the seconds."""

    failures: frozenset[tuple[str, str]]
    seconds: float


def run(document: str, *options: str) -> PeerRun:
    """Run all that it does by default for a document, a path or a URL. `options` say where the service is, as whom."""
    peers.python()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [str(peers.FOLDER / "bin" / "schemathesis"), "run", document, "--seed", SEED, *options]
        started = time.perf_counter()
        ran = subprocess.run(
            [*command, "--report", "junit", "--report-junit-path", str(report)],
            cwd=folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
        seconds = time.perf_counter() - started
        if ran.returncode not in (0, 1) or not report.exists():
            raise RuntimeError(f"Schemathesis ended with {ran.returncode}: {ran.stdout[-2000:]}{ran.stderr[-2000:]}")
        return PeerRun(frozenset(read_failures(report)), seconds)


def read_failures(report: Path) -> Sequence[tuple[str, str]]:
    return [
        (str(case.get("name")), code)
        for case in ET.parse(report).iter("testcase")
        for failure in case.iter("failure")
        for code in _FAILURE.findall(failure.text or "")
    ]
