"""What an endpoint is asked does not hang on which others a run is about, and what was told is found again."""

from dataclasses import replace
from pathlib import Path

import pytest

from casecraft.api import plan
from casecraft.core.job import JobResult
from casecraft.engine.evaluation import count_proposals, first_key
from casecraft.engine.reuse import proposals_of
from casecraft.engine.session import work_of
from casecraft.state import Store
from tests.engine.rig import DOCUMENT
from tests.state.samples import attempt

PETSTORE = Path(__file__).parents[2] / "specs/petstore.yaml"
ORDER = "POST /orders"


def test_a_run_over_some_endpoints_asks_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = plan(PETSTORE, providers=["ollama"], provider_settings={"ollama": {"model": "m"}})
    order = next(it for it in made.endpoints if it.id == ORDER)
    others = tuple(it for it in made.endpoints if it is not order)
    profile = made.profiles[0]
    whole = first_key(order, profile, work_of(made))
    assert whole == first_key(order, profile, work_of(replace(made, endpoints=(order,), others=others)))
    assert whole != first_key(order, profile, work_of(replace(made, endpoints=(order,))))


def test_nothing_is_asked_of_techniques_without_scenarios(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = plan(PETSTORE, providers=["rules"], techniques=["security"])
    order = next(it for it in made.endpoints if it.id == ORDER)
    assert "<others>\n" not in work_of(made).request(order, made.profiles[0]).messages[1].text


async def test_proposals_are_those_of_the_provider_whose_answer_was_kept(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = plan(PETSTORE, providers=["rules"])
    order = next(it for it in made.endpoints if it.id == ORDER)
    run = store.begin_run(DOCUMENT, {}, [])
    for provider, source in (("glm", "/id"), ("qwen", "/name")):
        text = f'{{"sources": [{{"field": "body.petId", "endpoint": "POST /pets", "at": "{source}"}}]}}'
        await store.record(run, replace(attempt("/a", provider), endpoint_id=ORDER, provider=provider, answer=text))
    assert proposals_of(store, [JobResult(order, "done", "rules")]) == {}
    found = proposals_of(store, [JobResult(order, "reused", "glm", "m")])
    assert [edge.source for edge in found[ORDER].edges] == ["/id"]


def test_counting_needs_no_graph_where_nothing_is_proposed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = plan(PETSTORE, providers=["rules"])
    counts = count_proposals(made.endpoints, {it.id: ['{"cases": []}'] for it in made.endpoints}, work_of(made))
    assert (counts.kept, counts.refused) == ({}, {})
