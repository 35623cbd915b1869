"""Gemini: usage."""

from typing import Any

import orjson

from casecraft.core.usage import Usage
from casecraft.wire.answers import count
from casecraft.wire.sse import EventReader


def decode_usage(body: bytes) -> Usage | None:
    """The usage that a body states: a whole answer, or the last that a stream states."""
    try:
        events = [orjson.loads(body)]
    except orjson.JSONDecodeError:
        events = _events(body)
    return next((usage for event in reversed(events) if (usage := _usage_of(event)) is not None), None)


def _events(body: bytes) -> list[Any]:
    reader = EventReader()
    events: list[Any] = []
    for data in [*reader.feed(body), *reader.finish()]:
        try:
            events.append(orjson.loads(data))
        except orjson.JSONDecodeError:  # where the stream was cut
            break
    return events


def _usage_of(event: object) -> Usage | None:
    return read_usage(event.get("usageMetadata")) if isinstance(event, dict) else None


def read_usage(stated: object) -> Usage | None:
    """The tokens that an answer states, or None. Thoughts are counted apart from the candidates, and so are the
    results of tools that ran on the server apart from the prompt; what was cached is part of the prompt.
    """
    if not isinstance(stated, dict) or "promptTokenCount" not in stated:
        return None
    given = count(stated.get("promptTokenCount")) + count(stated.get("toolUsePromptTokenCount"))
    thought = count(stated.get("thoughtsTokenCount"))
    return Usage(
        input=given,
        output=count(stated.get("candidatesTokenCount")) + thought,
        cached_input=min(count(stated.get("cachedContentTokenCount")), given),
        reasoning=thought,
    )


def write_usage(usage: Usage) -> dict[str, int]:
    """Usage as Gemini states it."""
    stated = {
        "promptTokenCount": usage.input,
        "candidatesTokenCount": usage.output - usage.reasoning,
        "totalTokenCount": usage.input + usage.output,
    }
    if usage.cached_input:
        stated["cachedContentTokenCount"] = usage.cached_input
    if usage.reasoning:
        stated["thoughtsTokenCount"] = usage.reasoning
    return stated
