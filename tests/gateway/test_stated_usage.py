"""Usage that is asked for beside the client, and kept from it."""

import json
from typing import Any

import pytest

from casecraft.gateway.stated_usage import UsageOnRequest

CHUNK = {"id": "c", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": "Hi"}}]}
USAGE = {"id": "c", "object": "chat.completion.chunk", "choices": [], "usage": {"prompt_tokens": 1}}
FILTERS = {"id": "", "choices": [], "prompt_filter_results": []}


def event(data: dict[str, Any], end: str = "\n\n", spaced: bool = True) -> bytes:
    text = json.dumps(data) if spaced else json.dumps(data, separators=(",", ":"))
    return f"data: {text}{end}".encode()


def passed(stream: bytes, size: int) -> bytes:
    body: dict[str, Any] = {"stream": True}
    hidden = UsageOnRequest.of("openai_chat", body)
    assert hidden is not None
    assert body["stream_options"] == {"include_usage": True}
    pieces = [hidden.without_usage(stream[at : at + size]) for at in range(0, len(stream), size)]
    return b"".join([*pieces, hidden.rest])


@pytest.mark.parametrize("size", [1, 7, 40, 10_000])
@pytest.mark.parametrize("end", ["\n\n", "\r\n\r\n"])
@pytest.mark.parametrize("spaced", [True, False])
def test_the_event_with_the_usage_alone_is_taken_out(size: int, end: str, spaced: bool) -> None:
    before, after = event(CHUNK, end, spaced), b"data: [DONE]" + end.encode()
    assert passed(before + event(USAGE, end, spaced) + after, size) == before + after


@pytest.mark.parametrize(
    "stream",
    [
        event(FILTERS) + event(CHUNK) + b"data: [DONE]\n\n",
        event({**CHUNK, "usage": None}),
        event(CHUNK) + b"data: [DONE]",
        b": ping\n\n" + event(CHUNK),
        b'data: {"choices": [], broken\n\n',
    ],
)
def test_all_else_goes_on_as_it_came(stream: bytes) -> None:
    assert passed(stream, 5) == stream


@pytest.mark.parametrize(
    ("dialect", "options"),
    [("openai_chat", {"include_usage": True}), ("anthropic_messages", None), ("openai_responses", None)],
)
def test_it_is_left_alone_where_the_client_wants_it_or_the_dialect_always_says_it(dialect: str, options: Any) -> None:
    body: dict[str, Any] = {"stream_options": options} if options else {}
    assert UsageOnRequest.of(dialect, body) is None
    assert body == ({"stream_options": options} if options else {})


def test_other_options_of_the_client_stay() -> None:
    body: dict[str, Any] = {"stream_options": {"include_obfuscation": False}}
    assert UsageOnRequest.of("openai_chat", body) is not None
    assert body["stream_options"] == {"include_obfuscation": False, "include_usage": True}
