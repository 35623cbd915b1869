"""Gemini: streamed answers, read."""

from collections.abc import Iterable
from typing import Any

import orjson

from casecraft.core.chat import ChatResponse, Loss, StreamEvent
from casecraft.errors import BadAnswerError, ProviderError
from casecraft.wire.answers import mapping, string
from casecraft.wire.gemini.parts_reading import read_call
from casecraft.wire.gemini.response import blocked_prompt, problem_with, read_stop_reason, unread
from casecraft.wire.gemini.usage import read_usage
from casecraft.wire.streams import AnswerStream
from casecraft.wire.vendor_error import NO_CODES, Codes, error_in_answer, has_error


class StreamDecoder(AnswerStream):
    """Reads one streamed answer. Nothing marks its end but a reason to finish; calls come whole."""

    def __init__(self, provider: str = "", codes: Codes = NO_CODES) -> None:
        super().__init__(provider, codes)
        self._finish_reason: object = None
        self._finish_message: object = None
        self._usage: object = None
        self._model: object = ""
        self._request_id: object = None
        self._losses: list[Loss] = []

    def _read(self, event: dict[str, Any]) -> Iterable[StreamEvent]:
        candidates = event.get("candidates")
        if not candidates or "error" in event:
            self._check(event)
        usage = event.get("usageMetadata")
        if isinstance(usage, dict) and "promptTokenCount" in usage:
            self._usage = usage  # of all so far: the last one counts
        self._model = event.get("modelVersion") or self._model
        self._request_id = event.get("responseId") or self._request_id
        if not isinstance(candidates, list) or not candidates or not isinstance(candidates[0], dict):
            return ()
        candidate = candidates[0]
        reason = candidate.get("finishReason")
        if reason is not None:
            self._finish_reason, self._finish_message = reason, candidate.get("finishMessage")
        parts = mapping(candidate.get("content")).get("parts")
        return self._parts(parts) if isinstance(parts, list) else ()

    def _check(self, event: dict[str, Any]) -> None:
        if has_error(event):
            raise error_in_answer(event, self._body(), self._provider, self._codes)
        blocked = blocked_prompt(event, self._body(), self._provider) if "promptFeedback" in event else None
        if blocked is not None:
            raise blocked

    def _parts(self, parts: list[Any]) -> list[StreamEvent]:
        events: list[StreamEvent] = []
        for part in parts:
            if not isinstance(part, dict):
                continue
            text = part.get("text")
            if not isinstance(text, str):
                events += self._other(part)
            elif text and len(part) == 1:  # as nearly all are
                events.append(self._answer.add_text(text))
            else:
                events += self._text(text, part)
        return events

    def _text(self, text: str, part: dict[str, Any]) -> Iterable[StreamEvent]:
        thought, signature = part.get("thought") is True, string(part.get("thoughtSignature"))
        if thought and (text or signature):
            yield self._answer.add_reasoning(text, signature)
            return
        if signature:
            yield self._answer.add_reasoning("", signature, apart=True)
        if text:
            yield self._answer.add_text(text)

    def _other(self, part: dict[str, Any]) -> Iterable[StreamEvent]:
        if "functionCall" in part:
            return self._call(part)
        self._losses.append(unread(part))
        return ()

    def _call(self, part: dict[str, Any]) -> Iterable[StreamEvent]:
        call = read_call(part, f"call_{self._answer.calls}")
        pieces = mapping(part["functionCall"])
        if "partialArgs" in pieces or pieces.get("willContinue") is True:
            raise self._bad("sent the arguments of a call in pieces, which nobody asked for")
        started = self._answer.open_call(call.id, call.name, call.signature)
        yield started
        yield self._answer.add_arguments(started.index, call.arguments)

    def _may_end(self) -> bool:
        return self._finish_reason is not None

    def _cut(self) -> BadAnswerError:
        """Google's errors are no events: a body without any may be one."""
        if not self._events:
            self._raise_error_in_body()
        return super()._cut()

    def _raise_error_in_body(self) -> None:
        body = self._body()
        try:
            answer = orjson.loads(body)
        except orjson.JSONDecodeError:
            return
        first = answer[0] if isinstance(answer, list) and answer else answer
        if isinstance(first, dict) and has_error(first):
            raise error_in_answer(first, body, self._provider, self._codes)

    def _problem(self, response: ChatResponse) -> ProviderError | None:
        return problem_with(response, self._finish_reason, self._finish_message, self._provider)

    def _response(self) -> ChatResponse:
        return ChatResponse(
            content=self._answer.content,
            model=string(self._model),
            stop_reason=read_stop_reason(self._finish_reason, called=self._answer.calls > 0),
            usage=read_usage(self._usage),
            request_id=string(self._request_id) or None,
            losses=tuple(self._losses),
            raw=self._body(),
        )
