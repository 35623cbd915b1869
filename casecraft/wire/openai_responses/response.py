"""Responses: whole answers."""

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

import orjson

from casecraft.core.chat import ChatResponse, Image, Loss, Part, Reasoning, StopReason, StreamEvent, Text, ToolCall
from casecraft.core.usage import Usage
from casecraft.errors import BadAnswerError, ServerError
from casecraft.wire.answers import (
    AnswerCollector,
    count,
    mapping,
    mappings,
    parse_answer,
    problem_of,
    reason_with_calls,
    string,
)
from casecraft.wire.dialect import Encoded
from casecraft.wire.openai_responses.items import own_id, proof_of, read_call, read_reasoning, write_call
from casecraft.wire.sse import EventReader
from casecraft.wire.vendor_error import NO_CODES, Codes, error_in_answer, has_error

CODES: Codes = {
    "invalid_prompt": "invalid_request",
    "bio_policy": "content_filtered",
    "misalignment_policy_violation": "content_filtered",
    "image_content_policy_violation": "content_filtered",
    "vector_store_timeout": "timeout",
}
"""What only Responses gives as the reason of a failure."""

INCOMPLETE: Mapping[str, StopReason] = {"max_output_tokens": "length", "content_filter": "content_filter"}
REASONS: Mapping[StopReason, str] = {reason: word for word, reason in INCOMPLETE.items()}
FAILED = ("failed", "cancelled")
UNFINISHED = ("queued", "in_progress")


def decode_response(body: bytes, *, provider: str = "", codes: Codes = NO_CODES) -> ChatResponse:
    """The answer in a body that came with status 2xx.

    Raises `BadAnswerError` where it is none, and the fitting `ProviderError` where it is an error after all.
    """
    answer = parse_answer(body, provider)
    check_status(answer, body, provider, codes)
    output = answer.get("output")
    if not isinstance(output, list):
        raise BadAnswerError(f"{provider!r} answered without output", provider=provider, status=200, body=body)
    collected = AnswerCollector()
    refusals: list[str] = []
    for item in mappings(output):
        add_item(collected, item, stored=is_stored(answer))
        refusals += read_refusals(item)
    response = build_response(answer, collected, body)
    problem = problem_of(response, provider, refusal="".join(refusals))
    if problem is not None:
        raise problem
    return response


def check_status(answer: Mapping[str, Any], body: bytes, provider: str, codes: Codes) -> None:
    """Raises what an answer says of its failure; `BadAnswerError` where it is not finished."""
    if has_error(answer):
        raise error_in_answer(answer, body, provider, {**CODES, **codes})
    status = answer.get("status")
    if status in FAILED:
        raise ServerError(f"{provider!r} broke off with {status!r}", provider=provider, status=200, body=body)
    if status in UNFINISHED:
        raise BadAnswerError(
            f"{provider!r} answered before it had finished: {status!r}",
            provider=provider,
            status=200,
            body=body,
            hint="Ask without `background`.",
        )


def is_stored(answer: Mapping[str, Any]) -> bool:
    """Whether the vendor keeps the answer, so that its items may be named by their ids."""
    return answer.get("store") is True


def build_response(answer: Mapping[str, Any], collected: AnswerCollector, body: bytes) -> ChatResponse:
    """The answer, from what has been read of its output and what the object around it says."""
    return ChatResponse(
        content=collected.content,
        model=string(answer.get("model")),
        stop_reason=read_stop_reason(answer, called=collected.calls > 0),
        usage=read_usage(answer.get("usage")),
        request_id=string(answer.get("id")) or None,
        raw=body,
    )


def read_stop_reason(answer: Mapping[str, Any], *, called: bool) -> StopReason:
    """The canonical stop reason; what nobody has documented is "other"."""
    status = answer.get("status")
    reason: StopReason = "stop" if status in ("completed", None) else "other"
    if status == "incomplete":
        reason = INCOMPLETE.get(string(mapping(answer.get("incomplete_details")).get("reason")), "other")
    return reason_with_calls(reason, called=called)


def add_item(answer: AnswerCollector, item: Mapping[str, Any], *, stored: bool) -> list[StreamEvent]:
    """Take in a whole item of output. Those of tools that the vendor's servers ran say nothing to us."""
    kind = item.get("type")
    if kind == "message":
        return [answer.add_text(text) for _, text in read_texts(item)]
    if kind == "reasoning":
        thought = read_reasoning(item, stored=stored)
        return [_thought(answer, thought)] if thought else []
    if kind in ("function_call", "custom_tool_call"):
        call = read_call(item)
        started = answer.open_call(call.id, call.name)
        return [started, answer.add_arguments(started.index, call.arguments)]
    return []


def _thought(answer: AnswerCollector, thought: Reasoning) -> StreamEvent:
    return answer.add_reasoning(thought.text, thought.signature, redacted=thought.redacted, apart=True)


def read_texts(item: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    """The texts of a message, each with its place in it."""
    content = item.get("content")
    if isinstance(content, str):
        content = [{"type": "output_text", "text": content}]
    for place, part in enumerate(mappings(content)):
        text = string(part.get("text"))
        if text:
            yield place, text


def read_refusals(item: Mapping[str, Any]) -> list[str]:
    """What a message says in place of an answer."""
    return [string(part.get("refusal")) for part in mappings(item.get("content"))]


def decode_usage(body: bytes) -> Usage | None:
    """The usage that a body states, be it an answer, a stream or neither: a failed answer may have been billed."""
    try:
        return _usage_in(orjson.loads(body))
    except orjson.JSONDecodeError:
        pass
    reader = EventReader()
    for data in reversed([*reader.feed(body), *reader.finish()]):
        if b'"usage"' not in data:
            continue
        try:
            usage = _usage_in(orjson.loads(data))
        except orjson.JSONDecodeError:
            continue
        if usage is not None:
            return usage
    return None


def _usage_in(answer: object) -> Usage | None:
    found = mapping(answer)
    return read_usage(found.get("usage")) or read_usage(mapping(found.get("response")).get("usage"))


def read_usage(usage: object) -> Usage | None:
    """The tokens that an answer states, or None where it states none."""
    if not isinstance(usage, dict) or not ("input_tokens" in usage or "output_tokens" in usage):
        return None
    given, made = count(usage.get("input_tokens")), count(usage.get("output_tokens"))
    details = mapping(usage.get("input_tokens_details"))
    cached = min(count(details.get("cached_tokens")), given)
    return Usage(
        input=given,
        output=made,
        cached_input=cached,
        cache_write=min(count(details.get("cache_write_tokens")), given - cached),
        reasoning=min(count(mapping(usage.get("output_tokens_details")).get("reasoning_tokens")), made),
    )


def encode_response(response: ChatResponse, *, created: int = 0) -> Encoded:
    """The answer as `POST /responses` gives it."""
    losses: list[Loss] = []
    output = list(_output(response, losses))
    if response.stop_reason in ("stop_sequence", "other"):
        losses.append(Loss("stop_reason", "Responses has no such reason", harmless=True))
    frame = write_frame(response.request_id or "", response.model, created)
    return Encoded({**frame, **write_end(response), "output": output}, tuple(losses))


def _output(response: ChatResponse, losses: list[Loss]) -> Iterator[dict[str, Any]]:
    number = 0
    for kind, parts in groupby(response.parts, key=type):
        if kind is Text:
            pieces: list[Part] = [Text("".join(part.text for part in parts if isinstance(part, Text)))]
        else:
            pieces = list(parts)
        for part in pieces:
            item = _item(part, number, response.request_id or "", losses)
            if item is not None:
                number += 1
                yield item


def _item(part: Part, number: int, answer: str, losses: list[Loss]) -> dict[str, Any] | None:
    if isinstance(part, Text):
        return write_message(own_id("msg", number, answer), part.text)
    if isinstance(part, Reasoning):
        proof = proof_of(part)
        if not (part.text or part.signature):
            return None
        return write_reasoning(proof.id or own_id("rs", number, answer), part.text, proof.encrypted)
    if isinstance(part, ToolCall):
        if part.signature:
            losses.append(Loss("tool_call.signature", "Responses signs reasoning alone", harmless=True))
        return write_output_call(own_id("fc", number, answer), part)
    if isinstance(part, Image):
        losses.append(Loss("image", "an answer has no images"))
    return None


def write_frame(answer: str, model: str, created: int) -> dict[str, Any]:
    """What every answer says of itself, as long as it has not ended."""
    return {
        "id": answer,
        "object": "response",
        "created_at": created,
        "status": "in_progress",
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "model": model,
        "output": [],
        "parallel_tool_calls": True,
        "temperature": None,
        "tool_choice": "auto",
        "tools": [],
        "top_p": None,
        "usage": None,
    }


def write_end(response: ChatResponse) -> dict[str, Any]:
    """What an answer says of its end."""
    end: dict[str, Any] = {"status": "completed"}
    reason = REASONS.get(response.stop_reason)
    if reason is not None:
        end = {"status": "incomplete", "incomplete_details": {"reason": reason}}
    if response.usage is not None:
        end["usage"] = write_usage(response.usage)
    return end


def write_message(item_id: str, text: str | None, status: str = "completed") -> dict[str, Any]:
    """A message of one text, or of none yet."""
    content = [] if text is None else [write_text(text)]
    return {"id": item_id, "type": "message", "status": status, "role": "assistant", "content": content}


def write_text(text: str) -> dict[str, Any]:
    """A text in a message."""
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def write_reasoning(item_id: str, text: str, encrypted: str) -> dict[str, Any]:
    """What the model thought. It is a summary, since clients show that, and send it back."""
    summary = [{"type": "summary_text", "text": text}] if text else []
    return {"id": item_id, "type": "reasoning", "summary": summary, "encrypted_content": encrypted or None}


def write_output_call(item_id: str, call: ToolCall, status: str = "completed") -> dict[str, Any]:
    """A call as an item of output."""
    return {"id": item_id, **write_call(call), "status": status}


def write_usage(usage: Usage) -> dict[str, Any]:
    """Usage as Responses states it."""
    return {
        "input_tokens": usage.input,
        "input_tokens_details": {"cached_tokens": usage.cached_input, "cache_write_tokens": usage.cache_write},
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.input + usage.output,
    }
