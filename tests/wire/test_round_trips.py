"""Canonical to wire and back, for every dialect: only what the dialect says it loses is lost."""

import orjson
import pytest
from hypothesis import given, settings

from casecraft.core.chat import ChatRequest, ChatResponse, StreamEnd, events_of
from casecraft.wire import DIALECTS, encode_body, find_dialect
from tests.wire.canonical import kept, merged, requests, responses


@pytest.mark.parametrize("name", DIALECTS)
@given(request=requests())
@settings(max_examples=60, deadline=None)
def test_a_request_comes_back_but_for_the_losses(name: str, request: ChatRequest) -> None:
    dialect = find_dialect(name)
    body, losses = dialect.encode_request(request, stream=False, structured_output="json_schema")
    read = dialect.decode_request(orjson.loads(encode_body(body)), model=request.model)
    sent, numbered = merged(request, losses)
    assert kept(read.request, numbered) == kept(sent, numbered)


@pytest.mark.parametrize("name", DIALECTS)
@given(response=responses())
@settings(max_examples=60, deadline=None)
def test_an_answer_comes_back_but_for_the_losses(name: str, response: ChatResponse) -> None:
    dialect = find_dialect(name)
    body, losses = dialect.encode_response(response)
    assert kept(dialect.decode_response(encode_body(body)), losses) == kept(response, losses)


@pytest.mark.parametrize("name", DIALECTS)
@given(response=responses())
@settings(max_examples=60, deadline=None)
def test_a_streamed_answer_comes_back_as_the_whole_one_does(name: str, response: ChatResponse) -> None:
    dialect = find_dialect(name)
    encoder = dialect.stream_encoder(model=response.model, request_id=response.request_id or "")
    decoder = dialect.stream_decoder("p", {})
    written = b"".join(map(encoder.encode, events_of(response)))
    events = [*decoder.feed(written), *decoder.finish()]
    assert isinstance(events[-1], StreamEnd)
    losses = (*dialect.encode_response(response).losses, *getattr(encoder, "losses", ()))
    assert kept(events[-1].response, losses) == kept(response, losses)
