"""The programs that run the suites of other formats, and what they say of each case."""

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from tests import node
from tests.suites.running import PLUGINS, PYTEST

HERE = Path(__file__).parent / "node"
NODE_ENVIRONMENT = {"NO_COLOR": "1", "CI": "true"}


@dataclass
class Run:
    """How a program ended, and how each case did: "passed", "failed" or "skipped", by its id.

    `messages` are what it says of those that failed, where the program's report has it.
    """

    code: int
    output: str
    verdicts: dict[str, str] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)


def node_modules() -> Path:
    """The folder with the pinned programs."""
    return node.node_modules(HERE / "package.json")


def run_program(command: list[str], folder: Path, url: str, variables: dict[str, str]) -> Run:
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("CASECRAFT", "NODE_", "JEST"))}
    where = {"CASECRAFT_BASE_URL": url} if url else {}
    environment = {**kept, **NODE_ENVIRONMENT, **PLUGINS, "NO_PROXY": "*", **where, **variables}
    # Into a file: a program of Node.js that ends at once loses what a pipe has not taken yet.
    with tempfile.TemporaryFile() as output:
        done = subprocess.run(
            command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT, check=False, timeout=300
        )
        output.seek(0)
        return Run(done.returncode, output.read().decode("utf-8", "replace"))


def link_modules(folder: Path) -> Path:
    """What `npm install` in a folder would put there."""
    modules = folder / "node_modules"
    if not modules.exists():
        modules.symlink_to(node_modules())
    return modules


def run_jest(suite: Path, url: str, **variables: str) -> Run:
    folder = suite / "jest"
    modules = link_modules(folder)
    report = suite.parent / "jest.json"
    command = ["node", str(modules / "jest/bin/jest.js"), "--json", f"--outputFile={report}", "--no-cache"]
    run = run_program(command, folder, url, variables)
    if report.exists():
        words = {"passed": "passed", "failed": "failed", "pending": "skipped"}
        for test in (test for file in read(report)["testResults"] for test in file["assertionResults"]):
            run.verdicts[id_in(test["title"])] = words[test["status"]]
            run.messages[id_in(test["title"])] = "".join(test["failureMessages"])
        report.unlink()
    return run


def id_in(title: str) -> str:
    found = re.search(r"(?:^| )\((\S*)\)(?:: blocked: .*)?$", title, re.DOTALL)
    assert found, title
    return found[1]


def read(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def run_pytest(suite: Path, url: str, **variables: str) -> Run:
    report = suite.parent / "pytest.xml"
    command = [*PYTEST, f"--junitxml={report}", str(suite)]
    run = run_program(command, suite, url, {**variables, "PYTHONDONTWRITEBYTECODE": "1"})
    for case in ET.parse(report).iter("testcase"):
        ends = {end.tag for end in case}
        name = case.attrib["name"].partition("[")[2].removesuffix("]")
        run.verdicts[name] = "failed" if "failure" in ends else "skipped" if "skipped" in ends else "passed"
    return run


def run_newman(suite: Path, url: str, **variables: str) -> Run:
    report = suite.parent / "newman.json"
    values = [f"{name}={text}" for name, text in {"baseUrl": url, **variables}.items()]
    options = [option for value in values for option in ("--env-var", value)]
    command = ["node", str(node_modules() / "newman/bin/newman.js"), "run", "collection.json"]
    command += ["--environment", "environment.json", *options, "--reporters", "cli,json"]
    run = run_program([*command, "--reporter-json-export", str(report)], suite / "postman", "", {})
    run.verdicts = dict.fromkeys(map(id_in, items_of(read(suite / "postman" / "collection.json"))), "skipped")
    for execution in read(report)["run"]["executions"]:
        checks = execution.get("assertions") or []
        errors = [execution[key] for key in ("requestError", "prerequestScript", "testScript") if execution.get(key)]
        name = id_in(execution["item"]["name"])
        failed = [check["error"]["message"] for check in checks if "error" in check]
        run.verdicts[name] = "failed" if failed or any(has_error(error) for error in errors) else "passed"
        run.messages[name] = "\n".join(failed)
    return run


def has_error(part: Any) -> bool:
    """Whether a part of an execution, or one of its scripts, ended with an error."""
    return any("error" in script for script in part) if isinstance(part, list) else True


def items_of(folder: dict[str, Any]) -> Iterator[str]:
    """The names of all requests of a collection."""
    for item in folder["item"]:
        if "item" in item:
            yield from items_of(item)
        else:
            yield item["name"]


def run_curl(suite: Path, url: str, **variables: str) -> Run:
    run = run_program(["bash", "run.sh"], suite / "curl", url, variables)
    for line in run.output.splitlines():
        if found := re.match(r"(not )?ok [0-9]+ - (.*?)( # SKIP .*)?$", line):
            name = id_in(found[2])
            run.verdicts[name] = "failed" if found[1] else "skipped" if found[3] else "passed"
            run.messages[name] = ""
        elif line.startswith("  # "):
            run.messages[name] += f"{line.removeprefix('  # ')}\n"
    planned = re.search(r"^1\.\.([0-9]+)$", run.output, re.MULTILINE)
    assert planned, run.output
    assert int(planned[1]) == len(run.verdicts), run.output
    return run


def run_httpyac(suite: Path, url: str, **variables: str) -> Run:
    files = sorted(path.name for path in (suite / "http").glob("*.http"))
    link_modules(suite / "http")
    command = ["node", str(node_modules() / "httpyac/bin/httpyac.js"), "send", *files, "--all", "--json"]
    run = run_program([*command, "--output", "none"], suite / "http", url, variables)
    for request in json.loads(run.output[run.output.index("{") :])["requests"]:
        results, name = request.get("testResults", []), id_in(request["title"])
        ends = {result["status"] for result in results}
        run.verdicts[name] = "skipped" if ends == {"SKIPPED"} else "passed" if ends <= {"SUCCESS"} else "failed"
        told = (one["error"]["displayMessage"] for one in results if one.get("error"))
        run.messages[name] = "\n".join(text.removeprefix("AssertionError [ERR_ASSERTION]: ") for text in told)
    return run


def run_bruno(suite: Path, url: str, **variables: str) -> Run:
    report = suite.parent / "bruno.json"
    command = ["node", str(node_modules() / "@usebruno/cli/bin/bru.js"), "run", "-r", "--env", "local"]
    command += ["--disable-cookies", "--reporter-json", str(report)]
    if sum(1 for _ in (suite / "bruno").rglob("*.bru")) > 100:
        command += ["--sandbox", "developer"]  # the safe one, which is the default, takes many times as long to start
    run = run_program(command, suite / "bruno", url, variables)
    for result in read(report)[0]["results"]:
        problems = [test["error"] for test in result["testResults"] if test["status"] != "pass"]
        problems += [result["error"]] if result.get("error") else []
        verdict = "skipped" if result.get("skipped") else "failed" if problems else "passed"
        run.verdicts[id_in(result["name"])] = verdict
        run.messages[id_in(result["name"])] = "\n".join(problems)
    return run
