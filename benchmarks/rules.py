"""The rules suite for GitHub's document: `casecraft generate DOCUMENT --provider rules`, verified and written.

    python -m benchmarks.rules

Each run is a fresh process with a fresh state folder and a fresh output folder; the figures are the medians of three.
Beside it, by turns, Schemathesis generates the cases of its coverage phase for the same document and sends none; its
import and its loading of the document are not counted, casecraft's are. Then the suite that was written is read: no two
cases of an endpoint may be the same request, none may hit only what others hit, and each target for which the rules
know a request must be hit.
"""

import json
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from benchmarks import peers
from benchmarks.figures import Figure, note, report
from benchmarks.load import ENDPOINTS, fetch_json
from benchmarks.processes import CASECRAFT, Spent, median_of, spend
from casecraft.cases import targets_of, unreachable
from casecraft.core.endpoint import Endpoint
from casecraft.spec import load, split

RUNS = 3
MEGABYTES = 300
CASES = 30
"""Cases of an endpoint, on average."""
TIMES = 2
"""How many times longer than the peer it may take: what it makes is verified and written, the peer's is not."""


def main() -> int:
    return report(measure())


def measure() -> Iterator[Figure]:
    document = fetch_json()
    peers.python()
    spent: list[Spent] = []
    peer: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(RUNS):
            spent.append(generate(document, Path(folder) / str(number)))
            peer.append(peers.ask("schemathesis_coverage", str(document)))
        suite = read_suite(Path(folder) / "0" / "suite" / "cases")
    yield from compare(spent, peer)
    yield from inspect(suite)
    yield from count_targets(suite, split(load(str(document))))


def generate(document: Path, folder: Path) -> Spent:
    where = ("--state-dir", str(folder / "state"), "--output", str(folder / "suite"))
    return spend((*CASECRAFT, "generate", str(document), "--provider", "rules", *where))


def compare(spent: list[Spent], peer: list[dict[str, float]]) -> Iterator[Figure]:
    def of_peer(key: str) -> float:
        return statistics.median(figures[key] for figures in peer)

    yield Figure("rules suite, wall", median_of(spent, lambda it: it.wall), "s", TIMES * of_peer("generate"))
    yield Figure("rules suite, CPU", median_of(spent, lambda it: it.cpu), "s", TIMES * of_peer("generate_cpu"))
    yield Figure("rules suite, peak memory", median_of(spent, lambda it: it.megabytes), "MB", MEGABYTES)
    yield Figure("Schemathesis, coverage phase generated, wall", of_peer("generate"), "s")
    yield Figure("Schemathesis, coverage phase generated, CPU", of_peer("generate_cpu"), "s")
    yield Figure("Schemathesis, peak memory", of_peer("megabytes"), "MB")
    note(f"Schemathesis made {of_peer('cases'):,.0f} cases for {of_peer('operations'):.0f} operations")


def read_suite(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """The cases by endpoint."""
    files = [json.loads(path.read_bytes()) for path in sorted(folder.glob("*.json"))]
    return {file["endpoint"]: file["cases"] for file in files}


def inspect(suite: dict[str, list[dict[str, Any]]]) -> Iterator[Figure]:
    counts = sorted(len(cases) for cases in suite.values())
    yield Figure("endpoints without a case", ENDPOINTS - sum(count > 0 for count in counts), "", 0)
    yield Figure("cases with the request of another", sum(map(count_repeated, suite.values())), "", 0)
    yield Figure("cases whose targets others hit", sum(map(count_superfluous, suite.values())), "", 0)
    yield Figure("cases per endpoint, mean", statistics.mean(counts), "cases", CASES)
    median, most = statistics.median(counts), counts[-1]
    note(f"{sum(counts):,} cases for {len(counts)} endpoints: {counts[0]} to {most} each, median {median:.0f}")


def count_targets(suite: dict[str, list[dict[str, Any]]], endpoints: Iterable[Endpoint]) -> Iterator[Figure]:
    """What could be hit by the rules' own word, and what the cases that were written hit."""
    reachable = missed = out_of_reach = 0
    for endpoint in endpoints:
        wanted = {target.id for target in targets_of(endpoint)}
        hit = {target for case in suite.get(endpoint.id, ()) for target in case["targets"]}
        reachable += len(wanted)
        missed += len(wanted - hit)
        out_of_reach += len(unreachable(endpoint).keys() - hit)
    yield Figure("reachable targets", reachable, "")
    yield Figure("reachable targets that no case hits", missed, "", 0)
    yield Figure("targets out of reach", out_of_reach, "")


def count_repeated(cases: Iterable[dict[str, Any]]) -> int:
    """Cases of one endpoint that go out as the same request as one before them, with values of the same answers."""
    requests = [(as_sent(bound_request(case)), json.dumps(case.get("bindings"))) for case in cases]
    return len(requests) - len(set(requests))


def bound_request(case: dict[str, Any]) -> dict[str, Any]:
    """A case's request without the values in its path that give way to those of answers."""
    taken = {binding["place"].rpartition("/")[2] for binding in case.get("bindings", ()) if _is_of_path(binding)}
    kept = {name: value for name, value in case["request"]["path_params"].items() if name not in taken}
    return {**case["request"], "path_params": kept}


def _is_of_path(binding: dict[str, Any]) -> bool:
    return str(binding["place"]).startswith("/path_params/")


def as_sent(request: dict[str, Any]) -> str:
    """What tells requests apart on the wire: there, 5 and "5" are the same in a query, but not in a body."""
    places = ("path_params", "query", "headers", "cookies")
    written = {place: {name: as_text(value) for name, value in request[place].items()} for place in places}
    return json.dumps({**request, **written}, sort_keys=True)


def as_text(value: Any) -> Any:
    if isinstance(value, list):
        return [as_text(item) for item in value]
    return value if isinstance(value, str) else json.dumps(value)


def count_superfluous(cases: list[dict[str, Any]]) -> int:
    """Cases of one endpoint each of whose targets another case hits too."""
    hit = Counter(target for case in cases for target in set(case["targets"]))
    return sum(all(hit[target] > 1 for target in case["targets"]) for case in cases)


if __name__ == "__main__":
    sys.exit(main())
