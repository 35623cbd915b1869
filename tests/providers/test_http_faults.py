"""Real connections to a server that misbehaves."""

import asyncio
import gzip
import json
import ssl

import httpx
import pytest
from pydantic import SecretStr

from casecraft import errors
from casecraft.config import ProviderSettings
from casecraft.core.chat import ChatRequest, Message
from casecraft.providers import create, detect
from casecraft.providers.http import proxy_for
from tests.providers.loopback import CHAT, hang, raw, reset, respond, serving

pytestmark = pytest.mark.slow

REQUEST = ChatRequest((Message("user", "Hi"),), model="m")
STREAM_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def at(url: str, **values):
    return create("glm", ProviderSettings(**{"api_key": SecretStr("sk-0123456789"), "base_url": url, **values}))


async def ask(url: str, **values):
    provider = at(url, **values)
    try:
        return await provider.complete(REQUEST)
    finally:
        await provider.aclose()


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


async def test_an_answer_comes_through_with_the_right_request():
    async with serving() as server:
        server.chat(respond(200, CHAT))
        assert (await ask(server.url)).text == "Hello"
        head, body = server.requests[0]
    lines = head.split("\r\n")
    assert lines[0] == "POST /v1/chat/completions HTTP/1.1"
    names = [line.partition(":")[0].lower() for line in lines[1:] if line]
    assert sorted(names) == sorted(set(names))
    assert {"authorization", "host", "content-length", "content-type", "user-agent"} <= set(names)
    assert json.loads(body)["messages"] == [{"role": "user", "content": "Hi"}]


@pytest.mark.parametrize(
    ("answer", "kind", "says"),
    [
        (reset, errors.NetworkError, r"'glm' \(127.0.0.1:\d+\)"),
        (raw(b"", close=True), errors.NetworkError, "closed the connection without an answer"),
        (raw(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{", close=True), errors.NetworkError, "cut its answer off"),
        (raw(b"SSH-2.0-OpenSSH_9\r\n\r\n", close=True), errors.BadAnswerError, "no HTTP"),
        (respond(200, b"<html><title>Sign in</title>"), errors.BadAnswerError, "HTML page titled 'Sign in'"),
        (respond(200, b'{"choices": [{"mess'), errors.BadAnswerError, "broken JSON"),
        (respond(200, b""), errors.BadAnswerError, "an empty body"),
        (respond(200, {"choices": [{"message": {"content": None}}]}), errors.BadAnswerError, "empty message"),
        (respond(200, b"not gzip", content_encoding="gzip"), errors.BadAnswerError, "no HTTP"),
        (respond(500, b"oops"), errors.ServerError, "500"),
        (respond(502, b"<html>"), errors.ServerError, "502"),
        (respond(529, b"{}"), errors.ServerError, "529"),
        (respond(401, b"{}"), errors.AuthenticationError, "refused the key"),
        (respond(301, b"", location="https://elsewhere.example/v1"), errors.ProviderConfigurationError, "redirects"),
    ],
)
async def test_faults_are_typed_errors(answer, kind, says):
    async with serving() as server:
        server.chat(answer)
        with pytest.raises(kind, match=says) as caught:
            await ask(server.url)
        assert caught.value.provider == "glm"
        assert len(server.requests) == 1, "a fault must not be retried here, nor a redirect followed"


@pytest.mark.parametrize(("headers", "wait"), [({"retry_after": "7"}, 7.0), ({}, None)])
async def test_a_rate_limit_says_how_long(headers, wait):
    async with serving() as server:
        server.chat(respond(429, {"error": {"code": "1302", "message": "busy"}}, **headers))
        with pytest.raises(errors.RateLimitError) as caught:
            await ask(server.url)
    assert caught.value.retry_after == wait


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    "answer", [hang, raw(STREAM_HEAD + chunk(b": wait\n\n")), raw(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{")]
)
async def test_a_server_that_hangs_is_left(stream, answer):
    async with serving() as server:
        server.chat(answer)
        with pytest.raises(errors.ProviderTimeoutError, match=r"within 0.2 s") as caught:
            await ask(server.url, timeout=0.2, stream=stream)
        assert caught.value.hint is not None


async def test_a_stream_that_breaks_says_how_far_it_came():
    event = {"choices": [{"index": 0, "delta": {"content": "Hel"}, "finish_reason": None}]}
    async with serving() as server:
        server.chat(raw(STREAM_HEAD + chunk(b"data: " + json.dumps(event).encode() + b"\n\n"), close=True))
        with pytest.raises(errors.NetworkError, match="cut its answer off, after 1 events and 3 characters"):
            await ask(server.url, stream=True)


async def test_a_packed_answer_is_unpacked():
    async with serving() as server:
        server.chat(respond(200, gzip.compress(json.dumps(CHAT).encode()), content_encoding="gzip"))
        assert (await ask(server.url)).text == "Hello"


async def test_a_server_that_is_not_there():
    async with serving() as server:
        url = server.url
    with pytest.raises(errors.NetworkError, match="cannot be reached: Connection refused") as caught:
        await ask(url)
    assert "running" in caught.value.hint


async def test_a_name_that_does_not_resolve():
    with pytest.raises(errors.NetworkError, match=r"'glm' \(no-such-host.invalid\) cannot be found"):
        await ask("http://no-such-host.invalid/v1")


async def test_https_where_there_is_none():
    async def answer(_, writer):
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(errors.NetworkError, match="does not speak TLS") as caught:
            await ask(f"https://127.0.0.1:{port}/v1")
        assert "http or https" in caught.value.hint


async def test_many_at_a_time_are_not_throttled():
    waiting = asyncio.Semaphore(0)
    together = asyncio.Event()

    async def answer(reader, writer):
        waiting.release()
        await together.wait()
        await respond(200, CHAT)(reader, writer)

    async with serving() as server:
        server.chat(answer)
        provider = at(server.url)
        asked = [asyncio.create_task(provider.complete(REQUEST)) for _ in range(150)]
        for _ in asked:
            await waiting.acquire()
        together.set()
        assert {it.text for it in await asyncio.gather(*asked)} == {"Hello"}
        assert server.connections == 150
        await provider.aclose()


async def test_connections_are_kept_and_used_again_after_closing():
    async with serving() as server:
        server.chat(respond(200, CHAT))
        provider = at(server.url)
        for _ in range(3):
            await provider.complete(REQUEST)
        assert server.connections == 1
        await provider.aclose()
        await provider.aclose()
        await provider.complete(REQUEST)
        assert server.connections == 2
        await provider.aclose()


async def test_a_cancelled_request_leaves_the_others_alone():
    async with serving() as server:
        arrived = asyncio.Event()

        async def answer(reader, writer):
            arrived.set()
            await hang(reader, writer)

        server.chat(answer)
        provider = at(server.url)
        doomed = asyncio.create_task(provider.complete(REQUEST))
        await arrived.wait()
        doomed.cancel()
        with pytest.raises(asyncio.CancelledError):
            await doomed
        server.chat(respond(200, CHAT))
        assert (await provider.complete(REQUEST)).text == "Hello"
        await provider.aclose()


async def test_a_request_goes_through_the_proxy_of_the_environment(monkeypatch):
    async with serving() as proxy:
        proxy.answers["http://llm.example/v1/chat/completions"] = respond(200, CHAT)
        monkeypatch.setenv("http_proxy", proxy.url.removesuffix("/v1"))
        monkeypatch.delenv("no_proxy", raising=False)
        assert (await ask("http://llm.example/v1")).text == "Hello"
        assert proxy.requests[0][0].startswith("POST http://llm.example/v1/chat/completions")


def test_proxies_are_left_out_where_the_environment_says_so(monkeypatch):
    for name in (
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "no_proxy",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "NO_PROXY",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("https_proxy", "proxy.example:8080")
    monkeypatch.setenv("no_proxy", "intern.example")
    assert proxy_for(httpx.URL("https://api.example/v1")) == "http://proxy.example:8080"
    assert proxy_for(httpx.URL("https://a.intern.example/v1")) is None
    assert proxy_for(httpx.URL("https://localhost/v1")) is None
    assert proxy_for(httpx.URL("http://api.example/v1")) is None


async def test_a_local_server_is_detected_by_its_listing(monkeypatch):
    async with serving() as server:
        server.answers["/v1/models"] = respond(200, {"object": "list", "data": [{"id": "smol"}]})
        monkeypatch.setattr("casecraft.providers.detection.load_catalog", lambda: _catalog_with(server.url))
        found = await asyncio.to_thread(detect, {})
        assert [(it.name, it.base_url, it.models) for it in found] == [("vllm", server.url, ("smol",))]
        assert "authorization" not in server.requests[0][0].lower()
        server.answers["/v1/models"] = respond(200, b"<html>another program</html>")
        assert await asyncio.to_thread(detect, {}) == []
        server.answers["/v1/models"] = hang
        assert await asyncio.to_thread(detect, {}) == []


async def test_a_server_is_listed_at_one_address_and_spoken_to_at_another(monkeypatch):
    from casecraft.providers import Catalog, load_catalog
    from casecraft.providers.catalog import LocalServer, Site

    async with serving() as server:
        server.answers["/v1/models"] = respond(200, {"object": "list", "data": [{"id": "smol"}]})
        root = server.url.removesuffix("/v1")
        update = {"sites": (Site(base_url=root),), "servers": (LocalServer(title="Test", base_url=server.url),)}
        row = load_catalog().get("ollama").model_copy(update=update)
        monkeypatch.setattr("casecraft.providers.detection.load_catalog", lambda: Catalog([row]))
        (found,) = await asyncio.to_thread(detect, {})
    assert (found.name, found.base_url, found.how) == ("ollama", root, f"Test at {root}")


def test_each_usual_port_is_of_one_row():
    from casecraft.providers import load_catalog

    rows = map(load_catalog().get, load_catalog().names)
    ports = {row.name: [it.base_url.split(":")[2] for it in row.servers] for row in rows if row.servers}
    assert ports == {
        "llamacpp": ["8080/v1"],
        "lmstudio": ["1234/v1"],
        "ollama": ["11434/v1"],
        "vllm": ["8000/v1"],
        "xinference": ["9997/v1"],
    }


def _catalog_with(url: str):
    from casecraft.providers import Catalog, load_catalog
    from casecraft.providers.catalog.row import LocalServer

    row = load_catalog().get("vllm")
    return Catalog([row.model_copy(update={"servers": (LocalServer(title="Test", base_url=url),)})])


def test_certificates_are_checked():
    from casecraft.providers.http import SessionTransport

    transport = SessionTransport(httpx.URL("https://x/v1"), httpx.Headers())
    assert transport.ssl_context.verify_mode == ssl.CERT_REQUIRED
    assert transport.ssl_context.check_hostname
    other = SessionTransport(httpx.URL("https://y/v1"), httpx.Headers())
    assert other.ssl_context is transport.ssl_context
