"""A real model gets a real prompt, and what it answers can be read."""

from typing import Any

import httpx
import pytest

from casecraft.cases.draft import Draft
from casecraft.cases.parse import parse
from casecraft.cases.prompts import generation_request
from casecraft.cases.repair import repair_request
from casecraft.cases.tokens import estimate_tokens
from casecraft.core.chat import ChatRequest
from tests.cases.sample_endpoint import TARGETS, make_endpoint
from tests.llm.model import SAMPLING

pytestmark = pytest.mark.llm


SEEDS = (3, 2, 4)


def ask(url: str, request: ChatRequest, max_tokens: int, seed: int = 0) -> dict[str, Any]:
    body = {
        "messages": [{"role": message.role, "content": message.text} for message in request.messages],
        "max_tokens": max_tokens,
        **SAMPLING,
        "seed": seed,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "cases", "strict": True, "schema": request.json_schema},
        },
    }
    response = httpx.post(f"{url}/chat/completions", json=body, timeout=300)
    response.raise_for_status()
    answer: dict[str, Any] = response.json()
    return answer


def drafts_of(url: str, request: ChatRequest) -> tuple[Draft, ...]:
    """Those of the first answer that has any. So small a model loses itself now and then."""
    answers = (ask(url, request, 400, seed)["choices"][0]["message"]["content"] for seed in SEEDS)
    return next((parsed.drafts for parsed in map(parse, answers) if parsed.drafts), ())


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_small_model_held_to_the_schema_writes_drafts(model_url: str, lang: Any) -> None:
    request = generation_request(make_endpoint(), TARGETS, lang=lang, max_cases=1)
    assert drafts_of(model_url, request)


def test_a_repair_turn_is_answered_in_the_same_form(model_url: str) -> None:
    first = generation_request(make_endpoint(), TARGETS, lang="en", max_cases=1)
    assert drafts_of(
        model_url, repair_request(first, '{"cases":[{"title":"A pet"}]}', ["case 1: valid: missing"], "en")
    )


def test_the_estimate_of_tokens_is_near_what_the_server_counts(model_url: str) -> None:
    request = generation_request(make_endpoint(), TARGETS, lang="en", max_cases=2)
    counted = ask(model_url, request, max_tokens=1)["usage"]["prompt_tokens"]
    without_schema = ChatRequest(messages=request.messages)
    assert counted * 0.7 < estimate_tokens(without_schema) < counted * 1.3
