"""A model for the simulator: it answers with real cases for the petstore's endpoints."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from casecraft.cases import generate
from casecraft.core.case import Case
from casecraft.core.endpoint import Endpoint
from casecraft.spec import load, split
from tests.answers import id_of

PETSTORE = Path(__file__).parents[2] / "specs" / "petstore.yaml"
CASES = 3
PLAIN = ("equivalence_partitioning", "boundary_value_analysis")


def answer(body: dict[str, Any]) -> str:
    """The first few cases that rules make for the endpoint in the prompt, as a model would write them."""
    endpoint = endpoints()[id_of(body)]
    return json.dumps({"cases": [write_case(case) for case in plain_cases(endpoint)[:CASES]]})


def plain_cases(endpoint: Endpoint) -> list[Case]:
    """What a model may well think of: no probe and no text that is broken on purpose."""
    return [case for case in generate(endpoint) if case.technique in PLAIN]


@cache
def endpoints() -> Mapping[str, Endpoint]:
    return {endpoint.id: endpoint for endpoint in split(load(str(PETSTORE)))}


def write_case(case: Case) -> dict[str, Any]:
    request = case.request
    has_body = request.content_type is not None
    return {
        "title": f"By a model: {case.title}",
        "valid": case.valid,
        "violates": None if case.valid else case.targets[0],
        "technique": case.technique,
        "priority": case.priority,
        "authenticated": request.credentials == "own",
        **{
            place: [{"name": name, "value": value} for name, value in getattr(request, place).items()]
            for place in ("path_params", "query", "headers", "cookies")
        },
        "content_type": request.content_type,
        "body": json.dumps(request.body) if has_body else None,
        "expect_status": [str(status) for status in case.expect.status],
    }
