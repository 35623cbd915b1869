"""Chat Completions: streamed answers, read."""

from collections.abc import Iterable
from typing import Any

from casecraft.core.chat import ChatResponse, StreamEvent
from casecraft.core.usage import Usage
from casecraft.errors import ProviderError
from casecraft.wire.answers import mapping, mappings, string
from casecraft.wire.openai_chat.response import (
    is_first,
    problem_with,
    read_arguments,
    read_reasoning,
    read_stop_reason,
    read_text,
    read_usage,
)
from casecraft.wire.streams import AnswerStream
from casecraft.wire.vendor_error import NO_CODES, Codes, error_in_answer, has_error


class StreamDecoder(AnswerStream):
    """Reads one streamed answer; `[DONE]` ends it."""

    done = b"[DONE]"

    def __init__(self, provider: str = "", codes: Codes = NO_CODES) -> None:
        super().__init__(provider, codes)
        self._found = False
        """Whether the choice that counts has been seen."""
        self._others: list[dict[str, Any]] = []
        self._refusals: list[str] = []
        self._finish_reason: object = None
        self._usage: Usage | None = None
        self._model = ""
        self._request_id: str | None = None
        self._calls: dict[tuple[int, str], int] = {}
        """Index and id of a call as the server says them -> our index."""

    def _read(self, event: dict[str, Any]) -> Iterable[StreamEvent]:
        if has_error(event):
            raise error_in_answer(event, self._body(), self._provider, self._codes)
        self._read_frame(event)
        return [
            made for choice in mappings(event.get("choices")) if self._counts(choice) for made in self._choice(choice)
        ]

    def _counts(self, choice: dict[str, Any]) -> bool:
        """Whether it is the choice that counts. Of one with another index the pieces are kept, in case it is alone."""
        if is_first(choice):
            self._found = True
            return True
        if not self._found and (not self._others or self._others[0]["index"] == choice["index"]):
            self._others.append(choice)
        return False

    def _rest(self) -> Iterable[StreamEvent]:
        others = () if self._found else self._others
        return [made for choice in others for made in self._choice(choice)]

    def _read_frame(self, event: dict[str, Any]) -> None:
        usage = event.get("usage")
        if usage:
            self._usage = read_usage(usage) or self._usage
        if not self._model:
            self._model = string(event.get("model"))
        if self._request_id is None:
            self._request_id = string(event.get("id")) or None

    def _choice(self, choice: dict[str, Any]) -> list[StreamEvent]:
        if choice.get("finish_reason") is not None:
            self._finish_reason = choice["finish_reason"]
        if "usage" in choice:  # Kimi says it here
            self._usage = read_usage(choice["usage"]) or self._usage
        delta = choice.get("delta")
        return self._delta(delta) if isinstance(delta, dict) else []

    def _delta(self, delta: dict[str, Any]) -> list[StreamEvent]:
        events: list[StreamEvent] = []
        reasoning = read_reasoning(delta)
        if reasoning:
            events.append(self._answer.add_reasoning(reasoning))
        text = read_text(delta.get("content"))
        if text:
            events.append(self._answer.add_text(text))
        refusal = delta.get("refusal")
        if refusal:
            self._refusals.append(read_text(refusal))
        for position, call in enumerate(mappings(delta.get("tool_calls"))):
            events += self._call(call, position)
        return events

    def _call(self, call: dict[str, Any], position: int) -> Iterable[StreamEvent]:
        """A piece of a call. A new id opens a new one even at an index that was there: some count all of them 0."""
        function = mapping(call.get("function"))
        index = call.get("index")
        place = index if isinstance(index, int) else position
        name, call_id = string(function.get("name")), string(call.get("id"))
        ours = self._known(place, call_id)
        if ours is None or (name and not call_id and self._answer.arguments(ours)):
            started = self._answer.open_call(call_id, name)
            ours = self._calls[place, call_id] = started.index
            yield started
        arguments = function.get("arguments")
        if arguments:
            yield self._answer.add_arguments(ours, read_arguments(arguments))

    def _known(self, place: int, call_id: str) -> int | None:
        if call_id:
            return self._calls.get((place, call_id))
        return max((ours for (known, _), ours in self._calls.items() if known == place), default=None)

    def _may_end(self) -> bool:
        return self._finish_reason is not None or (
            not self._found and any(choice.get("finish_reason") is not None for choice in self._others)
        )

    def _problem(self, response: ChatResponse) -> ProviderError | None:
        return problem_with(response, self._finish_reason, self._provider, refusal="".join(self._refusals))

    def _response(self) -> ChatResponse:
        return ChatResponse(
            content=self._answer.content,
            model=self._model,
            stop_reason=read_stop_reason(self._finish_reason, called=self._answer.calls > 0),
            usage=self._usage,
            request_id=self._request_id,
            raw=self._body(),
        )
