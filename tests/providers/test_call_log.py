"""The log of calls: a line for each, in whatever way it ended, and never a key."""

import json

import httpx
import pytest
from pydantic import SecretStr

from casecraft import errors
from casecraft.config import ProviderSettings
from casecraft.core.chat import ChatRequest, Message
from casecraft.providers import CallLog
from casecraft.providers.chat import ChatProvider
from casecraft.providers.selection import profile_of, row_of
from tests.providers.loopback import CHAT
from tests.providers.test_chat_provider import KEY, Recorder

REQUEST = ChatRequest((Message("user", "Hi"),), headers={"X-Title": "suite", "HTTP-Referer": "https://x.example"})


def logged(path, *responses: httpx.Response, stream: bool = False, **how) -> tuple[ChatProvider, CallLog]:
    settings = ProviderSettings(api_key=SecretStr(KEY), stream=stream)
    log = CallLog(path, **how)
    made = ChatProvider(row_of("qwen", settings), profile_of("qwen"), settings, log=log, transport=Recorder(*responses))
    return made, log


def lines(path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


async def test_an_answer_is_one_line_without_bodies(tmp_path):
    provider, log = logged(tmp_path / "calls", httpx.Response(200, json=CHAT))
    await provider.complete(REQUEST)
    log.close()
    (line,) = lines(tmp_path / "calls")
    assert (line["provider"], line["model"], line["status"]) == ("qwen", "qwen-plus", 200)
    assert (line["request_id"], line["tokens"]["input"], line["tokens"]["output"]) == ("chatcmpl-1", 10, 2)
    assert line["errors"] == []
    assert line["seconds"] >= 0
    assert "sent" not in line


async def test_bodies_are_there_on_request_and_keys_never(tmp_path):
    refusal = httpx.Response(401, json={"error": {"message": f"wrong: {KEY}"}})
    provider, log = logged(tmp_path / "calls", httpx.Response(200, json=CHAT), refusal, bodies=True)
    await provider.complete(REQUEST)
    with pytest.raises(errors.AuthenticationError):
        await provider.complete(REQUEST)
    log.close()
    answered, refused = lines(tmp_path / "calls")
    assert answered["sent"]["messages"] == [{"role": "user", "content": "Hi"}]
    assert answered["received"] == CHAT
    assert refused["status"] == 401
    assert refused["errors"] == ["AuthenticationError: 'qwen' refused the key (401): wrong: [key]"]
    assert KEY not in (tmp_path / "calls").read_text()


async def test_a_stream_is_one_line_and_says_when_it_began_to_answer(tmp_path):
    chunk = {"id": "s", "model": "m", "choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": "stop"}]}
    body = f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n".encode()
    answer = httpx.Response(200, content=body, headers={"content-type": "text/event-stream"})
    provider, log = logged(tmp_path / "calls", answer)
    assert [event async for event in provider.stream(REQUEST)]
    log.close()
    (line,) = lines(tmp_path / "calls")
    assert (line["streamed"], line["request_id"], line["status"]) == (True, "s", 200)
    assert line["first_event_seconds"] is not None


async def test_the_chain_of_an_error_is_told(tmp_path):
    provider, log = logged(tmp_path / "calls", httpx.Response(200, content=b"<html>"))
    with pytest.raises(errors.BadAnswerError):
        await provider.complete(REQUEST)
    log.close()
    (line,) = lines(tmp_path / "calls")
    assert [said.partition(":")[0] for said in line["errors"]] == ["BadAnswerError", "JSONDecodeError"]


FILTERED = {**CHAT, "choices": [{"message": {"content": ""}, "finish_reason": "content_filter"}]}
CUT = {**CHAT, "choices": [{"message": {"content": ""}, "finish_reason": "length"}]}


@pytest.mark.parametrize(
    ("response", "status", "id_", "tokens"),
    [
        (httpx.Response(429, json={}, headers={"x-request-id": "req_1"}), 429, "req_1", None),
        (httpx.Response(500, json={"request_id": "b"}, headers={"request-id": "h"}), 500, "h", None),
        (httpx.Response(500, json={"request_id": "b", "id": "other"}), 500, "b", None),
        (httpx.Response(400, json={"error": {"message": "no", "request_id": "inner"}}), 400, "inner", None),
        (httpx.Response(401, json={}, headers={"x-request-id": f"for-{KEY}"}), 401, "for-[key]", None),
        (httpx.Response(200, json=FILTERED), 200, "chatcmpl-1", 10),
        (httpx.Response(200, json=CUT), 200, "chatcmpl-1", 10),
        (httpx.Response(204), 204, None, None),
    ],
)
@pytest.mark.parametrize("streamed", [False, True])
async def test_a_failed_call_keeps_its_id_its_usage_and_its_status(tmp_path, response, status, id_, tokens, streamed):
    provider, log = logged(tmp_path / "calls", response, stream=streamed)
    with pytest.raises(errors.ProviderError):
        await provider.complete(REQUEST)
    log.close()
    (line,) = lines(tmp_path / "calls")
    assert (line["status"], line["request_id"]) == (status, id_)
    assert (line["tokens"] or {}).get("input") == tokens


async def test_an_answer_without_an_id_has_that_of_its_headers(tmp_path):
    answer = {name: value for name, value in CHAT.items() if name != "id"}
    provider, log = logged(tmp_path / "calls", httpx.Response(200, json=answer, headers={"x-request-id": "r"}))
    await provider.complete(REQUEST)
    log.close()
    assert lines(tmp_path / "calls")[0]["request_id"] == "r"


def test_a_log_that_cannot_be_written_is_refused_before_anything_is_asked(tmp_path):
    with pytest.raises(errors.ConfigurationError, match="Is a directory"):
        CallLog(tmp_path)


async def test_headers_of_one_request_go_with_it_alone():
    transport = Recorder(httpx.Response(200, json=CHAT))
    settings = ProviderSettings(api_key=SecretStr(KEY))
    provider = ChatProvider(row_of("qwen", settings), profile_of("qwen"), settings, transport=transport)
    await provider.complete(REQUEST)
    await provider.complete(ChatRequest((Message("user", "Hi"),)))
    first, second = transport.requests
    assert (first.headers["x-title"], first.headers["http-referer"]) == ("suite", "https://x.example")
    assert "x-title" not in second.headers
