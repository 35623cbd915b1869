"""What a model knows of a petstore beside its rules: kept through an interruption, and run against the real thing."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from casecraft.api import aevaluate, agenerate, aresume
from casecraft.engine.control import RunControl
from casecraft.engine.events import Event, JobCompleted
from tests.answers import id_of
from tests.end_to_end.test_petstore import ROOT, run_suite
from tests.petstore.app import create_app
from tests.petstore.server import serve
from tests.simulator import Behaviour, Simulator

pytestmark = pytest.mark.slow

SHOW = "GET /showroom/{pet}"
STORY = {
    "title": "What is sold cannot be ordered",
    "steps": [
        {
            "endpoint": "POST /pets",
            "expect": "success",
            "values": [],
            "set": [{"field": "body.status", "value": "sold"}],
        },
        {
            "endpoint": "POST /orders",
            "expect": "refused",
            "values": [{"field": "body.petId", "step": 1, "at": "/id"}],
        },
    ],
}
IMPOSSIBLE = {"title": "Two at once", "steps": [STORY["steps"][0], {**STORY["steps"][0], "expect": "not_found"}]}


def document(folder: Path) -> Path:
    """The petstore's, with a place that shows pets under another name, so that no rule knows whose ids it takes."""
    given = yaml.safe_load((ROOT / "specs/petstore.yaml").read_text("utf-8"))
    pet = {"name": "pet", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}
    answer = {"description": "The pet.", "content": {"application/json": {"schema": {"type": "object"}}}}
    missing = {"$ref": "#/components/responses/NotFound"}
    show = {"tags": ["showroom"], "parameters": [pet], "responses": {"200": answer, "404": missing, "422": missing}}
    given["paths"]["/showroom/{pet}"] = {"get": show}
    path = folder / "petstore.json"
    path.write_text(json.dumps(given, default=str), encoding="utf-8")
    return path


def showing(app: Any) -> Any:
    """The application, with its pets under the other path too."""

    async def moved(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"].startswith("/showroom/"):
            if scope["method"] != "GET":
                await send({"type": "http.response.start", "status": 405, "headers": [(b"allow", b"GET")]})
                await send({"type": "http.response.body", "body": b""})
                return
            scope = {**scope, "path": scope["path"].replace("/showroom/", "/pets/", 1)}
            scope["raw_path"] = scope["raw_path"].replace(b"/showroom/", b"/pets/", 1)
        await app(scope, receive, send)

    return moved


def answer(body: dict[str, Any]) -> str:
    """A case for each of two endpoints, and what else is known there."""
    known = id_of(body)
    if known == SHOW:
        pet = {"name": "pet", "value": "0b1f7f0e-6a55-4dd8-9c56-6f7c1b0fbb3d"}
        case = {"title": "A pet", "valid": True, "path_params": [pet], "expect_status": ["200"]}
        given = {"field": "path.pet", "endpoint": "POST /pets", "at": "/id"}
        wrong = {**given, "at": "/nothing"}
        return json.dumps({"cases": [case], "rules": [], "sources": [wrong, given]})
    if known == "POST /orders":
        rule = {"kind": "ordered", "fields": ["body.no", "body.such"]}
        return json.dumps({"cases": [order()], "rules": [rule], "scenarios": [STORY, IMPOSSIBLE]})
    return json.dumps({"cases": []})


def order() -> dict[str, Any]:
    """An order as a person would place it."""
    key = {"name": "Idempotency-Key", "value": "5f0c3d0e-8d6b-4c36-9d5e-1f1a6b1f7c11"}
    body = {"petId": "0b1f7f0e-6a55-4dd8-9c56-6f7c1b0fbb3d", "quantity": 1}
    return {
        "title": "One pet",
        "valid": True,
        "headers": [key],
        "content_type": "application/json",
        "body": json.dumps(body),
        "expect_status": ["201"],
    }


def written(suite: Path, name: str) -> Any:
    return json.loads((suite / name).read_text("utf-8"))


async def interrupted(folder: Path, options: dict[str, Any]) -> None:
    """A run that is stopped when the orders are done."""
    control = RunControl()

    def stop(event: Event) -> None:
        if isinstance(event, JobCompleted) and event.result.endpoint.id == "POST /orders" and not control.stops:
            control.stop()

    ended = await agenerate(document(folder), providers=["glm"], workers=1, on_event=stop, control=control, **options)
    assert ended.status == "interrupted"


async def generated(folder: Path, simulator: Simulator) -> Path:
    """A suite whose run was interrupted and went on, and that was written once more."""
    options: dict[str, Any] = {"state_dir": folder / "state", "output": folder / "suite"}
    await interrupted(folder, options)
    asked = Counter(id_of(seen.body) for seen in simulator.seen)
    assert asked["POST /orders"] == 1
    assert asked[SHOW] <= 1  # the next request may have been on its way when the run was stopped
    resumed = await aresume(state_dir=folder / "state")
    assert resumed.status == "done"
    again = Counter(id_of(seen.body) for seen in simulator.seen)
    assert again["POST /orders"] == again[SHOW] == 1
    count = len(simulator.seen)
    third = await agenerate(document(folder), providers=["glm"], **options)
    answered = {result.endpoint.id for result in third.results if result.status == "reused"}
    assert {"POST /orders", SHOW} <= answered
    assert not answered & {id_of(seen.body) for seen in simulator.seen[count:]}
    return folder / "suite"


@pytest.fixture
async def simulator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Simulator]:
    async with Simulator({"glm": Behaviour()}, answer=answer) as started:
        monkeypatch.setenv("CASECRAFT_GLM_BASE_URL", started.url("glm"))
        monkeypatch.setenv("ZHIPUAI_API_KEY", "not a real one")
        monkeypatch.chdir(tmp_path)
        yield started


async def test_what_is_left_of_an_evaluation_is_asked_as_the_whole_would_be(
    tmp_path: Path, simulator: Simulator
) -> None:
    options: dict[str, Any] = {"state_dir": tmp_path / "state"}
    await interrupted(tmp_path, options)
    (first,) = await aevaluate(document(tmp_path), providers=["glm"], **options)
    count = len(simulator.seen)
    (second,) = await aevaluate(document(tmp_path), providers=["glm"], **options)
    assert len(simulator.seen) == count
    assert first == second


async def test_proposals_outlive_an_interruption_and_find_what_rules_cannot(
    tmp_path: Path, simulator: Simulator
) -> None:
    suite = await generated(tmp_path, simulator)
    story = next(it for it in written(suite, "scenarios.json")["scenarios"] if it["id"].startswith("story-"))
    assert story["source"]["provider"] == "glm"
    assert [step["endpoint"] for step in story["steps"]] == ["POST /pets", "POST /orders"]
    assert story["steps"][0]["request"]["body"]["status"] == "sold"
    (shown,) = (suite / "cases").glob("*showroom*.json")
    cases = json.loads(shown.read_text("utf-8"))["cases"]
    bound = {binding["source"] for case in cases if case["valid"] for binding in case.get("bindings", ())}
    assert bound == {"/id"}
    (evaluation,) = await aevaluate(document(tmp_path), providers=["glm"], state_dir=tmp_path / "state")
    proposals = evaluation.proposals
    assert proposals.kept == {"edge": 1, "scenario": 1}
    assert {kind: sum(reasons.values()) for kind, reasons in proposals.refused.items()} == {
        "rule": 1,
        "edge": 1,
        "scenario": 1,
    }
    await asyncio.to_thread(passes_and_finds, suite)


def passes_and_finds(suite: Path) -> None:
    with serve(showing(create_app())) as url:
        outcome = run_suite(suite, url)
        assert outcome.returncode == 0, outcome.stdout[-3000:]
        assert "skipped" not in outcome.stdout
    with serve(showing(forgetful(create_app()))) as url:
        outcome = run_suite(suite, url, "-k", "story-what-is-sold")
        assert outcome.returncode == 1, outcome.stdout[-3000:]
        assert "What is sold cannot be ordered, step 2 of 2" in outcome.stdout


def forgetful(app: Any) -> Any:
    """A shop that orders what is sold: no single request shows it."""

    async def changed(scope: Any, receive: Any, send: Any) -> None:
        is_order = scope["type"] == "http" and scope["method"] == "POST" and scope["path"] == "/orders"

        async def sending(message: Any) -> None:
            is_refusal = is_order and message.get("status") == 409
            await send({**message, "status": 201} if is_refusal else message)

        await app(scope, receive, sending)

    return changed
