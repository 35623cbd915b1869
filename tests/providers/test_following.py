"""Answers that a provider only announces: Replicate's predictions, whole and streamed."""

import json

import httpx
import pytest
from pydantic import SecretStr

from casecraft import errors
from casecraft.config import ProviderSettings
from casecraft.core.chat import ChatRequest, Message, StreamEnd
from casecraft.providers import following, profile_of
from casecraft.providers.chat import ChatProvider
from casecraft.providers.selection import row_of
from tests.providers.test_chat_provider import KEY

REQUEST = ChatRequest((Message("user", "Hi"),))
LATER = "https://api.replicate.com/v1/predictions/p1"


def prediction(status: str, **more) -> dict:
    return {"id": "p1", "status": status, "urls": {"get": LATER, **more.pop("urls", {})}, **more}


class Replicate(httpx.AsyncBaseTransport):
    """Announces a prediction, which is there at the third look."""

    def __init__(self, **urls: str) -> None:
        self.urls = urls
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if "event-stream" in request.headers["accept"] and request.method == "GET" and "stream" in request.url.host:
            events = "event: output\ndata: Hel\n\nevent: output\ndata: lo\n\nevent: done\ndata: {}\n\n"
            return httpx.Response(200, content=events, headers={"content-type": "text/event-stream"})
        if len(self.requests) < 3:
            return httpx.Response(201, json=prediction("processing", urls=self.urls))
        return httpx.Response(200, json=prediction("succeeded", output=["Hel", "lo"], urls=self.urls))


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "FIRST_PAUSE", 0.0)


def provider(transport: Replicate) -> ChatProvider:
    settings = ProviderSettings(api_key=SecretStr(KEY))
    return ChatProvider(row_of("replicate", settings), profile_of("replicate"), settings, transport=transport)


async def test_an_unfinished_prediction_is_looked_at_until_it_is_there():
    transport = Replicate()
    assert (await provider(transport).complete(REQUEST)).text == "Hello"
    first, *others = transport.requests
    assert (first.method, first.headers["prefer"]) == ("POST", "wait")
    assert [(it.method, str(it.url)) for it in others] == [("GET", LATER)] * 2
    assert {it.headers["authorization"] for it in transport.requests} == {f"Bearer {KEY}"}


async def test_a_stream_is_read_where_the_prediction_says():
    transport = Replicate(stream="https://stream.replicate.com/v1/streams/s1")
    events = [event async for event in provider(transport).stream(REQUEST)]
    assert isinstance(events[-1], StreamEnd)
    assert events[-1].response.text == "Hello"
    assert json.loads(transport.requests[0].content)["stream"] is True


@pytest.mark.parametrize(
    "url", ["https://evil.example/p1", "http://api.replicate.com/p1", "https://evilreplicate.com/p1"]
)
async def test_the_key_goes_to_the_providers_own_hosts_alone(url):
    transport = Replicate(get=url)
    with pytest.raises(errors.BadAnswerError, match="another host"):
        await provider(transport).complete(REQUEST)
    assert len(transport.requests) == 1
