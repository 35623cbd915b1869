"""A SageMaker endpoint that serves a model by Text Generation Inference, after docs.aws.amazon.com
(InvokeEndpoint, InvokeEndpointWithResponseStream) and botocore's service model.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from tests.gateway.spoken import Heard, Said
from tests.gateway.vendors import aws
from tests.gateway.vendors.prompts import TGI, TOO_LONG

BASE = ""
KIND = aws.KIND
ADDRESS = re.compile(r".*/endpoints/([A-Za-z0-9-]+)/invocations(-response-stream)?")


def is_stream(path: str, body: dict[str, Any]) -> bool:
    return path.endswith("/invocations-response-stream")


def check(body: dict[str, Any], path: str) -> None:
    """The container has one address for all: its body says whether it streams."""
    assert ADDRESS.fullmatch(path)
    assert body.get("stream", False) is is_stream(path, body)
    TGI.check(body, path)


def read(body: dict[str, Any], path: str) -> Heard:
    return TGI.read(body, path)


def whole(said: Said, model: str) -> dict[str, Any]:
    return TGI.whole(said, model)


def events(said: Said, model: str) -> Iterator[bytes]:
    """What the container streams, in parts that begin and end anywhere."""
    streamed = b"".join(TGI.events(said, model))
    for begin in range(0, len(streamed), 100):
        yield aws.frame("PayloadPart", streamed[begin : begin + 100], "application/octet-stream")


ERRORS = {
    "authentication": (403, "UnrecognizedClientException"),
    "rate_limit": (400, "ThrottlingException"),
    "no_model": (400, "ValidationError"),
    "overloaded": (503, "ServiceUnavailable"),
}


def error(kind: str, message: str) -> tuple[int, dict[str, str], dict[str, Any]]:
    """Its own errors, and those of the container in a `ModelError`."""
    if kind in ("invalid", "too_long"):
        told = json.dumps({"error": TOO_LONG if kind == "too_long" else message, "error_type": "validation"})
        said = f'Received client error (422) from primary with message "{told}".'
        more = {"OriginalStatusCode": 422, "OriginalMessage": told, "LogStreamArn": "arn:aws:logs:us-east-1:1:x"}
        return 424, aws.typed("ModelError"), {"Message": said, **more}
    status, name = ERRORS[kind]
    if kind == "no_model":
        message = "Endpoint m of account 111122223333 not found."
    return status, aws.typed(name), {"Message": message}
