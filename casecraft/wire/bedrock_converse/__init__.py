"""Bedrock's Converse.

Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html (and `ConverseStream`), as
botocore's service model of `bedrock-runtime` states them. Streams come in AWS's own framing of events.
"""

from urllib.parse import quote

from casecraft.wire.aws_errors import decode_aws_error, encode_aws_error
from casecraft.wire.bedrock_converse.request import encode_request
from casecraft.wire.bedrock_converse.request_reading import decode_request
from casecraft.wire.bedrock_converse.response import decode_response, encode_response
from casecraft.wire.bedrock_converse.stream import StreamDecoder, decode_usage
from casecraft.wire.bedrock_converse.stream_writing import StreamEncoder
from casecraft.wire.dialect import Dialect


def chat_path(model: str, stream: bool) -> str:
    """Where to ask; the model's id, which may be an ARN, is quoted whole, as AWS's own clients do."""
    return f"/model/{quote(model, safe='')}/converse{'-stream' if stream else ''}"


DIALECT = Dialect(
    name="bedrock_converse",
    chat_path=chat_path,
    encode_request=encode_request,
    decode_request=decode_request,
    encode_response=encode_response,
    decode_response=decode_response,
    encode_error=encode_aws_error,
    decode_usage=decode_usage,
    stream_decoder=StreamDecoder,
    stream_encoder=StreamEncoder,
    models_path="",
    decode_error=decode_aws_error,
)
