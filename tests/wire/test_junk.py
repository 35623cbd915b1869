"""Junk in any field of a body, an event or a request is an answer or a typed error, never an exception from within."""

from collections.abc import Iterator
from contextlib import suppress
from itertools import cycle
from typing import Any

import orjson
import pytest

from casecraft import errors
from casecraft.core.chat import (
    ChatRequest,
    ChatResponse,
    Image,
    Message,
    Reasoning,
    StreamEnd,
    Text,
    Tool,
    ToolCall,
    ToolResult,
    events_of,
)
from casecraft.core.embedding import EmbeddingRequest, EmbeddingResponse
from casecraft.core.usage import Usage
from casecraft.wire import DIALECTS, Dialect, encode_body, find_dialect
from casecraft.wire.embeddings import EMBEDDING_DIALECTS, find_embedding_dialect

NUMBERS = (b"0", b"-1", b"1.5", b"1e30", b"9" * 40, b"1e308", b"18446744073709551615")
TEXTS = (b'""', b'"x"', b'"data:;base64,?"')
LISTS = (b"[]", b"[null]", b'["a"]', b"[[]]", b"[{}]", b"[" * 300 + b"]" * 300, b"[" * 1000 + b"]" * 1000)
OBJECTS = (b"{}", b'{"a":1}', b'{"type":[]}', b'{"type":"text"}', b'{"a":' * 300 + b"1" + b"}" * 300)
JUNK = tuple(orjson.Fragment(each) for each in (b"null", b"true", b"false", *NUMBERS, *TEXTS, *LISTS, *OBJECTS))

CALLS = (ToolCall("c1", "f", '{"a":1}'), ToolCall("c2", "g", '{"b":2}'))
USAGE = Usage(10, 5, 2, 1, 3)
THOUGHTS = (Reasoning("Hm.", "c2ln"), Reasoning("", "c2ln", redacted=True))
ANSWERS = (
    ChatResponse((*THOUGHTS, Text("Yes."), *CALLS), "m", "tool_use", USAGE, "r"),
    ChatResponse("Yes.", "m", "stop", USAGE, "r"),
)  # fmt: skip
TURNS = (
    Message("system", "Be brief."),
    Message("user", (Text("Look."), Image(b"\x89PNG", "image/png"))),
    Message("assistant", (Reasoning("Hm.", "c2ln"), Text("I call."), *CALLS)),
    Message("user", (ToolResult("c1", "r", "f"), ToolResult("c2", (Text("r"), Image(b"\x89PNG", "image/png")), "g"))),
)
TOOLS = (Tool("f", "d", {"type": "object"}, True), Tool("g"))
REQUESTS = (
    ChatRequest(TURNS, "m", 0.5, 0.9, 5, 0.1, 0.1, ("x",), 100, 3, {"type": "object"}, TOOLS, "required", True, "high"),
    ChatRequest((Message("user", "Hi"),), "m", reasoning_budget=2000, max_output_tokens=9000, extra={"store": False}),
)
TAKERS = cycle(map(find_dialect, DIALECTS))
"""Who gets what has been read: each dialect in its turn."""

FAILURES = (
    errors.RateLimitError("slow", status=429, retry_after=2.0),
    errors.InvalidRequestError("what", status=400),
    errors.ServerError("gone", status=500),
)


def places(value: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where something stands in a JSON value, the whole included."""
    yield place
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in pairs:
        yield from places(each, (*place, key))


def replaced(value: Any, place: tuple[str | int, ...], junk: Any) -> Any:
    """The value with junk at one place."""
    if not place:
        return junk
    copy = value.copy()
    copy[place[0]] = replaced(value[place[0]], place[1:], junk)
    return copy


def spoilt(value: Any) -> Iterator[bytes]:
    """The value as JSON with each kind of junk at each place in it."""
    for place in places(value):
        for junk in JUNK:
            yield orjson.dumps(replaced(value, place, junk))


def read_all(dialect: Dialect, body: bytes) -> None:
    """All that reads a body which came with some status."""
    with suppress(errors.ProviderError):
        give_back(dialect.decode_response(body, provider="p"))
    dialect.decode_usage(body)
    dialect.follow(body, False)
    dialect.read_models(orjson.loads(body))


def give_back(answer: ChatResponse) -> None:
    """Write an answer for a client, whole and streamed."""
    dialect = next(TAKERS)
    with suppress(errors.InvalidRequestError):
        encode_body(dialect.encode_response(answer).body)
        encoder = dialect.stream_encoder(model="m", request_id="r")
        for event in events_of(answer):
            encoder.encode(event)


@pytest.mark.parametrize("name", DIALECTS)
def test_junk_in_an_answer(name: str) -> None:
    dialect = find_dialect(name)
    for answer in ANSWERS:
        for body in spoilt(orjson.loads(encode_body(dialect.encode_response(answer).body))):
            read_all(dialect, body)


@pytest.mark.parametrize("name", DIALECTS)
def test_junk_in_an_error(name: str) -> None:
    dialect = find_dialect(name)
    for failure in FAILURES:
        for body in spoilt(dialect.encode_error(failure).body):
            for status in (400, 429, 503):
                assert isinstance(dialect.decode_error(status, {}, body, "p"), errors.ProviderError)
            read_all(dialect, body)


class OneByOne:
    """Takes each chunk for the data of one event."""

    is_cut = False

    def feed(self, chunk: bytes) -> list[bytes]:
        return [chunk]

    def finish(self) -> list[bytes]:
        return []


@pytest.mark.parametrize("name", DIALECTS)
def test_junk_in_an_event(name: str) -> None:
    dialect = find_dialect(name)
    by_event = type("ByEvent", (dialect.stream_decoder,), {"frames": OneByOne})
    for answer in ANSWERS:
        encoder = dialect.stream_encoder(model="m", request_id="r")
        reader = dialect.stream_decoder.frames()
        datas = [*reader.feed(b"".join(map(encoder.encode, events_of(answer)))), *reader.finish()]
        for number, data in enumerate(datas):
            head, _, text = data.rpartition(b"\n")  # Replicate's have a name before them
            try:
                event = orjson.loads(text)
            except orjson.JSONDecodeError:
                continue
            for junk in spoilt(event):
                spoilt_data = b"\n".join([head, junk]) if head else junk
                read_stream(by_event("p", {}), [*datas[:number], spoilt_data, *datas[number + 1 :]])


def read_stream(decoder: Any, datas: list[bytes]) -> None:
    """All events of a stream, which ends with an answer or an error."""
    with suppress(errors.ProviderError):
        events = [event for data in datas for event in decoder.feed(data)]
        events += decoder.finish()
        assert isinstance(events[-1], StreamEnd)


@pytest.mark.parametrize("name", DIALECTS)
def test_junk_in_a_request(name: str) -> None:
    dialect = find_dialect(name)
    for request in REQUESTS:
        body = dialect.encode_request(request, stream=False, structured_output="json_schema").body
        for junk in spoilt(orjson.loads(encode_body(body))):
            read = orjson.loads(junk)
            if isinstance(read, dict):
                with suppress(errors.InvalidRequestError):
                    pass_on(dialect.decode_request(read, model="m").request)


def pass_on(asked: ChatRequest) -> None:
    """Write a client's request for a provider."""
    with suppress(errors.InvalidRequestError):
        encode_body(next(TAKERS).encode_request(asked, stream=False, structured_output="json_schema").body)


@pytest.mark.parametrize("name", EMBEDDING_DIALECTS)
def test_junk_in_vectors(name: str) -> None:
    dialect = find_embedding_dialect(name)
    request = EmbeddingRequest(("a", "b"), "m", 3)
    answer = dialect.encode_response(EmbeddingResponse(((0.5, 1.0, 0.0), (1.0, 0.0, 0.5)), "m", USAGE), request)
    for body in spoilt(orjson.loads(encode_body(answer))):
        with suppress(errors.ProviderError):
            dialect.decode_response(body, texts=2, provider="p")
    for junk in spoilt(orjson.loads(encode_body(dialect.encode_request(request).body))):
        read = orjson.loads(junk)
        if isinstance(read, dict):
            with suppress(errors.InvalidRequestError):
                dialect.decode_request(read, model="m")
