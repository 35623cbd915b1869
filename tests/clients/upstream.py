"""A scripted model behind real HTTP, in four wire formats, for tests with real coding clients.

It asks for one tool, a file to be written, and when the tool's result has come it says that it is done. Its bytes are
written by hand after the vendors' documentation, so that no encoder of ours is checked against itself:
docs.anthropic.com (streaming messages), platform.openai.com (streamed chat completions; responses' events) and
ai.google.dev (streamGenerateContent).
"""

import asyncio
import json
import shlex
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

DONE = "The file is written."
CALL = "call_write_1"
ARGUMENT_PIECES = 3


@dataclass(frozen=True)
class Wish:
    """The file that the model wants written."""

    path: Path
    content: str


@dataclass(frozen=True)
class Recorded:
    """A request that came in."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: dict[str, Any]


@dataclass(frozen=True)
class Tool:
    """A tool as a request offers it; `custom` says that it takes free text."""

    name: str
    custom: bool = False


@dataclass(frozen=True)
class Call:
    """A tool as the model calls it."""

    name: str
    input: dict[str, Any]

    @property
    def json(self) -> str:
        return json.dumps(self.input)

    @property
    def pieces(self) -> list[str]:
        """The arguments as streams bring them."""
        text = self.json
        size = len(text) // ARGUMENT_PIECES + 1
        return [text[at : at + size] for at in range(0, len(text), size)]


def shell_line(wish: Wish) -> str:
    return f"printf %s {shlex.quote(wish.content)} > {shlex.quote(str(wish.path))}"


def patch(wish: Wish) -> str:
    added = "".join(f"+{line}\n" for line in wish.content.splitlines())
    return f"*** Begin Patch\n*** Add File: {wish.path}\n{added}*** End Patch\n"


# How each tool that writes files is asked to, in the order of preference.
WRITERS: dict[str, Callable[[Wish], dict[str, Any]]] = {
    "Write": lambda it: {"file_path": str(it.path), "content": it.content},
    "write": lambda it: {"filePath": str(it.path), "content": it.content},
    "bash": lambda it: {"command": shell_line(it), "description": "Write the file"},
    "functions__exec": lambda it: {"input": f"text(await tools.exec_command({json.dumps({'cmd': shell_line(it)})}))"},
    "apply_patch": lambda it: {"input": patch(it)},
    "exec_command": lambda it: {"cmd": shell_line(it)},
}


@dataclass
class Upstream:
    """What the model wants, and all that it was asked. `results` are the tools' results as they came back."""

    wish: Wish
    url: str = ""
    requests: list[Recorded] = field(default_factory=list)
    results: list[str] = field(default_factory=list)
    calls: int = 0

    def answer(self, tools: Iterable[str], results: list[str]) -> Call | str:
        """The next thing that the model says: to whom has no tools, or has a result already, a text."""
        self.results += results
        offered = set(tools)
        name = next((name for name in WRITERS if name in offered), None)
        if results or name is None:
            return DONE
        self.calls += 1
        return Call(name, WRITERS[name](self.wish))


# Anthropic Messages


async def messages(request: web.Request) -> web.StreamResponse:
    upstream, body = await take(request)
    tools = [tool["name"] for tool in body.get("tools", ())]
    blocks = [block for message in body["messages"] for block in blocks_of(message["content"])]
    results = [json.dumps(block["content"]) for block in blocks if block["type"] == "tool_result"]
    said = upstream.answer(tools, results)
    if not body.get("stream"):
        return web.json_response(whole_message(said, body["model"]))
    return await send_events(request, message_events(said, body["model"]))


def blocks_of(content: Any) -> list[dict[str, Any]]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def message_block(said: Call | str) -> dict[str, Any]:
    if isinstance(said, Call):
        return {"type": "tool_use", "id": "toolu_write_1", "name": said.name, "input": said.input}
    return {"type": "text", "text": said}


def whole_message(said: Call | str, model: str) -> dict[str, Any]:
    return {
        "id": "msg_1", "type": "message", "role": "assistant", "model": model, "content": [message_block(said)],
        "stop_reason": "tool_use" if isinstance(said, Call) else "end_turn", "stop_sequence": None,
        "usage": {"input_tokens": 25, "output_tokens": 15},
    }  # fmt: skip


def message_events(said: Call | str, model: str) -> Iterator[str]:
    begun = {**whole_message(said, model), "content": [], "stop_reason": None}
    yield named("message_start", {"message": begun})
    if isinstance(said, Call):
        block: dict[str, Any] = {**message_block(said), "input": {}}
        deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in ["", *said.pieces]]
    else:
        block = {"type": "text", "text": ""}
        deltas = [{"type": "text_delta", "text": piece} for piece in (said[:5], said[5:])]
    yield named("content_block_start", {"index": 0, "content_block": block})
    yield named("ping", {})
    for delta in deltas:
        yield named("content_block_delta", {"index": 0, "delta": delta})
    yield named("content_block_stop", {"index": 0})
    reason = "tool_use" if isinstance(said, Call) else "end_turn"
    delta = {"stop_reason": reason, "stop_sequence": None}
    yield named("message_delta", {"delta": delta, "usage": {"output_tokens": 15}})
    yield named("message_stop", {})


def named(kind: str, values: Mapping[str, Any]) -> str:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **values})}\n\n"


async def count_tokens(request: web.Request) -> web.StreamResponse:
    await take(request)
    return web.json_response({"input_tokens": 25})


# OpenAI Chat Completions


async def chat_completions(request: web.Request) -> web.StreamResponse:
    upstream, body = await take(request)
    tools = [tool["function"]["name"] for tool in body.get("tools", ()) if tool["type"] == "function"]
    results = [json.dumps(message["content"]) for message in body["messages"] if message["role"] == "tool"]
    said = upstream.answer(tools, results)
    if not body.get("stream"):
        return web.json_response(whole_completion(said, body["model"]))
    return await send_events(request, completion_chunks(said, body["model"]))


USAGE = {"prompt_tokens": 25, "completion_tokens": 15, "total_tokens": 40}


def whole_completion(said: Call | str, model: str) -> dict[str, Any]:
    if isinstance(said, Call):
        function = {"name": said.name, "arguments": said.json}
        message = {"content": None, "tool_calls": [{"id": CALL, "type": "function", "function": function}]}
    else:
        message = {"content": said}
    reason = "tool_calls" if isinstance(said, Call) else "stop"
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": reason}
    return {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": model, "choices": [choice],
            "usage": USAGE}  # fmt: skip


def completion_chunks(said: Call | str, model: str) -> Iterator[str]:
    def chunk(delta: Mapping[str, Any], reason: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        return data({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": model,
                     "choices": [choice]})  # fmt: skip

    yield chunk({"role": "assistant", "content": None if isinstance(said, Call) else ""})
    if isinstance(said, Call):
        function = {"name": said.name, "arguments": ""}
        yield chunk({"tool_calls": [{"index": 0, "id": CALL, "type": "function", "function": function}]})
        for piece in said.pieces:
            yield chunk({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]})
        yield chunk({}, "tool_calls")
    else:
        for piece in (said[:5], said[5:]):
            yield chunk({"content": piece})
        yield chunk({}, "stop")
    yield data({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": model, "choices": [],
                "usage": USAGE})  # fmt: skip
    yield "data: [DONE]\n\n"


def data(values: Mapping[str, Any]) -> str:
    return f"data: {json.dumps(values)}\n\n"


# OpenAI Responses


async def responses(request: web.Request) -> web.StreamResponse:
    upstream, body = await take(request)
    tools = [tool["name"] for tool in body.get("tools", ()) if tool["type"] == "function"]
    items = body["input"] if isinstance(body["input"], list) else []
    results = [json.dumps(item["output"]) for item in items if item.get("type") == "function_call_output"]
    return await send_events(request, response_events(upstream.answer(tools, results), body["model"]))


def response_item(said: Call | str) -> dict[str, Any]:
    if isinstance(said, Call):
        return {"type": "function_call", "id": "fc_1", "call_id": CALL, "name": said.name, "arguments": said.json,
                "status": "completed"}  # fmt: skip
    part = {"type": "output_text", "text": said, "annotations": []}
    return {"type": "message", "id": "msg_1", "role": "assistant", "content": [part], "status": "completed"}


def response_events(said: Call | str, model: str) -> Iterator[str]:
    number = iter(range(1000))

    def event(kind: str, **values: Any) -> str:
        return named(kind, {"sequence_number": next(number), **values})

    base = {"id": "resp_1", "object": "response", "created_at": 1, "model": model, "output": []}
    yield event("response.created", response={**base, "status": "in_progress"})
    item = response_item(said)
    begun = {**item, "status": "in_progress"}
    if isinstance(said, Call):
        yield event(
            "response.output_item.added", output_index=0, item={**item, "arguments": "", "status": "in_progress"}
        )
        for piece in said.pieces:
            yield event("response.function_call_arguments.delta", item_id="fc_1", output_index=0, delta=piece)
        yield event("response.function_call_arguments.done", item_id="fc_1", output_index=0, arguments=said.json)
    else:
        where = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
        yield event("response.output_item.added", output_index=0, item={**begun, "content": []})
        yield event("response.content_part.added", **where, part={"type": "output_text", "text": "", "annotations": []})
        yield event("response.output_text.delta", **where, delta=said)
        yield event("response.output_text.done", **where, text=said)
        yield event("response.content_part.done", **where, part=item["content"][0])
    yield event("response.output_item.done", output_index=0, item=item)
    usage = {"input_tokens": 25, "output_tokens": 15, "total_tokens": 40}
    yield event("response.completed", response={**base, "status": "completed", "output": [item], "usage": usage})


# Gemini


async def generate_content(request: web.Request) -> web.StreamResponse:
    upstream, body = await take(request)
    tools = [it["name"] for tool in body.get("tools", ()) for it in tool.get("functionDeclarations", ())]
    parts = [part for content in body["contents"] for part in content["parts"]]
    results = [json.dumps(part["functionResponse"]["response"]) for part in parts if "functionResponse" in part]
    said = upstream.answer(tools, results)
    if isinstance(said, Call):
        answer: list[dict[str, Any]] = [{"functionCall": {"name": said.name, "args": said.input}}]
    else:
        answer = [{"text": said[:5]}, {"text": said[5:]}]
    chunks = [{"candidates": [{"content": {"role": "model", "parts": [part]}, "index": 0}]} for part in answer]
    usage = {"promptTokenCount": 25, "candidatesTokenCount": 15, "totalTokenCount": 40}
    chunks[-1]["candidates"][0]["finishReason"] = "STOP"
    chunks = [{**chunk, "usageMetadata": usage, "modelVersion": "scripted"} for chunk in chunks]
    if not request.path.endswith(":streamGenerateContent"):
        return web.json_response(
            {**chunks[-1], "candidates": [{"content": {"role": "model", "parts": answer}, "finishReason": "STOP"}]}
        )
    return await send_events(request, (f"data: {json.dumps(chunk)}\r\n\r\n" for chunk in chunks))


# The server

UPSTREAM = web.AppKey("upstream", Upstream)


async def take(request: web.Request) -> tuple[Upstream, dict[str, Any]]:
    upstream = request.app[UPSTREAM]
    text = await request.text()
    body = json.loads(text) if text else {}
    headers = dict(request.headers)
    upstream.requests.append(Recorded(request.method, request.path, request.query_string, headers, body))
    return upstream, body


async def send_events(request: web.Request, events: Iterable[str]) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
    await response.prepare(request)
    for event in events:
        await response.write(event.encode())
    await response.write_eof()
    return response


async def anything(request: web.Request) -> web.StreamResponse:
    await take(request)
    if request.method in {"HEAD", "GET"} and request.path == "/":
        return web.Response(text="ok")
    return web.json_response({"error": {"type": "not_found_error", "message": request.path}}, status=404)


def application(upstream: Upstream) -> web.Application:
    app = web.Application(client_max_size=64 * 2**20)
    app[UPSTREAM] = upstream
    app.router.add_post("/v1/messages", messages)
    app.router.add_post("/v1/messages/count_tokens", count_tokens)
    app.router.add_post("/v1/chat/completions", chat_completions)
    app.router.add_post("/v1/responses", responses)
    app.router.add_post("/v1beta/models/{rest:.*}", generate_content)
    app.router.add_route("*", "/{rest:.*}", anything)
    return app


@contextmanager
def scripted_model(path: Path, content: str) -> Iterator[Upstream]:
    """The model on a port of this machine, in a thread of its own."""
    upstream = Upstream(Wish(path, content))
    ready, stop = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        runner = web.AppRunner(application(upstream))
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        upstream.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        ready.set()
        await stop.wait()
        await runner.cleanup()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    ready.wait(10)
    try:
        yield upstream
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()
