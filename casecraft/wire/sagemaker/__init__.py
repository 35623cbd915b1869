"""SageMaker endpoints that serve models by Text Generation Inference: its bodies, in AWS's errors and streams.

Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html (and
`InvokeEndpointWithResponseStream`), as botocore's service model of `sagemaker-runtime` states them. The model's name is
that of the endpoint.
"""

from dataclasses import replace
from urllib.parse import quote

from casecraft.core.chat import ChatRequest
from casecraft.core.profile import StructuredOutput
from casecraft.wire import tgi
from casecraft.wire.aws_errors import decode_aws_error, encode_aws_error
from casecraft.wire.dialect import Encoded
from casecraft.wire.sagemaker.stream import StreamDecoder, StreamEncoder, decode_usage


def chat_path(model: str, stream: bool) -> str:
    """Where the endpoint of this name is asked."""
    return f"/endpoints/{quote(model, safe='')}/invocations{'-response-stream' if stream else ''}"


def encode_request(request: ChatRequest, *, stream: bool, structured_output: StructuredOutput) -> Encoded:
    """The body that Text Generation Inference takes at its one address here: `stream` tells what is wanted."""
    body, losses = tgi.DIALECT.encode_request(request, stream=stream, structured_output=structured_output)
    return Encoded({"stream": True, **body} if stream else body, losses)


DIALECT = replace(
    tgi.DIALECT,
    name="sagemaker",
    chat_path=chat_path,
    encode_request=encode_request,
    encode_error=encode_aws_error,
    decode_usage=decode_usage,
    stream_decoder=StreamDecoder,
    stream_encoder=StreamEncoder,
    models_path="",
    decode_error=decode_aws_error,
)
