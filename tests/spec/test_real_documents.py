"""Published documents: every operation in them becomes an endpoint whose schemas a validator takes."""

import os
from pathlib import Path

import jsonschema_rs
import orjson
import pytest

from casecraft.core.endpoint import Endpoint
from casecraft.core.schema import Definitions, Schema
from casecraft.spec import load, split

FOLDER = Path(os.environ.get("CASECRAFT_REAL_SPECS") or Path(__file__).parents[3] / "shared" / "specs")
COUNTS = {"kubernetes-2.0.json": 1123, "stripe-3.0.json": 452, "adyen-checkout-v71-3.1.json": 28}
METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}


def real_document(name: str) -> Path:
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"{path} is not there; set CASECRAFT_REAL_SPECS to the folder that holds {name}")
    return path


def schemas_of(endpoint: Endpoint) -> list[tuple[Definitions, Schema]]:
    sent = [parameter.schema for parameter in endpoint.parameters]
    sent += [each.schema for each in (endpoint.body.media_types if endpoint.body else ())]
    received = [each.schema for response in endpoint.responses for each in response.media_types]
    request, response = endpoint.definitions, endpoint.response_definitions
    return [(request, schema) for schema in sent] + [(response, schema) for schema in received]


@pytest.mark.parametrize("name", COUNTS)
def test_every_operation_is_split_out(name: str) -> None:
    path = real_document(name)
    raw = orjson.loads(path.read_bytes())
    declared = [
        f"{method.upper()} {route}" for route, item in raw["paths"].items() for method in item if method in METHODS
    ]
    endpoints = split(load(str(path)))
    assert [endpoint.id for endpoint in endpoints] == declared
    assert len(endpoints) == COUNTS[name]
    assert len({endpoint.fingerprint for endpoint in endpoints}) == len(endpoints)


@pytest.mark.parametrize("name", COUNTS)
def test_converted_schemas_are_valid_and_complete(name: str) -> None:
    for endpoint in split(load(str(real_document(name))))[::40]:
        for definitions, schema in schemas_of(endpoint):
            jsonschema_rs.Draft202012Validator(definitions.self_contained(schema))
