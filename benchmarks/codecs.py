"""What writing requests, reading answers and reading streams costs in each dialect: CPU, no network.

    python -m benchmarks.codecs

A request of 20 messages is written and its answer read; a streamed answer of one-word pieces, as our encoder writes it,
is read in chunks of 16 KB. Beside the streams: the same bytes split into lines, and each line's JSON parsed by orjson.
"""

import sys
import time
from collections.abc import Callable, Iterator
from statistics import median

import orjson

from benchmarks.figures import Figure, report
from casecraft.core.chat import ChatRequest, ChatResponse, Message, StreamEnd, StreamEvent, TextDelta
from casecraft.core.usage import Usage
from casecraft.wire import Dialect, encode_body, find_dialect

BARRED = ("openai_chat", "anthropic_messages")
OTHERS = ("openai_responses", "gemini")
BAR_MICROSECONDS, BAR_RATIO, BAR_SPEED = 60.0, 1.5, 50.0
ROUNDS, RUNS, CHUNK = 2_000, 5, 16 * 1024
WORDS = ["The", "quick", "brown", "fox", "jumps", "over", "the", "lazy", "dog", "."] * 500


def request() -> ChatRequest:
    """Twenty turns of a few sentences."""
    said = "some words here. " * 20
    turns = [Message("system", "You write tests. " * 20)]
    turns += [Message("assistant" if number % 2 else "user", f"Turn {number}: {said}") for number in range(19)]
    return ChatRequest(tuple(turns), "model", temperature=0.2, max_output_tokens=1000)


def answer(text: str) -> ChatResponse:
    """An answer with usage."""
    return ChatResponse(text, "model", usage=Usage(1000, 200, 100), request_id="r-1")


def microseconds(work: Callable[[], object]) -> float:
    """CPU of one call: the median of some runs."""
    return median(_seconds(work, ROUNDS) for _ in range(RUNS)) / ROUNDS * 1e6


def _seconds(work: Callable[[], object], rounds: int) -> float:
    began = time.process_time()
    for _ in range(rounds):
        work()
    return time.process_time() - began


def stream_of(dialect: Dialect) -> bytes:
    """A streamed answer in one-word pieces."""
    encoder = dialect.stream_encoder(model="model", request_id="chatcmpl-0123456789", created=1_800_000_000)
    events: list[StreamEvent] = [TextDelta(f"{word} ") for word in WORDS]
    return b"".join(map(encoder.encode, [*events, StreamEnd(answer(" ".join(WORDS)))]))


def read_stream(dialect: Dialect, chunks: list[bytes]) -> None:
    """Read it as a provider does."""
    decoder = dialect.stream_decoder("p", {})
    for chunk in chunks:
        decoder.feed(chunk)
    decoder.finish()


def read_bare(chunks: list[bytes]) -> None:
    """The least that anybody has to do."""
    held = b""
    for chunk in chunks:
        *lines, held = (held + chunk).split(b"\n")
        for line in lines:
            if line.startswith(b"data: {"):
                orjson.loads(line[6:])


def measure() -> Iterator[Figure]:
    for name in (*BARRED, *OTHERS):
        yield from _of_dialect(name, BAR_MICROSECONDS if name in BARRED else None)


def _of_dialect(name: str, bar: float | None) -> Iterator[Figure]:
    dialect, asked = find_dialect(name), request()
    body = encode_body(dialect.encode_response(answer("Some words here. " * 60)).body)
    encode = microseconds(
        lambda: encode_body(dialect.encode_request(asked, stream=False, structured_output="json_schema").body)
    )
    yield Figure(f"{name}: request of 20 messages written, to bytes", encode, "us", bar)
    yield Figure(f"{name}: answer read", microseconds(lambda: dialect.decode_response(body)), "us", bar)
    stream = stream_of(dialect)
    chunks = [stream[start : start + CHUNK] for start in range(0, len(stream), CHUNK)]
    ours = median(_seconds(lambda: read_stream(dialect, chunks), 5) for _ in range(RUNS)) / 5
    bare = median(_seconds(lambda: read_bare(chunks), 5) for _ in range(RUNS)) / 5
    speed = len(stream) / ours / 1e6
    yield Figure(f"{name}: stream read", speed, "MB/s")
    # Either will do: so fast, or so near to the least that anybody has to do.
    met = speed >= BAR_SPEED
    yield Figure(f"{name}: stream read, over bare splitting and parsing", ours / bare, "x", None if met else BAR_RATIO)


if __name__ == "__main__":
    sys.exit(report(measure()))
