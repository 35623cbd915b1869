"""Replicate: requests are what Replicate's own client would send."""

import json
from dataclasses import replace

import httpx
import pytest
import replicate
from hypothesis import given, settings

from casecraft import errors
from casecraft.core.chat import ChatRequest, Image, Message, Text, Tool
from casecraft.wire import encode_body, find_dialect
from tests.wire.canonical import requests

DIALECT = find_dialect("replicate")
MODEL = "meta/meta-llama-3-8b-instruct"
ASK = Message("user", "Hi")
PNG = Image(b"\x89PNG\r\n", "image/png")


def encode(request: ChatRequest, structured_output="prompt", *, stream=False):
    return DIALECT.encode_request(request, stream=stream, structured_output=structured_output)


def as_the_client_sends(model: str, body: dict, *, wait: bool) -> httpx.Request:
    sent = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(201, json={"id": "1", "model": "m", "version": "v", "status": "starting"})

    client = replicate.Client("k", transport=httpx.MockTransport(answer))
    how = {"stream": body["stream"]} if "stream" in body else {"wait": wait}
    if "version" in body:
        client.predictions.create(version=body["version"], input=body["input"], **how)
    else:
        client.models.predictions.create(model, input=body["input"], **how)
    return sent[0]


@given(request=requests())
@settings(max_examples=40, deadline=None)
def test_any_request_is_what_the_client_sends(request: ChatRequest) -> None:
    for stream in (False, True):
        body = json.loads(encode_body(encode(replace(request, extra={}), stream=stream).body))
        sent = as_the_client_sends(MODEL, body, wait=True)
        assert json.loads(sent.content) == body
        assert sent.url.path == DIALECT.chat_path(MODEL, stream)
        assert sent.headers.get("prefer") == DIALECT.headers(stream).get("Prefer")


def test_a_named_version_goes_into_the_body():
    body = encode(ChatRequest((ASK,), "owner/name:5c7d")).body
    assert body == {"input": {"prompt": "Hi"}, "version": "5c7d"}
    assert as_the_client_sends("", body, wait=False).url.path == DIALECT.chat_path("owner/name:5c7d", False)


@pytest.mark.parametrize("model", ["", "name", "a/b/c", "../b", "a/..", "/b", "a/"])
def test_what_is_no_model_is_refused(model):
    with pytest.raises(errors.InvalidRequestError, match="no model of Replicate"):
        DIALECT.chat_path(model, False)


def test_names_cannot_leave_their_place_in_the_path():
    assert DIALECT.chat_path("a?b/c#d", False) == "/v1/models/a%3Fb/c%23d/predictions"


def test_system_and_prompt_have_inputs_of_their_own_and_the_limit_is_sent():
    request = ChatRequest((Message("system", "Be brief."), ASK), MODEL, max_output_tokens=9, stop=("x", "y"))
    body, losses = encode(request)
    inputs = {"prompt": "Hi", "system_prompt": "Be brief.", "max_tokens": 9, "stop_sequences": "x,y"}
    assert (body, losses) == ({"input": inputs}, ())
    assert DIALECT.decode_request(body, model=MODEL).request == request


def test_inputs_of_a_model_go_beside_ours():
    request = ChatRequest(
        (ASK,), MODEL, max_output_tokens=9, extra={"input": {"top_k": 5, "verbosity": "low"}, "webhook": "u"}
    )
    body = encode(request).body
    assert body == {"input": {"prompt": "Hi", "max_tokens": 9, "top_k": 5, "verbosity": "low"}, "webhook": "u"}
    read = DIALECT.decode_request(body)
    assert (read.request.top_k, read.request.extra) == (5, {"input": {"verbosity": "low"}})
    assert [loss.field for loss in read.losses] == ["webhook"]


@pytest.mark.parametrize("image", [PNG, Image(url="https://x/y.png")])
def test_the_first_image_has_an_input(image):
    request = ChatRequest((Message("system", "S"), Message("user", (Text("What?"), image))), MODEL)
    body, losses = encode(request)
    assert losses == ()
    assert DIALECT.decode_request(body, model=MODEL).request == request


@pytest.mark.parametrize(
    ("changes", "lost"),
    [
        ({"messages": (Message("user", (Text("x"), PNG, PNG)),)}, {"messages[0].image": False}),
        (
            {"messages": (Message("system", "S"), Message("user", (PNG,)), Message("user", (PNG,)))},
            {"messages": True, "messages[2].image": False},
        ),
        ({"messages": (Message("system", (Text("S"), PNG)), ASK)}, {"messages[0].image": False}),
        ({"messages": (Message("user", (PNG, Text("x"))),)}, {"messages[0].order": True}),
        ({"tools": (Tool("t"),), "tool_choice": "auto"}, {"tools": False, "tool_choice": True}),
        ({"tools": (Tool("t"),), "tool_choice": "required"}, {"tools": False, "tool_choice": False}),
        ({"stop": ("a,b", "c")}, {"stop": False}),
        ({"reasoning_effort": "low", "reasoning_budget": 9}, {"reasoning_effort": True, "reasoning_budget": True}),
        ({"parallel_tool_calls": True}, {"parallel_tool_calls": True}),
    ],
)
def test_what_cannot_be_said_is_named(changes, lost):
    losses = encode(ChatRequest(**{"messages": (ASK,), "model": MODEL, **changes})).losses
    assert {loss.field: loss.harmless for loss in losses} == lost


@pytest.mark.parametrize(("how", "lost"), [("prompt", set()), ("json_schema", {"json_schema", "messages"})])
def test_a_schema_is_asked_for_in_words(how, lost):
    body, losses = encode(ChatRequest((ASK,), MODEL, json_schema={"type": "object"}), how)
    assert body["input"]["system_prompt"].endswith('{"type":"object"}')
    assert {loss.field for loss in losses} == lost


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"input": []}, "input"),
        ({"input": {"prompt": 7}}, "prompt"),
        ({"input": {"max_tokens": "9"}}, "max_tokens"),
        ({"input": {"image": "data:a;base64,?"}}, "input.image"),
        ({"input": {"stop_sequences": []}}, "stop_sequences"),
    ],
)
def test_what_is_no_request_says_where(body, where):
    with pytest.raises(errors.InvalidRequestError) as raised:
        DIALECT.decode_request(body)
    assert repr(where) in str(raised.value)


def test_models_are_listed_with_their_owners():
    listing = {"next": None, "results": [{"owner": "meta", "name": "a"}, {"name": "b"}, None]}
    assert DIALECT.read_models(listing) == ("meta/a",)
    assert DIALECT.read_models({}) is None
