"""Triton: streamed answers, read."""

from collections.abc import Iterable
from typing import Any

from casecraft.core.chat import ChatResponse, StreamEvent
from casecraft.wire.answers import string
from casecraft.wire.streams import AnswerStream
from casecraft.wire.triton.response import read_stop_reason, read_text
from casecraft.wire.vendor_error import NO_CODES, Codes, error_in_answer


class StreamDecoder(AnswerStream):
    """Reads one streamed answer. Nothing in it says that it is over, so the end of the body does."""

    def __init__(self, provider: str = "", codes: Codes = NO_CODES) -> None:
        super().__init__(provider, codes)
        self._model = ""
        self._finish_reason: object = None

    def _read(self, event: dict[str, Any]) -> Iterable[StreamEvent]:
        if event.get("error"):
            raise error_in_answer(event, self._body(), self._provider, self._codes)
        if not self._model:
            self._model = string(event.get("model_name"))
        self._finish_reason = event.get("finish_reason") or self._finish_reason
        text = read_text(event.get("text_output"))
        return [self._answer.add_text(text)] if text else []

    def _may_end(self) -> bool:
        return self._events > 0

    def _response(self) -> ChatResponse:
        return ChatResponse(
            content=self._answer.content,
            model=self._model,
            stop_reason=read_stop_reason(self._finish_reason),
            raw=self._body(),
        )
