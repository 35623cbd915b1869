"""Whole answers of Messages: the vendor's payloads as its SDK reads them, and our own answers read by the SDK."""

import json
from pathlib import Path

import anthropic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from casecraft import errors
from casecraft.core.chat import ChatRequest, ChatResponse, Image, Reasoning, Text, ToolCall, ToolResult
from casecraft.core.usage import Usage
from casecraft.wire import encode_body, find_dialect
from casecraft.wire.anthropic_messages import decode_response, decode_usage, encode_error, encode_response
from casecraft.wire.vendor_error import decode_error
from tests.wire.anthropic_sdk import ask, parts_of

HERE = Path(__file__).parent
ANSWERS = json.loads((HERE / "anthropic_answers.json").read_text())
ERRORS = json.loads((HERE / "anthropic_errors.json").read_text())


def ours(response: ChatResponse) -> list[tuple]:
    """Our parts in the words of `parts_of`."""
    said = []
    for part in response.parts:
        match part:
            case Text():
                said.append(("text", part.text))
            case Reasoning(redacted=True):
                said.append(("redacted", part.signature))
            case Reasoning():
                said.append(("thinking", part.text, part.signature))
            case ToolCall():
                said.append(("call", part.id, part.name, json.loads(part.arguments)))
    return said


def joined(parts: list[tuple]) -> list[tuple]:
    """Neighbouring texts as one: answers of text alone are one text here."""
    said: list[tuple] = []
    for part in parts:
        if said and part[0] == said[-1][0] == "text":
            said[-1] = ("text", said[-1][1] + part[1])
        else:
            said.append(part)
    return said


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer["name"])
def test_we_read_what_the_sdk_reads(answer):
    assert answer["source"]
    body = json.dumps(answer["body"]).encode()
    read, theirs = decode_response(body), ask(body)
    assert joined(ours(read)) == joined(parts_of(theirs))
    assert (read.model, read.request_id, read.raw) == (theirs.model, theirs.id, body)
    assert read.stop_reason == answer["stop"]
    assert read.usage == decode_usage(body) == Usage(*answer["usage"])
    usage = theirs.usage
    cached, written = usage.cache_read_input_tokens or 0, usage.cache_creation_input_tokens or 0
    assert read.usage.input == usage.input_tokens + cached + written
    assert read.usage.output == usage.output_tokens


FULL = ChatResponse(
    content=(
        Reasoning("hm", "c2ln"),
        Reasoning(signature="cmVk", redacted=True),
        Text("I look."),
        ToolCall("toolu_1", "weather", '{"city":"Rome"}'),
        ToolCall("toolu_2", "time"),
    ),
    model="m",
    stop_reason="tool_use",
    usage=Usage(100, 50, 20, 30, 7),
    request_id="msg_1",
)


@pytest.mark.parametrize(
    "response",
    [
        FULL,
        *(
            ChatResponse("Hi", "m", reason, Usage(3, 4), "msg_1")
            for reason in ("stop", "stop_sequence", "length", "tool_use")
        ),
    ],
    ids=lambda response: response.stop_reason,
)
def test_the_sdk_reads_what_we_write_and_so_do_we(response):
    body, losses = encode_response(response)
    assert losses == ()
    written = encode_body(body)
    theirs = ask(written)
    assert parts_of(theirs) == ours(response)
    assert (theirs.id, theirs.model) == (response.request_id, response.model)
    again = decode_response(written)
    assert (again.content, again.stop_reason, again.usage) == (response.content, response.stop_reason, response.usage)


def test_usage_is_told_apart_again():
    usage = ask(encode_body(encode_response(FULL).body)).usage
    assert (usage.input_tokens, usage.cache_read_input_tokens, usage.cache_creation_input_tokens) == (50, 20, 30)
    assert (usage.output_tokens, usage.output_tokens_details.thinking_tokens) == (50, 7)


@pytest.mark.parametrize(
    ("changes", "losses"),
    [
        ({"stop_reason": "other"}, ["stop_reason"]),
        ({"usage": None}, ["usage"]),
        ({"content": (ToolCall("a", "t", "[1]"),), "stop_reason": "tool_use"}, ["tool_call.arguments"]),
        ({"content": (ToolCall("a.b", "t"),), "stop_reason": "tool_use"}, ["tool_call.id"]),
        ({"content": (ToolCall("a", "t", signature="s"),), "stop_reason": "tool_use"}, ["tool_call.signature"]),
        ({"content": (Text("x"), Image(url="u"), ToolResult("a"))}, ["image", "tool_result"]),
        ({"content": (Text("I look."), ToolCall("a", "t")), "stop_reason": "stop"}, ["stop_reason"]),
    ],
)
def test_what_cannot_be_said_is_a_loss(changes, losses):
    values = {"content": "x", "model": "m", "usage": Usage(1, 1), "request_id": "msg_1", **changes}
    encoded = encode_response(ChatResponse(**values))
    assert [loss.field for loss in encoded.losses] == losses
    ask(encode_body(encoded.body))


def test_text_with_a_tool_ends_with_tool_use():
    response = ChatResponse((Text("I look."), ToolCall("a", "t")), stop_reason="stop", usage=Usage(1, 1))
    assert encode_response(response).body["stop_reason"] == "tool_use"


def body_of(*content, **more) -> bytes:
    message = {"id": "1", "type": "message", "model": "m", "content": list(content), "stop_reason": "end_turn", **more}
    return json.dumps(message).encode()


TEXT = {"type": "text", "text": "x"}


@pytest.mark.parametrize(
    ("body", "kind", "says"),
    [
        (b"", errors.BadAnswerError, "an empty body"),
        (b"<title>502</title>", errors.BadAnswerError, "HTML page titled '502'"),
        (b'{"id": "1", "cont', errors.BadAnswerError, "broken JSON"),
        (b"[]", errors.BadAnswerError, "JSON list"),
        (b"{}", errors.BadAnswerError, "without content"),
        (b'{"content": null}', errors.BadAnswerError, "without content"),
        (b'{"choices": [{"message": {"content": "x"}}]}', errors.BadAnswerError, "without content"),
        (body_of(), errors.BadAnswerError, "empty message"),
        (body_of({"type": "text", "text": None}), errors.BadAnswerError, "empty message"),
        (body_of(7, None), errors.BadAnswerError, "empty message"),
        (body_of(stop_reason="max_tokens"), errors.OutputLimitError, "output limit"),
        (body_of(stop_reason="model_context_window_exceeded"), errors.ContextTooLongError, "no room"),
        (body_of(TEXT, stop_reason="refusal"), errors.ContentFilteredError, "filter"),
        (b'{"type": "error", "error": {"type": "overloaded_error", "message": "m"}}', errors.ServerError, "m"),
        (b'{"type": "error", "error": {"type": "rate_limit_error"}}', errors.RateLimitError, "slow down"),
        (b'{"type": "error", "error": {"type": "billing_error"}}', errors.AuthenticationError, "no credit"),
        (b'{"error": "boom"}', errors.BadAnswerError, "boom"),
    ],
)
def test_what_is_no_answer_is_a_typed_error(body, kind, says):
    with pytest.raises(errors.ProviderError) as caught:
        decode_response(body, provider="p")
    assert type(caught.value) is kind
    assert says in str(caught.value)
    assert (caught.value.provider, caught.value.body) == ("p", body)


@pytest.mark.parametrize("reason", ["eos", "", None, 7])
def test_an_unknown_stop_reason_is_no_error(reason):
    assert decode_response(body_of(TEXT, stop_reason=reason)).stop_reason == "other"


def test_odd_blocks_are_read_as_far_as_they_make_sense():
    read = decode_response(
        body_of(
            {"type": "thinking"},
            {"type": "tool_use", "id": None, "name": "", "input": None},
            {"type": "tool_use", "id": "b", "name": "t", "input": '{"a": 1}'},
            {"type": "tool_use", "id": "c", "name": "t", "input": {"a": 1.5}},
            {"type": "new"},
        )
    )
    assert read.content == (ToolCall("", ""), ToolCall("b", "t", '{"a": 1}'), ToolCall("c", "t", '{"a":1.5}'))


@pytest.mark.parametrize(
    ("stated", "read"),
    [
        ({"input_tokens": 5}, Usage(5, 0)),
        ({"input_tokens": None, "output_tokens": 3, "cache_read_input_tokens": 4}, Usage(4, 3, 4)),
        ({"input_tokens": -5, "output_tokens": True}, Usage(0, 0)),
        ({"output_tokens": 3, "output_tokens_details": {"thinking_tokens": 9}}, Usage(0, 3, reasoning=3)),
        ({"input_tokens": 1, "output_tokens_details": []}, Usage(1, 0)),
        ({"prompt_tokens": 5}, None),
        ([], None),
        (None, None),
    ],
)
def test_odd_usage_is_read_as_far_as_it_makes_sense(stated, read):
    assert decode_response(body_of(TEXT, usage=stated)).usage == read


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["content", "type", "text", "error", "usage", "stop_reason", "input", "id", "thinking"])
            | st.text(max_size=3),
            inner | st.sampled_from(["text", "tool_use", "thinking", "redacted_thinking", "error"]),
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


@given(
    st.dictionaries(
        st.sampled_from(["messages", "system", "tools", "tool_choice", "thinking", "output_config", "max_tokens"]),
        json_values,
    )
)
def test_any_body_is_a_request_or_refused(body):
    try:
        result = find_dialect("anthropic_messages").decode_request(body).request
    except errors.InvalidRequestError as error:
        result = error
    assert isinstance(result, ChatRequest) or result.status == 400


@pytest.mark.parametrize("case", ERRORS, ids=lambda case: f"{case['status']}-{case['error']}")
def test_documented_errors_get_their_kind(case):
    error = decode_error(case["status"], {}, json.dumps(case["body"]).encode(), "p")
    assert type(error).__name__ == case["error"]
    assert case["body"]["error"]["message"] in str(error)


@pytest.mark.parametrize("case", ERRORS, ids=lambda case: f"{case['status']}-{case['error']}")
def test_errors_come_back_as_the_sdk_knows_them(case):
    """The error of a vendor, passed on to a client, is the error that the vendor itself would have given."""
    body = json.dumps(case["body"]).encode()
    status, written = encode_error(decode_error(case["status"], {}, body, "p"))
    with pytest.raises(anthropic.APIStatusError) as theirs:
        ask(body, status=case["status"])
    with pytest.raises(anthropic.APIStatusError) as passed_on:
        ask(encode_body(written), status=status)
    assert written["error"]["message"]
    if case["status"] not in (403, 413):  # a key that may not and a wrong one, a long body and a long prompt are one
        assert type(passed_on.value) is type(theirs.value)
        assert passed_on.value.body["error"]["type"] == theirs.value.body["error"]["type"]


def test_other_failures_are_the_servers_in_the_eyes_of_clients():
    for error in (errors.NetworkError("n"), errors.BadAnswerError("b"), errors.ProviderConfigurationError("c")):
        status, body = encode_error(error)
        with pytest.raises(anthropic.InternalServerError, match=str(error)):
            ask(encode_body(body), status=status)


def test_a_prompt_that_is_too_long_is_said_in_the_words_that_clients_know():
    status, body = encode_error(errors.ContextTooLongError("'glm' found the request too long"))
    assert (status, body["error"]["type"]) == (400, "invalid_request_error")
    assert body["error"]["message"].startswith("prompt is too long")
