"""What must never get out, and who may not come in, over HTTP."""

import json
from pathlib import Path

import httpx
import pytest
from aiohttp import web
from pydantic import SecretStr

from casecraft.config import GatewaySettings
from casecraft.errors import ConfigurationError
from casecraft.gateway.call_logging import open_log
from casecraft.gateway.exposure import check_exposure
from casecraft.providers.call_log import CallLog
from tests.gateway.scripted import (
    DIALECTS,
    TOKEN,
    Upstream,
    answers,
    ask,
    error_message,
    pieces,
    raw,
    raw_request,
    request_of,
    says,
    served,
    settings_of,
    streams,
)

pytestmark = pytest.mark.slow

SECRET = "clients-own-secret-0123456789"
KEY = "key-of-up-0123456789"
ESCAPED = KEY.replace("-", "\\u002d")


@pytest.mark.parametrize("client", DIALECTS)
async def test_a_wrong_token_is_refused_in_the_clients_words(tmp_path: Path, client: str) -> None:
    async with served(tmp_path, Upstream(), {"up": client}) as it:
        for token in ("wrong", TOKEN[:-1], TOKEN + "x", "тoken"[1:]):
            reply = await ask(it, client, token=token)
            assert reply.status_code == 401
            assert error_message(client, reply.json())
            assert TOKEN not in reply.text
        path, body = request_of(client)
        async with httpx.AsyncClient(base_url=it.url, trust_env=False) as http:
            assert (await http.post(path, json=body)).status_code == 401
            assert (await http.post(path, json=body, headers={"authorization": TOKEN})).status_code == 401
            assert (await http.get("/v1/models")).status_code == 401
        assert it.upstream.seen == []
        assert [exchange.status for exchange in it.gateway.recent] == [401] * 6
        # Nobody can fill the ledger without a token.
        await ask(it, client, model="x" * 20 if client == "gemini" else "", messages=1, input=1, contents=1)
        assert {exchange.status for exchange in await it.ended()} == {400}


async def test_two_starts_have_two_tokens() -> None:
    from casecraft.gateway.access import new_token

    first, second = new_token(), new_token()
    assert first != second
    assert len(first) >= 32


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "gateway.example.com"])
def test_others_may_reach_the_gateway_only_with_a_configured_token(host: str) -> None:
    with pytest.raises(ConfigurationError, match="no token"):
        check_exposure(GatewaySettings(host=host))
    check_exposure(GatewaySettings(host=host, token=SecretStr("a-token-that-is-long-enough")))


@pytest.mark.parametrize("client", DIALECTS)
@pytest.mark.parametrize("provider", DIALECTS)
@pytest.mark.parametrize("stream", [True, False])
async def test_no_key_of_a_client_reaches_a_provider(tmp_path: Path, client: str, provider: str, stream: bool) -> None:
    sent = {
        "authorization": f"Bearer {TOKEN}",
        "x-api-key": SECRET,
        "x-goog-api-key": SECRET,
        "api-key": SECRET,
        "cookie": f"session={SECRET}",
        "proxy-authorization": f"Basic {SECRET}",
        "anthropic-dangerous-direct-browser-access": SECRET,
        "openai-organization": SECRET,
        "x-forwarded-for": SECRET,
        "connection": "keep-alive, x-hop",
        "x-hop": SECRET,
        "te": "trailers",
        "upgrade-insecure-requests": SECRET,
    }
    async with served(tmp_path, Upstream(up=answers(provider)), {"up": provider}) as it:
        path, body = request_of(client, stream=stream)
        path += f"{'&' if '?' in path else '?'}key={TOKEN}&api_key={SECRET}&access_token={SECRET}&beta=true"
        async with httpx.AsyncClient(base_url=it.url, trust_env=False) as http:
            reply = await http.post(path, json=body, headers=sent)
        assert reply.status_code == 200
        (seen,) = it.upstream.seen
        whole = f"{seen.path} {seen.query} {json.dumps(seen.headers)} {seen.body!r}"
        assert SECRET not in whole
        assert TOKEN not in whole
        assert KEY in json.dumps(seen.headers)
        assert ("beta=true" in seen.query) == (client == provider)
        assert {name.lower() for name in seen.headers} <= {
            "host", "accept", "accept-encoding", "user-agent", "content-type", "content-length", "authorization",
            "x-api-key", "x-goog-api-key", "anthropic-version",
        }  # fmt: skip


def mirrors(status: int, form: str, stream: bool, dialect: str) -> object:
    """A provider that repeats the key that it got."""

    async def play(request: web.Request) -> web.StreamResponse:
        text = f"your key is {form}"
        headers = {"x-request-id": KEY, "x-ratelimit-key": KEY, "retry-after": "3"}
        if status == 200 and stream:
            chunks = [it.replace(b"MARK", form.encode()) for it in pieces(dialect, ["MARK", "there"])]
            cut = chunks[0].index(form.encode()) + 5
            return await streams(chunks[0][:cut], chunks[0][cut:], *chunks[1:])(request)
        if status == 200:
            body = (await answers(dialect, "MARK")(request)).body  # type: ignore[attr-defined]
            return web.Response(body=body.replace(b"MARK", form.encode()), headers=headers)
        body = json.dumps({"error": {"message": "MARK"}}).replace("MARK", text)
        return web.Response(status=status, text=body, content_type="application/json", headers=headers)

    return play


@pytest.mark.parametrize("client", ["openai_chat", "anthropic_messages"])
@pytest.mark.parametrize("form", [KEY, ESCAPED])
@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("status", [200, 401, 400, 429, 500])
async def test_a_provider_that_repeats_its_key_does_not_tell_it_to_anybody(
    tmp_path: Path, client: str, form: str, stream: bool, status: int
) -> None:
    upstream = Upstream(up=mirrors(status, form, stream, "openai_chat"))  # type: ignore[arg-type]
    log_file = tmp_path / "calls.jsonl"
    log = CallLog(log_file, bodies=True)
    async with served(tmp_path, upstream, {"up": "openai_chat"}, log=log) as it:
        reply = await ask(it, client, stream=stream)
        assert reply.status_code == status
        await it.ended()
        ledger = bytes_of(tmp_path)
        shown = [reply.content, repr(reply.headers).encode(), log_file.read_bytes(), repr(it.gateway.recent).encode()]
        for place in (*shown, ledger, repr(it.reports).encode()):
            assert KEY.encode() not in place
            assert ESCAPED.encode() not in place
    log.close()


def bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.glob("gateway.sqlite*"))


async def test_keys_in_what_a_client_sends_are_blotted_out_of_the_log_of_calls(tmp_path: Path) -> None:
    """A coding client may send a file of keys as what its tool has read."""
    log_file = tmp_path / "calls.jsonl"
    upstream = Upstream(up=answers("openai_chat"), other=answers("openai_chat"))
    keys = [KEY, KEY.replace("up", "other"), TOKEN]
    dialects = {"up": "openai_chat", "other": "openai_chat"}
    settings = settings_of(tmp_path, upstream, dialects, settings={"log_calls": log_file, "log_bodies": True})
    log = open_log(settings, TOKEN)
    assert log is not None
    async with served(tmp_path, upstream, dialects, log=log) as it:
        for client in ("openai_chat", "anthropic_messages"):
            assert (await ask(it, client, text=f"the file says {keys}")).status_code == 200
        newer = settings_of(tmp_path, upstream, dialects, keys={"carol": {"token": "carol-token-1234567890"}})
        newer.provider_settings["up"] = newer.provider_settings["up"].model_copy(
            update={"api_key": SecretStr("key-of-up-that-is-newer")}
        )
        it.gateway.take(newer)
        keys += ["carol-token-1234567890", "key-of-up-that-is-newer"]
        assert (await ask(it, "anthropic_messages", text=f"the file says {keys}")).status_code == 200
    log.close()
    logged = log_file.read_text()
    assert logged.count("the file says") == 3
    assert [key for key in keys if key in logged] == []


@pytest.mark.parametrize("client", ["openai_chat", "anthropic_messages"])
async def test_the_log_of_calls_has_the_providers_id_and_the_usage_of_what_failed(tmp_path: Path, client: str) -> None:
    body = {"error": {"message": "no"}, "usage": {"prompt_tokens": 7, "completion_tokens": 0}}
    upstream = Upstream(up=says(400, body, x_request_id=f"req-{KEY}"))
    settings = settings_of(tmp_path, upstream, {"up": "openai_chat"}, settings={"log_calls": tmp_path / "calls"})
    log = open_log(settings, TOKEN)
    assert log is not None
    async with served(tmp_path, upstream, {"up": "openai_chat"}, log=log) as it:
        assert (await ask(it, client)).status_code == 400
    log.close()
    (line,) = map(json.loads, (tmp_path / "calls").read_text().splitlines())
    assert (line["status"], line["request_id"], line["tokens"]["input"]) == (400, "req-[key]", 7)


@pytest.mark.parametrize("client", ["openai_chat", "anthropic_messages"])
async def test_a_title_that_is_no_plain_text_stays_here_and_the_request_goes_on(tmp_path: Path, client: str) -> None:
    async with served(tmp_path, Upstream(up=answers("openai_chat")), {"up": "openai_chat"}) as it:
        path, body = request_of(client)
        titles = {"x-title": "标题".encode(), "http-referer": b"https://x.example"}
        async with httpx.AsyncClient(base_url=it.url, trust_env=False) as http:
            reply = await http.post(path, json=body, headers={b"x-api-key": TOKEN.encode(), **titles})
        assert reply.status_code == 200
        (seen,) = it.upstream.seen
        sent = {name.lower(): value for name, value in seen.headers.items()}
        assert (sent.get("x-title"), sent["http-referer"]) == (None, "https://x.example")


@pytest.mark.parametrize("client", DIALECTS)
@pytest.mark.parametrize(
    "model",
    ["up/a\r\nx-evil: 1", "up/a\nb", "up/мodel", "up/\x00", "up/" + "m" * 5000, "up/..%2f..%2fadmin", "up/a b#c?d"],
)
async def test_names_of_models_make_no_headers_and_no_paths(tmp_path: Path, client: str, model: str) -> None:
    from urllib.parse import quote

    async with served(tmp_path, Upstream(up=answers(client)), {"up": client}) as it:
        path, body = request_of(client, model=quote(model, safe="/") if client == "gemini" else model)
        async with httpx.AsyncClient(base_url=it.url, trust_env=False) as http:
            reply = await http.post(path, json=body, headers={"x-api-key": TOKEN})
        assert "x-evil" not in reply.headers
        assert all(" " <= letter <= "~" for value in reply.headers.values() for letter in value)
        assert sum(map(len, reply.headers.values())) < 3000
        assert reply.status_code in {200, 400, 404}
        for seen in it.upstream.seen:
            assert seen.path.startswith(("/up/chat/completions", "/up/responses", "/up/v1/messages", "/up/models/"))
            assert "admin" not in seen.path or "%2F" in seen.path or ".." in seen.path
        assert it.reports == []


@pytest.mark.parametrize(
    "head",
    [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: +5\r\n",
        "Content-Length: 5\r\nX-Bad: a\r\n b\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "X-Bad : a\r\nContent-Length: 5\r\n",
    ],
)
async def test_requests_that_can_be_read_in_two_ways_reach_no_provider(tmp_path: Path, head: str) -> None:
    hidden = raw_request("openai_chat")
    async with served(tmp_path, Upstream(up=answers("openai_chat")), {"up": "openai_chat"}) as it:
        start = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{head}\r\n"
        reader, writer = await raw(it.port, start.encode() + b"0\r\n\r\n" + hidden)
        reply = await reader.read()
        writer.close()
        assert reply.count(b"HTTP/1.1 ") <= 1
        assert it.upstream.seen == []


async def test_images_by_address_are_not_fetched(tmp_path: Path) -> None:
    upstream = Upstream(up=answers("openai_chat"), images=says(200))
    async with served(tmp_path, upstream, {"up": "openai_chat"}) as it:
        url = f"{upstream.url('images')}/cat.png"
        body = {
            "model": "m",
            "max_tokens": 9,
            "messages": [{"role": "user", "content": [{"type": "image", "source": {"type": "url", "url": url}}]}],
        }
        async with httpx.AsyncClient(base_url=it.url, trust_env=False) as http:
            reply = await http.post("/v1/messages", json=body, headers={"x-api-key": TOKEN})
        assert reply.status_code == 200
        (seen,) = upstream.seen
        assert seen.provider == "up"
        assert url in seen.body.decode()


@pytest.mark.parametrize("client", ["openai_chat", "anthropic_messages"])
@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize("stream", [False, True])
async def test_the_log_has_what_came_even_where_it_is_passed_on_or_cut(
    tmp_path: Path, client: str, stream: bool, cut: bool
) -> None:
    log_file = tmp_path / "calls.jsonl"
    came = pieces("openai_chat")[:1] if cut else pieces("openai_chat")
    upstream = Upstream(up=streams(*came, cut=cut) if stream else answers("openai_chat"))
    dialects = {"up": "openai_chat"}
    settings = settings_of(tmp_path, upstream, dialects, settings={"log_calls": log_file, "log_bodies": True})
    log = open_log(settings, TOKEN)
    assert log is not None
    async with served(tmp_path, upstream, dialects, log=log) as it:
        await ask(it, client, stream=stream)
        await it.ended()
    log.close()
    [line] = map(json.loads, log_file.read_text().splitlines())
    assert "Hello " in str(line["received"])
