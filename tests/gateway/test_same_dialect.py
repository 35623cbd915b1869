"""Client and provider that speak the same: whatever either says reaches the other, known to us or not."""

import json
from typing import Any

import pytest

from tests.gateway.spoken import Ask, Said
from tests.gateway.stage import CLIENTS, KEY, SPOKEN, Stage, provider_of
from tests.gateway.upstream import VENDORS

pytestmark = pytest.mark.slow
UNKNOWN = {"x_new": {"deep": [1, None, "é"], "empty": {}}, "context_management": {"edits": [{"type": "clear_1"}]}}
ASKED: dict[str, Any] = {"messages": [{"role": "user", "content": "Hi"}]}


def ask(client: Any, name: str, model: str, *, stream: bool) -> Any:
    """An answer to a request with fields, headers and a query that nobody knows."""
    more = {
        "extra_body": UNKNOWN,
        "extra_headers": {
            "anthropic-beta": "one-2025-01-01,two-2026-02-02",
            "openai-beta": "three=v1",
            "x-private": "no",
        },
        "extra_query": {"beta": "true"},
    }
    sdk = client.sdk
    match name:
        case "anthropic":
            answer = sdk.messages.create(model=model, max_tokens=9, **ASKED, **more, stream=stream)
        case "openai-chat":
            answer = sdk.chat.completions.create(model=model, **ASKED, **more, stream=stream)
        case "openai-responses":
            answer = sdk.responses.create(model=model, input="Hi", **more, stream=stream)
    return list(answer) if stream else answer


def answer_with_unknown(name: str, *, stream: bool) -> list[bytes]:
    """What the vendor says, with something new in it."""
    vendor = VENDORS[SPOKEN[name]]
    told = (
        list(vendor.events(Said("Hi there"), "m")) if stream else [json.dumps(vendor.whole(Said("Hi"), "m")).encode()]
    )
    begin = b'{"type": "message_start", "message": {' if stream and name == "anthropic" else b"{"
    return [told[0].replace(begin, begin + b'"x_told": [1, {"a": null}], ', 1), *told[1:]]


def dumped(answer: Any) -> str:
    return json.dumps([each.model_dump() for each in answer] if isinstance(answer, list) else answer.model_dump())


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", ["anthropic", "openai-chat", "openai-responses"])
def test_what_nobody_knows_goes_through_both_ways(stage: Stage, name: str, stream: bool) -> None:
    vendor = SPOKEN[name]
    stage.upstream.says(Said())
    stage.upstream.raw = answer_with_unknown(name, stream=stream)
    answer = ask(stage.clients[name], name, f"{provider_of(vendor)}/claude-x/y", stream=stream)
    [sent] = stage.upstream.requests
    assert {field: sent.body[field] for field in UNKNOWN} == UNKNOWN
    assert sent.body["model"] == "claude-x/y"
    assert sent.query == "beta=true"
    assert '"x_told": [1, {"a": null}]' in dumped(answer)
    own = {"anthropic": ("anthropic-beta", "one-2025-01-01,two-2026-02-02")}.get(name, ("openai-beta", "three=v1"))
    headers = {field.lower(): value for field, value in sent.headers.items()}
    assert headers[own[0]] == own[1]
    assert "x-private" not in headers


def test_fields_of_gemini_that_nobody_knows_go_through(stage: Stage) -> None:
    from google.genai import types

    stage.upstream.says(Said("Hi"))
    stage.upstream.raw = [json.dumps(VENDORS["gemini"].whole(Said("Hi"), "m")).encode()]
    options = types.HttpOptions(extra_body=UNKNOWN)
    config = types.GenerateContentConfig(http_options=options)
    sdk = stage.clients["genai"].sdk  # type: ignore[attr-defined]
    sdk.models.generate_content(model="gemini/m", contents="Hi", config=config)
    body = stage.upstream.requests[-1].body
    assert {field: body[field] for field in UNKNOWN} == UNKNOWN


@pytest.mark.parametrize("vendor", ["openai_chat", "azure", "openai_responses", "anthropic_messages", "gemini"])
@pytest.mark.parametrize("name", CLIENTS)
def test_the_provider_gets_its_own_key_and_never_the_clients(stage: Stage, name: str, vendor: str) -> None:
    stage.upstream.says(Said("Hi"))
    stage.clients[name].ask(f"{provider_of(vendor)}/m", Ask())
    [sent] = stage.upstream.requests
    text = f"{dict(sent.headers)} {sent.query} {sent.content!r}"
    assert KEY in text
    assert stage.gateway.token not in text


def test_azure_is_shown_its_key_as_azure_wants_it(stage: Stage) -> None:
    stage.upstream.says(Said("Hi"))
    stage.clients["anthropic"].ask("azure/m", Ask())
    headers = {field.lower(): value for field, value in stage.upstream.requests[-1].headers.items()}
    assert headers["api-key"] == KEY
    assert "authorization" not in headers


def test_bedrock_gets_a_signed_request(stage: Stage) -> None:
    stage.upstream.says(Said("Hi"))
    stage.clients["anthropic"].ask("bedrock/m", Ask())
    headers = {field.lower(): value for field, value in stage.upstream.requests[-1].headers.items()}
    assert headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")
