"""Sends every case to Prism, a validator that we did not write: are valid ones accepted and invalid ones refused?

    python -m benchmarks.prism [DOCUMENT …]

Without arguments: the sample petstore, GitHub's document, and every document in the folder that CASECRAFT_REAL_SPECS
names. `prism mock --errors` serves what a document says of requests (benchmarks/requests_only.py); the suite that rules
make for the whole document is run against it by pytest, and a plugin notes the answers (benchmarks/answer_recorder.py).
Forms, and queries in deepObject style, are sent once more as JSON (benchmarks/json_twins.py).

Where Prism and a case's label disagree, prism_disagreements.toml must have the cause, and who is right. What Prism does
not check, or cannot read, is not counted; a disagreement without a cause there is a missed bar.
"""

import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, note, report
from benchmarks.json_twins import keep_twins, make_twin
from benchmarks.load import fetch_json
from benchmarks.prism_judgement import Judgement, judge, read_causes
from benchmarks.prism_server import serve_with_prism
from benchmarks.processes import ROOT
from benchmarks.requests_only import keep_requests
from benchmarks.suite_runs import Suite, generate
from casecraft.spec import load

ACCEPTED, REFUSED = 99.0, 97.0
LABELS = {"valid": "accepted", "invalid": "refused"}

NEVER_ANSWERED = frozenset({"body:malformed-json", "body:truncated-json"})
"""Targets whose cases Prism leaves waiting until they give up: after text that is no JSON, it waits for the end of a
request that has ended.
"""
HELD_BACK = "malformed JSON is never answered, so that it is not sent"


def main(arguments: list[str]) -> int:
    documents = [Path(name).resolve() for name in arguments] or find_documents()
    return report(measure(documents))


def find_documents() -> list[Path]:
    folder = os.environ.get("CASECRAFT_REAL_SPECS")
    real = [path for kind in ("json", "yaml") for path in sorted(Path(folder).glob(f"*.{kind}"))] if folder else []
    return [ROOT / "specs" / "petstore.yaml", *real, fetch_json()]


def measure(documents: list[Path]) -> Iterator[Figure]:
    causes = read_causes()
    total = Judgement()
    for document in documents:
        found = judge(document.stem, send_cases(document), causes)
        describe(document.stem, found)
        total.add(found)
    describe("all documents", total)
    for facts, count in total.unexplained.most_common():
        note(f"{count:>6} NOT EXPLAINED: {facts}")
    yield Figure("valid cases accepted by Prism", total.percentage("valid"), "%", ACCEPTED, at_least=True)
    yield Figure("invalid cases refused by Prism", total.percentage("invalid"), "%", REFUSED, at_least=True)
    yield Figure("disagreements without a cause", total.unexplained.total(), "", 0)
    for label in LABELS:
        yield Figure(f"{label} cases sent to Prism", total.sent[label], "")
        yield Figure(f"{label} cases counted", total.counted(label), "")


def describe(document: str, found: Judgement) -> None:
    """Print what was sent and counted, and by cause what was not, or only as JSON."""
    for label, verdict in LABELS.items():
        note(
            f"{document}, {label}: {found.sent[label]:,} sent, {found.counted(label):,} counted, "
            f"{found.right[label]:,} {verdict} ({found.percentage(label):.2f}%)"
        )
    show("not counted", found.not_counted)
    show("counted as JSON alone", found.as_json)
    show("counted against casecraft", found.explained)


def show(heading: str, causes: Counter[tuple[str, str]]) -> None:
    for (cause, label), count in causes.most_common():
        note(f"  {count:>6,} {label} {heading}: {cause}")


# Sending


def send_cases(document: Path) -> list[dict[str, Any]]:
    """How Prism answered each case of the suite for a document, as the recorder writes it.

    A case with a twin in JSON has the answer to it under `as_json`. What was not sent has `held_back`, the reason.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shown = keep_requests(load(str(document)).root)
        suite, _ = generate(document, folder)
        held_back = send_as_written(suite.folder)
        answers = run_with_prism(suite, shown, folder / "requests.json")
        if "openapi" in shown:
            twin, deep = make_twin(shown)
            twins = run_with_prism(suite, twin, folder / "twin.json") if keep_twins(suite.folder, deep) else []
            by_case = {answer["case"]: answer for answer in twins}
            answers = [{**answer, "as_json": by_case.get(answer["case"])} for answer in answers]
    return [*answers, *({"valid": case["valid"], "held_back": HELD_BACK} for case in held_back)]


def run_with_prism(suite: Suite, shown: dict[str, Any], path: Path) -> list[dict[str, Any]]:
    """The answers to the cases of a suite from Prism, which serves a document that is written to the path."""
    path.write_text(json.dumps(shown), encoding="utf-8")
    with serve_with_prism(path) as base_url:
        return suite.run(base_url, f"--ignore={suite.folder / 'test_scenarios.py'}").answers


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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
