"""How many of the petstore's mutants the suite that rules make catches in each format, run by the format's program.

    python -m benchmarks.formats [FORMAT …]

A mutant is caught where the program ends with failures on it; on the right petstore it must not. Each program stops at
the first failure, where it can. All eight formats take an hour or more: this is none of the benchmarks that
`python -m benchmarks` runs.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from starlette.applications import Starlette

from benchmarks.figures import Figure, note, report
from benchmarks.processes import CASECRAFT, ROOT
from tests.petstore.app import create_app
from tests.petstore.mutants import MUTANTS
from tests.petstore.rules import API_KEY, OTHER_KEY, OTHER_TOKEN, SESSION, TOKEN
from tests.petstore.server import serve
from tests.suites.consumers import link_modules, node_modules

CREDENTIALS = {
    "CASECRAFT_AUTH_APIKEY": API_KEY,
    "CASECRAFT_AUTH_BEARER": TOKEN,
    "CASECRAFT_AUTH_SESSION": SESSION,
    "CASECRAFT_FOREIGN_AUTH_APIKEY": OTHER_KEY,
    "CASECRAFT_FOREIGN_AUTH_BEARER": OTHER_TOKEN,
}
PYTHON = (sys.executable, "-m")
NODE = {"jest": "jest/bin/jest.js", "postman": "newman/bin/newman.js", "bruno": "@usebruno/cli/bin/bru.js"}
NODE |= {"http": "httpyac/bin/httpyac.js"}
OPTIONS = {
    "pytest": (*PYTHON, "pytest", "-x", "-q", "-p", "no:cacheprovider"),
    "unittest": (*PYTHON, "unittest", "discover", "-f"),
    "gherkin": (*PYTHON, "pytest", "-x", "-q", "-p", "no:cacheprovider"),
    "jest": ("--bail",),
    "postman": ("run", "collection.json", "--environment", "environment.json", "--bail"),
    "bruno": ("run", "-r", "--env", "local", "--disable-cookies", "--sandbox", "developer", "--bail"),
    "http": ("send", "*.http", "--all", "--bail"),
    "curl": ("bash", "run.sh"),
}


def main() -> None:
    """Measure the formats that are named, or all."""
    names = sys.argv[1:] or list(OPTIONS)
    with tempfile.TemporaryDirectory() as folder:
        suite = Path(folder) / "suite"
        formats = [option for name in names for option in ("--format", name)]
        command = [*CASECRAFT, "generate", str(ROOT / "specs/petstore.yaml"), "--provider", "rules", "--quiet"]
        subprocess.run([*command, "--output", str(suite), *formats], cwd=folder, check=True, capture_output=True)
        for name in ("jest", "http"):
            if name in names:
                link_modules(suite / name)
        report(figure for name in names for figure in measure(name, suite))


def measure(name: str, suite: Path) -> tuple[Figure, Figure]:
    """The mutants that are caught, and the seconds that the right petstore takes."""
    started = time.perf_counter()
    if fails(name, suite, create_app(stateful=True)):
        raise RuntimeError(f"the suite in the format {name} fails on the right petstore")
    seconds = time.perf_counter() - started
    caught = [mutant.name for mutant in MUTANTS if fails(name, suite, mutant.create_app())]
    missed = [mutant.name for mutant in MUTANTS if mutant.name not in caught]
    note(f"{name} does not catch: {', '.join(missed) or 'none'}")
    what = f"{name}, mutants caught, of {len(MUTANTS)}"
    return Figure(what, len(caught), ""), Figure(f"{name}, the right petstore", seconds, "s")


def fails(name: str, suite: Path, app: Starlette) -> bool:
    """Whether the format's program tells a failure."""
    folder = suite if name == "pytest" else suite / name
    with serve(app) as url:
        environment = {**os.environ, **CREDENTIALS, "CASECRAFT_BASE_URL": url, "NO_PROXY": "*"}
        done = subprocess.run(
            command_of(name, folder, url), cwd=folder, env=environment, capture_output=True, check=False, timeout=600
        )
    return done.returncode != 0


def command_of(name: str, folder: Path, url: str) -> list[str]:
    """The command that runs a format, in its folder."""
    options = [*OPTIONS[name]]
    if name == "http":
        at = options.index("*.http")
        options[at : at + 1] = sorted(path.name for path in folder.glob("*.http"))
    if name == "postman":
        values = [f"{key}={text}" for key, text in {"baseUrl": url, **CREDENTIALS}.items()]
        options += [word for value in values for word in ("--env-var", value)]
    return ["node", str(node_modules() / NODE[name]), *options] if name in NODE else options


if __name__ == "__main__":
    main()
