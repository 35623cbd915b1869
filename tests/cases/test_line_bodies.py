"""Bodies that are a sequence, a JSON value in each line."""

from dataclasses import replace
from typing import Any

import pytest

from casecraft.cases import Verified, generate, hits, notes_of, parse, targets_of, verify
from casecraft.core.case import Case
from casecraft.core.endpoint import Endpoint
from tests.cases.sample_endpoints import endpoint

READING = {"type": "object", "required": ["celsius"], "properties": {"celsius": {"type": "integer", "maximum": 60}}}


def stream(content_type: str = "application/jsonl", items: Any = READING, **more: Any) -> Endpoint:
    return endpoint(body={"type": "array", "items": items}, content_type=content_type, **more)


def case_of(of: Endpoint, target: str) -> Case:
    return next(case for case in generate(of) if target in case.targets)


@pytest.mark.parametrize("content_type", ["application/jsonl", "application/x-ndjson; charset=utf-8"])
def test_one_item_several_and_a_wrong_one_are_sent_as_lines(content_type: str) -> None:
    of = stream(content_type)
    assert case_of(of, "body:several-items").request.body == '{"celsius":1}\n{"celsius":1}\n'
    assert case_of(of, "body:min-items").request.body.count("\n") == 1
    wrong = case_of(of, "body[].celsius:above-maximum")
    assert (wrong.request.body, wrong.valid) == ('{"celsius":61}\n', False)
    assert {case.request.content_type for case in generate(of) if isinstance(case.request.body, str)} >= {content_type}


@pytest.mark.parametrize("items", [True, {"type": "integer"}, {"type": "string"}])
def test_an_empty_sequence_is_never_sent(items: Any) -> None:
    of = stream(items=items)
    bodies = [case.request.body for case in generate(of) if case.request.content_type == "application/jsonl"]
    assert bodies
    assert all(isinstance(body, str) and body.endswith("\n") for body in bodies)


def test_lines_are_read_as_any_one_writes_them() -> None:
    of = stream()
    request = case_of(of, "body:several-items").request
    assert "body:several-items" in hits(of, replace(request, body='{"celsius": 1}\r\n\n{"celsius": 60}'))
    assert hits(of, replace(request, body='{"celsius": 1}\n{"celsius": 61}\n')) == {"body[].celsius:above-maximum"}
    assert hits(of, replace(request, body='{"celsius": 1}\n{"celsius')) == {"body:wrong-type"}


def test_a_model_s_list_becomes_lines() -> None:
    sent = '"body": [{"celsius": 1}, {"celsius": 2}], "content_type": "application/jsonl"'
    [draft] = parse(f'[{{"title": "two", "valid": true, {sent}}}]').drafts
    verified = verify(stream(), draft)
    assert isinstance(verified, Verified), verified
    assert verified.case.request.body == '{"celsius":1}\n{"celsius":2}\n'


def test_a_body_that_cannot_be_made_is_spoken_of() -> None:
    of = stream("application/json-seq", body_required=False)
    assert notes_of(of) == ("no body of type application/json-seq can be made",)
    assert {target.id for target in targets_of(of)} == {"request:minimal"}
