"""OpenAI Chat Completions: streamed answers."""

from typing import Any

import orjson

from casecraft.core.chat import ChatResponse, StreamEnd, StreamEvent, TextDelta
from casecraft.core.usage import Usage
from casecraft.errors import BadAnswerError, ProviderError
from casecraft.wire.openai_chat import problem_with, read_reasoning, read_stop_reason, read_text, read_usage
from casecraft.wire.sse import EventReader
from casecraft.wire.vendor_error import NO_CODES, Codes, describe_body, error_in_answer, has_error

DONE = b"[DONE]"


class StreamDecoder:
    """Reads one streamed answer. Feed it the body as it comes, then call `finish` once.

    Text comes out as it arrives; the last event is the `StreamEnd` with the whole answer. What arrives after
    `[DONE]` is ignored. Raises the same errors as a whole answer would, and `BadAnswerError` for a cut stream.
    """

    def __init__(self, provider: str = "", codes: Codes = NO_CODES) -> None:
        self._provider = provider
        self._codes = codes
        self._reader = EventReader()
        self._chunks: list[bytes] = []
        self._texts: list[str] = []
        self._reasonings: list[str] = []
        self._refusals: list[str] = []
        self._finish_reason: object = None
        self._usage: Usage | None = None
        self._model = ""
        self._request_id: str | None = None
        self._events = 0
        self._ended = False
        self._failure: ProviderError | None = None

    @property
    def progress(self) -> str:
        """How far the stream has come, in words."""
        characters = sum(map(len, self._texts))
        return f"{self._events} events and {characters} characters of text"

    def feed(self, chunk: bytes) -> list[StreamEvent]:
        """The events that are complete with this chunk."""
        if self._failure is not None:
            raise self._failure
        if self._ended:
            return []
        self._chunks.append(chunk)
        return self._take(self._reader.feed(chunk))

    def finish(self) -> list[StreamEvent]:
        """The events that the end of the body completes; raises `BadAnswerError` where it came too early."""
        if self._failure is not None:
            raise self._failure
        if self._ended:
            return []
        events = self._take(self._reader.finish())
        if events and isinstance(events[-1], StreamEnd):
            return events
        if self._finish_reason is None:
            raise self._cut()
        return [*events, self._end()]

    def _take(self, datas: list[bytes]) -> list[StreamEvent]:
        """The events of these data. What went well before a failure is still handed out; the next call raises it."""
        events: list[StreamEvent] = []
        try:
            for data in datas:
                if data == DONE:
                    events.append(self._end())
                    break
                text = self._read(data)
                if text:
                    events.append(TextDelta(text))
        except ProviderError as error:
            self._failure = error
            if not events:
                raise
        return events

    def _read(self, data: bytes) -> str:
        """Take in one event; its piece of text."""
        try:
            event = orjson.loads(data)
        except orjson.JSONDecodeError as error:
            message = f"{self._provider!r} sent an event that is no JSON, after {self.progress}"
            raise BadAnswerError(message, provider=self._provider, status=200, body=self._body()) from error
        if not isinstance(event, dict):
            message = f"{self._provider!r} sent an event that is no object, after {self.progress}"
            raise BadAnswerError(message, provider=self._provider, status=200, body=self._body())
        if has_error(event):
            raise error_in_answer(event, self._body(), self._provider, self._codes)
        self._events += 1
        self._read_frame(event)
        choices = event.get("choices")
        if not isinstance(choices, list):
            return ""
        return "".join(self._read_choice(choice) for choice in choices if _is_first(choice))

    def _read_frame(self, event: dict[str, Any]) -> None:
        usage = event.get("usage")
        if usage:
            self._usage = read_usage(usage) or self._usage
        if not self._model and isinstance(event.get("model"), str):
            self._model = event["model"]
        if self._request_id is None and isinstance(event.get("id"), str):
            self._request_id = event["id"] or None

    def _read_choice(self, choice: dict[str, Any]) -> str:
        if choice.get("finish_reason") is not None:
            self._finish_reason = choice["finish_reason"]
        if "usage" in choice:  # Kimi says it here
            self._usage = read_usage(choice["usage"]) or self._usage
        delta = choice.get("delta")
        if not isinstance(delta, dict):
            return ""
        text = read_text(delta.get("content"))
        if text:
            self._texts.append(text)
        reasoning = read_reasoning(delta)
        if reasoning:
            self._reasonings.append(reasoning)
        refusal = delta.get("refusal")
        if refusal:
            self._refusals.append(read_text(refusal))
        return text

    def _end(self) -> StreamEnd:
        self._ended = True
        text, body = "".join(self._texts), self._body()
        refusal = "".join(self._refusals)
        problem = problem_with(text, refusal, self._finish_reason, self._usage, self._provider, body)
        if problem is not None:
            raise problem
        return StreamEnd(
            ChatResponse(
                text=text,
                model=self._model,
                stop_reason=read_stop_reason(self._finish_reason),
                usage=self._usage,
                request_id=self._request_id,
                reasoning="".join(self._reasonings),
                raw=body,
            )
        )

    def _cut(self) -> BadAnswerError:
        body = self._body()
        if self._events:
            message = f"the stream of {self._provider!r} was cut after {self.progress}"
        else:
            message = f"{self._provider!r} answered with {describe_body(body)} instead of a stream"
        return BadAnswerError(message, provider=self._provider, status=200, body=body)

    def _body(self) -> bytes:
        return b"".join(self._chunks)


def _is_first(choice: object) -> bool:
    """We ask for one choice; should a server send more, only the first counts."""
    return isinstance(choice, dict) and choice.get("index", 0) in (0, None)
