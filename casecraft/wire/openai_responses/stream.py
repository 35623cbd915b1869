"""Responses: streamed answers, read.

Servers differ in what they send: some leave out the deltas, or send arguments with the last event alone; some number
their items, some name them, and some do so differently in each event. So what is complete fills in what is missing.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, ClassVar, TypeAlias

from casecraft.core.chat import ChatResponse, StreamEvent
from casecraft.errors import ProviderError
from casecraft.wire.answers import count, mapping, mappings, problem_of, string
from casecraft.wire.openai_responses.items import PARAGRAPH, read_arguments, read_call, read_reasoning
from casecraft.wire.openai_responses.response import (
    CODES,
    FAILED,
    add_item,
    build_response,
    check_status,
    is_stored,
    read_refusals,
    read_texts,
)
from casecraft.wire.streams import AnswerStream
from casecraft.wire.vendor_error import NO_CODES, Codes, error_in_answer

Place: TypeAlias = int | str
"""Where an item stands: its number in the output, or its id where a server does not count."""

ENDS = ("completed", "incomplete", *FAILED)


class StreamDecoder(AnswerStream):
    """Reads one streamed answer; `response.completed` ends it, and so do its like."""

    done = b"[DONE]"

    def __init__(self, provider: str = "", codes: Codes = NO_CODES) -> None:
        super().__init__(provider, codes)
        self._refusals: list[str] = []
        self._first: dict[str, Any] = {}
        """The answer as the first event shows it."""
        self._last: dict[str, Any] | None = None
        """The answer as the last event shows it."""
        self._heard: set[tuple[Place, str, int]] = set()
        """Parts of which something has come: the place of the item, the kind of part, its number there."""
        self._thoughts: set[Place] = set()
        self._calls: dict[Place, int] = {}
        """Places, ids of items and ids of calls -> our index. Events without a place mean the call begun last."""
        self._call_ids: dict[str, int] = {}

    def _read(self, event: dict[str, Any]) -> Iterable[StreamEvent]:
        handler = self._HANDLERS.get(string(event.get("type")))
        if handler is not None:
            return handler(self, event)
        return self._error(event) if event.get("error") else ()

    def _error(self, event: dict[str, Any]) -> Iterable[StreamEvent]:
        raise error_in_answer(event, self._body(), self._provider, {**CODES, **self._codes})

    def _start(self, event: dict[str, Any]) -> Iterable[StreamEvent]:
        self._first = mapping(event.get("response")) or self._first
        return ()

    def _text_delta(self, event: dict[str, Any]) -> Iterable[StreamEvent]:
        text = string(event.get("delta"))
        if not text:
            return ()
        self._heard.add((_place(event), "text", count(event.get("content_index"))))
        return (self._answer.add_text(text),)

    def _text_done(self, event: dict[str, Any]) -> Iterable[StreamEvent]:
        return self._fill_text(_place(event), count(event.get("content_index")), string(event.get("text")))

    def _fill_text(self, place: Place, number: int, text: str) -> Iterator[StreamEvent]:
        part = (place, "text", number)
        if text and part not in self._heard:
            self._heard.add(part)
            yield self._answer.add_text(text)

    def _refusal(self, event: dict[str, Any]) -> Iterable[StreamEvent]:
        self._refusals.append(string(event.get("delta")) or string(event.get("refusal")))
        return ()

    def _summary_delta(self, event: dict[str, Any]) -> Iterable[StreamEvent]:
        return self._think((_place(event), "summary", count(event.get("summary_index"))), string(event.get("delta")))

    def _summary_done(self, event: dict[str, Any]) -> Iterable[StreamEvent]:
        part = (_place(event), "summary", count(event.get("summary_index")))
        return self._think(part, string(event.get("text"))) if part not in self._heard else ()

    def _thought_delta(self, event: dict[str, Any]) -> Iterable[StreamEvent]:
        return self._think((_place(event), "content", count(event.get("content_index"))), string(event.get("delta")))

    def _thought_done(self, event: dict[str, Any]) -> Iterable[StreamEvent]:
        part = (_place(event), "content", count(event.get("content_index")))
        return self._think(part, string(event.get("text"))) if part not in self._heard else ()

    def _think(self, part: tuple[Place, str, int], text: str) -> Iterator[StreamEvent]:
        """A piece of reasoning. Between the parts of one item goes an empty line."""
        if not text:
            return
        apart = part[0] not in self._thoughts
        if part not in self._heard:
            if not apart:
                text = PARAGRAPH + text
            self._heard.add(part)
            self._thoughts.add(part[0])
        yield self._answer.add_reasoning(text, apart=apart)

    def _item_added(self, event: dict[str, Any]) -> Iterable[StreamEvent]:
        item = mapping(event.get("item"))
        if item.get("type") != "function_call" or string(item.get("call_id")) in self._call_ids:
            return ()
        call = read_call(item)
        started = self._answer.open_call(call.id, call.name)
        self._know(event, item, call.id, started.index)
        return (started,)

    def _know(self, event: dict[str, Any], item: dict[str, Any], call_id: str, index: int) -> None:
        # llama.cpp's items have no ids: its later events name the call.
        for place in (_place(event), string(item.get("id")), call_id):
            self._calls[place] = index
        if call_id:
            self._call_ids[call_id] = index

    def _call_at(self, event: dict[str, Any]) -> int | None:
        named = string(event.get("item_id"))
        return self._calls[named] if named and named in self._calls else self._calls.get(_place(event))

    def _arguments_delta(self, event: dict[str, Any]) -> Iterable[StreamEvent]:
        index, arguments = self._call_at(event), string(event.get("delta"))
        # A call that nobody has announced comes whole, when its item is done.
        return (self._answer.add_arguments(index, arguments),) if index is not None and arguments else ()

    def _arguments_done(self, event: dict[str, Any]) -> Iterable[StreamEvent]:
        index = self._call_at(event)
        return self._fill_arguments(index, read_arguments(event.get("arguments"))) if index is not None else ()

    def _fill_arguments(self, index: int, arguments: str) -> Iterator[StreamEvent]:
        """What is still missing of the arguments, now that all of them are known."""
        have = self._answer.arguments(index)
        if len(arguments) > len(have) and arguments.startswith(have):
            yield self._answer.add_arguments(index, arguments[len(have) :])

    def _item_done(self, event: dict[str, Any]) -> Iterable[StreamEvent]:
        item = mapping(event.get("item"))
        place = _place({"item_id": item.get("id"), **event})
        kind = item.get("type")
        if kind == "message":
            return self._message_done(place, item)
        if kind == "reasoning":
            return self._reasoning_done(place, item)
        if kind in ("function_call", "custom_tool_call"):
            return self._call_done(event, item)
        return ()

    def _message_done(self, place: Place, item: dict[str, Any]) -> Iterator[StreamEvent]:
        for number, text in read_texts(item):
            yield from self._fill_text(place, number, text)
        self._refusals += read_refusals(item) if not any(self._refusals) else []

    def _reasoning_done(self, place: Place, item: dict[str, Any]) -> Iterator[StreamEvent]:
        for kind in ("summary", "content"):
            for number, part in enumerate(mappings(item.get(kind))):
                if (place, kind, number) not in self._heard:
                    yield from self._think((place, kind, number), string(part.get("text")))
        thought = read_reasoning(item, stored=is_stored(self._first))
        if thought is not None and thought.signature:
            apart = place not in self._thoughts
            yield self._answer.add_reasoning(signature=thought.signature, redacted=thought.redacted, apart=apart)

    def _call_done(self, event: dict[str, Any], item: dict[str, Any]) -> Iterator[StreamEvent]:
        index = self._call_ids.get(string(item.get("call_id")))
        if index is None and not item.get("call_id"):
            index = self._call_at({"item_id": item.get("id"), **event})
        if index is not None:
            yield from self._fill_arguments(index, read_call(item).arguments)
            return
        started, arguments = add_item(self._answer, item, stored=False)
        self._know(event, item, read_call(item).id, self._answer.calls - 1)
        yield started
        yield arguments

    def _finish(self, event: dict[str, Any]) -> Iterator[StreamEvent]:
        answer = mapping(event.get("response"))
        if answer.get("status") not in ENDS:
            answer = {**answer, "status": event["type"].removeprefix("response.")}
        self._last = answer
        yield from self._fill(mappings(answer.get("output")), stored=is_stored(answer))
        yield self._end()

    def _fill(self, output: list[dict[str, Any]], *, stored: bool) -> Iterator[StreamEvent]:
        """What the whole output has and the stream had not: all of it where nothing came, else what calls lack.

        Its items need not stand where the stream had them.
        """
        if not self._answer.content:
            for item in output:
                yield from add_item(self._answer, item, stored=stored)
                self._refusals += read_refusals(item) if not any(self._refusals) else []
            return
        for item in output:
            index = self._call_ids.get(string(item.get("call_id")))
            if index is not None and item.get("type") == "function_call":
                yield from self._fill_arguments(index, read_call(item).arguments)

    def _may_end(self) -> bool:
        return False

    def _problem(self, response: ChatResponse) -> ProviderError | None:
        return problem_of(response, self._provider, refusal="".join(self._refusals))

    def _response(self) -> ChatResponse:
        if self._last is None:
            raise self._cut()
        body = self._body()
        check_status(self._last, body, self._provider, self._codes)
        return build_response({**self._first, **self._last}, self._answer, body)

    _HANDLERS: ClassVar[Mapping[str, Callable[["StreamDecoder", dict[str, Any]], Iterable[StreamEvent]]]] = {
        "response.output_text.delta": _text_delta,
        "response.output_text.done": _text_done,
        "response.refusal.delta": _refusal,
        "response.reasoning_summary_text.delta": _summary_delta,
        "response.reasoning_summary_text.done": _summary_done,
        "response.reasoning_text.delta": _thought_delta,
        "response.reasoning_text.done": _thought_done,
        "response.function_call_arguments.delta": _arguments_delta,
        "response.function_call_arguments.done": _arguments_done,
        "response.output_item.added": _item_added,
        "response.output_item.done": _item_done,
        "response.created": _start,
        "response.in_progress": _start,
        "response.completed": _finish,
        "response.incomplete": _finish,
        "response.failed": _finish,
        "response.cancelled": _finish,
        "error": _error,
    }


def _place(event: dict[str, Any]) -> Place:
    number = event.get("output_index")
    return number if isinstance(number, int) else string(event.get("item_id"))
