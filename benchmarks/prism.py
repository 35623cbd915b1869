"""Sends every case to Prism, a validator that we did not write: are valid ones accepted and invalid ones refused?

    python -m benchmarks.prism [DOCUMENT …]

Without arguments: the sample petstore, GitHub's document, and every document in the folder that CASECRAFT_REAL_SPECS
names. `prism mock --errors` serves what a document says of requests (benchmarks/requests_only.py); the suite that rules
make for the whole document is run against it by pytest, and a plugin notes the answers (benchmarks/answer_recorder.py).

Where Prism and a case's label disagree, prism_disagreements.toml must have the cause, and who is right. What Prism does
not check, or cannot read, is not counted; a disagreement without a cause there is a missed bar.
"""

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, note, report
from benchmarks.load import CACHE, fetch_json
from benchmarks.processes import ROOT
from benchmarks.requests_only import keep_requests
from benchmarks.suite_runs import generate
from casecraft.spec import load

PACKAGE = "@stoplight/prism-cli@5.16.0"
FOLDER = CACHE / "prism"
TABLE = Path(__file__).parent / "prism_disagreements.toml"
ACCEPTED, REFUSED = 99.0, 97.0

_VIOLATION = re.compile(r'"location":\[(?!"response")(?:"request",?)?([^\]]*)\],"severity":"Error","code":"?([^",]+)')
_PART = re.compile(r'[^",\s]+')
_PROBLEM = re.compile(
    r"prism/errors#(?:UNPROCESSABLE_ENTITY|INVALID_CONTENT_TYPE|UNAUTHORIZED|NOT_ACCEPTABLE|NO_\w+_MATCHED_ERROR)|\"statusCode\":4"
)
OF_PRISM = "access-control-allow-origin"
"""All answers of Prism have this header. Where it is missing the server below it has refused what it cannot read."""

NEVER_ANSWERED = frozenset({"body:malformed-json", "body:truncated-json"})
"""Targets whose cases Prism leaves waiting until they give up."""

EVERY = "every_answer"
"""A pattern that all that Prism says of a case must fit, not one part of it alone."""

PLACES = ("document", "label", "endpoint", "target", "content_type", "answer", EVERY)


@dataclass(frozen=True, slots=True)
class Cause:
    """Why Prism and cases disagree: those disagreements to which all the patterns of `where` fit."""

    name: str
    where: Mapping[str, re.Pattern[str]]
    counted: bool
    right: str

    def explains(self, facts: Mapping[str, list[str]]) -> bool:
        """Whether a disagreement, by what `facts_of` says of it, has this cause."""
        return all(
            all(map(pattern.search, facts["answer"])) if place == EVERY else any(map(pattern.search, facts[place]))
            for place, pattern in self.where.items()
        )


def main(arguments: list[str]) -> int:
    documents = [Path(name).resolve() for name in arguments] or find_documents()
    return report(measure(documents))


def find_documents() -> list[Path]:
    folder = os.environ.get("CASECRAFT_REAL_SPECS")
    real = [path for kind in ("json", "yaml") for path in sorted(Path(folder).glob(f"*.{kind}"))] if folder else []
    return [ROOT / "specs" / "petstore.yaml", *real, fetch_json()]


def measure(documents: list[Path]) -> Iterator[Figure]:
    causes = read_causes(TABLE)
    total: Counter[tuple[str, str]] = Counter()
    explained: Counter[tuple[str, str]] = Counter()
    unexplained: Counter[str] = Counter()
    for document in documents:
        counts = judge(document.stem, send_cases(document), causes, explained, unexplained)
        total += counts
        note(f"{document.stem}: {describe(counts)}")
    for (cause, label), count in sorted(explained.items()):
        note(f"{count:>6} {label}: {cause}")
    for facts, count in unexplained.most_common():
        note(f"{count:>6} NOT EXPLAINED: {facts}")
    yield Figure("valid cases accepted by Prism", percentage(total, "valid"), "%", ACCEPTED, at_least=True)
    yield Figure("invalid cases refused by Prism", percentage(total, "invalid"), "%", REFUSED, at_least=True)
    yield Figure("disagreements without a cause", sum(unexplained.values()), "", 0)
    yield Figure("cases sent to Prism", sum(total.values()), "")


def read_causes(path: Path) -> list[Cause]:
    return [
        Cause(
            entry["cause"],
            {place: re.compile(entry[place]) for place in PLACES if place in entry},
            entry["counted"],
            entry["right"],
        )
        for entry in tomllib.loads(path.read_text("utf-8"))["cause"]
    ]


# Sending


def send_cases(document: Path) -> list[dict[str, Any]]:
    """How Prism answered each case of the suite for a document, as the recorder writes it."""
    with tempfile.TemporaryDirectory() as folder:
        shown = Path(folder) / "requests.json"
        shown.write_text(json.dumps(keep_requests(load(str(document)).root)), encoding="utf-8")
        suite, _ = generate(document, Path(folder))
        held_back = send_as_written(suite.folder)
        with serve_with_prism(shown) as base_url:
            answers = suite.run(base_url, f"--ignore={suite.folder / 'test_scenarios.py'}").answers
        return [*answers, *({"valid": case["valid"], "status": None} for case in held_back)]


def send_as_written(suite: Path) -> list[dict[str, Any]]:
    """Take out what fills cases with values of earlier answers: Prism remembers nothing, and its answers are empty.

    The cases with malformed JSON are taken out wholly and returned: Prism never answers these.
    """
    held_back: list[dict[str, Any]] = []
    for path in (suite / "cases").glob("*.json"):
        content = json.loads(path.read_bytes())
        held_back += [case for case in content["cases"] if NEVER_ANSWERED.intersection(case["targets"])]
        content["cases"] = [case for case in content["cases"] if not NEVER_ANSWERED.intersection(case["targets"])]
        for case in content["cases"]:
            case.pop("bindings", None)
            case.pop("fresh", None)
        path.write_text(json.dumps(content), encoding="utf-8")
    return held_back


@contextmanager
def serve_with_prism(document: Path) -> Iterator[str]:
    """Yields the base URL at which Prism answers until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = ["node", str(install()), "mock", "--errors", "--verboseLevel", "silent", "--port", str(port)]
    process = subprocess.Popen([*command, str(document)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(process, port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def install() -> Path:
    """Prism's program, installed once into the cache."""
    program = FOLDER / "node_modules" / "@stoplight" / "prism-cli" / "dist" / "index.js"
    if not program.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--prefix", str(FOLDER), PACKAGE], check=True)
    return program


def wait_for(process: subprocess.Popen[bytes], port: int, seconds: float = 120) -> None:
    """Wait until a process listens; raises RuntimeError where it ends before, or takes too long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"Prism ended with {process.returncode} before it answered")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise RuntimeError(f"Prism did not answer within {seconds:.0f} seconds")


# Judging


def judge(
    document: str,
    answers: Iterable[Mapping[str, Any]],
    causes: list[Cause],
    explained: Counter[tuple[str, str]],
    unexplained: Counter[str],
) -> Counter[tuple[str, str]]:
    """Count pairs of a label and "accepted", "refused", "not counted" or "not sent"; and disagreements by their
    causes.
    """
    counts: Counter[tuple[str, str]] = Counter()
    for answer in answers:
        label = "valid" if answer["valid"] else "invalid"
        verdict = verdict_of(answer)
        if verdict == "not sent" or verdict == ("accepted" if answer["valid"] else "refused"):
            counts[label, verdict] += 1
            continue
        facts = facts_of(document, label, answer)
        cause = next((cause for cause in causes if cause.explains(facts)), None)
        counts[label, "not counted" if cause and not cause.counted else verdict] += 1
        if cause:
            explained[cause.name, label] += 1
        else:
            unexplained[f"{document}, {label}, {facts['answer'][0]}, {answer['case']}: {answer['targets'][-1]}"] += 1
    return counts


def verdict_of(answer: Mapping[str, Any]) -> str:
    if answer["status"] is None:
        return "not sent"
    refused = violations_of(answer) or _PROBLEM.search(answer["body"]) or OF_PRISM not in answer["headers"]
    return "refused" if refused else "accepted"


def violations_of(answer: Mapping[str, Any]) -> list[str]:
    """What Prism says is wrong with the request: `body.name required`, …

    A status tells nothing: where a document has no other answer, that is what Prism gives. It says so in a header where
    it answers as the document does, else in the body of a problem of its own. The header is cut where it grows too
    long, so it is no JSON then.
    """
    told = answer["headers"].get("sl-violations") or answer["body"]
    return [f"{'.'.join(_PART.findall(place))} {code}" for place, code in _VIOLATION.findall(told)]


def facts_of(document: str, label: str, answer: Mapping[str, Any]) -> dict[str, list[str]]:
    """What causes look at. A place has several texts where any of them may fit."""
    violations = violations_of(answer)
    return {
        "document": [document],
        "label": [label],
        "endpoint": [answer["endpoint"]],
        "target": answer["targets"],
        "content_type": [answer["request_type"] or ""],
        "answer": [f"{answer['status']} {violation}" for violation in violations] or [str(answer["status"])],
    }


def percentage(counts: Counter[tuple[str, str]], label: str) -> float:
    """Of the cases of a label that count, how many Prism judges the same."""
    accepted, refused = counts[label, "accepted"], counts[label, "refused"]
    right = accepted if label == "valid" else refused
    return 100 * right / max(1, accepted + refused)


def describe(counts: Counter[tuple[str, str]]) -> str:
    shares = ", ".join(f"{percentage(counts, label):.2f}% of {label}" for label in ("valid", "invalid"))
    return f"{shares}; " + ", ".join(
        f"{count:,} {label} {verdict}" for (label, verdict), count in sorted(counts.items())
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
