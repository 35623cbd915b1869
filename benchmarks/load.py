"""Loads, validates and splits GitHub's document: time and memory, beside PyYAML with openapi-spec-validator.

    python -m benchmarks.load

Each figure is the best of three fresh processes, measured from before `casecraft.spec` is imported to the last
endpoint; memory is the highest that the process had. The document comes from the npm package `@octokit/openapi`, by
`npm pack`, once, into `benchmarks/.cache`.
"""

import json
import re
import resource
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.figures import Figure, report

CACHE = Path(__file__).parent / ".cache"
PACKAGE = "@octokit/openapi@23.0.2"
MEMBER = "package/generated/api.github.com.json"
ENDPOINTS = 1223
BARS = {"json": (1.0, 250), "yaml": (1.5, None)}
RUNS = 3


def main() -> int:
    return report(compare())


def compare() -> Iterator[Figure]:
    documents = {"json": fetch_json(), "yaml": make_yaml()}
    for kind, path in documents.items():
        figure = best_of(RUNS, "casecraft", path)
        seconds, megabytes = BARS[kind]
        yield Figure(f"load, validate and split, {kind}: wall", figure["seconds"], "s", seconds)
        yield Figure(f"load, validate and split, {kind}: peak memory", figure["megabytes"], "MB", megabytes)
        yield Figure(f"load, validate and split, {kind}: endpoints missed", ENDPOINTS - figure["endpoints"], "", 0)
    peer = best_of(1, "peer", documents["yaml"])
    yield Figure("PyYAML CSafeLoader + openapi-spec-validator, yaml: wall", peer["seconds"], "s")
    yield Figure("PyYAML CSafeLoader + openapi-spec-validator, yaml: peak memory", peer["megabytes"], "MB")


def fetch_json() -> Path:
    path = CACHE / "api.github.com.json"
    if not path.exists():
        CACHE.mkdir(exist_ok=True)
        command = ["npm", "pack", PACKAGE, "--silent", "--pack-destination", str(CACHE)]
        packed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1]
        with tarfile.open(CACHE / packed) as archive:
            member = archive.extractfile(MEMBER)
            assert member is not None
            path.write_bytes(member.read())
    return path


def make_yaml() -> Path:
    """The same document as YAML; strings that only YAML 1.2 reads as numbers are quoted, as its writers do."""
    path = CACHE / "api.github.com.yaml"
    if not path.exists():
        import yaml

        class Dumper(yaml.CSafeDumper):
            pass

        number = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
        Dumper.add_implicit_resolver("tag:yaml.org,2002:float", number, list("+-.0123456789"))
        with path.open("w", encoding="utf-8") as stream:
            yaml.dump(json.loads(fetch_json().read_bytes()), stream, Dumper=Dumper, sort_keys=False, allow_unicode=True)
    return path


def best_of(runs: int, what: str, path: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.load", what, str(path)]
    figures = [json.loads(subprocess.run(command, check=True, capture_output=True).stdout) for _ in range(runs)]
    return min(figures, key=lambda figure: figure["seconds"])


def measure(work: Callable[[str], int], path: str) -> None:
    started = time.perf_counter()
    endpoints = work(path)
    seconds = time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "megabytes": read_peak(), "endpoints": endpoints}))


def read_peak() -> float:
    """The highest resident memory in MB. On Linux `getrusage` also counts what the parent had at the fork."""
    status = Path("/proc/self/status")
    if status.exists():
        peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(peak.split()[1]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def run_casecraft(path: str) -> int:
    from casecraft.spec import load, split

    return len(split(load(path)))


def run_peer(path: str) -> int:
    import yaml
    from openapi_spec_validator import validate

    document = yaml.load(Path(path).read_bytes(), Loader=yaml.CSafeLoader)
    validate(document)
    methods = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}
    return sum(method in methods for item in document["paths"].values() for method in item)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        measure({"casecraft": run_casecraft, "peer": run_peer}[sys.argv[1]], sys.argv[2])
    else:
        sys.exit(main())
