"""Errors as vendors write them: which of ours each one is.

Read are the shapes of OpenAI (`{"error": {"message", "type", "code"}}`), of Google (the same with `status` and
`details`, at times in a list), of DashScope's own API (`{"code", "message"}`), of FastAPI (`{"detail"}`, vLLM), and a
bare string under `error` (Ollama, gateways; with `error_type` Text Embeddings Inference). Codes that only one
vendor gives a meaning to, such as GLM's numbers, are data of its catalog row and come in as `codes`.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

import orjson

from casecraft.errors import (
    AuthenticationError,
    BadAnswerError,
    ContentFilteredError,
    ContextTooLongError,
    InvalidRequestError,
    ModelNotFoundError,
    ProviderConfigurationError,
    ProviderError,
    ProviderTimeoutError,
    RateLimitError,
    ServerError,
)
from casecraft.wire.google_error import read_reasons, read_retry_delay
from casecraft.wire.retry_after import read_retry_after

Codes: TypeAlias = Mapping[str, str]
"""A vendor's error codes and the kind of error that each means: a key of `KINDS`."""

NO_CODES: Codes = MappingProxyType({})

LONGEST_MESSAGE = 300
REDIRECTIONS = range(300, 400)
CLIENT_ERRORS = range(400, 500)
SERVER_ERRORS = range(500, 1000)


class Kind(NamedTuple):
    """One kind of error: its class, what is said of the provider, and what to do about it."""

    error: type[ProviderError]
    says: str
    hint: str | None = None


KINDS: Mapping[str, Kind] = {
    "authentication": Kind(AuthenticationError, "refused the key", "Check the key and what it is allowed to do."),
    "quota": Kind(AuthenticationError, "has no credit left for this key", "Top up the account, or use another key."),
    "rate_limit": Kind(RateLimitError, "asked to slow down"),
    "model_not_found": Kind(ModelNotFoundError, "does not know the model", "Set a model that the provider lists."),
    "wrong_address": Kind(
        ProviderConfigurationError, "has nothing at this address", "Check the base URL; most end in /v1."
    ),
    "redirect": Kind(
        ProviderConfigurationError, "redirects elsewhere, which is not followed", "Set the base URL it redirects to."
    ),
    "invalid_request": Kind(InvalidRequestError, "refused the request"),
    "context_too_long": Kind(ContextTooLongError, "found the request too long"),
    "content_filtered": Kind(ContentFilteredError, "withheld the answer by its content filter"),
    "timeout": Kind(ProviderTimeoutError, "took too long itself"),
    "server": Kind(ServerError, "failed on its side"),
    "bad_answer": Kind(BadAnswerError, "answered with an error"),
}

# Codes and types that mean the same wherever they occur: OpenAI's, Azure's, Anthropic's, Kimi's, DashScope's, Google's.
COMMON_CODES: Codes = {
    "invalid_api_key": "authentication",
    "invalidapikey": "authentication",
    "incorrect_api_key_error": "authentication",
    "invalid_authentication_error": "authentication",
    "authentication_error": "authentication",
    "permission_denied_error": "authentication",
    "permission_error": "authentication",
    "accessdenied": "authentication",
    "access_terminated_error": "authentication",
    "insufficient_quota": "quota",
    "billing_hard_limit_reached": "quota",
    "exceeded_current_quota_error": "quota",
    "billing_error": "quota",
    "arrearage": "quota",
    "rate_limit_exceeded": "rate_limit",
    "rate_limit_error": "rate_limit",
    "rate_limit_reached_error": "rate_limit",
    "engine_overloaded_error": "rate_limit",
    "limit_requests": "rate_limit",
    "throttling": "rate_limit",
    "throttling.ratequota": "rate_limit",
    "throttling.allocationquota": "rate_limit",
    "throttling.burstrate": "rate_limit",
    "model_not_found": "model_not_found",
    "modelnotfound": "model_not_found",
    "deploymentnotfound": "model_not_found",
    "accessdenied.unpurchased": "model_not_found",
    "context_length_exceeded": "context_too_long",
    "string_above_max_length": "context_too_long",
    "exceed_context_size_error": "context_too_long",
    "request_too_large": "context_too_long",
    "badrequest.toolarge": "context_too_long",
    "content_filter": "content_filtered",
    "content_policy_violation": "content_filtered",
    "data_inspection_failed": "content_filtered",
    "datainspectionfailed": "content_filtered",
    "requesttimeout": "timeout",
    "timeout_error": "timeout",
    "overloaded_error": "server",
    "server_error": "server",
    "api_error": "server",
    "internalerror": "server",
    "internal_server_error": "server",
    "internal_error": "server",
    "api_key_invalid": "authentication",
    "unauthenticated": "authentication",
    "permission_denied": "authentication",
    "resource_exhausted": "rate_limit",
    "deadline_exceeded": "timeout",
    "unavailable": "server",
    "internal": "server",
}

# What messages say where codes say nothing. Only for 4xx and for errors that came with status 200.
MESSAGES: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(
            r"maximum context length|context (?:length|window|size)|exceeded model token limit|token length too long"
            r"|(?:prompt|input) (?:is|was) too long|too many (?:input )?tokens|range of input length|reduce the length"
            r"|input token count.{0,40}exceeds|Prompt 超长"
            r"|must have less than \d+ tokens|max_new_tokens\W+must be <=",  # TGI
            re.IGNORECASE,
        ),
        "context_too_long",
    ),
    (
        re.compile(
            r"inappropriate content|content (?:management )?policy|considered high risk|敏感内容", re.IGNORECASE
        ),
        "content_filtered",
    ),
    (
        re.compile(
            r"\Amodel: |model\b.{0,120}\b(?:not found|does not exist|not exist|not supported|unknown|no such)"
            r"|(?:not found|unknown|no such|invalid)\b.{0,30}\bmodel\b|模型不存在"
            r"|\bmodels/\S{1,120} (?:is|was) not found",
            re.IGNORECASE | re.DOTALL,
        ),
        "model_not_found",
    ),
    (
        re.compile(r"insufficient (?:balance|credit|quota|funds)|exceeded your current quota|欠费", re.IGNORECASE),
        "quota",
    ),
)

BY_STATUS: Mapping[int, str] = {
    401: "authentication",
    402: "quota",
    403: "authentication",
    404: "wrong_address",
    405: "wrong_address",
    408: "timeout",
    413: "context_too_long",
    424: "server",  # Text Embeddings Inference and TGI: the model behind them failed
    451: "content_filtered",  # StepFun
    425: "rate_limit",
    429: "rate_limit",
}


class VendorError(NamedTuple):
    """What a vendor's error body says: its codes, the most specific first, its message, and the seconds to wait."""

    codes: tuple[str, ...]
    message: str
    retry_after: float | None = None


def decode_error(
    status: int, headers: Mapping[str, str], body: bytes, provider: str, *, codes: Codes = NO_CODES
) -> ProviderError:
    """The error that a status other than 2xx means. `headers` has lower-case names. Never raises."""
    error = read_error(body)
    kind = _kind_by_code(error, codes, status) or _kind_by_status(status, error)
    stated = read_retry_after(headers)
    return _build(kind, error, status, provider, body, error.retry_after if stated is None else stated)


def error_in_answer(answer: Mapping[str, Any], body: bytes, provider: str, codes: Codes) -> ProviderError:
    """The error that an answer with status 200 carries: `BadAnswerError` unless it says more clearly what it is."""
    error = _read_object(answer)
    kind = _kind_by_code(error, codes, 200) or _kind_by_message(error.message) or "bad_answer"
    return _build(kind, error, 200, provider, body, error.retry_after)


def has_error(answer: Mapping[str, Any]) -> bool:
    """Whether an answer with status 200 is an error after all."""
    if answer.get("error") or _read_base_resp(answer):
        return True
    return "choices" not in answer and ("code" in answer or answer.get("object") == "error") and "message" in answer


def read_error(body: bytes) -> VendorError:
    """What an error body says, in whichever of the known shapes; a body in none of them is described."""
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        return VendorError((), describe_body(body))
    if isinstance(parsed, list) and parsed:
        parsed = parsed[0]
    if isinstance(parsed, dict):
        return _read_object(parsed)
    return VendorError((), describe_body(body))


def _read_object(answer: Mapping[str, Any]) -> VendorError:
    inner = answer.get("error") or _read_base_resp(answer)
    if isinstance(inner, str):
        return VendorError(_codes_of(answer), inner)
    source: Mapping[str, Any] = inner if isinstance(inner, dict) else answer
    for key in ("message", "msg", "detail", "error_msg"):
        message = source.get(key)
        if isinstance(message, str) and message:
            break
        if message:
            message = _as_json(message)
            break
    else:
        message = ""
    return VendorError(_codes_of(source), message, read_retry_delay(source))


def _as_json(message: object) -> str:
    try:
        return orjson.dumps(message).decode()
    except TypeError:
        return "nested too deeply to be told"


def _codes_of(source: Mapping[str, Any]) -> tuple[str, ...]:
    named = ("code", "type", "error_type", "error_code", "status")
    values = (*read_reasons(source), *map(source.get, named))
    return tuple(str(value) for value in values if isinstance(value, str | int) and not isinstance(value, bool))


def _read_base_resp(answer: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """MiniMax's errors: a number other than 0 and a message, beside an empty answer and at times under status 200."""
    stated = answer.get("base_resp")
    if not isinstance(stated, dict) or not stated.get("status_code"):
        return None
    return {"code": stated["status_code"], "message": stated.get("status_msg")}


def _kind_by_code(error: VendorError, codes: Codes, status: int) -> str | None:
    for code in error.codes:
        own = codes.get(code)
        if own is not None:
            return own
        kind = COMMON_CODES.get(code.lower())
        # Ollama and others write "api_error" under any status: a 4xx is not the server's failure.
        if kind is not None and not (kind == "server" and status in CLIENT_ERRORS):
            return kind
    return None


def _kind_by_message(message: str) -> str | None:
    return next((kind for pattern, kind in MESSAGES if pattern.search(message)), None)


def _kind_by_status(status: int, error: VendorError) -> str:
    if status in REDIRECTIONS:
        return "redirect"
    if status in SERVER_ERRORS:
        return "server"
    by_message = _kind_by_message(error.message)
    by_status = BY_STATUS.get(status, "invalid_request")
    # A status that says enough is not overruled, except where a vendor says under 429 that the credit is spent.
    if by_message is None or (by_status not in ("invalid_request", "wrong_address") and by_message != "quota"):
        return by_status
    return by_message


def _build(
    kind: str, error: VendorError, status: int, provider: str, body: bytes, retry_after: float | None
) -> ProviderError:
    found = KINDS.get(kind, KINDS["invalid_request"])
    said = clean(error.message)
    code = next((f", {code}" for code in error.codes if code != str(status)), "")
    message = f"{provider!r} {found.says} ({status}{clean(code)})" + (f": {said}" if said else "")
    return found.error(message, provider=provider, status=status, body=body, retry_after=retry_after, hint=found.hint)


def describe_body(body: bytes) -> str:
    """What a body that is no JSON looks like, in a few words."""
    start = body.lstrip()[:512]
    if not start:
        return "an empty body"
    if start[:1] == b"<":
        title = re.search(rb"<title[^>]*>(.*?)</title>", body[:4096], re.IGNORECASE | re.DOTALL)
        named = f" titled {clean(title[1].decode(errors='replace'))!r}" if title else ""
        return f"an HTML page{named}"
    if start[:1] in (b"{", b"["):
        return f"broken JSON of {len(body)} bytes"
    return f"{len(body)} bytes that begin with {clean(start[:60].decode(errors='replace'))!r}"


def clean(text: str) -> str:
    """A vendor's words on one line, without control characters, and not endlessly long."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text[: 4 * LONGEST_MESSAGE]).split())
    return line if len(line) <= LONGEST_MESSAGE else f"{line[: LONGEST_MESSAGE - 1]}…"
