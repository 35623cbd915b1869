"""A whole run with a real model: whatever it answers, only verified cases end up in the suite."""

import json
from pathlib import Path
from typing import Any

import pytest

import casecraft
from casecraft.cases import hits, verify
from casecraft.cases.draft import Draft
from casecraft.cases.scenarios import huge
from casecraft.config import ProviderSettings, Settings
from casecraft.core.case import Case
from casecraft.core.endpoint import Endpoint
from casecraft.state import open_store
from tests.llm.model import SAMPLING

pytestmark = pytest.mark.llm

DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Notes", "version": "1"},
    "paths": {
        "/notes": {
            "get": {
                "summary": "List notes",
                "parameters": [{"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1}}],
                "responses": {"200": {"description": "ok"}, "400": {"description": "wrong"}},
            },
            "post": {
                "summary": "Add a note",
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "required": ["text"],
                                "properties": {"text": {"type": "string", "minLength": 1}},
                            }
                        }
                    },
                },
                "responses": {"201": {"description": "made"}, "400": {"description": "wrong"}},
            },
        }
    },
}


def test_a_run_with_a_small_model_ends_with_verified_cases_only(model_url: str, tmp_path: Path) -> None:
    document = tmp_path / "notes.json"
    document.write_text(json.dumps(DOCUMENT))
    # The smallest of models needs long for little: its answers are kept short.
    local = ProviderSettings(
        base_url=model_url, model="smollm2", max_output_tokens=400, timeout=300, workers=1, extra=SAMPLING
    )
    settings = Settings(
        providers=("local",),
        provider_settings={"local": local},
        output=tmp_path / "suite",
        state_dir=tmp_path / "state",
    )
    summary = casecraft.generate(document, settings=settings)
    assert summary.status == "done"
    for result in summary.results:
        assert result.cases
        for case in result.cases:
            # What is sent once for a tag is no target of each endpoint.
            by_schema = {it for it in case.targets if not it.startswith("meaning:") and it != huge.TARGET}
            assert by_schema <= hits(result.endpoint, case.request), case.id
            # Rules also send what no model is asked for, such as other methods: their targets alone are read anew.
            assert case.source.provider == "rules" or verified_again(result.endpoint, case), case.id
    with open_store(summary.state_file, read_only=True) as store:
        attempts = store.attempts_of(summary.run_id)
    assert any(attempt.outcome == "answered" for attempt in attempts), [attempt.error for attempt in attempts]
    assert all(attempt.usage for attempt in attempts if attempt.outcome == "answered")
    assert summary.spending["local"].unpriced == 0
    (rated,) = casecraft.evaluate(document, settings=settings)
    assert (rated.asked, rated.rating.answers > 0) == (2, True)
    assert rated.rating.verified + rated.rating.repaired + rated.rating.relabelled >= rated.rating.kept
    assert summary.manifest["counts"]["by_provider"].get("local", 0) <= rated.rating.kept
    with open_store(summary.state_file, read_only=True) as store:
        assert len(store.runs()) == 1, "what was answered is not asked again"


def verified_again(endpoint: Endpoint, case: Case) -> bool:
    """Whether the check says of the written request what the case says of it."""
    request = case.request
    draft = Draft(
        title=case.title,
        valid=case.valid,
        path_params=request.path_params,
        query=request.query,
        headers=request.headers,
        cookies=request.cookies,
        body=request.body,
        content_type=request.content_type,
        expect_status=case.expect.status,
        authenticated=request.credentials == "own",
    )
    verdict = verify(endpoint, draft)
    return getattr(verdict, "case", None) is not None
