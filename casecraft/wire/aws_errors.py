"""Errors as services of AWS write them, for Bedrock and SageMaker.

The code stands in the header `x-amzn-errortype`, or under `__type` or `code` in the body; the message is called
`message` or `Message`. Sources: https://docs.aws.amazon.com/bedrock/latest/APIReference/CommonErrors.html,
https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html and
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html.
"""

import re
from collections.abc import Mapping
from typing import Any

import orjson

from casecraft.errors import (
    AuthenticationError,
    ContentFilteredError,
    ContextTooLongError,
    InvalidRequestError,
    ModelNotFoundError,
    ProviderError,
    ProviderTimeoutError,
    RateLimitError,
    ServerError,
)
from casecraft.wire.answers import count, string
from casecraft.wire.dialect import ErrorBody
from casecraft.wire.vendor_error import NO_CODES, Codes, decode_error, error_in_answer

CODES: Codes = {
    "accessdeniedexception": "authentication",
    "expiredtokenexception": "authentication",
    "expiredtoken": "authentication",
    "requestexpired": "authentication",
    "incompletesignature": "authentication",
    "incompletesignatureexception": "authentication",
    "invalidclienttokenid": "authentication",
    "invalidsignatureexception": "authentication",
    "signaturedoesnotmatch": "authentication",
    "missingauthenticationtoken": "authentication",
    "missingauthenticationtokenexception": "authentication",
    "notauthorized": "authentication",
    "optinrequired": "authentication",
    "unrecognizedclientexception": "authentication",
    "throttlingexception": "rate_limit",
    "toomanyrequestsexception": "rate_limit",
    "servicequotaexceededexception": "rate_limit",
    "resourcenotfoundexception": "model_not_found",
    "unknownoperationexception": "wrong_address",
    "modeltimeoutexception": "timeout",
    # It comes with 429, but nothing is being throttled: the model is still being loaded.
    "modelnotreadyexception": "server",
    "modelerrorexception": "server",
    "modelstreamerrorexception": "server",
    "modelstreamerror": "server",
    "internalserverexception": "server",
    "internaldependencyexception": "server",
    "internalfailure": "server",
    "internalstreamfailure": "server",
    "serviceunavailable": "server",
    "serviceunavailableexception": "server",
}

# What the messages of a code tell more exactly than the code.
MESSAGES: tuple[tuple[frozenset[str], re.Pattern[str], str], ...] = (
    (
        frozenset({"accessdeniedexception"}),
        re.compile(r"access to the model|model access", re.IGNORECASE),
        "model_not_found",
    ),
    (
        frozenset({"validationexception", "modelstreamerrorexception"}),
        re.compile(r"input (?:is|was) too long|prompt is too long|too many (?:input )?tokens", re.IGNORECASE),
        "context_too_long",
    ),
    (
        frozenset({"validationexception", "validationerror"}),
        re.compile(
            r"model identifier is invalid|on-demand throughput isn.t supported|endpoint \S+ .*not found"
            r"|model version has reached the end of its life",
            re.IGNORECASE,
        ),
        "model_not_found",
    ),
)

# Status and code, as the services pair them.
WORDS: tuple[tuple[type[ProviderError], int, str], ...] = (
    (AuthenticationError, 403, "AccessDeniedException"),
    (RateLimitError, 429, "ThrottlingException"),
    (ModelNotFoundError, 404, "ResourceNotFoundException"),
    (ContextTooLongError, 400, "ValidationException"),
    (ContentFilteredError, 400, "ValidationException"),
    (InvalidRequestError, 400, "ValidationException"),
    (ProviderTimeoutError, 408, "ModelTimeoutException"),
    (ServerError, 500, "InternalServerException"),
)
OTHER = (503, "ServiceUnavailableException")


def decode_aws_error(
    status: int, headers: Mapping[str, str], body: bytes, provider: str, *, codes: Codes = NO_CODES
) -> ProviderError:
    """The error that a status other than 2xx means. `headers` has lower-case names. Never raises."""
    said = _read(body)
    if said is None:
        return decode_error(status, headers, body, provider, codes=codes)
    code = _bare(headers.get("x-amzn-errortype", "")) or _code_of(said)
    # SageMaker answers 424 where the model's own server refused; that one's status says more.
    meant = count(said.get("OriginalStatusCode")) or status
    error = decode_error(meant, headers, _plain(said, body, code), provider, codes=_codes(said, code, codes))
    error.body, error.status = body, status
    return error


def aws_error_in_answer(said: Mapping[str, Any], body: bytes, provider: str, codes: Codes) -> ProviderError:
    """The error that came with status 200, whole or as an exception in a stream."""
    code = _code_of(said)
    plain = {"code": code, "message": message_of(said)}
    return error_in_answer(plain, body, provider, _codes(said, code, codes))


def is_aws_error(answer: Mapping[str, Any]) -> bool:
    """Whether a body is an error, for answers that never have these fields."""
    return "__type" in answer or bool(message_of(answer))


def encode_aws_error(error: ProviderError) -> ErrorBody:
    """The error in the shape that AWS's clients read where no header tells its code."""
    status, code = words_of(error)
    return ErrorBody(status, {"__type": code, "code": code, "message": str(error)})


def words_of(error: ProviderError) -> tuple[int, str]:
    """The status and the code that say an error best."""
    return next(((status, code) for kind, status, code in WORDS if isinstance(error, kind)), OTHER)


def message_of(said: Mapping[str, Any]) -> str:
    """What an error says; SageMaker wraps what the container said."""
    return string(said.get("message")) or string(said.get("Message"))


def _read(body: bytes) -> dict[str, Any] | None:
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {} if not body.strip() else None
    return said if isinstance(said, dict) else None


def _code_of(said: Mapping[str, Any]) -> str:
    return _bare(string(said.get("__type")) or string(said.get("code")) or string(said.get("ErrorCode")))


def _bare(code: str) -> str:
    """The code without the namespace before it and the address after it."""
    return code.partition(":")[0].rpartition("#")[2].strip()


def _plain(said: Mapping[str, Any], body: bytes, code: str) -> bytes:
    """The error as most vendors write it; one that has neither code nor message is in a shape of theirs already."""
    message = message_of(said)
    if code:
        return orjson.dumps({"code": code, "message": message})
    return orjson.dumps({**_texts(said), "message": message}) if message else body


def _texts(said: Mapping[str, Any]) -> dict[str, str]:
    return {name: each for name, each in said.items() if isinstance(each, str)}


def _codes(said: Mapping[str, Any], code: str, codes: Codes) -> Codes:
    """The kinds of error by their codes: the provider's own before those of all, but after what the message tells.

    An empty word leaves it to status and message.
    """
    lower, message = code.lower(), message_of(said)
    for those, pattern, kind in MESSAGES:
        if lower in those and pattern.search(message):
            return {**codes, code: kind}
    return {code: CODES.get(lower, ""), **codes}
