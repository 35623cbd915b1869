"""The real llama.cpp server speaks Responses: it takes what we write, and we read what it answers."""

import httpx
import pytest

from casecraft.core.chat import (
    ChatRequest,
    ChatResponse,
    Message,
    Reasoning,
    StreamEnd,
    Text,
    TextDelta,
    Tool,
    ToolCall,
    ToolResult,
)
from casecraft.wire import find_dialect
from casecraft.wire.body import encode_body

pytestmark = pytest.mark.llm

DIALECT = find_dialect("openai_responses")
TOOL = Tool("add", "Adds two numbers.", {"type": "object", "properties": {"x": {"type": "integer"}}})
ROUND = (
    Message("system", "Be brief."),
    Message("user", "What is 1 + 1?"),
    Message("assistant", (Reasoning("A sum."), Text("I add."), ToolCall("a", "add", '{"x": 1}'))),
    Message("user", (ToolResult("a", (Text("2"),), "add"), Text("So?"))),
)
REQUESTS = {
    "a question": ChatRequest((Message("user", "Say hi."),), "smollm2", max_output_tokens=8, temperature=0.0),
    "a round with a tool": ChatRequest(ROUND, "smollm2", max_output_tokens=8, tools=(TOOL, Tool("now"))),
}


def send(url: str, request: ChatRequest, *, stream: bool) -> bytes:
    body, losses = DIALECT.encode_request(request, stream=stream, structured_output="json_schema")
    assert losses == ()
    response = httpx.post(f"{url}{DIALECT.chat_path('', stream)}", content=encode_body(body), timeout=300)
    assert response.status_code == 200, response.text
    return response.content


def check(answer: ChatResponse) -> None:
    assert answer.text
    assert answer.usage is not None
    assert answer.usage.input > 0
    assert 0 < answer.usage.output <= 8
    assert answer.stop_reason == "stop"
    assert answer.model
    assert answer.request_id


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
def test_a_whole_answer_is_read(model_url: str, request_: ChatRequest) -> None:
    check(DIALECT.decode_response(send(model_url, request_, stream=False)))


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
def test_a_streamed_answer_is_read(model_url: str, request_: ChatRequest) -> None:
    body = send(model_url, request_, stream=True)
    decoder = DIALECT.stream_decoder("local", {})
    events = [*decoder.feed(body), *decoder.finish()]
    end = events[-1]
    assert isinstance(end, StreamEnd)
    check(end.response)
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == end.response.text
    assert DIALECT.decode_usage(body) == end.response.usage


def test_what_the_server_refuses_is_an_error(model_url: str) -> None:
    response = httpx.post(f"{model_url}/responses", json={"model": "smollm2"}, timeout=60)
    error = DIALECT.decode_error(response.status_code, {}, response.content, "local")
    assert type(error).__name__ == "InvalidRequestError"
    assert "'input' is required" in str(error)
