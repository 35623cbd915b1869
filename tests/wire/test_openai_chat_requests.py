"""Requests: validated against the types that OpenAI's own SDK publishes."""

from types import MappingProxyType

import orjson
import pytest
from openai.types.chat.completion_create_params import (
    CompletionCreateParamsNonStreaming,
    CompletionCreateParamsStreaming,
)
from pydantic import ConfigDict, TypeAdapter, with_config
from typing_extensions import get_type_hints

from casecraft.core.chat import ChatRequest, Message
from casecraft.wire import encode_body, find_dialect

WHOLE = TypeAdapter(with_config(ConfigDict(extra="forbid"))(CompletionCreateParamsNonStreaming))
STREAMED = TypeAdapter(with_config(ConfigDict(extra="forbid"))(CompletionCreateParamsStreaming))
SCHEMA = {"type": "object", "properties": {"cases": {"type": "array"}}, "required": ["cases"]}


def encode(request: ChatRequest, **how):
    """The body, where nothing is lost."""
    body, losses = find_dialect("openai_chat").encode_request(request, **how)
    assert losses == ()
    return body


def request(**changes) -> ChatRequest:
    values = {"messages": (Message("system", "Be brief."), Message("user", "Hi")), "model": "m", **changes}
    return ChatRequest(**values)


@pytest.mark.parametrize("structured_output", ["json_schema", "json_object", "prompt"])
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    "changes",
    [{}, {"temperature": 0.0, "max_output_tokens": 9, "seed": 0, "json_schema": SCHEMA}, {"extra": {"top_p": 0.5}}],
)
def test_bodies_conform_to_the_published_types(structured_output, stream, changes):
    body = encode(request(**changes), stream=stream, structured_output=structured_output)
    adapter = STREAMED if stream else WHOLE
    adapter.validate_json(encode_body(body), strict=True)


def test_the_published_types_do_refuse():
    assert "messages" in get_type_hints(CompletionCreateParamsNonStreaming)
    with pytest.raises(ValueError, match="max_tokens"):
        WHOLE.validate_python({"model": "m", "messages": [], "max_tokens": "many"})
    with pytest.raises(ValueError, match="max_output_tokens"):
        WHOLE.validate_python({"model": "m", "messages": [], "max_output_tokens": 3})


def test_what_is_not_asked_for_is_not_sent():
    body = encode(request(), stream=False, structured_output="json_schema")
    assert body == {
        "model": "m",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}],
    }


def test_sampling_is_sent_even_where_it_is_zero():
    body = encode(request(temperature=0.0, seed=0, max_output_tokens=5), stream=False, structured_output="prompt")
    assert (body["temperature"], body["seed"], body["max_tokens"]) == (0.0, 0, 5)


def test_a_schema_goes_into_the_response_format_where_the_provider_takes_it():
    body = encode(request(json_schema=SCHEMA), stream=False, structured_output="json_schema")
    assert body["response_format"]["json_schema"]["schema"] == SCHEMA
    assert body["response_format"]["json_schema"]["strict"] is True
    assert body["messages"][0]["content"] == "Be brief."


@pytest.mark.parametrize(("structured_output", "format_"), [("json_object", {"type": "json_object"}), ("prompt", None)])
def test_elsewhere_the_schema_goes_into_the_fixed_part_of_the_prompt(structured_output, format_):
    body = encode(request(json_schema=SCHEMA), stream=False, structured_output=structured_output)
    assert body.get("response_format") == format_
    system, user = body["messages"]
    assert system["content"].startswith("Be brief.")
    assert "JSON" in system["content"]
    assert orjson.loads(system["content"].splitlines()[-1]) == SCHEMA
    assert user["content"] == "Hi"


def test_without_a_system_message_the_schema_gets_one():
    body = encode(
        request(messages=(Message("user", "Hi"),), json_schema=SCHEMA), stream=False, structured_output="prompt"
    )
    assert [message["role"] for message in body["messages"]] == ["system", "user"]


def test_a_stream_asks_for_its_usage():
    body = encode(request(), stream=True, structured_output="prompt")
    assert body["stream"] is True
    assert body["stream_options"] == {"include_usage": True}


def test_extra_fields_win():
    body = encode(request(extra={"model": "other", "enable_thinking": False}), stream=False, structured_output="prompt")
    assert body["model"] == "other"
    assert body["enable_thinking"] is False


def test_schemas_may_be_any_mapping():
    frozen = MappingProxyType({"type": "object", "required": ("a",)})
    body = encode(request(json_schema=frozen), stream=False, structured_output="json_schema")
    sent = orjson.loads(encode_body(body))
    assert sent["response_format"]["json_schema"]["schema"] == {"type": "object", "required": ["a"]}
