"""Kinto as a process in an environment of its own, which counts what reaches it and which of its branches run."""

import json
import signal
import subprocess
import tempfile
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks import peers
from benchmarks.load import CACHE
from benchmarks.processes import ROOT

FOLDER = CACHE / "kinto"
REQUIREMENTS = ("kinto==26.5.0", "coverage==7.17.*", "setuptools<81")
BASE = "/v1"


class KintoProcess:
    """Serves from entering to leaving; then `report` is what benchmarks/kinto_service.py has counted."""

    report: dict[str, Any]

    def __enter__(self) -> Self:
        interpreter = peers.make_environment(FOLDER, REQUIREMENTS)
        self._folder = tempfile.TemporaryDirectory()
        self._report = Path(self._folder.name) / "report.json"
        self._process = subprocess.Popen(
            [interpreter, "-m", "benchmarks.kinto_service", str(self._report)],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        port = self._process.stdout.readline().strip()
        if not port:
            raise RuntimeError(f"kinto did not start: it ended with {self._process.wait()}")
        self.base_url = f"http://127.0.0.1:{port}{BASE}"
        self.document_url = f"{self.base_url}/__api__"
        return self

    def read_document(self) -> bytes:
        """The document that kinto publishes of itself."""
        with urllib.request.urlopen(self.document_url) as answer:
            content: bytes = answer.read()
        return content

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.communicate()
        if error is None:
            self.report = json.loads(self._report.read_bytes())
        self._folder.cleanup()
