"""The `arazzo` format: the scenarios as workflows of an Arazzo 1.0.1 description, with the document beside it.

https://spec.openapis.org/arazzo/v1.0.1. Each workflow stands alone: what a scenario takes from the suite's resources is
made in its first steps and removed in its last. What is new each time, and credentials, are inputs.
"""

from collections.abc import Iterator
from importlib import resources as package_files
from typing import Any

from casecraft.suites.arazzo_steps import Outputs, Workflow
from casecraft.suites.json_text import to_json
from casecraft.suites.suite import Entry, Suite

FOLDER = "arazzo"
SOURCE = "api"


def write_arazzo(suite: Suite, entries: tuple[Entry, ...]) -> Iterator[tuple[str, bytes]]:
    """`<document>.arazzo.json`, `openapi.json`, which it refers to, and a README; the last alone without scenarios."""
    template = package_files.files("casecraft.suites").joinpath("templates/arazzo/README.md")
    yield f"{FOLDER}/README.md", template.read_bytes()
    workflows = _workflows(suite, entries)
    if workflows:
        yield f"{FOLDER}/openapi.json", to_json(suite.document.root)
        yield f"{FOLDER}/{suite.document.name}.arazzo.json", to_json(_description(suite, workflows))


def _description(suite: Suite, workflows: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "arazzo": "1.0.1",
        "info": {
            "title": f"Scenarios of {suite.document.title or suite.document.name}",
            "version": suite.document.version or "1",
            "description": "Made by casecraft: writing the suite again replaces this file.",
        },
        "sourceDescriptions": [{"name": SOURCE, "url": "openapi.json", "type": "openapi"}],
        "workflows": workflows,
    }


def _workflows(suite: Suite, entries: tuple[Entry, ...]) -> list[dict[str, Any]]:
    endpoints = {entry.result.endpoint.id: entry.result.endpoint for entry in entries}
    known = {resource.id: resource for resource in suite.resources}
    described = []
    for scenario in suite.scenarios:
        workflow = Workflow(scenario, known, endpoints, Outputs())
        if workflow.can_be_said:
            described.append(workflow.describe())
    return described
