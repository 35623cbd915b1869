"""Whole answers: documented payloads read by Google's SDK and by us, ours read by it, and what is no answer."""

import base64
import json
from pathlib import Path

import pytest
from google.genai import errors as google_errors
from hypothesis import given
from hypothesis import strategies as st

from casecraft import errors
from casecraft.core.chat import ChatResponse, Image, Reasoning, Text, ToolCall
from casecraft.core.usage import Usage
from casecraft.wire import encode_body, find_dialect
from tests.wire.gemini_sdk import ask, ask_stream, parts_of

GEMINI = find_dialect("gemini")
ANSWERS = json.loads((Path(__file__).parent / "gemini_answers.json").read_text())
SIGNED = (
    Reasoning("hm", "dGhvdWdodA=="),
    Reasoning("", "dGV4dA=="),
    Text("Hi"),
    ToolCall("call_0", "f", '{"a":1}', "Y2FsbA=="),
    ToolCall("call_1", "g", "{}"),
    Reasoning("", "ZW5k"),
)


def decode(body: bytes) -> ChatResponse:
    return GEMINI.decode_response(body, provider="p")


def signature(value: bytes | None) -> str:
    return base64.b64encode(value or b"").decode()


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer["name"])
def test_we_read_what_the_sdk_reads(answer):
    body = json.dumps(answer["body"], ensure_ascii=False).encode()
    ours, theirs = decode(body), ask(body)
    parts = parts_of([theirs])
    assert ours.text == "".join(part.text for part in parts if part.text and not part.thought)
    assert ours.reasoning == "".join(part.text for part in parts if part.thought)
    assert [(call.name, json.loads(call.arguments)) for call in ours.tool_calls] == [
        (call.name, call.args or {}) for call in theirs.function_calls or []
    ]
    signed = [part.signature for part in ours.parts if isinstance(part, Reasoning | ToolCall) and part.signature]
    assert signed == [signature(part.thought_signature) for part in parts if part.thought_signature]
    assert (ours.model, ours.request_id) == (theirs.model_version, theirs.response_id)
    assert ours.stop_reason == answer["stop_reason"]
    assert ours.usage == GEMINI.decode_usage(body) == (Usage(*answer["usage"]) if answer["usage"] else None)
    if ours.usage:
        assert ours.usage.input + ours.usage.output == theirs.usage_metadata.total_token_count
    assert ours.raw == body


def test_calls_without_ids_get_the_same_ones_each_time():
    body = json.dumps(ANSWERS[2]["body"]).encode()
    assert (
        [call.id for call in decode(body).tool_calls]
        == ["call_0", "call_1"]
        == [call.id for call in decode(body).tool_calls]
    )


def test_signatures_go_back_on_the_parts_that_they_came_on():
    parts = ANSWERS[1]["body"]["candidates"][0]["content"]["parts"]
    answer = decode(json.dumps(ANSWERS[1]["body"]).encode())
    assert answer.content == (Reasoning("**Thinking**"), Reasoning("", "c2lnLXRleHQ="), Text("Yes."))
    assert GEMINI.encode_response(answer).body["candidates"][0]["content"]["parts"] == parts


FULL = ChatResponse(SIGNED, "m", "tool_use", Usage(9, 5, 3, 0, 2), "r")


def test_the_sdk_reads_what_we_write():
    body, losses = GEMINI.encode_response(FULL, created=5)
    assert losses == ()
    theirs = ask(encode_body(body))
    parts = theirs.candidates[0].content.parts
    assert [(part.text, part.thought, signature(part.thought_signature)) for part in parts] == [
        ("hm", True, "dGhvdWdodA=="),
        ("Hi", None, "dGV4dA=="),
        (None, None, "Y2FsbA=="),
        (None, None, ""),
        ("", None, "ZW5k"),
    ]
    assert [(call.id, call.name, call.args) for call in theirs.function_calls] == [
        ("call_0", "f", {"a": 1}),
        ("call_1", "g", {}),
    ]
    usage = theirs.usage_metadata
    assert (usage.prompt_token_count, usage.cached_content_token_count) == (9, 3)
    assert (usage.candidates_token_count, usage.thoughts_token_count, usage.total_token_count) == (3, 2, 14)
    assert (theirs.model_version, theirs.response_id) == ("m", "r")
    assert theirs.candidates[0].finish_reason == "STOP"


def test_what_we_write_comes_back():
    body = encode_body(GEMINI.encode_response(FULL).body)
    back = decode(body)
    assert (back.content, back.model, back.stop_reason) == (FULL.content, FULL.model, FULL.stop_reason)
    assert (back.usage, back.request_id) == (FULL.usage, FULL.request_id)


@pytest.mark.parametrize(
    ("response", "field"),
    [
        (ChatResponse("x", stop_reason="stop_sequence"), "stop_reason"),
        (ChatResponse("x", stop_reason="tool_use"), "stop_reason"),
        (ChatResponse("x", usage=Usage(5, 1, 0, 4)), "usage.cache_write"),
        (ChatResponse((Reasoning("a", "@"), Text("x"))), "content.signature"),
    ],
)
def test_what_cannot_be_said_is_a_loss(response, field):
    assert [(loss.field, loss.harmless) for loss in GEMINI.encode_response(response).losses] == [(field, True)]


@pytest.mark.parametrize("reason", ["stop", "length", "content_filter", "other"])
def test_other_ends_are_said(reason):
    body, losses = GEMINI.encode_response(ChatResponse("x", stop_reason=reason))
    assert losses == ()
    assert ask(encode_body(body)).candidates[0].finish_reason is not None


def body_of(parts=None, reason="STOP", **more) -> bytes:
    return json.dumps({"candidates": [{"content": {"parts": parts}, "finishReason": reason, **more}]}).encode()


TEXT = [{"text": "x"}]


@pytest.mark.parametrize(
    ("body", "kind", "says"),
    [
        (b"", errors.BadAnswerError, "an empty body"),
        (b"<title>502 Bad Gateway</title>", errors.BadAnswerError, "HTML page titled '502 Bad Gateway'"),
        (b'{"candidates": [', errors.BadAnswerError, "broken JSON"),
        (b"[", errors.BadAnswerError, "broken JSON"),
        (b"[]", errors.BadAnswerError, "JSON list"),
        (b"[1]", errors.BadAnswerError, "JSON list"),
        (b"{}", errors.BadAnswerError, "without candidates"),
        (b'{"candidates": {}}', errors.BadAnswerError, "without candidates"),
        (b'{"promptFeedback": {"blockReason": "SAFETY"}}', errors.ContentFilteredError, "refused the prompt (SAFETY)"),
        (b'{"promptFeedback": {"blockReason": 3}, "candidates": []}', errors.BadAnswerError, "without candidates"),
        (body_of(), errors.BadAnswerError, "empty message"),
        (body_of([{"text": ""}]), errors.BadAnswerError, "empty message"),
        (body_of([{"text": None}]), errors.BadAnswerError, "empty message"),
        (body_of([], "MAX_TOKENS"), errors.OutputLimitError, "output limit"),
        (body_of(TEXT, "SAFETY"), errors.ContentFilteredError, "filter"),
        (body_of(None, "RECITATION"), errors.ContentFilteredError, "filter"),
        (body_of(None, "PROHIBITED_CONTENT"), errors.ContentFilteredError, "filter"),
        (body_of(None, "MALFORMED_FUNCTION_CALL", finishMessage="f(\n"), errors.BadAnswerError, "_CALL': f("),
        (body_of(TEXT, "MISSING_THOUGHT_SIGNATURE"), errors.InvalidRequestError, "MISSING_THOUGHT_SIGNATURE"),
        (b'{"error": {"code": 503, "status": "UNAVAILABLE", "message": "busy"}}', errors.ServerError, "busy"),
        (b'[{"error": {"code": 429, "status": "RESOURCE_EXHAUSTED"}}]', errors.RateLimitError, "slow down"),
        (b'{"error": {"message": "boom"}}', errors.BadAnswerError, "boom"),
    ],
)
def test_what_is_no_answer_is_a_typed_error(body, kind, says):
    with pytest.raises(errors.ProviderError) as caught:
        decode(body)
    assert type(caught.value) is kind
    assert says in str(caught.value)
    assert (caught.value.provider, caught.value.body) == ("p", body)


@pytest.mark.parametrize("reason", ["NEW_ONE", "", None, 7, [], "FINISH_REASON_UNSPECIFIED", "OTHER"])
def test_an_unknown_stop_reason_is_no_error(reason):
    assert decode(body_of(TEXT, reason)).stop_reason == "other"
    assert decode(body_of([{"functionCall": {"name": "f"}}], reason)).stop_reason == "tool_use"


def test_a_call_cut_by_the_limit_is_no_end_of_a_turn():
    assert decode(body_of([{"functionCall": {"name": "f"}}], "MAX_TOKENS")).stop_reason == "length"


@pytest.mark.parametrize(
    ("args", "text"), [(None, "{}"), ({}, "{}"), ({"é": [1.5]}, '{"é":[1.5]}'), ("no", '"no"'), ([1], "[1]")]
)
def test_arguments_are_json_text_whatever_they_are(args, text):
    (call,) = decode(body_of([{"functionCall": {"name": "", "args": args}}])).tool_calls
    assert (call.name, call.arguments) == ("", text)


def test_other_parts_are_images_or_losses():
    picture = {"inlineData": {"mimeType": "image/png", "data": "iVBO"}}
    sound = {"inlineData": {"mimeType": "audio/wav", "data": "iVBO"}}
    answer = decode(body_of([{"executableCode": {"code": "1"}}, *TEXT, picture, sound]))
    assert answer.content == (Text("x"), Image(base64.b64decode("iVBO"), "image/png"))
    assert [loss.reason for loss in answer.losses] == [
        "a part of the answer holds executableCode, which has no place here",
        "a part of the answer holds inlineData, which has no place here",
    ]


@pytest.mark.parametrize(
    "error",
    [
        errors.AuthenticationError("no", provider="p"),
        errors.RateLimitError("slow", retry_after=34.5),
        errors.ModelNotFoundError("models/x is not found"),
        errors.ContextTooLongError("long"),
        errors.ContentFilteredError("no"),
        errors.ProviderTimeoutError("late"),
        errors.ServerError("boom"),
        errors.BadAnswerError("odd"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_the_sdk_raises_the_errors_that_we_write(error):
    status, body = GEMINI.encode_error(error)
    with pytest.raises(google_errors.APIError) as caught:
        ask(encode_body(body), status=status)
    assert (caught.value.code, caught.value.message) == (status, str(error))
    assert caught.value.status == body["error"]["status"]
    encoder = GEMINI.stream_encoder(model="m", request_id="r")
    with pytest.raises(google_errors.APIError, match=str(error)):
        ask_stream(encoder.fail(error))
    if status not in (400, 502):
        ours = GEMINI.decode_error(status, {}, encode_body(body), "p")
        assert (type(ours), ours.retry_after) == (type(error), error.retry_after)


NAMES = ["candidates", "content", "parts", "text", "functionCall", "args", "thought", "thoughtSignature", "error"]
NAMES += ["usageMetadata", "promptTokenCount", "finishReason", "promptFeedback", "inlineData"]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(NAMES) | st.text(max_size=3),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
odd_answers = json_values | st.builds(
    lambda part, reason: {"candidates": [{"content": {"parts": [part]}, "finishReason": reason}]},
    st.dictionaries(st.sampled_from(NAMES), json_values, max_size=4),
    json_values,
)


@given(st.binary(max_size=80) | odd_answers.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_an_answer_or_a_provider_error(body):
    try:
        result = decode(body)
    except errors.ProviderError as error:
        result = error
    assert isinstance(result, ChatResponse) or (result.provider == "p" and str(result))
    GEMINI.decode_usage(body)
