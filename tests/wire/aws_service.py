"""AWS's own client as a judge: what botocore's service models say of our bodies, and what its parsers read in them."""

import json
from functools import cache
from io import BytesIO
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import botocore.session
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.model import ServiceModel
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from botocore.validate import ParamValidator


@cache
def session() -> botocore.session.Session:
    made = botocore.session.Session()
    made.set_credentials("AKIDEXAMPLE", "secret", "session")
    return made


@cache
def model_of(service: str) -> ServiceModel:
    return session().get_service_model(service)


def as_parameters(value: Any, shape: Any) -> Any:
    """A JSON body as the parameters that botocore's users would give: blobs as bytes."""
    return create_parser("rest-json")._parse_shape(shape, value)


def check_request(service: str, operation: str, body: dict[str, Any], **path: str) -> None:
    """The body has nothing that the model does not know, conforms to it, and is what botocore itself would write."""
    model = model_of(service).operation_model(operation)
    shape = model.input_shape
    unknown = set(body) - set(shape.members)
    assert not unknown, f"{unknown} are no fields of {operation}"
    parameters = {**path, **{name: as_parameters(value, shape.members[name]) for name, value in body.items()}}
    report = ParamValidator().validate(parameters, shape)
    assert not report.has_errors(), report.generate_report()
    written = create_serializer("rest-json").serialize_to_request(parameters, model)
    assert json.loads(written["body"]) == body


def ask(service: str, operation: str, status: int, headers: dict[str, str], body: bytes, **given: Any) -> Any:
    """What botocore's client gives its caller for this answer, and the request that it sent."""
    client = session().create_client(service, region_name="us-east-1", config=Config(retries={"total_max_attempts": 1}))
    sent = []

    def answer(request: Any, **_: Any) -> AWSResponse:
        sent.append(request)
        raw = Raw(body)
        return AWSResponse(request.url, status, headers, raw)

    client.meta.events.register("before-send", answer)
    name = {"Converse": "converse", "ConverseStream": "converse_stream"}.get(operation) or {
        "InvokeEndpoint": "invoke_endpoint",
        "InvokeEndpointWithResponseStream": "invoke_endpoint_with_response_stream",
    }[operation]
    return SimpleNamespace(answer=getattr(client, name)(**given), request=sent[0])


class Raw(BytesIO):
    """A body as urllib3 hands it to botocore."""

    def stream(self, amount: int = 7, decode_content: bool | None = None) -> Any:
        del decode_content
        while chunk := self.read(min(amount, 7)):
            yield chunk

    def release_conn(self) -> None:
        """Nothing is held."""


def path_asked(service: str, operation: str, **given: Any) -> str:
    """The path at which botocore's client asks."""
    return urlsplit(ask(service, operation, 200, {}, b"{}", **given).request.url).path
