"""Who may use the gateway, and what is known of whoever asks."""

import pytest

from casecraft.errors import AuthenticationError
from casecraft.gateway.access import OWN, Access, new_token
from casecraft.gateway.asking import client_of

ACCESS = Access("the-token-of-this-start", {"alice": "the-token-of-alice"})


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ({"authorization": "Bearer the-token-of-alice"}, {}),
        ({"authorization": "bearer  the-token-of-alice "}, {}),
        ({"x-api-key": "the-token-of-alice"}, {}),
        ({"x-goog-api-key": "the-token-of-alice"}, {}),
        ({"api-key": "the-token-of-alice"}, {}),
        ({}, {"key": "the-token-of-alice"}),
    ],
)
def test_each_client_has_its_own_way_to_bring_its_token(headers: dict[str, str], query: dict[str, str]) -> None:
    assert ACCESS.name_of(headers, query) == "alice"


def test_the_token_of_this_start_has_no_name() -> None:
    assert ACCESS.name_of({"x-api-key": "the-token-of-this-start"}, {}) == OWN == ""


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer "},
        {"authorization": "Basic the-token-of-alice"},
        {"x-api-key": ""},
        {"x-api-key": "the-token-of-alicE"},
        {"x-api-key": "the-token-of-alice-and-more"},
        {"x-api-key": "tökén"},
    ],
)
def test_nobody_elses_token_opens_it(headers: dict[str, str]) -> None:
    with pytest.raises(AuthenticationError) as caught:
        ACCESS.name_of(headers, {})
    assert caught.value.status == 401
    assert "alice" not in str(caught.value)


def test_tokens_are_never_shown_and_never_the_same() -> None:
    assert "token-of" not in repr(ACCESS)
    tokens = {new_token() for _ in range(50)}
    assert len(tokens) == 50
    assert min(map(len, tokens)) >= 32


@pytest.mark.parametrize(
    ("agent", "client"),
    [
        ("claude-cli/2.1.197 (external, sdk-cli)", "claude-cli"),
        ("codex_exec/0.169.0 (Debian 12; x86_64) unknown", "codex_exec"),
        ("opencode/1.18.33 ai-sdk/provider-utils/4.0 runtime/bun", "opencode"),
        ("OpenAI/Python 3.52.0", "OpenAI/Python"),
        ("Anthropic/Python 2.12.0", "Anthropic/Python"),
        ("google-genai-sdk/3.4.0 gl-python/3.11", "google-genai-sdk"),
        ("curl/8.1", "curl"),
        ("", "unknown"),
        ("x" * 500, "x" * 60),
    ],
)
def test_a_client_is_known_by_the_name_that_it_gives(agent: str, client: str) -> None:
    assert client_of({"user-agent": agent}) == client
