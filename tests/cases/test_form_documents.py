"""Fields of forms that are documents of a type which the document says."""

import json
from typing import Any

import pytest

from casecraft.cases import generate
from casecraft.cases.bodies import BodyForm
from casecraft.cases.requests import request_model
from tests.cases.sample_endpoints import endpoint

ORDER = {"type": "object", "xml": {"name": "order"}, "required": ["n"], "properties": {"n": {"type": "integer"}}}
FORM = {"type": "object", "required": ["order"], "properties": {"order": ORDER, "word": {"type": "string"}}}
TYPES = {"order": {"contentType": "application/*, application/xml"}, "word": {"contentType": "application/json"}}
FORMS = endpoint(body=FORM, content_type="multipart/form-data", encoding=TYPES)
XML = '<?xml version="1.0" encoding="UTF-8"?>\n<order><n>4</n></order>'


def form() -> BodyForm:
    body = request_model(FORMS).body
    assert body is not None
    return body


def test_documents_are_written_and_read_as_their_types_say() -> None:
    value = {"order": {"n": 4}, "word": "a"}
    assert form().write(value) == ({"order": XML, "word": '"a"'},)
    assert form().read({"order": XML, "word": '"a"'}) == value


@pytest.mark.parametrize("text", ["", "{}", "<order>", "<other/>", "<!DOCTYPE x []><order><n>4</n></order>"])
def test_what_is_no_such_document_stays_text(text: str) -> None:
    assert form().read({"order": text}) == {"order": text}


def test_cases_break_one_rule_within_a_document() -> None:
    made = generate(FORMS)
    bodies: dict[str, Any] = {target: case.request.body for case in made for target in case.targets}
    assert bodies["body.order.n:missing"]["order"].endswith("<order/>")
    assert bodies["body.order.n:wrong-type"]["order"].endswith("</n></order>")
    assert json.loads(bodies["body:all-fields"]["word"])
