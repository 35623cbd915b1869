"""llama.cpp's server speaks Messages: it takes our requests, and we read its answers as Anthropic's SDK does."""

from typing import Any

import httpx
import pytest

from casecraft import errors
from casecraft.core.chat import (
    ChatRequest,
    Message,
    Reasoning,
    StreamEnd,
    Text,
    TextDelta,
    Tool,
    ToolCall,
    ToolResult,
)
from casecraft.wire import encode_body, find_dialect
from tests.wire.anthropic_sdk import ask, ask_stream

pytestmark = pytest.mark.llm

DIALECT = find_dialect("anthropic_messages")
TOOL = Tool("get_city", "Takes a city.", {"type": "object", "properties": {"city": {"type": "string"}}})
TALK = (
    Message("system", (Text("Be brief."), Text("Be kind."))),
    Message("user", "Rome?"),
    Message("assistant", (Reasoning("hm"), Text("I look."), ToolCall("a", "get_city", '{"city":"Rome"}'))),
    Message("user", (ToolResult("a", "It is warm.", "get_city"), Text("Say so."))),
)


def post(url: str, *messages: Message, stream: bool = False, **changes: Any) -> httpx.Response:
    request = ChatRequest(messages, **{"model": "smollm2", "max_output_tokens": 12, "temperature": 0.5, **changes})
    body, losses = DIALECT.encode_request(request, stream=stream, structured_output="prompt")
    assert losses == ()
    root = url.removesuffix("/v1")
    return httpx.post(
        root + DIALECT.chat_path(request.model, stream),
        content=encode_body(body),
        headers={"content-type": "application/json"},
        timeout=300,
    )


def test_a_whole_answer_is_read_as_the_sdk_reads_it(model_url: str) -> None:
    body = post(model_url, *TALK, tools=(TOOL,)).content
    ours, theirs = DIALECT.decode_response(body, provider="local"), ask(body)
    assert ours.text == "".join(block.text for block in theirs.content if block.type == "text") != ""
    assert ours.usage is not None
    assert ours.usage.input == theirs.usage.input_tokens + (theirs.usage.cache_read_input_tokens or 0) > 12
    assert 0 < ours.usage.output == theirs.usage.output_tokens <= 12
    assert (ours.model, ours.request_id) == (theirs.model, theirs.id)


def test_a_streamed_answer_is_read_as_the_sdk_reads_it(model_url: str) -> None:
    body = post(model_url, *TALK, tools=(TOOL,), stream=True).content
    decoder = DIALECT.stream_decoder("local", {})
    events = [event for start in range(0, len(body), 100) for event in decoder.feed(body[start : start + 100])]
    events += decoder.finish()
    end, theirs = events[-1], ask_stream(body)
    assert isinstance(end, StreamEnd)
    said = "".join(event.text for event in events if isinstance(event, TextDelta))
    assert said == end.response.text == "".join(block.text for block in theirs.content if block.type == "text") != ""
    assert end.response.usage is not None
    assert 0 < end.response.usage.output == theirs.usage.output_tokens
    assert end.response.usage == DIALECT.decode_usage(body)


def test_the_limit_of_the_output_is_kept(model_url: str) -> None:
    response = DIALECT.decode_response(post(model_url, Message("user", "Count to 100."), max_output_tokens=3).content)
    assert response.stop_reason == "length"
    assert response.usage is not None
    assert response.usage.output == 3


def test_a_prompt_that_is_too_long_is_such_an_error(model_url: str) -> None:
    refused = post(model_url, Message("user", "word " * 6000))
    error = DIALECT.decode_error(refused.status_code, {}, refused.content, "local")
    assert isinstance(error, errors.ContextTooLongError)


def test_its_models_are_listed(model_url: str) -> None:
    listing = httpx.get(model_url.removesuffix("/v1") + DIALECT.models_path).json()
    assert DIALECT.read_models(listing)
