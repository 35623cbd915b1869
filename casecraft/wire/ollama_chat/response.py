"""Ollama's chat: whole answers."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from casecraft.core.chat import ChatResponse, Loss, Part, Reasoning, StopReason, Text, ToolCall
from casecraft.core.usage import Usage
from casecraft.errors import BadAnswerError
from casecraft.wire.answers import (
    content_of,
    count,
    has_calls,
    mapping,
    mappings,
    parse_answer,
    problem_of,
    reason_with_calls,
    string,
)
from casecraft.wire.dialect import Encoded
from casecraft.wire.json_lines import LineReader
from casecraft.wire.stated_usage import find_usage
from casecraft.wire.tool_arguments import arguments_object, arguments_text
from casecraft.wire.turns import note_order
from casecraft.wire.vendor_error import NO_CODES, Codes, error_in_answer

# Older servers do not say why they stopped.
STOP_REASONS: Mapping[object, StopReason] = {"stop": "stop", "length": "length", None: "stop", "": "stop"}
DONE_REASONS: Mapping[StopReason, str] = {"length": "length"}


def decode_response(body: bytes, *, provider: str = "", codes: Codes = NO_CODES) -> ChatResponse:
    """The answer in a body that came with status 2xx.

    Raises `BadAnswerError` where it is none, and the fitting `ProviderError` where it is an error after all.
    """
    answer = parse_answer(body, provider)
    if answer.get("error"):
        raise error_in_answer(answer, body, provider, codes)
    message = answer.get("message")
    if not isinstance(message, dict):
        raise BadAnswerError(f"{provider!r} answered without a message", provider=provider, status=200, body=body)
    if answer.get("done") is False:
        raise BadAnswerError(f"{provider!r} answered in part", provider=provider, status=200, body=body)
    parts = list(_parts(message, string(answer.get("created_at"))))
    response = ChatResponse(
        content=content_of(parts),
        model=string(answer.get("model")),
        stop_reason=read_stop_reason(answer, called=has_calls(parts)),
        usage=read_usage(answer),
        raw=body,
    )
    problem = problem_of(response, provider)
    if problem is not None:
        raise problem
    return response


def _parts(message: Mapping[str, Any], seed: str) -> Iterator[Part]:
    thought, text = string(message.get("thinking")), string(message.get("content"))
    if thought:
        yield Reasoning(thought)
    if text:
        yield Text(text)
    yield from read_calls(message, seed)


def read_calls(message: Mapping[str, Any], seed: str, first: int = 0) -> list[ToolCall]:
    """The calls of a message. `first` is how many came before; `seed` makes their ids differ from other answers'."""
    return [
        _read_call(call, f"{seed}/{first + index}") for index, call in enumerate(mappings(message.get("tool_calls")))
    ]


def _read_call(call: Mapping[str, Any], seed: str) -> ToolCall:
    """A call. Where the server gives it no id, the same bytes always make the same one."""
    function = mapping(call.get("function"))
    name, arguments = string(function.get("name")), arguments_text(function.get("arguments"))
    made = hashlib.blake2b(f"{seed}/{name}/{arguments}".encode(errors="surrogatepass"), digest_size=8).hexdigest()
    return ToolCall(string(call.get("id")) or f"call_{made}", name, arguments)


def read_stop_reason(answer: Mapping[str, Any], *, called: bool) -> StopReason:
    """Why it stopped. Ollama says "stop" also where it asks for tools."""
    reason = answer.get("done_reason")
    known = STOP_REASONS.get(reason, "other") if reason is None or isinstance(reason, str) else "other"
    return reason_with_calls(known, called=called)


def read_usage(answer: Mapping[str, Any]) -> Usage | None:
    """The tokens that an answer states, or None where it states none."""
    if not ("prompt_eval_count" in answer or "eval_count" in answer):
        return None
    return Usage(count(answer.get("prompt_eval_count")), count(answer.get("eval_count")))


def decode_usage(body: bytes) -> Usage | None:
    """The usage that a body states, be it a whole answer or the lines of a stream."""
    return find_usage(body, LineReader, read_usage)


def encode_response(response: ChatResponse, *, created: int = 0) -> Encoded:
    """The answer as `POST /api/chat` gives it."""
    losses = list(_not_said(response))
    note_order(response.parts, "", losses)
    message: dict[str, Any] = {"role": "assistant", "content": response.text}
    if response.reasoning:
        message["thinking"] = response.reasoning
    if response.tool_calls:
        message["tool_calls"] = write_calls(response.tool_calls, losses)
    body: dict[str, Any] = {"model": response.model, "created_at": write_time(created), "message": message}
    return Encoded(body | write_end(response), tuple(losses))


def _not_said(response: ChatResponse) -> Iterator[Loss]:
    usage = response.usage
    if response.request_id:
        yield Loss("request_id", "Ollama's answers have no id", harmless=True)
    if response.stop_reason not in ("stop", "length", "tool_use"):
        yield Loss("stop_reason", "Ollama has no such reason", harmless=True)
    if usage is not None and usage != Usage(usage.input, usage.output):
        yield Loss("usage", "Ollama does not tell cached tokens and reasoning apart", harmless=True)
    if any(isinstance(part, Reasoning | ToolCall) and part.signature for part in response.parts):
        yield Loss("signature", "Ollama has no signatures", harmless=True)
    if any(isinstance(part, Reasoning) and part.redacted for part in response.parts):
        yield Loss("reasoning", "Ollama has no place for what is redacted", harmless=True)


def write_calls(calls: Iterable[ToolCall], losses: list[Loss]) -> list[dict[str, Any]]:
    """Tool calls. Newer servers give them an id; clients that do not know it pass it over."""
    return [
        {"id": call.id, "function": {"name": call.name, "arguments": arguments_object(call, "tool_call", losses)}}
        for call in calls
    ]


def write_end(response: ChatResponse) -> dict[str, Any]:
    """The fields that end an answer."""
    end: dict[str, Any] = {"done_reason": DONE_REASONS.get(response.stop_reason, "stop"), "done": True}
    if response.usage is not None:
        end |= {"prompt_eval_count": response.usage.input, "eval_count": response.usage.output}
    return end


def write_time(seconds: int) -> str:
    """A time in seconds since 1970 as Ollama writes it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
