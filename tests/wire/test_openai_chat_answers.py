"""Whole answers: vendors' payloads read by OpenAI's own SDK and by us, and everything that is no answer."""

import json
from pathlib import Path

import httpx
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from casecraft import errors
from casecraft.core.chat import ChatResponse
from casecraft.core.usage import Usage
from casecraft.wire.openai_chat import decode_response, decode_usage

ANSWERS = json.loads((Path(__file__).parent / "vendor_answers.json").read_text())


def ask_sdk(body: bytes):
    """What OpenAI's SDK makes of a body."""
    transport = httpx.MockTransport(
        lambda _: httpx.Response(200, content=body, headers={"content-type": "application/json"})
    )
    with openai.OpenAI(
        api_key="k", base_url="http://x", http_client=httpx.Client(transport=transport), max_retries=0
    ) as client:
        return client.chat.completions.create(model="m", messages=[{"role": "user", "content": "Hi"}])


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer["name"])
def test_we_read_what_the_sdk_reads(answer):
    body = json.dumps(answer["body"], ensure_ascii=False).encode()
    ours, theirs = decode_response(body), ask_sdk(body)
    choice = theirs.choices[0]
    assert ours.text == choice.message.content
    assert ours.model == theirs.model
    assert ours.stop_reason == choice.finish_reason
    assert ours.request_id == theirs.id
    assert ours.reasoning == (choice.message.model_extra or {}).get("reasoning_content", "")
    assert ours.raw == body
    assert ours.usage == (None if answer["usage"] is None else Usage(*answer["usage"]))
    if ours.usage:
        assert (ours.usage.input, ours.usage.output) == (theirs.usage.prompt_tokens, theirs.usage.completion_tokens)


def body_of(**choice) -> bytes:
    return json.dumps({"id": "1", "model": "m", "choices": [{"index": 0, "finish_reason": "stop", **choice}]}).encode()


@pytest.mark.parametrize(
    ("body", "kind", "says"),
    [
        (b"", errors.BadAnswerError, "an empty body"),
        (
            b"<!DOCTYPE html><title>502 Bad\nGateway</title>",
            errors.BadAnswerError,
            "HTML page titled '502 Bad Gateway'",
        ),
        (b'{"id": "1", "choi', errors.BadAnswerError, "broken JSON of 17 bytes"),
        (b"upstream error", errors.BadAnswerError, "begin with 'upstream error'"),
        (b"[]", errors.BadAnswerError, "JSON list"),
        (b"null", errors.BadAnswerError, "JSON NoneType"),
        (b"{}", errors.BadAnswerError, "without choices"),
        (b'{"choices": []}', errors.BadAnswerError, "without choices"),
        (b'{"choices": [null]}', errors.BadAnswerError, "without choices"),
        (body_of(message=None), errors.BadAnswerError, "without a message"),
        (body_of(message={}), errors.BadAnswerError, "empty message"),
        (body_of(message={"content": None}), errors.BadAnswerError, "empty message"),
        (body_of(message={"content": " \n"}), errors.BadAnswerError, "empty message"),
        (body_of(message={"content": 7}), errors.BadAnswerError, "empty message"),
        (body_of(message={"content": ""}, finish_reason="length"), errors.OutputLimitError, "output limit"),
        (body_of(message={"content": "x"}, finish_reason="content_filter"), errors.ContentFilteredError, "filter"),
        (body_of(message={"content": "x"}, finish_reason="sensitive"), errors.ContentFilteredError, "filter"),
        (body_of(message={"content": None, "refusal": "no"}), errors.ContentFilteredError, "refused"),
        (body_of(message={"content": "x"}, finish_reason="network_error"), errors.ServerError, "network_error"),
        (b'{"error": {"message": "boom"}}', errors.BadAnswerError, "boom"),
        (b'{"error": "boom"}', errors.BadAnswerError, "boom"),
        (b'{"code": "InternalError", "message": "boom"}', errors.ServerError, "boom"),
        (b'{"error": {"code": "rate_limit_exceeded"}}', errors.RateLimitError, "slow down"),
        (b'{"error": {"code": "1302", "message": "busy"}}', errors.RateLimitError, "busy"),
    ],
)
def test_what_is_no_answer_is_a_typed_error(body, kind, says):
    with pytest.raises(errors.ProviderError) as caught:
        decode_response(body, provider="glm", codes={"1302": "rate_limit"})
    assert type(caught.value) is kind
    assert says in str(caught.value)
    assert caught.value.provider == "glm"
    assert caught.value.body == body


def test_an_answer_that_reasoned_away_its_limit_says_so():
    usage = {"prompt_tokens": 1, "completion_tokens": 50, "completion_tokens_details": {"reasoning_tokens": 50}}
    body = json.dumps({"choices": [{"message": {"content": ""}, "finish_reason": "length"}], "usage": usage}).encode()
    with pytest.raises(errors.BadAnswerError, match="after 50 tokens of reasoning") as caught:
        decode_response(body)
    assert caught.value.hint is not None
    assert decode_usage(body) == Usage(1, 50, reasoning=50)


@pytest.mark.parametrize("reason", ["eos", "", None, 7])
def test_an_unknown_stop_reason_is_no_error(reason):
    assert decode_response(body_of(message={"content": "x"}, finish_reason=reason)).stop_reason == "other"


def test_parts_of_text_are_joined_and_the_first_choice_counts():
    choices = [{"message": {"content": [{"type": "text", "text": "a"}, {"type": "x"}, {"text": "b"}]}}, {"message": {}}]
    assert decode_response(json.dumps({"choices": choices}).encode()).text == "ab"


@pytest.mark.parametrize(
    ("stated", "read"),
    [
        ({"prompt_tokens": 5}, Usage(5, 0)),
        ({"prompt_tokens": None, "completion_tokens": 3}, Usage(0, 3)),
        ({"prompt_tokens": -5, "completion_tokens": True}, Usage(0, 0)),
        ({"prompt_tokens": 5, "cached_tokens": 9}, Usage(5, 0, 5)),
        ({"prompt_tokens": 5, "prompt_tokens_details": None, "completion_tokens_details": []}, Usage(5, 0)),
        ({"total_tokens": 5}, None),
        ([], None),
        (None, None),
    ],
)
def test_odd_usage_is_read_as_far_as_it_makes_sense(stated, read):
    body = json.dumps({"choices": [{"message": {"content": "x"}}], "usage": stated}).encode()
    assert decode_response(body).usage == read


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["choices", "message", "content", "error", "usage", "finish_reason", "code", "text", "id"])
            | st.text(max_size=3),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.binary(max_size=80) | json_values.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_an_answer_or_a_provider_error(body):
    try:
        result = decode_response(body, provider="p")
    except errors.ProviderError as error:
        result = error
    assert isinstance(result, ChatResponse) or (result.provider == "p" and str(result))
    decode_usage(body)


@pytest.mark.parametrize(
    ("indices", "text"),
    [((1, 0), "b"), ((0, 1), "a"), ((2, 1), "a"), ((1, None), "b"), (([], 0), "b"), ((None, None), "a")],
)
def test_of_several_choices_that_of_index_0_counts_else_the_first(indices, text):
    choices = [
        {"index": index, "finish_reason": "stop", "message": {"content": content}}
        for index, content in zip(indices, "ab", strict=True)
    ]
    assert decode_response(json.dumps({"choices": choices}).encode()).text == text
