"""Errors as vendors document them, each to its own kind; and how long they ask us to wait."""

import json
from email.utils import formatdate
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casecraft import errors
from casecraft.providers import load_catalog
from casecraft.wire.retry_after import read_retry_after
from casecraft.wire.vendor_error import BY_STATUS, COMMON_CODES, KINDS, clean, decode_error

DOCUMENTED = json.loads((Path(__file__).parent / "vendor_errors.json").read_text())


@pytest.mark.parametrize("case", DOCUMENTED, ids=lambda case: f"{case['vendor']}-{case['status']}-{case['error']}")
def test_documented_errors_get_their_kind(case):
    assert case["source"]
    codes = load_catalog().get(case["vendor"]).codes if case["vendor"] in load_catalog() else {}
    body = json.dumps(case["body"], ensure_ascii=False).encode()
    error = decode_error(case["status"], {}, body, case["vendor"], codes=codes)
    assert type(error).__name__ == case["error"]
    assert (error.provider, error.status, error.body) == (case["vendor"], case["status"], body)
    assert repr(case["vendor"]) in str(error)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (302, errors.ProviderConfigurationError),
        (400, errors.InvalidRequestError),
        (401, errors.AuthenticationError),
        (402, errors.AuthenticationError),
        (403, errors.AuthenticationError),
        (404, errors.ProviderConfigurationError),
        (408, errors.ProviderTimeoutError),
        (413, errors.ContextTooLongError),
        (422, errors.InvalidRequestError),
        (429, errors.RateLimitError),
        (500, errors.ServerError),
        (502, errors.ServerError),
        (529, errors.ServerError),
    ],
)
@pytest.mark.parametrize("body", [b"", b"<html>", b"{", b'"x"', b"{}", b"[]", b'{"error": {"message": "x"}}'])
def test_without_a_code_the_status_decides(status, kind, body):
    assert type(decode_error(status, {}, body, "p")) is kind


def test_a_vendors_own_meaning_goes_before_the_common_one():
    body = b'{"error": {"code": "insufficient_quota"}}'
    assert type(decode_error(429, {}, body, "p")) is errors.AuthenticationError
    assert type(decode_error(429, {}, body, "p", codes={"insufficient_quota": "rate_limit"})) is errors.RateLimitError


def test_every_code_has_a_kind():
    used = {*COMMON_CODES.values(), *BY_STATUS.values()}
    assert used <= set(KINDS)
    assert all(code == code.lower() for code in COMMON_CODES)


def test_messages_are_one_clean_line():
    body = json.dumps({"error": {"message": "a\n\x1b[31mb\u202e" + "c" * 900}}).encode()
    message = str(decode_error(400, {}, body, "p"))
    assert "\n" not in message
    assert "\x1b" not in message
    assert "\u202e" not in message
    assert len(message) < 400
    assert clean(" a \t b ") == "a b"


NOW = 1_795_000_000.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": formatdate(NOW + 30, usegmt=True)}, 30.0),
        ({"retry-after": formatdate(NOW - 30, usegmt=True)}, 0.0),
        ({"retry-after": formatdate(500, usegmt=True), "date": formatdate(440, usegmt=True)}, 60.0),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "6m0s"}, 360.0),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "1h2m3.5s"}, 3723.5),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "120ms"}, 0.12),
        ({"x-ratelimit-remaining-tokens": "7", "x-ratelimit-reset-tokens": "9s"}, None),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "12"}, 12.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(NOW + 12)}, 12.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "tomorrow"}, None),
    ],
)
def test_the_wait_is_read_from_the_headers(monkeypatch, headers, seconds):
    monkeypatch.setattr("casecraft.wire.retry_after.time.time", lambda: NOW)
    assert read_retry_after(headers) == seconds
    error = decode_error(429, headers, b"", "p")
    assert isinstance(error, errors.RateLimitError)
    assert error.retry_after == seconds


@given(st.text(max_size=20) | st.from_regex(r"\A[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4,6} \d\d:\d\d:\d\d GMT\Z"))
def test_any_header_is_a_wait_or_none(text):
    for name in ("retry-after", "retry-after-ms", "x-ratelimit-reset"):
        wait = read_retry_after({name: text, "x-ratelimit-remaining": "0", "date": text})
        assert wait is None or 0 <= wait < float("inf")


@given(st.integers(100, 999), st.binary(max_size=60))
def test_any_error_body_is_a_provider_error(status, body):
    assert isinstance(decode_error(status, {}, body, "p"), errors.ProviderError)


@pytest.mark.parametrize(
    ("delay", "seconds"),
    [("34s", 34.0), ("0.25s", 0.25), ("34", None), ("-1s", None), (34, None), ("9" * 400 + "s", None)],
)
@pytest.mark.parametrize("wrap", [lambda body: body, lambda body: [body]])
def test_google_says_the_wait_in_the_body(delay, seconds, wrap):
    details = [None, {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}]
    body = json.dumps(wrap({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "details": details}})).encode()
    assert decode_error(429, {}, body, "p").retry_after == seconds
    assert decode_error(429, {"retry-after": "2"}, body, "p").retry_after == 2


def test_a_used_up_quota_of_google_is_a_limit_that_is_lifted_again():
    said = {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "You exceeded your current quota."}
    assert type(decode_error(429, {}, json.dumps({"error": said}).encode(), "p")) is errors.RateLimitError


def test_a_code_that_only_repeats_the_status_is_not_said_twice():
    error = decode_error(503, {}, b'{"error": {"code": 503, "status": "UNAVAILABLE", "message": "busy"}}', "p")
    assert str(error) == "'p' failed on its side (503, UNAVAILABLE): busy"
