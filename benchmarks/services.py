"""What suites find in real services, beside Schemathesis's default run: kinto, and the petstore with thirty mutants.

    python -m benchmarks.services [--peer-mutants]

Casecraft's suite comes from rules alone, `casecraft generate DOCUMENT --provider rules`, and is run by pytest.
Requests, statuses and branches are counted at the service, for both in the same way; each gets a fresh service. A
mutant is caught where a case that passes on the right petstore fails on it. Schemathesis meets the mutants with
`--peer-mutants` only: thirty more runs of it, some twenty minutes.
"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp

from benchmarks import schemathesis_runs
from benchmarks.figures import Figure, note, report
from benchmarks.kinto import KintoProcess
from benchmarks.processes import ROOT
from benchmarks.suite_runs import Suite, generate
from benchmarks.traffic import Traffic, count_asgi, count_requests, with_status
from casecraft.spec import load
from tests.petstore.app import create_app
from tests.petstore.mutants import MUTANTS
from tests.petstore.rules import API_KEY, OTHER_KEY, OTHER_TOKEN, SESSION, TOKEN
from tests.petstore.server import serve

PETSTORE = ROOT / "specs" / "petstore.yaml"
CREDENTIALS = {
    "CASECRAFT_AUTH_APIKEY": API_KEY,
    "CASECRAFT_AUTH_BEARER": TOKEN,
    "CASECRAFT_AUTH_SESSION": SESSION,
    "CASECRAFT_FOREIGN_AUTH_APIKEY": OTHER_KEY,
    "CASECRAFT_FOREIGN_AUTH_BEARER": OTHER_TOKEN,
}
HEADERS = ("-H", f"X-API-Key: {API_KEY}", "-H", f"Authorization: Bearer {TOKEN}", "-H", f"Cookie: session={SESSION}")
CAUGHT = 28
MORE = 1.2
"""How many times the operations with a 2xx that the peer reaches."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did to a service, as counted there, and the seconds that it took, its making included."""

    answers: dict[str, dict[str, int]]
    operations: int
    seconds: float
    branches: frozenset[tuple[str, int, int]] = frozenset()
    """File, line, and the line to which it went."""

    @property
    def requests(self) -> int:
        """How many requests reached the service."""
        return count_requests(self.answers)


def main(arguments: list[str]) -> int:
    figures = [*measure_kinto(), *measure_petstore(peer_mutants="--peer-mutants" in arguments)]
    return report(figures)


# Kinto


def measure_kinto() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        own = run_suite_on_kinto(Path(folder))
    peer = run_peer_on_kinto()
    yield from compare("kinto", own, peer)
    unreached = sorted(set(own.answers) - with_status(own.answers, "2"))
    note("kinto, operations without a 2xx: " + "; ".join(f"{name} {own.answers[name]}" for name in unreached))
    note("kinto, operations with a 5xx: " + "; ".join(sorted(with_status(own.answers, "5"))))
    note("the same, of Schemathesis: " + "; ".join(sorted(with_status(peer.answers, "5"))))
    alone: dict[str, list[int]] = {}
    for file, line, _ in sorted(peer.branches - own.branches):
        alone.setdefault(file.partition("site-packages/")[2], []).append(line)
    note("kinto, branches that Schemathesis alone reached, by the lines that they leave:")
    for file, lines in sorted(alone.items()):
        note(f"  {file}: {', '.join(map(str, lines))}")


def run_suite_on_kinto(folder: Path) -> Outcome:
    with KintoProcess() as kinto:
        document = folder / "kinto.json"
        document.write_bytes(kinto.read_document())
        suite, made = generate(document, folder)
        ran = suite.run(kinto.base_url)
    # One request was for the document: the same is in the peer's count.
    return outcome_of(kinto.report, made + ran.seconds)


def run_peer_on_kinto() -> Outcome:
    with KintoProcess() as kinto:
        ran = schemathesis_runs.run(kinto.document_url)
    return outcome_of(kinto.report, ran.seconds)


def outcome_of(counted: dict[str, Any], seconds: float) -> Outcome:
    return Outcome(
        counted["answers"], counted["operations"], seconds, frozenset(map(tuple, counted.get("branches", ())))
    )


def compare(service: str, own: Outcome, peer: Outcome) -> Iterator[Figure]:
    """Figures of both, ours with the peer's as bars."""
    reached, reached_by_peer = len(with_status(own.answers, "2")), len(with_status(peer.answers, "2"))
    crashed, crashed_by_peer = len(with_status(own.answers, "5")), len(with_status(peer.answers, "5"))
    most = min(MORE * reached_by_peer, own.operations)
    yield Figure(f"{service}, operations with a 2xx, of {own.operations}", reached, "", most, at_least=True)
    yield Figure(f"{service}, operations with a 5xx", crashed, "", crashed_by_peer, at_least=True)
    if peer.branches:
        yield Figure(f"{service}, branches beyond start-up", len(own.branches), "", len(peer.branches), at_least=True)
    yield Figure(f"{service}, requests sent", own.requests, "", peer.requests)
    yield Figure(f"{service}, made and run", own.seconds, "s")
    yield Figure(f"{service}, operations with a 2xx, Schemathesis", reached_by_peer, "")
    yield Figure(f"{service}, operations with a 5xx, Schemathesis", crashed_by_peer, "")
    if peer.branches:
        yield Figure(f"{service}, branches beyond start-up, Schemathesis", len(peer.branches), "")
    yield Figure(f"{service}, requests sent, Schemathesis", peer.requests, "")
    yield Figure(f"{service}, run, Schemathesis", peer.seconds, "s")


# The petstore


@contextmanager
def counted_petstore(app: ASGIApp) -> Iterator[tuple[str, Traffic]]:
    traffic = Traffic(load(str(PETSTORE)).root)
    with serve(count_asgi(app, traffic)) as url:
        yield url, traffic


def measure_petstore(*, peer_mutants: bool) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        suite, made = generate(PETSTORE, Path(folder), CREDENTIALS)
        with counted_petstore(create_app(stateful=True)) as (url, traffic):
            right = suite.run(url)
        own = outcome_of(traffic.summarize(), made + right.seconds)
        caught = catch_mutants(suite, right.passed())
    with counted_petstore(create_app(stateful=True)) as (url, traffic):
        by_peer = schemathesis_runs.run(str(PETSTORE), "--url", url, *HEADERS)
    yield from compare("petstore", own, outcome_of(traffic.summarize(), by_peer.seconds))
    yield Figure("petstore, cases that fail on the right one", len(right.failed()), "", 0)
    yield Figure(f"petstore, mutants caught, of {len(MUTANTS)}", sum(map(bool, caught.values())), "", CAUGHT, True)
    for name, cases in caught.items():
        note(f"{name}: {cases[0] if cases else 'NOT CAUGHT'}")
    if peer_mutants:
        yield from measure_peer_mutants(by_peer.failures)


def catch_mutants(suite: Suite, passing: set[str]) -> dict[str, list[str]]:
    """By mutant, the cases that passed on the right petstore and fail on it."""
    caught = {}
    for mutant in MUTANTS:
        with serve(mutant.create_app()) as url:
            caught[mutant.name] = sorted(suite.run(url).failed() & passing)
    return caught


def measure_peer_mutants(on_the_right: frozenset[tuple[str, str]]) -> Iterator[Figure]:
    """A mutant is caught by Schemathesis where it finds something that it does not find in the right petstore."""
    caught = []
    for mutant in MUTANTS:
        with serve(mutant.create_app()) as url:
            found = schemathesis_runs.run(str(PETSTORE), "--url", url, *HEADERS).failures - on_the_right
        note(f"{mutant.name}, by Schemathesis: {', '.join(map(' '.join, sorted(found))) or 'NOT CAUGHT'}")
        caught += [mutant.name] if found else []
    yield Figure("petstore, mutants caught, Schemathesis", len(caught), "")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
