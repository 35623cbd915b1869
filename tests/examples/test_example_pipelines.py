"""The pipelines for continuous integration: their steps are run in order, against the petstore."""

import re
import shutil
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from tests.examples.stage import KEY, ROOT, Stage, read_suite, simulate
from tests.petstore.app import create_app
from tests.petstore.rules import API_KEY, OTHER_KEY, OTHER_TOKEN, SESSION, TOKEN
from tests.petstore.server import serve

ENDPOINTS = 14
KEYS = {"CASECRAFT_GLM_API_KEY": KEY, "CASECRAFT_QWEN_API_KEY": KEY}
CREDENTIALS = {
    "CASECRAFT_AUTH_APIKEY": API_KEY,
    "CASECRAFT_AUTH_BEARER": TOKEN,
    "CASECRAFT_AUTH_SESSION": SESSION,
    "CASECRAFT_FOREIGN_AUTH_APIKEY": OTHER_KEY,
    "CASECRAFT_FOREIGN_AUTH_BEARER": OTHER_TOKEN,
}


@dataclass(frozen=True)
class Pipeline:
    """What a pipeline does: its commands, what it restores, what it sets, and what it takes from outside."""

    commands: tuple[str, ...]
    kept: str
    variables: dict[str, str]
    from_outside: frozenset[str]


def read_yaml(name: str) -> Any:
    return yaml.safe_load((ROOT / "examples" / "ci" / name).read_text("utf-8"))


def read_github() -> Pipeline:
    job = read_yaml("github-actions.yml")["jobs"]["api-tests"]
    steps = job["steps"]
    restore, save = (step for step in steps if "cache" in step.get("uses", ""))
    assert restore["with"]["path"] == save["with"]["path"]
    assert save["if"] == "always()"
    assert save["with"]["key"].startswith(restore["with"]["restore-keys"])
    secret = {name for name, value in job["env"].items() if value.startswith("${{")}
    return Pipeline(
        commands=tuple(step["run"] for step in steps if "run" in step),
        kept=restore["with"]["path"],
        variables={name: value for name, value in job["env"].items() if name not in secret},
        from_outside=frozenset(secret),
    )


def read_gitlab() -> Pipeline:
    job = read_yaml("gitlab-ci.yml")["api-tests"]
    assert job["cache"]["when"] == "always"
    comment = (ROOT / "examples" / "ci" / "gitlab-ci.yml").read_text("utf-8").partition("api-tests:")[0]
    return Pipeline(
        commands=tuple(job["script"]),
        kept=job["cache"]["paths"][0].rstrip("/"),
        variables=job["variables"],
        from_outside=frozenset(re.findall(r"CASECRAFT_\w+", comment)),
    )


@pytest.fixture
def petstore() -> Iterator[str]:
    with serve(create_app()) as url:
        yield url


def install_pip_that_notes(stage: Stage) -> None:
    """What pip is asked for is written down: the index is not there in tests, and this casecraft is."""
    pip = stage.folder / ".commands" / "pip"
    pip.write_text('#!/bin/sh\nprintf "%s\\n" "$@" >> "$PIP_ASKED"\n')
    pip.chmod(0o755)
    stage.environment["PIP_ASKED"] = str(stage.folder / "pip-asked")


def run_pipeline(stage: Stage, pipeline: Pipeline, outside: dict[str, str]) -> list[int]:
    assert outside.keys() == pipeline.from_outside
    codes = []
    for command in pipeline.commands:
        done = stage.run(command, **pipeline.variables, **outside)
        codes.append(done.returncode)
        if done.returncode:
            break
    return codes


def check_out_again(stage: Stage, pipeline: Pipeline) -> None:
    """A new job: nothing is left but what the pipeline keeps."""
    for path in stage.folder.iterdir():
        if path.name not in {pipeline.kept, "specs", ".commands", "pip-asked"}:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


@pytest.mark.slow
@pytest.mark.parametrize("read", [read_github, read_gitlab])
def test_a_pipeline_tests_the_service_and_pays_once(stage: Stage, petstore: str, read: Callable[[], Pipeline]) -> None:
    pipeline = read()
    install_pip_that_notes(stage)
    document = stage.folder / "specs" / "petstore.yaml"
    with simulate("glm", "qwen") as simulator:
        stage.add_providers(simulator)
        outside = {**KEYS, **CREDENTIALS, "CASECRAFT_BASE_URL": petstore}
        assert run_pipeline(stage, pipeline, outside) == [0, 0, 0]
        assert len(simulator.seen) == ENDPOINTS
        assert "skipped" not in (stage.folder / "report.xml").read_text("utf-8").replace('skipped="0"', "")

        check_out_again(stage, pipeline)
        assert run_pipeline(stage, pipeline, outside) == [0, 0, 0]
        assert len(simulator.seen) == ENDPOINTS, "nothing has changed, so nothing is asked for"

        check_out_again(stage, pipeline)
        text = document.read_text("utf-8")
        assert "summary: List the pets" in text
        document.write_text(text.replace("summary: List the pets", "summary: List all the pets"), "utf-8")
        assert run_pipeline(stage, pipeline, outside) == [0, 0, 0]
        assert len(simulator.seen) == ENDPOINTS + 1, "one endpoint has changed"
    assert read_suite(stage.folder / "suites" / "petstore")["counts"]["reused"] == ENDPOINTS - 1


@pytest.mark.slow
def test_a_pipeline_fails_where_the_service_is_wrong(stage: Stage) -> None:
    pipeline = read_gitlab()
    install_pip_that_notes(stage)
    with simulate("glm", "qwen") as simulator, serve(create_app("name-empty-accepted")) as url:
        stage.add_providers(simulator)
        assert run_pipeline(stage, pipeline, {**KEYS, **CREDENTIALS, "CASECRAFT_BASE_URL": url}) == [0, 0, 1]


@pytest.mark.parametrize("read", [read_github, read_gitlab])
def test_a_pipeline_installs_what_we_publish(read: Callable[[], Pipeline]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    found = re.fullmatch(r'pip install "([\w-]+)\[(\w+)\]"', read().commands[0])
    assert found is not None
    assert found[1] == project["name"]
    assert {"pytest", "httpx", "jsonschema"} <= {
        re.split(r"[>=\[]", needed)[0] for needed in project["optional-dependencies"][found[2]]
    }
