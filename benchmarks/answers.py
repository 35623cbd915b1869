"""What the simulated providers answer in `benchmarks.pipeline`: about eight cases for the endpoint in the question.

They are what rules make of the endpoint, as a model would write them: some with the wrong label, some answers in a
fence with prose around them, some cut off. What is wrong is put right when the repair is asked for. All of it depends
on the endpoint alone, so that each run gets the same answers.
"""

import json
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

from benchmarks.documents import real_document
from casecraft.cases import generate
from casecraft.core.case import Case, CaseRequest
from casecraft.spec import load, split

CASES = 8
MISLABELLED, FENCED, CUT = 3, 4, 20
"""Of so many endpoints, one gets an answer like that."""

ASKED = re.compile(r'"method":("[A-Z]+"),"path":("(?:[^"\\]|\\.)*")')


def answer(body: dict[str, Any]) -> str:
    """The text of the answer to a request of casecraft's."""
    messages = [message["content"] for message in body["messages"]]
    found = ASKED.search(messages[1])
    assert found is not None, messages[1][:300]
    endpoint_id = f"{json.loads(found[1])} {json.loads(found[2])}"
    return ANSWERS[endpoint_id][len(messages) > 2]


def prepare() -> Iterator[tuple[str, tuple[str, str]]]:
    """By endpoint: the first answer, and the answer to the wish for a repair."""
    for endpoint in split(load(str(real_document()))):
        cases = list(islice(varied(generate(endpoint)), CASES))
        right = [as_answered(case) for case in cases]
        seed = zlib.crc32(endpoint.id.encode())
        first = [dict(case) for case in right]
        if seed % MISLABELLED == 0:
            first[-1]["valid"] = not first[-1]["valid"]
        yield endpoint.id, (dress(json.dumps({"cases": first}), seed), json.dumps({"cases": right[-1:]}))


def varied(cases: tuple[Case, ...]) -> Iterator[Case]:
    """The cases, then the first valid one again and again with other values, as models repeat themselves."""
    yield from cases
    model = next((case for case in cases if case.valid), cases[0])
    for number in range(CASES):
        yield replace(model, title=f"{model.title} ({number})", request=vary(model.request, number))


def vary(request: CaseRequest, number: int) -> CaseRequest:
    def other(values: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value + number + 1 if type(value) is int else value for name, value in values.items()}

    return replace(request, path_params=other(request.path_params), query=other(request.query))


def as_answered(case: Case) -> dict[str, Any]:
    """A case in the shape that a model is asked for."""
    request = case.request
    sent = request.content_type is not None
    places = {
        place: [{"name": name, "value": value} for name, value in getattr(request, place).items()]
        for place in ("path_params", "query", "headers", "cookies")
    }
    return {
        "title": case.title,
        "valid": case.valid,
        "violates": None if case.valid else next(iter(case.targets), None),
        "technique": case.technique,
        "priority": case.priority,
        "authenticated": request.authenticated,
        **places,
        "content_type": request.content_type,
        "body": json.dumps(request.body) if sent and not isinstance(request.body, str) else request.body,
        "expect_status": [str(status) for status in case.expect.status],
    }


def dress(text: str, seed: int) -> str:
    """The answer as it comes from a model."""
    if seed % CUT == 1:
        return text[: len(text) * 4 // 5]
    if seed % FENCED == 0:
        return f"Here are the cases:\n\n```json\n{text}\n```\nThey cover what was asked for."
    return text


ANSWERS = dict(prepare())
