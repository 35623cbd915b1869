"""The error codes that rows give a meaning to, in bodies as vendors document them."""

import json

import pytest

from casecraft import errors
from casecraft.providers import load_catalog
from casecraft.wire import find_dialect
from casecraft.wire.vendor_error import decode_error


def qianfan(code, message):
    return {"error": {"code": code, "message": message, "type": "invalid_request_error"}, "id": "as-1"}


def ark(code, message, kind):
    return {"error": {"code": code, "message": message, "param": "", "type": kind}}


@pytest.mark.parametrize(
    ("vendor", "status", "body", "error"),
    [
        # https://cloud.baidu.com/doc/qianfan-api/s/rmwbl43x7
        ("qianfan", 401, qianfan("invalid_model", "No permission to use the model"), errors.ModelNotFoundError),
        ("qianfan", 401, qianfan("invalid_iam_token", "IAM Certification failed"), errors.AuthenticationError),
        ("qianfan", 400, qianfan("tokens_too_long", "Prompt tokens too long"), errors.ContextTooLongError),
        ("qianfan", 400, qianfan("malformed_json", "Invalid Argument"), errors.InvalidRequestError),
        # https://www.volcengine.com/docs/82379/1299023
        ("ark", 403, ark("AccountOverdueError", "overdue balance", "Forbidden"), errors.AuthenticationError),
        ("ark", 404, ark("ModelNotOpen", "has not activated it", "NotFound"), errors.ModelNotFoundError),
        ("ark", 404, ark("InvalidEndpointOrModel.NotFound", "no access", "NotFound"), errors.ModelNotFoundError),
        ("ark", 400, ark("SensitiveContentDetected", "sensitive", "BadRequest"), errors.ContentFilteredError),
        ("ark", 429, ark("ServerOverloaded", "busy", "TooManyRequests"), errors.RateLimitError),
        ("ark", 429, ark("SetLimitExceeded", "your limit", "TooManyRequests"), errors.AuthenticationError),
        # https://docs.siliconflow.cn/en/faqs/error-code
        (
            "siliconflow",
            400,
            {"code": 20012, "message": "Model does not exist. Please check it carefully.", "data": None},
            errors.ModelNotFoundError,
        ),
        # https://www.xfyun.cn/doc/spark/Web.html
        ("spark", 400, {"code": 10907, "message": "token", "sid": "1"}, errors.ContextTooLongError),
        ("spark", 403, {"code": 11202, "message": "flow", "sid": "1"}, errors.RateLimitError),
        # https://platform.stepfun.ai/docs/en/api-reference/error-codes.md
        ("stepfun", 451, {"error": {"message": "failed review", "type": "x"}}, errors.ContentFilteredError),
        ("stepfun", 402, {"error": {"message": "Insufficient balance", "type": "x"}}, errors.AuthenticationError),
    ],
)
def test_a_vendors_own_codes_get_their_kind(vendor, status, body, error):
    found = decode_error(status, {}, json.dumps(body).encode(), vendor, codes=load_catalog().get(vendor).codes)
    assert type(found) is error


@pytest.mark.parametrize(
    ("number", "error"),
    [
        (1001, errors.ProviderTimeoutError),
        (1002, errors.RateLimitError),
        (1004, errors.AuthenticationError),
        (1008, errors.AuthenticationError),
        (1026, errors.ContentFilteredError),
        (1033, errors.ServerError),
        (2013, errors.InvalidRequestError),
        (9999, errors.BadAnswerError),
    ],
)
def test_minimax_says_under_status_200_what_went_wrong(number, error):
    """Numbers of https://platform.minimax.io/docs/api-reference/errorcode.md."""
    body = {"id": "1", "choices": None, "base_resp": {"status_code": number, "status_msg": "what it was"}}
    with pytest.raises(error, match=f"200, {number}.*what it was"):
        decode(body)


def test_minimax_says_that_all_is_well():
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hello"}}
    assert decode({"choices": [choice], "base_resp": {"status_code": 0, "status_msg": ""}}).text == "Hello"


def decode(body):
    codes = load_catalog().get("minimax").codes
    return find_dialect("openai_chat").decode_response(json.dumps(body).encode(), provider="minimax", codes=codes)
