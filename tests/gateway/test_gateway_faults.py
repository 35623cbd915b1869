"""What clients get where providers fail, over HTTP."""

import asyncio
import contextlib
import json
from pathlib import Path
from typing import Any

import pytest

from casecraft.errors import StateError
from casecraft.gateway import connecting
from tests.gateway.scripted import (
    DIALECTS,
    Play,
    Served,
    Upstream,
    answers,
    ask,
    ask_slowly,
    error_message,
    events_in,
    pieces,
    raw,
    raw_request,
    says,
    served,
    streams,
    text_in,
    whole,
)

pytestmark = pytest.mark.slow

PAIRS = [(client, provider) for client in DIALECTS for provider in ("openai_chat", client)]
PAIRS += [("openai_chat", "anthropic_messages"), ("anthropic_messages", "openai_responses")]
HTML = "<html><body>Bad gateway</body></html>"


def error_event(dialect: str, body: bytes) -> str:
    """The message of the error with which a stream ends."""
    events = events_in(body)
    if dialect == "openai_responses":
        (name, error), (last, failed) = events[-2:]
        assert (name, last) == ("error", "response.failed")
        numbers = [data["sequence_number"] for _, data in events]
        assert numbers == list(range(len(numbers)))
        assert [name for name, _ in events].count("response.created") == 1
        assert failed["response"]["id"] == events[0][1]["response"]["id"]
        assert failed["response"]["status"] == "failed"
        return str(error["message"])
    name, data = events[-1]
    assert name == ("error" if dialect == "anthropic_messages" else "")
    return error_message(dialect, data)


@pytest.mark.parametrize(("client", "provider"), PAIRS)
async def test_a_stream_that_is_cut_ends_with_an_error_of_the_clients_dialect(
    tmp_path: Path, client: str, provider: str
) -> None:
    upstream = Upstream(up=streams(*pieces(provider)[:1], b'data: {"half', cut=True))
    async with served(tmp_path, upstream, {"up": provider}) as it:
        reply = await ask(it, client, stream=True)
        assert reply.status_code == 200
        assert b"half" not in reply.content
        assert text_in(client, reply.content) == "Hello "
        assert "'up'" in error_event(client, reply.content)
        (exchange,) = await it.ended()
        assert exchange.outcome == "cut"
        # An answer began, so that something was used: what it cost is unknown, not nothing.
        assert (exchange.attempts[-1].status, exchange.attempts[-1].cost) == (200, None)
        assert exchange.attempts[0].error.startswith(("NetworkError: ", "BadAnswerError: "))
        await it.idle()


BEFORE_THE_FIRST_BYTE: dict[str, Play] = {
    "cut": streams(cut=True),
    "comment, then cut": streams(b": processing\n\n", cut=True),
    "html": says(200, HTML, "text/html"),
    "html as events": streams(HTML.encode()),
    "garbage": streams(b"data: \x00\xff\n\n"),
    "half an event": streams(b'data: {"cho'),
    "empty": streams(),
    "JSON instead of events": says(200, {"error": {"message": "overloaded", "type": "overloaded_error"}}),
    "429": says(429, retry_after="1"),
    "429 without a time": says(429),
    "500": says(500),
    "503": says(503),
    "529": says(529),
    "401": says(401),
    "404": says(404, {"error": {"message": "no such model", "code": "model_not_found"}}),
    "stall": streams(hang=True),
}
OF_STREAMS = ("stall", "comment, then cut", "html as events")
FIRST_EVENTS = {
    "openai_chat": b'data: {"error": {"message": "overloaded", "code": 503}}\n\n',
    "openai_responses": b'event: error\ndata: {"type": "error", "code": "server_error", "message": "overloaded"}\n\n',
    "anthropic_messages": b"event: error\n"
    b'data: {"type": "error", "error": {"type": "overloaded_error", "message": "overloaded"}}\n\n',
    "gemini": b'data: {"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}}\n\n',
}


@pytest.mark.parametrize("client", ["openai_chat", "anthropic_messages"])
@pytest.mark.parametrize("fault", BEFORE_THE_FIRST_BYTE)
async def test_before_the_first_byte_the_next_candidate_answers_across_dialects(
    tmp_path: Path, client: str, fault: str
) -> None:
    upstream = Upstream(first=BEFORE_THE_FIRST_BYTE[fault], second=answers("anthropic_messages"))
    dialects = {"first": "openai_chat", "second": "anthropic_messages"}
    async with served(tmp_path, upstream, dialects, idle_timeout=0.3) as it:
        reply = await ask(it, client, stream=True)
        assert reply.status_code == 200
        assert text_in(client, reply.content) == "Hello there"
        assert reply.headers["x-casecraft-provider"] == "second"
        (exchange,) = await it.ended()
        assert exchange.outcome == "answered"
        assert [(one.provider, bool(one.error)) for one in exchange.attempts] == [("first", True), ("second", False)]
        await it.idle()


async def test_what_another_dialect_cannot_be_told_goes_to_a_candidate_of_the_clients_own(tmp_path: Path) -> None:
    upstream = Upstream(other=answers("openai_chat"), own=answers("openai_responses"))
    providers = {"other": "openai_chat", "own": "openai_responses"}
    async with served(tmp_path, upstream, providers) as it:
        earlier = {"previous_response_id": "resp_1"}
        answered = await ask(it, "openai_responses", **earlier)
        assert answered.headers["x-casecraft-provider"] == "own"
        assert json.loads(upstream.asked("own")[0].body)["previous_response_id"] == "resp_1"
        refused = await ask(it, "openai_responses", model="other/m", **earlier)
        assert refused.status_code == 400
        assert "previous_response_id" in error_message("openai_responses", refused.json())
        assert upstream.asked("other") == []
        assert [exchange.outcome for exchange in await it.ended(2)] == ["refused", "answered"]


@pytest.mark.parametrize("client", ["openai_chat", "gemini"])
@pytest.mark.parametrize("fault", [it for it in BEFORE_THE_FIRST_BYTE if it not in OF_STREAMS])
async def test_the_same_holds_for_whole_answers(tmp_path: Path, client: str, fault: str) -> None:
    upstream = Upstream(first=BEFORE_THE_FIRST_BYTE[fault], second=answers("gemini"))
    async with served(tmp_path, upstream, {"first": "openai_chat", "second": "gemini"}) as it:
        reply = await ask(it, client)
        assert reply.status_code == 200
        assert "Hello there" in reply.text
        assert reply.headers["x-casecraft-provider"] == "second"


@pytest.mark.parametrize("client", DIALECTS)
@pytest.mark.parametrize("provider", DIALECTS)
async def test_an_error_as_the_first_event_of_a_stream_goes_to_the_next_candidate(
    tmp_path: Path, client: str, provider: str
) -> None:
    upstream = Upstream(first=streams(FIRST_EVENTS[provider]), second=answers("openai_chat"))
    async with served(tmp_path, upstream, {"first": provider, "second": "openai_chat"}) as it:
        reply = await ask(it, client, stream=True)
        assert text_in(client, reply.content) == "Hello there"
        assert "overloaded" not in reply.text


@pytest.mark.parametrize("client", DIALECTS)
@pytest.mark.parametrize("together", [True, False])
async def test_an_error_in_the_middle_is_told_once(tmp_path: Path, client: str, together: bool) -> None:
    begin, event = pieces(client)[0], asyncio.Event()
    chunks = [begin, begin + FIRST_EVENTS[client]] if together else [begin, FIRST_EVENTS[client]]
    upstream = Upstream(up=streams(*chunks, after=event))
    async with served(tmp_path, upstream, {"up": client}) as it:
        body = await ask_slowly(it, client, b"Hello", event)
        assert [str(data).count("overloaded") > 0 for _, data in events_in(body)].count(True) == 1
        assert (await it.ended())[0].outcome == "cut"


@pytest.mark.parametrize("client", DIALECTS)
async def test_malformed_events_do_not_reach_the_client(tmp_path: Path, client: str) -> None:
    event = asyncio.Event()
    upstream = Upstream(up=streams(pieces(client)[0], b"data: [1, 2\n\n", pieces(client)[1], after=event))
    async with served(tmp_path, upstream, {"up": client}) as it:
        body = await ask_slowly(it, client, b"Hello", event)
        assert b"[1, 2" not in body
        assert "no JSON" in error_event(client, body)
        assert (await it.ended())[0].outcome == "cut"


@pytest.mark.parametrize("provider", DIALECTS)
@pytest.mark.parametrize("order", [(1, 0, 2), (2, 0, 1), (1, 2), (2,)])
async def test_events_in_a_wrong_order_end_in_an_answer_or_an_error(
    tmp_path: Path, provider: str, order: tuple[int, ...]
) -> None:
    """Whatever the order, a client of another dialect gets a stream that its own rules allow."""
    client = "openai_responses" if provider != "openai_responses" else "anthropic_messages"
    said = pieces(provider)
    upstream = Upstream(up=streams(*(said[number] for number in order)))
    async with served(tmp_path, upstream, {"up": provider}) as it:
        reply = await ask(it, client, stream=True)
        if reply.status_code == 200:
            events_in(reply.content)
        else:
            assert error_message(client, reply.json())
        assert it.reports == []


@pytest.mark.parametrize(("client", "provider"), PAIRS)
async def test_a_stall_is_cut_off(tmp_path: Path, client: str, provider: str) -> None:
    upstream = Upstream(up=streams(pieces(provider)[0], hang=True))
    async with served(tmp_path, upstream, {"up": provider}, idle_timeout=0.2) as it:
        reply = await ask(it, client, stream=True)
        assert "sent nothing for 0.2 s" in error_event(client, reply.content)
        assert (await it.ended())[0].outcome == "cut"
        await it.idle()


@pytest.mark.parametrize("client", DIALECTS)
async def test_the_time_to_wait_goes_through_to_the_client(tmp_path: Path, client: str) -> None:
    async with served(tmp_path, Upstream(up=says(429, retry_after="7")), {"up": "openai_chat"}) as it:
        reply = await ask(it, client)
        assert reply.status_code == 429
        assert reply.headers["retry-after"] == "7"
        assert error_message(client, reply.json())


async def test_a_provider_that_keeps_limiting_rests_and_the_next_answers_at_once(tmp_path: Path) -> None:
    upstream = Upstream(first=says(429, retry_after="30"), second=answers("openai_chat"))
    dialects = {"first": "openai_chat", "second": "openai_chat"}
    async with served(tmp_path, upstream, dialects, each={"workers": 3}) as it:
        for _ in range(5):
            assert (await ask(it, "openai_chat")).headers["x-casecraft-provider"] == "second"
        assert len(upstream.asked("first")) == 3
        assert it.gateway.lanes.of("first").pause_left > 3


async def test_all_that_were_asked_are_named_where_none_answers(tmp_path: Path) -> None:
    upstream = Upstream(first=says(401), second=says(529), third=says(503))
    async with served(tmp_path, upstream, dict.fromkeys(("first", "second", "third"), "openai_chat")) as it:
        reply = await ask(it, "openai_chat")
        assert reply.status_code == 503
        message = error_message("openai_chat", reply.json())
        assert "'third'" in message
        assert "first/first-model: " in message
        assert "second/second-model: " in message
        (exchange,) = await it.ended()
        assert exchange.outcome == "failed"
        assert [one.status for one in exchange.attempts] == [401, 529, 503, 503]


@pytest.mark.parametrize("client", DIALECTS)
async def test_a_client_that_goes_away_ends_the_request_to_the_provider(tmp_path: Path, client: str) -> None:
    upstream = Upstream(up=streams(pieces("openai_chat")[0], hang=True))
    async with served(tmp_path, upstream, {"up": "openai_chat"}) as it:
        reader, writer = await raw(it.port, raw_request(client, stream=True))
        await reader.readuntil(b"Hello")
        writer.close()
        (exchange,) = await it.ended()
        assert exchange.outcome == "cancelled"
        await it.idle()
        assert upstream.cancelled == 1


async def test_a_client_that_goes_before_the_answer_begins_ends_the_request_too(tmp_path: Path) -> None:
    asked = asyncio.Event()

    async def play(request: Any) -> Any:
        asked.set()
        await asyncio.Event().wait()

    async with served(tmp_path, Upstream(up=play), {"up": "openai_chat"}) as it:
        _, writer = await raw(it.port, raw_request("openai_chat"))
        await asked.wait()
        writer.close()
        (exchange,) = await it.ended()
        assert (exchange.outcome, exchange.status) == ("cancelled", 0)
        await it.idle()


async def test_a_client_that_goes_in_the_middle_of_its_request_costs_nothing(tmp_path: Path) -> None:
    async with served(tmp_path, Upstream(up=answers("openai_chat")), {"up": "openai_chat"}) as it:
        _, writer = await raw(it.port, raw_request("openai_chat")[:-5])
        await asyncio.sleep(0.05)
        writer.close()
        (exchange,) = await it.ended()
        assert exchange.outcome == "refused"
        assert it.upstream.seen == []


@pytest.mark.parametrize("client", DIALECTS)
async def test_a_client_that_reads_nothing_for_too_long_is_dropped(tmp_path: Path, client: str) -> None:
    flood = pieces("openai_chat", ["x" * 500_000] * 30)
    async with served(tmp_path, Upstream(up=streams(*flood)), {"up": "openai_chat"}, idle_timeout=0.5) as it:
        reader, writer = await asyncio.open_connection("127.0.0.1", it.port, limit=1024)
        writer.write(raw_request(client, stream=True))
        await reader.read(10)
        (exchange,) = await it.ended()
        assert exchange.outcome == "cancelled"
        await it.idle()
        assert it.reports == []
        writer.transport.abort()


async def test_an_answer_that_is_complete_is_not_cancelled_by_the_clients_going(tmp_path: Path) -> None:
    async with served(tmp_path, Upstream(up=answers("openai_chat")), {"up": "openai_chat"}) as it:
        for stream in (True, False) * 5:
            await ask(it, "openai_chat", stream=stream)
        assert {exchange.outcome for exchange in await it.ended(10)} == {"answered"}


@pytest.mark.parametrize("client", DIALECTS)
async def test_requests_that_are_too_large_too_slow_or_compressed_are_refused_in_the_clients_words(
    tmp_path: Path, client: str
) -> None:
    async with served(tmp_path, Upstream(), {"up": client}, max_body=2000, idle_timeout=0.3) as it:
        large = await ask(it, client, text="x" * 3000)
        assert large.status_code == 413
        assert "2000 bytes" in error_message(client, large.json())
        packed = await ask(it, client, headers={"content-encoding": "gzip"})
        assert packed.status_code == 415
        assert error_message(client, packed.json())
        reader, writer = await raw(it.port, raw_request(client)[:-3])
        slow = await reader.read()
        assert b" 408 " in slow.splitlines()[0]
        assert error_message(client, json.loads(slow.partition(b"\r\n\r\n")[2]))
        writer.close()
        assert [exchange.status for exchange in await it.ended(3)] == [408, 415, 413]
        assert it.upstream.seen == []


async def test_a_large_request_without_a_stated_length_is_refused_and_the_connection_can_be_used_again(
    tmp_path: Path,
) -> None:
    async with served(tmp_path, Upstream(up=answers("openai_chat")), {"up": "openai_chat"}, max_body=1000) as it:
        head = raw_request("openai_chat").partition(b"Content-Length")[0] + b"Transfer-Encoding: chunked\r\n\r\n"
        chunk = b"400\r\n" + b"x" * 1024 + b"\r\n"
        reader, writer = await raw(it.port, head, *[chunk] * 200, b"0\r\n\r\n", raw_request("openai_chat"))
        assert b" 413 " in await reader.readline()
        await reader.readuntil(b"Hello there")
        writer.close()


@pytest.mark.parametrize("endless", [b"X-A: " + b"a" * 40_000, b"X-A: a\r\n" * 4000])
async def test_a_head_without_end_is_not_kept(tmp_path: Path, endless: bytes) -> None:
    async with served(tmp_path, Upstream(), {"up": "openai_chat"}) as it:
        reader, writer = await raw(it.port, b"POST /v1/messages HTTP/1.1\r\n")
        with contextlib.suppress(ConnectionError):
            for _ in range(100):
                writer.write(endless)
                await writer.drain()
                await asyncio.sleep(0)
        with contextlib.suppress(ConnectionError):
            assert b" 400 " in await reader.readline()
        writer.close()
        await no_connection(it)


@pytest.mark.parametrize("sent", [b"", b"POST /v1/mess", b"POST /v1/messages HTTP/1.1\r\nX-A: a\r\n"])
async def test_a_head_that_does_not_come_is_not_waited_for(
    tmp_path: Path, sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connecting, "HEAD_TIME", 0.3)
    async with served(tmp_path, Upstream(up=answers("openai_chat")), {"up": "openai_chat"}) as it:
        reader, writer = await raw(it.port, sent)
        assert await reader.read() == b""
        writer.close()
        reader, writer = await raw(it.port, raw_request("openai_chat"))
        await reader.readuntil(b"Hello there")
        writer.write(raw_request("openai_chat")[:40])
        rest = await reader.read()
        assert b"Hello" not in rest
        writer.close()


async def no_connection(it: Served) -> None:
    while it.server.server_state.connections:
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("client", DIALECTS)
async def test_deep_json_breaks_nothing(tmp_path: Path, client: str) -> None:
    async with served(tmp_path, Upstream(up=answers("openai_chat")), {"up": "openai_chat"}) as it:
        for depth in (200, 500, 900, 5000):
            body = json.loads(raw_request(client).partition(b"\r\n\r\n")[2])
            deep = '{"properties": {"a": ' * depth + "{}" + "}}" * depth
            if client == "gemini":
                text = json.dumps(body)[:-1] + f', "generationConfig": {{"responseSchema": {deep}}}}}'
            else:
                field = "input_schema" if client == "anthropic_messages" else "parameters"
                tool = f'{{"type": "function", "name": "f", "{field}": {deep}}}'
                if client == "openai_chat":
                    tool = f'{{"type": "function", "function": {tool}}}'
                text = json.dumps(body)[:-1] + f', "tools": [{tool}]}}'
            path = raw_request(client).split(b" ")[1].decode()
            head = f"POST {path} HTTP/1.1\r\nHost: x\r\nx-api-key: cc-the-token-of-this-start\r\n"
            head += f"Content-Length: {len(text)}\r\nConnection: close\r\n\r\n"
            reader, writer = await raw(it.port, head.encode() + text.encode())
            reply = await reader.read()
            writer.close()
            status = int(reply.split(b" ")[1])
            assert status in ({200, 400} if depth < 1000 else {400}), (depth, reply)
        assert it.reports == []


async def test_pipelined_requests_are_answered_in_their_order(tmp_path: Path) -> None:
    upstream = Upstream(up=[answers("openai_chat", "one"), answers("openai_chat", "two"), answers("openai_chat", "3")])
    async with served(tmp_path, upstream, {"up": "openai_chat"}) as it:
        asked = [raw_request("openai_chat"), raw_request("anthropic_messages"), raw_request("openai_chat")]
        reader, writer = await raw(it.port, b"".join(asked))
        first = await reader.readuntil(b'"one"')
        second = await reader.readuntil(b'"two"')
        assert b"chat.completion" in first
        assert b'"type":"message"' in second
        await reader.readuntil(b'"3"')
        writer.close()


@pytest.mark.parametrize("stream", [True, False])
async def test_clients_of_http_1_0_get_an_answer_that_ends_with_the_connection(tmp_path: Path, stream: bool) -> None:
    async with served(tmp_path, Upstream(up=answers("openai_chat")), {"up": "openai_chat"}) as it:
        reader, writer = await raw(it.port, raw_request("openai_chat", version="1.0", stream=stream))
        reply = await reader.read()
        writer.close()
        assert b" 200 " in reply.splitlines()[0]
        assert b"Hello" in reply


async def test_a_stream_that_is_answered_whole_reaches_the_client_as_a_stream(tmp_path: Path) -> None:
    upstream = Upstream(up=says(200, whole("anthropic_messages").decode()))
    async with served(tmp_path, upstream, {"up": "anthropic_messages"}) as it:
        reply = await ask(it, "anthropic_messages", stream=True)
        assert reply.headers["content-type"].startswith("text/event-stream")
        assert text_in("anthropic_messages", reply.content) == "Hello there"
        assert (await it.ended())[0].outcome == "answered"


@pytest.mark.parametrize("fault", ["closed", "stopped"])
async def test_a_ledger_that_fails_stops_no_answer(tmp_path: Path, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with served(tmp_path, Upstream(up=answers("openai_chat")), {"up": "openai_chat"}) as it:
        ledger = it.gateway._ledger
        assert ledger is not None
        if fault == "closed":
            ledger.close()
        else:
            monkeypatch.setattr(ledger._writer, "_write", full)
        for _ in range(3):
            assert (await ask(it, "openai_chat")).status_code == 200
        while not it.reports:
            await asyncio.sleep(0.01)
        assert len({str(error) for error in it.reports}) == len(it.reports) == 1


def full(items: object) -> None:
    raise StateError("the disk is full")


async def test_a_mistake_of_the_gateway_is_told_to_both_sides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with served(tmp_path, Upstream(up=answers("openai_chat")), {"up": "openai_chat"}) as it:
        monkeypatch.setattr(it.gateway.router, "route", lambda traits: {}["no"])
        reply = await ask(it, "anthropic_messages")
        assert reply.status_code == 500
        assert "KeyError" in error_message("anthropic_messages", reply.json())
        assert "KeyError" in str(it.reports[0])
        assert (await it.ended())[0].outcome == "failed"
        await it.idle()
