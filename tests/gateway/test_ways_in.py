"""What clients may leave out, repeat or ask for in another form."""

from pathlib import Path

import httpx
import pytest

from tests.gateway.scripted import (
    TOKEN,
    Served,
    Upstream,
    answers,
    ask,
    events_in,
    pieces,
    request_of,
    served,
    streams,
)

pytestmark = pytest.mark.slow
BEARER = {"authorization": f"Bearer {TOKEN}"}


async def send(it: Served, method: str, path: str, **more: object) -> httpx.Response:
    async with httpx.AsyncClient(base_url=it.url, timeout=60, trust_env=False) as client:
        return await client.request(method, path, **{"headers": BEARER, **more})  # type: ignore[arg-type]


async def test_what_comes_several_times_goes_on_whole(tmp_path: Path) -> None:
    upstream = Upstream(up=answers("anthropic_messages"))
    async with served(tmp_path, upstream, {"up": "anthropic_messages"}) as it:
        path, body = request_of("anthropic_messages")
        headers = [*BEARER.items(), ("anthropic-beta", "foo-1"), ("anthropic-beta", "bar-2")]
        reply = await send(it, "POST", f"{path}?beta=true&x=1&x=2&flag&key=cc", json=body, headers=headers)
    assert reply.status_code == 200
    [seen] = upstream.seen
    assert {name.lower(): value for name, value in seen.headers.items()}["anthropic-beta"] == "foo-1, bar-2"
    assert seen.query == "beta=true&x=1&x=2&flag="


@pytest.mark.parametrize("provider", ["gemini", "openai_chat"])
async def test_gemini_streams_an_array_to_who_wants_no_events(tmp_path: Path, provider: str) -> None:
    upstream = Upstream(up=answers(provider, "Hello ", "there"))
    async with served(tmp_path, upstream, {"up": provider}) as it:
        path, body = request_of("gemini", stream=True)
        plain = await send(it, "POST", path.partition("?")[0], json=body)
        events = await send(it, "POST", path, json=body)
    assert plain.headers["content-type"] == "application/json"
    expected = [data for _, data in events_in(events.content)]
    assert [it["candidates"] for it in plain.json()] == [it["candidates"] for it in expected]
    assert len(expected) >= 2


async def test_an_array_that_is_cut_ends_with_the_error(tmp_path: Path) -> None:
    upstream = Upstream(up=streams(*pieces("openai_chat")[:1], cut=True))
    async with served(tmp_path, upstream, {"up": "openai_chat"}) as it:
        path, body = request_of("gemini", stream=True)
        items = (await send(it, "POST", path.partition("?")[0], json=body)).json()
    assert items[0]["candidates"][0]["content"]["parts"] == [{"text": "Hello "}]
    assert "error" in items[-1]


@pytest.mark.parametrize("client", ["anthropic_messages", "openai_responses"])
async def test_a_request_without_a_message_is_refused_before_it_costs(tmp_path: Path, client: str) -> None:
    upstream = Upstream(up=answers("openai_chat"))
    async with served(tmp_path, upstream, {"up": "openai_chat"}) as it:
        path, _ = request_of(client)
        reply = await send(it, "POST", path, json={"model": "up/m", "max_tokens": 9})
        [exchange] = await it.ended()
    assert (reply.status_code, upstream.seen) == (400, [])
    assert "no messages" in reply.json()["error"]["message"]
    assert (exchange.outcome, exchange.attempts) == ("refused", ())


async def test_a_method_of_gemini_that_is_not_served_is_not_found(tmp_path: Path) -> None:
    async with served(tmp_path, Upstream(up=answers("gemini")), {"up": "gemini"}) as it:
        reply = await send(it, "POST", "/v1/models/foo:batchEmbedContents", json={})
    assert (reply.status_code, reply.json()["error"]["code"]) == (404, 404)
    assert "generateContent, streamGenerateContent, countTokens" in reply.json()["error"]["message"]


@pytest.mark.parametrize("asked", [{"headers": {"x-goog-api-key": TOKEN}}, {"params": {"key": TOKEN}, "headers": {}}])
async def test_google_s_list_is_at_the_path_of_openai_s_too(tmp_path: Path, asked: dict[str, object]) -> None:
    async with served(tmp_path, Upstream(up=answers("gemini")), {"up": "gemini"}) as it:
        assert {model["name"] for model in (await send(it, "GET", "/v1/models", **asked)).json()["models"]} == {
            "models/up/up-model"
        }
        assert (await send(it, "GET", "/v1/models/up/up-model", **asked)).json()["name"] == "models/up/up-model"


async def test_the_page_is_found_with_a_slash_as_well(tmp_path: Path) -> None:
    async with served(tmp_path, Upstream(up=answers("gemini")), {"up": "gemini"}) as it:
        reply = await send(it, "GET", f"/ui/?token={TOKEN}", follow_redirects=True)
    assert reply.status_code == 200
    assert reply.url.path in ("/ui", "/ui/login")


async def test_who_is_asked_nothing_has_no_attempt(tmp_path: Path) -> None:
    upstream = Upstream(up=answers("openai_chat"))
    async with served(tmp_path, upstream, {"up": "openai_chat"}) as it:
        reply = await ask(it, "openai_responses", previous_response_id="resp_1")
        [exchange] = await it.ended()
    assert (reply.status_code, exchange.outcome, exchange.attempts) == (400, "refused", ())
