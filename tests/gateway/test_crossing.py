"""What of a request goes over to a provider of another dialect."""

from typing import Any

import pytest

from casecraft.core.chat import ChatRequest, Message
from casecraft.errors import InvalidRequestError
from casecraft.gateway.crossing import ANY_OBJECT, cross
from casecraft.wire import find_dialect
from casecraft.wire.dialect import Asked

BODIES: dict[str, dict[str, Any]] = {
    "openai_chat": {"model": "m", "messages": [{"role": "user", "content": "Hi"}]},
    "openai_responses": {"model": "m", "input": "Hi"},
    "anthropic_messages": {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]},
    "gemini": {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]},
}


def crossed(dialect: str, **more: Any) -> tuple[ChatRequest, list[str]]:
    request, losses = cross(find_dialect(dialect).decode_request({**BODIES[dialect], **more}), dialect)
    assert all(loss.harmless for loss in losses)
    return request, [loss.field for loss in losses]


@pytest.mark.parametrize("dialect", BODIES)
def test_a_plain_request_goes_over_whole(dialect: str) -> None:
    request, losses = crossed(dialect)
    assert [message.text for message in request.messages] == ["Hi"]
    assert losses == []


@pytest.mark.parametrize(
    ("dialect", "more"),
    [
        ("openai_chat", {"user": "u", "store": True, "metadata": {"a": "b"}, "service_tier": "flex", "n": 1}),
        ("openai_responses", {"store": False, "include": ["reasoning.encrypted_content"], "prompt_cache_key": "k"}),
        ("anthropic_messages", {"metadata": {"user_id": "u"}, "context_management": {"edits": []}}),
        ("gemini", {"safetySettings": []}),
        ("anthropic_messages", {"a_field_of_tomorrow": 1}),
    ],
)
def test_hints_are_left_out_and_listed(dialect: str, more: dict[str, Any]) -> None:
    request, losses = crossed(dialect, **more)
    assert request.extra == {}
    assert set(losses) == more.keys() - {"n"}


@pytest.mark.parametrize(
    ("dialect", "more"),
    [
        ("openai_chat", {"n": 2}),
        ("openai_chat", {"modalities": ["text", "audio"]}),
        ("openai_chat", {"web_search_options": {}}),
        ("openai_responses", {"previous_response_id": "resp_1"}),
        ("openai_responses", {"background": True}),
        ("openai_responses", {"tools": [{"type": "file_search"}]}),
        ("anthropic_messages", {"mcp_servers": [{"type": "url", "url": "https://example.com"}]}),
        ("anthropic_messages", {"tools": [{"type": "web_search_20250305", "name": "web_search"}]}),
        ("gemini", {"cachedContent": "cachedContents/1"}),
        ("gemini", {"tools": [{"googleSearch": {}}]}),
    ],
)
def test_what_would_be_another_request_without_it_is_refused_by_name(dialect: str, more: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        crossed(dialect, **more)
    assert caught.value.status is None  # no provider's answer: one of the client's own dialect may take it
    (name,) = more
    assert name in str(caught.value)


@pytest.mark.parametrize(
    ("dialect", "more"),
    [
        ("openai_chat", {"modalities": ["text"], "logit_bias": {}}),
        ("openai_responses", {"background": False, "previous_response_id": None}),
        ("anthropic_messages", {"mcp_servers": []}),
    ],
)
def test_values_that_ask_for_nothing_are_no_reason_to_refuse(dialect: str, more: dict[str, Any]) -> None:
    assert crossed(dialect, **more)[0].extra == {}


def test_a_vendors_own_tool_is_left_out_beside_others() -> None:
    own = {"type": "web_search_20250305", "name": "web_search"}
    client = {"name": "Write", "input_schema": {"type": "object"}}
    request, losses = crossed("anthropic_messages", tools=[own, client])
    assert [tool.name for tool in request.tools] == ["Write"]
    assert losses == ["tools[0]"]


def test_the_older_json_mode_asks_for_any_object() -> None:
    request, losses = crossed("openai_chat", response_format={"type": "json_object"})
    assert request.json_schema == ANY_OBJECT
    assert losses == []


def test_a_budget_for_thinking_goes_over() -> None:
    request, _ = crossed("anthropic_messages", max_tokens=9000, thinking={"type": "enabled", "budget_tokens": 4096})
    assert request.reasoning_budget == 4096


def test_the_model_is_left_to_the_route() -> None:
    assert cross(Asked(ChatRequest((Message("user", "Hi"),), model="m"), stream=False), "gemini")[0].model == ""
