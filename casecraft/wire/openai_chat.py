"""OpenAI Chat Completions: requests and whole answers.

Source: https://platform.openai.com/docs/api-reference/chat. What compatible vendors add is read too:
`reasoning_content` (DeepSeek, GLM, Qwen, Kimi), `reasoning` (vLLM, Ollama, OpenRouter), cached tokens in the three
places where vendors say them, and stop reasons beyond OpenAI's own.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from casecraft.core.chat import ChatRequest, ChatResponse, StopReason
from casecraft.core.profile import StructuredOutput
from casecraft.core.usage import Usage
from casecraft.errors import BadAnswerError, ContentFilteredError, ContextTooLongError, ProviderError, ServerError
from casecraft.wire.body import encode_body
from casecraft.wire.vendor_error import NO_CODES, Codes, describe_body, error_in_answer, has_error

SCHEMA_NAME = "answer"

STOP_REASONS: Mapping[str, StopReason] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "content_filter",
    "sensitive": "content_filter",  # GLM
    "model_context_window_exceeded": "length",  # GLM
}

# Ends of an answer that mean a failure of the vendor: GLM's and DeepSeek's words for it.
SERVER_FAILURES = frozenset({"network_error", "insufficient_system_resource"})


def encode_request(request: ChatRequest, *, stream: bool, structured_output: StructuredOutput) -> dict[str, Any]:
    """The body for `POST /chat/completions`. Fields of `request.extra` go in as they are and win over ours."""
    body: dict[str, Any] = {
        "model": request.model,
        "messages": [{"role": message.role, "content": message.text} for message in request.messages],
    }
    if request.temperature is not None:
        body["temperature"] = request.temperature
    if request.max_output_tokens is not None:
        body["max_tokens"] = request.max_output_tokens
    if request.seed is not None:
        body["seed"] = request.seed
    if request.json_schema is not None:
        _ask_for_schema(body, request.json_schema, structured_output)
    if stream:
        body["stream"] = True
        body["stream_options"] = {"include_usage": True}
    body.update(request.extra)
    return body


def _ask_for_schema(body: dict[str, Any], schema: Mapping[str, Any], structured_output: StructuredOutput) -> None:
    if structured_output == "json_schema":
        body["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": SCHEMA_NAME, "schema": schema, "strict": True},
        }
        return
    if structured_output == "json_object":
        body["response_format"] = {"type": "json_object"}
    _put_schema_in_prompt(body["messages"], schema)


def _put_schema_in_prompt(messages: list[dict[str, str]], schema: Mapping[str, Any]) -> None:
    """Add the schema to the first system message: it is the same in every request, so that prompt caches hit."""
    text = encode_body(schema).decode()
    instruction = f"Answer with one JSON object and nothing else. It must conform to this JSON Schema:\n{text}"
    if messages and messages[0]["role"] == "system":
        messages[0]["content"] = f"{messages[0]['content']}\n\n{instruction}"
    else:
        messages.insert(0, {"role": "system", "content": instruction})


def decode_response(body: bytes, *, provider: str = "", codes: Codes = NO_CODES) -> ChatResponse:
    """The answer in a body that came with status 2xx.

    Raises `BadAnswerError` where it is none, and the fitting `ProviderError` where it is an error after all.
    """
    answer = _parse(body, provider)
    if has_error(answer):
        raise error_in_answer(answer, body, provider, codes)
    choice = _first_choice(answer, body, provider)
    message = choice.get("message")
    if not isinstance(message, dict):
        raise BadAnswerError(f"{provider!r} answered without a message", provider=provider, status=200, body=body)
    usage = read_usage(answer.get("usage"))
    text = read_text(message.get("content"))
    stop_reason = read_stop_reason(choice.get("finish_reason"))
    refusal = read_text(message.get("refusal"))
    problem = problem_with(text, refusal, choice.get("finish_reason"), usage, provider, body)
    if problem is not None:
        raise problem
    return ChatResponse(
        text=text,
        model=_string(answer.get("model")),
        stop_reason=stop_reason,
        usage=usage,
        request_id=_string(answer.get("id")) or _string(answer.get("request_id")) or None,
        reasoning=read_reasoning(message),
        raw=body,
    )


def decode_usage(body: bytes) -> Usage | None:
    """The usage that a body states, be it an answer or not: a failed answer may have been billed."""
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return read_usage(answer.get("usage")) if isinstance(answer, dict) else None


def _parse(body: bytes, provider: str) -> dict[str, Any]:
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadAnswerError(
            f"{provider!r} answered with {describe_body(body)} instead of JSON",
            provider=provider,
            status=200,
            body=body,
            hint="Check the base URL, and whether a proxy or a login page stands in between.",
        ) from error
    if not isinstance(answer, dict):
        kind = type(answer).__name__
        message = f"{provider!r} answered with a JSON {kind} instead of an object"
        raise BadAnswerError(message, provider=provider, status=200, body=body)
    return answer


def _first_choice(answer: dict[str, Any], body: bytes, provider: str) -> dict[str, Any]:
    choices = answer.get("choices")
    if isinstance(choices, list) and choices and isinstance(choices[0], dict):
        return choices[0]
    raise BadAnswerError(f"{provider!r} answered without choices", provider=provider, status=200, body=body)


def problem_with(
    text: str, refusal: str, finish_reason: object, usage: Usage | None, provider: str, body: bytes
) -> ProviderError | None:
    """What makes an answer unusable, or None. Shared by whole and streamed answers."""
    if finish_reason in SERVER_FAILURES:
        return ServerError(f"{provider!r} broke off with {finish_reason!r}", provider=provider, status=200, body=body)
    if read_stop_reason(finish_reason) == "content_filter":
        message = f"the content filter of {provider!r} withheld the answer"
        return ContentFilteredError(message, provider=provider, status=200, body=body)
    if text.strip():
        return None
    if refusal:
        return ContentFilteredError(f"{provider!r} refused to answer", provider=provider, status=200, body=body)
    if finish_reason == "model_context_window_exceeded":
        message = f"the context of {provider!r} had no room for an answer"
        return ContextTooLongError(message, provider=provider, status=200, body=body)
    return _empty_answer(finish_reason, usage, provider, body)


def _empty_answer(finish_reason: object, usage: Usage | None, provider: str, body: bytes) -> BadAnswerError:
    if finish_reason == "length":
        spent = f" after {usage.output} tokens of reasoning" if usage and usage.reasoning else ""
        return BadAnswerError(
            f"{provider!r} reached the output limit before any text{spent}",
            provider=provider,
            status=200,
            body=body,
            hint="Allow more output tokens, or choose a model that reasons less.",
        )
    return BadAnswerError(f"{provider!r} answered with an empty message", provider=provider, status=200, body=body)


def read_stop_reason(value: object) -> StopReason:
    """The canonical stop reason; what nobody has documented is "other"."""
    return STOP_REASONS.get(value, "other") if isinstance(value, str) else "other"


def read_text(content: object) -> str:
    """The text of a `content` field: a string, or a list of parts of which some are text."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(part["text"] for part in content if isinstance(part, dict) and isinstance(part.get("text"), str))
    return ""


def read_reasoning(message: Mapping[str, Any]) -> str:
    """What the model thought aloud, under either of the names that vendors use."""
    return _string(message.get("reasoning_content")) or _string(message.get("reasoning"))


def read_usage(usage: object) -> Usage | None:
    """The tokens that an answer states, or None where it states none."""
    if not isinstance(usage, dict) or not ("prompt_tokens" in usage or "completion_tokens" in usage):
        return None
    given, made = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
    input_details = usage.get("prompt_tokens_details")
    output_details = usage.get("completion_tokens_details")
    input_details = input_details if isinstance(input_details, dict) else {}
    output_details = output_details if isinstance(output_details, dict) else {}
    # In this order: OpenAI and most others; Kimi; DeepSeek.
    cached = (
        _count(input_details.get("cached_tokens"))
        or _count(usage.get("cached_tokens"))
        or _count(usage.get("prompt_cache_hit_tokens"))
    )
    written = _count(input_details.get("cache_write_tokens")) or _count(
        input_details.get("cache_creation_input_tokens")  # DashScope
    )
    cached = min(cached, given)
    return Usage(
        input=given,
        output=made,
        cached_input=cached,
        cache_write=min(written, given - cached),
        reasoning=min(_count(output_details.get("reasoning_tokens")), made),
    )


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""
