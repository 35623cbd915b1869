"""What a provider sends, and what becomes of what comes back; over a transport of the test's own."""

import asyncio
import json

import httpx
import pytest
from pydantic import SecretStr

from casecraft import errors
from casecraft.config import ProviderSettings
from casecraft.core.chat import ChatRequest, Message, StreamEnd
from casecraft.core.usage import Usage
from casecraft.providers.chat import ChatProvider
from casecraft.providers.selection import profile_of, row_of
from tests.providers.loopback import CHAT

KEY = "sk-0123456789abcdef"
REQUEST = ChatRequest((Message("user", "Hi"),), temperature=0.2, seed=1, json_schema={"type": "object"})


class Recorder(httpx.AsyncBaseTransport):
    """Answers with one response and keeps the requests."""

    def __init__(self, *responses: httpx.Response) -> None:
        self.responses = list(responses)
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self.responses[min(len(self.requests), len(self.responses)) - 1]

    @property
    def body(self) -> dict:
        return json.loads(self.requests[-1].content)


def provider(name: str, transport: httpx.AsyncBaseTransport, **values) -> ChatProvider:
    settings = ProviderSettings(**{"api_key": SecretStr(KEY), **values})
    return ChatProvider(row_of(name, settings), profile_of(name, settings), settings, transport=transport)


@pytest.mark.parametrize(
    ("name", "url", "model", "format_"),
    [
        ("glm", "https://open.bigmodel.cn/api/paas/v4/chat/completions", "glm-5.3-flash", "json_object"),
        ("qwen", "https://dashscope.aliyuncs.com/compatible-mode/v1/chat/completions", "qwen-plus", "json_schema"),
        ("kimi", "https://api.moonshot.cn/v1/chat/completions", "kimi-k2.6", "json_object"),
    ],
)
async def test_requests_are_what_the_row_says(name, url, model, format_):
    transport = Recorder(httpx.Response(200, json=CHAT))
    response = await provider(name, transport).complete(REQUEST)
    sent = transport.requests[0]
    assert (sent.method, str(sent.url)) == ("POST", url)
    assert sent.headers["authorization"] == f"Bearer {KEY}"
    assert sent.headers["content-type"] == "application/json"
    assert sent.headers["host"] == httpx.URL(url).host
    assert transport.body["model"] == model
    assert transport.body["response_format"]["type"] == format_
    assert ("temperature" in transport.body) == (name != "kimi")
    assert response.text == "Hello"
    assert response.usage == Usage(10, 2)


async def test_headers_and_extra_fields_of_the_user_go_along():
    transport = Recorder(httpx.Response(200, json=CHAT))
    given = {"headers": {"X-Title": "casecraft"}, "extra": {"enable_thinking": False}}
    await provider("qwen", transport, **given).complete(REQUEST)
    assert transport.requests[0].headers["x-title"] == "casecraft"
    assert transport.body["enable_thinking"] is False


async def test_without_a_key_none_is_sent():
    transport = Recorder(httpx.Response(200, json=CHAT))
    await provider("local", transport, api_key=None, model="m").complete(REQUEST)
    assert "authorization" not in transport.requests[0].headers


async def test_a_local_server_is_asked_once_for_its_model():
    listing = httpx.Response(200, json={"object": "list", "data": [{"id": "first"}, {"id": "second"}]})
    transport = Recorder(listing, httpx.Response(200, json=CHAT), httpx.Response(200, json=CHAT))
    local = provider("local", transport, api_key=None)
    await local.complete(REQUEST)
    await local.complete(REQUEST)
    assert [request.method for request in transport.requests] == ["GET", "POST", "POST"]
    assert transport.body["model"] == "first"


async def test_a_local_server_without_models_says_so():
    transport = Recorder(httpx.Response(200, json={"data": []}))
    with pytest.raises(errors.ModelNotFoundError, match="lists no model") as caught:
        await provider("local", transport).complete(REQUEST)
    assert "CASECRAFT_LOCAL_MODEL" in caught.value.hint


@pytest.mark.parametrize("status", [200, 400, 401, 500])
async def test_a_key_that_is_echoed_does_not_get_through(status):
    body = {"error": {"message": f"bad key {KEY} given"}}
    transport = Recorder(httpx.Response(status, json=body))
    with pytest.raises(errors.ProviderError) as caught:
        await provider("glm", transport).complete(REQUEST)
    assert KEY not in str(caught.value)
    assert KEY.encode() not in caught.value.body
    assert "[key]" in str(caught.value)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_key_in_an_answer_is_blotted_out(stream):
    body = json.loads(json.dumps(CHAT).replace("Hello", f"Bearer {KEY}"))
    transport = Recorder(httpx.Response(200, json=body))
    response = await provider("glm", transport, stream=stream).complete(REQUEST)
    assert response.text == "Bearer [key]"
    assert KEY.encode() not in response.raw


def sse(*events: dict | str) -> bytes:
    return b"".join(f"data: {it if isinstance(it, str) else json.dumps(it)}\n\n".encode() for it in events)


def delta(text: str, reason: str | None = None) -> dict:
    return {"id": "c", "model": "m", "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": reason}]}


def streamed(body: bytes, status: int = 200, kind: str = "text/event-stream") -> Recorder:
    return Recorder(httpx.Response(status, content=body, headers={"content-type": kind}))


async def test_a_stream_comes_in_pieces_and_ends_with_the_whole():
    transport = streamed(sse(delta("Hel"), delta("lo", "stop"), "[DONE]"))
    events = [event async for event in provider("qwen", transport).stream(REQUEST)]
    assert [event.text for event in events[:-1]] == ["Hel", "lo"]
    assert isinstance(events[-1], StreamEnd)
    assert events[-1].response.text == "Hello"
    assert transport.body["stream"] is True


async def test_complete_streams_where_it_is_set_to():
    transport = streamed(sse(delta("Hello", "stop"), "[DONE]"))
    response = await provider("qwen", transport, stream=True).complete(REQUEST)
    assert response.text == "Hello"
    assert transport.body["stream"] is True


@pytest.mark.parametrize(
    ("transport", "kind", "says"),
    [
        (streamed(sse(delta("Hel"))), errors.BadAnswerError, "cut after 1 events and 3 characters"),
        (streamed(b"<html></html>", kind="text/html"), errors.BadAnswerError, "an HTML page"),
        (streamed(b'{"error": {"code": "1302"}}', kind="application/json"), errors.RateLimitError, "slow down"),
        (streamed(b'{"error": {"message": "x"}}', 401), errors.AuthenticationError, "refused the key"),
        (streamed(sse(delta(""), {"error": {"message": f"bad {KEY}"}})), errors.BadAnswerError, r"bad \[key\]"),
    ],
)
async def test_what_is_no_stream_is_a_typed_error(transport, kind, says):
    with pytest.raises(kind, match=says):
        await provider("glm", transport, stream=True).complete(REQUEST)


async def test_a_server_that_does_not_stream_is_understood():
    transport = Recorder(httpx.Response(200, json=CHAT))
    assert (await provider("qwen", transport, stream=True).complete(REQUEST)).text == "Hello"


async def test_a_healthy_provider_lists_its_models():
    transport = Recorder(
        httpx.Response(200, json={"data": [{"id": "qwen-plus"}, {"id": "x"}]}), httpx.Response(200, json=CHAT)
    )
    health = await provider("qwen", transport).health()
    assert str(transport.requests[0].url).endswith("/compatible-mode/v1/models")
    assert transport.body["max_tokens"] < 20
    assert (health.provider, health.model, health.models) == ("qwen", "qwen-plus", ("qwen-plus", "x"))
    assert health.lists_model is True


async def test_without_a_listing_a_few_tokens_are_asked_for():
    transport = Recorder(httpx.Response(404), httpx.Response(200, json=CHAT))
    health = await provider("glm", transport).health()
    assert transport.requests[-1].method == "POST"
    assert transport.body["max_tokens"] < 20
    assert health.lists_model is None


@pytest.mark.parametrize("status", [400, 401, 403, 500])
async def test_a_list_that_is_refused_hides_no_provider_that_answers(status):
    transport = Recorder(httpx.Response(status, json={"error": {"message": "no"}}), httpx.Response(200, json=CHAT))
    health = await provider("qwen", transport).health()
    assert (health.models, health.lists_model) == ((), None)


async def test_an_answer_that_is_cut_before_its_text_shows_that_it_comes():
    cut = {"choices": [{"message": {"content": "", "reasoning_content": "Well"}, "finish_reason": "length"}]}
    for stream in (False, True):
        transport = Recorder(httpx.Response(404), httpx.Response(200, json=cut))
        assert (await provider("glm", transport, stream=stream).health()).model == "glm-5.3-flash"


@pytest.mark.parametrize(
    ("name", "body", "says"),
    [
        ("minimax", b'{"base_resp":{"status_code":1004,"status_msg":"login fail: wrong API key"}}', "refused the key"),
        ("glm", b"<html><title>Sign in</title></html>", "an HTML page titled 'Sign in'"),
        ("glm", b'{"error":{"message":"model m is not loaded","code":"model_not_found"}}', "model m is not loaded"),
        ("glm", b"null", "a JSON NoneType"),
        ("glm", b'{"choices": []}', "without choices"),
        ("glm", b'{"choices":[{"message":{"content":""},"finish_reason":"stop"}]}', "an empty message"),
        ("glm", b'{"choices":[{"message":{"content":""},"finish_reason":"content_filter"}]}', "filter"),
    ],
)
async def test_a_status_of_success_alone_is_no_health(name, body, says):
    transport = Recorder(httpx.Response(404), httpx.Response(200, content=body))
    with pytest.raises(errors.HealthCheckError, match=says):
        await provider(name, transport).health()


class Silent(Recorder):
    """Never answers requests of these methods."""

    def __init__(self, *methods: str) -> None:
        super().__init__(httpx.Response(200, json=CHAT))
        self.methods = methods

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method in self.methods:
            await asyncio.Event().wait()
        return await super().handle_async_request(request)


async def test_a_check_of_a_server_that_never_answers_ends(monkeypatch):
    monkeypatch.setattr("casecraft.providers.chat.CHECK_SECONDS", 0.02)
    with pytest.raises(errors.HealthCheckError, match=r"'local' is not ready: .* within 0.02 s") as caught:
        await provider("local", Silent("GET", "POST"), model="m").health()
    assert "loading" in caught.value.hint


async def test_a_list_that_never_comes_leaves_time_for_the_few_tokens(monkeypatch):
    monkeypatch.setattr("casecraft.providers.chat.LISTING_SECONDS", 0.0)
    assert (await provider("local", Silent("GET"), model="m").health()).models == ()


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("headers", [{"X-Title": "a\r\nX-Evil: b"}, {"X-Title": "标题"}, {"X-Titl\n": "a"}])
async def test_a_header_of_one_request_that_is_no_plain_text_is_refused(headers, stream):
    transport = Recorder(httpx.Response(200, json=CHAT))
    request = ChatRequest((Message("user", "Hi"),), headers={"X-Team": "qa", **headers})
    with pytest.raises(errors.InvalidRequestError, match=r"'X-Titl.*' is no plain text"):
        await provider("qwen", transport, stream=stream).complete(request)
    assert not transport.requests


@pytest.mark.parametrize(
    ("responses", "says", "status"),
    [
        ([httpx.Response(401, json={"error": {"message": f"no {KEY}"}})], r"refused the key \(401\): no \[key\]", 401),
        ([httpx.Response(200, text="<html>")], "an HTML page", 200),
        ([httpx.Response(404), httpx.Response(404, text="")], "nothing at this address", 404),
        ([httpx.Response(200, json={"data": []}), httpx.Response(402)], "no credit left", 402),
        ([httpx.Response(302, headers={"location": "https://evil.example"})], "redirects elsewhere", 302),
    ],
)
async def test_a_failed_health_check_says_what_is_wrong(responses, says, status):
    transport = Recorder(*responses)
    with pytest.raises(errors.HealthCheckError, match=says) as caught:
        await provider("glm", transport).health()
    assert caught.value.status == status
    assert caught.value.hint
    assert all(request.url.host == "open.bigmodel.cn" for request in transport.requests)


async def test_the_usage_of_a_failed_answer_is_known():
    usage = {"prompt_tokens": 7, "completion_tokens": 9}
    empty = {"choices": [{"message": {"content": ""}, "finish_reason": "length"}], "usage": usage}
    asked = provider("glm", Recorder(httpx.Response(200, json=empty)))
    with pytest.raises(errors.BadAnswerError) as caught:
        await asked.complete(REQUEST)
    assert asked.usage_of(caught.value) == Usage(7, 9)
    assert asked.usage_of(errors.NetworkError("x")) is None


async def test_a_request_that_is_no_json_is_refused():
    asked = provider("qwen", Recorder(httpx.Response(200, json=CHAT)), extra={"x": object()})
    with pytest.raises(errors.InvalidRequestError, match="cannot be written as JSON"):
        await asked.complete(REQUEST)


async def test_an_answer_without_end_is_cut(monkeypatch):
    monkeypatch.setattr("casecraft.providers.http.LARGEST_BODY", 1024 * 1024)
    asked = provider("qwen", Recorder(httpx.Response(200, content=b"x" * (1024 * 1024 + 1))))
    with pytest.raises(errors.BadAnswerError, match="more than 1 MB"):
        await asked.complete(REQUEST)


async def test_a_small_answer_that_unpacks_to_a_large_one_is_cut(monkeypatch):
    import gzip

    monkeypatch.setattr("casecraft.providers.http.LARGEST_BODY", 1024 * 1024)
    packed = httpx.Response(200, stream=httpx.ByteStream(gzip.compress(b"x" * 3_000_000)))
    packed.headers["content-encoding"] = "gzip"
    with pytest.raises(errors.BadAnswerError, match="more than 1 MB"):
        await provider("qwen", Recorder(packed)).complete(REQUEST)
