"""`casecraft gateway` as a process: how it starts, what keeps it from starting, and how it ends."""

import asyncio
import json
import re
import signal
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from casecraft.core.exchange import Exchange
from casecraft.state import exchanges, gateway_path, open_store
from tests.command import Done, finish, run, start
from tests.gateway.scripted import UPSTREAM, Upstream, answers, events_in, pieces, request_of, streams

pytestmark = pytest.mark.slow

TOKEN = "a-token-for-this-process"


@dataclass
class Running:
    """A gateway in a process of its own."""

    process: asyncio.subprocess.Process
    url: str
    folder: Path

    async def ask(self, dialect: str = "openai_chat", **more: Any) -> httpx.Response:
        path, body = request_of(dialect, **more)
        async with httpx.AsyncClient(base_url=self.url, timeout=60, trust_env=False) as http:
            return await http.post(path, json=body, headers={"x-api-key": TOKEN})

    async def end(self, *signals: signal.Signals) -> Done:
        for one in signals:
            self.process.send_signal(one)
        return await finish(self.process)


def configured(folder: Path, upstream: Upstream) -> None:
    own = "\n".join(
        f'[providers.{name}]\nbase_url = "{upstream.url(name)}"\nmodel = "m"\nworkers = 9\n' for name in upstream.plays
    )
    (folder / "casecraft.toml").write_text(f'use = ["{next(iter(upstream.plays))}"]\n{own}')


@asynccontextmanager
async def running(folder: Path, upstream: Upstream, args: Sequence[str] = ()) -> AsyncIterator[Running]:
    async with upstream.serving():
        configured(folder, upstream)
        process = await start(["gateway", "--port", "0", *args], folder, {"CASECRAFT_GATEWAY_TOKEN": TOKEN})
        try:
            yield Running(process, await url_of(process), folder)
        finally:
            if process.returncode is None:
                process.kill()
                await process.communicate()


async def url_of(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    line = (await process.stdout.readline()).decode()
    found = re.search(r"http://\S+", line)
    assert found, line
    return found[0]


def ledger_of(folder: Path) -> list[Exchange]:
    with open_store(gateway_path(folder / ".casecraft"), read_only=True) as store:
        return exchanges(store)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_signals_end_it_with_what_it_did_written_down(tmp_path: Path, how: signal.Signals) -> None:
    async with running(tmp_path, Upstream(up=answers("openai_chat"))) as it:
        for _ in range(3):
            assert (await it.ask()).status_code == 200
        done = await it.end(how)
        assert (done.code, done.err) == (0, "")
    assert [exchange.outcome for exchange in ledger_of(tmp_path)] == ["answered"] * 3
    assert not list((tmp_path / ".casecraft").glob("*.holder"))


async def test_requests_under_way_may_end_after_ctrl_c(tmp_path: Path) -> None:
    gate, begun = asyncio.Event(), asyncio.Event()

    async def play(request: Any) -> Any:
        begun.set()
        return await streams(*pieces("openai_chat"), after=gate)(request)

    async with running(tmp_path, Upstream(up=play)) as it:
        asked = asyncio.create_task(it.ask("anthropic_messages", stream=True))
        await begun.wait()
        it.process.send_signal(signal.SIGINT)
        await asyncio.sleep(0.3)
        gate.set()
        reply = await asked
        assert "message_stop" in reply.text
        done = await it.end()
        assert (done.code, done.err) == (0, "")
    assert [exchange.outcome for exchange in ledger_of(tmp_path)] == ["answered"]


@pytest.mark.parametrize("again", [False, True])
async def test_requests_that_do_not_end_are_told_that_the_gateway_does(tmp_path: Path, again: bool) -> None:
    async with running(tmp_path, Upstream(up=streams(pieces("openai_chat")[0], hang=True))) as it:
        path, body = request_of("anthropic_messages", stream=True)
        async with (
            httpx.AsyncClient(base_url=it.url, timeout=60, trust_env=False) as http,
            http.stream("POST", path, json=body, headers={"x-api-key": TOKEN}) as reply,
        ):
            chunks = reply.aiter_raw()
            first = await anext(chunks)
            it.process.send_signal(signal.SIGINT)
            if again:
                await until_refused(it.url)
                it.process.send_signal(signal.SIGINT)
            name, data = events_in(first + b"".join([chunk async for chunk in chunks]))[-1]
        assert name == "error"
        assert "the gateway was stopped" in data["error"]["message"]
        done = await it.end()
        assert (done.code, done.err) == (0, "")
    assert [exchange.outcome for exchange in ledger_of(tmp_path)] == ["cut"]


async def until_refused(url: str) -> None:
    """Wait until a gateway takes no more connections: the first signal has been heard."""
    async with asyncio.timeout(30):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
            except (ConnectionRefusedError, ConnectionResetError):  # the second where it was waiting to be taken
                return
            writer.close()


async def test_a_port_that_is_taken_is_told_in_two_lines(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = await run("gateway", "--port", str(port), cwd=tmp_path)
    assert done.code == 2
    assert done.out == ""
    assert done.err.splitlines() == [
        f"error: the gateway cannot listen at 127.0.0.1:{port}: Address already in use",
        "  Choose another port with `--port`, or 0 for any that is free.",
    ]


async def test_other_addresses_need_a_token(tmp_path: Path) -> None:
    done = await run("gateway", "--host", "0.0.0.0", "--port", "0", cwd=tmp_path)
    assert done.code == 2
    assert "no token" in done.err
    assert "CASECRAFT_GATEWAY_TOKEN" in done.err


async def test_a_log_of_calls_that_cannot_be_written_keeps_it_from_starting(tmp_path: Path) -> None:
    done = await run("gateway", "--port", "0", "--log-calls", "no/such/folder/log.jsonl", cwd=tmp_path)
    assert done.code == 2
    assert "cannot write the log of calls 'no/such/folder/log.jsonl'" in done.err
    assert len(done.err.splitlines()) == 2
    assert done.out == ""


async def test_a_folder_for_the_ledger_that_cannot_be_made_keeps_it_from_starting(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    done = await run("gateway", "--port", "0", "--state-dir", "file/state", cwd=tmp_path)
    assert done.code == 2
    assert "file/state" in done.err
    assert len(done.err.splitlines()) <= 2


async def test_two_in_one_folder_have_a_ledger_each(tmp_path: Path) -> None:
    upstream = Upstream(up=answers("openai_chat"))
    async with running(tmp_path, upstream) as first:
        process = await start(["gateway", "--port", "0"], tmp_path, {"CASECRAFT_GATEWAY_TOKEN": TOKEN})
        second = Running(process, await url_of(process), tmp_path)
        assert (await first.ask()).status_code == (await second.ask()).status_code == 200
        assert [(await it.end(signal.SIGTERM)).code for it in (first, second)] == [0, 0]
    names = sorted(path.name for path in (tmp_path / ".casecraft").glob("*.sqlite"))
    assert names == ["gateway-2.sqlite", "gateway.sqlite"]


async def test_without_a_provider_it_says_so_and_answers_as_soon_as_there_is_one(tmp_path: Path) -> None:
    upstream = Upstream(up=answers("openai_chat"))
    async with upstream.serving():
        process = await start(["gateway", "--port", "0"], tmp_path, {"CASECRAFT_GATEWAY_TOKEN": TOKEN})
        it = Running(process, await url_of(process), tmp_path)
        assert process.stderr is not None
        assert (await process.stderr.readline()).startswith(b"note: no provider can be asked yet")
        refused = await it.ask()
        assert refused.status_code == 404
        configured(tmp_path, upstream)
        async with asyncio.timeout(30):
            while (await it.ask()).status_code != 200:
                await asyncio.sleep(0.1)
        assert (await it.end(signal.SIGTERM)).code == 0


async def test_a_broken_configuration_is_told_in_one_place_and_changes_nothing(tmp_path: Path) -> None:
    async with running(tmp_path, Upstream(up=answers("openai_chat"))) as it:
        change(tmp_path / "casecraft.toml", "[gateway\n")
        assert it.process.stderr is not None
        async with asyncio.timeout(30):
            said = await it.process.stderr.readline()
        assert said.startswith(b"error: ")
        assert b"casecraft.toml" in said
        assert (await it.ask()).status_code == 200
        done = await it.end(signal.SIGTERM)
        assert done.code == 0
        assert done.err.count("error:") == 0


def change(file: Path, text: str) -> None:
    file.write_text(text)


GIGABYTE = 1024**3
MOST_MEGABYTES = 400
"""What a gateway may take beside a provider that never stops, or a client that does not read."""


def flood(kind: str) -> Any:
    """A provider that sends a gigabyte."""

    async def play(request: Any) -> Any:
        from aiohttp import web

        block = b'"' + b"x" * 65534 + b'"'
        if kind == "events":
            block = pieces("openai_chat", ["x" * 60_000])[0]
            response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        else:
            response = web.StreamResponse(headers={"content-type": "application/json"})
        await response.prepare(request)
        for _ in range(GIGABYTE // len(block)):
            await response.write(block)
            request.app[UPSTREAM].sent += 1
        return response

    return play


async def progress_of(upstream: Upstream) -> int:
    """How many blocks providers get rid of in half a second."""
    before = upstream.sent
    await asyncio.sleep(0.5)
    return upstream.sent - before


def megabytes(process: asyncio.subprocess.Process, what: str = "VmHWM") -> int:
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith(what))) // 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
@pytest.mark.parametrize("client", ["openai_chat", "anthropic_messages"])
async def test_a_gigabyte_is_cut_off_at_the_limit_and_does_not_fill_the_memory(tmp_path: Path, client: str) -> None:
    async with running(tmp_path, Upstream(up=flood("events"), whole=flood("whole"))) as it:
        streamed = await it.ask(client, stream=True)
        assert len(streamed.content) < 100 * 1024 * 1024
        assert "more than 32 MB" in json.dumps(events_in(streamed.content)[-1])
        whole = await it.ask(client, model="whole/m")
        assert whole.status_code == 502
        assert "more than 32 MB" in whole.text
        assert megabytes(it.process) < MOST_MEGABYTES
        assert (await it.end(signal.SIGTERM)).err == ""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
@pytest.mark.parametrize("client", ["openai_chat", "anthropic_messages"])
async def test_clients_that_do_not_read_hold_back_their_providers(tmp_path: Path, client: str) -> None:
    upstream = Upstream(up=flood("events"))
    async with running(tmp_path, upstream) as it:
        await it.ask("openai_chat", model="nobody/at-all")
        before = megabytes(it.process)
        path, body = request_of(client, stream=True)
        port = int(it.url.rpartition(":")[2])
        content = json.dumps(body)
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nx-api-key: {TOKEN}\r\nContent-Length: {len(content)}\r\n\r\n"
        connections = []
        for _ in range(8):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
            writer.write((head + content).encode())
            await reader.read(100)
            connections.append(writer)
        while await progress_of(upstream):
            pass
        assert upstream.in_flight == 8
        assert megabytes(it.process) - before < 100
        for writer in connections:
            writer.close()
        async with asyncio.timeout(30):
            while upstream.in_flight:
                await asyncio.sleep(0.01)
