"""Triton Inference Server's generate extension, `POST /v2/models/{model}/generate` and `generate_stream`.

Source: https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_generate.md. Parameters are
the model's own; those written here are the ones that the vLLM backend and TensorRT-LLM share. A stream has no last
event: that it came whole is for HTTP to say.
"""

from casecraft.wire.dialect import Dialect
from casecraft.wire.triton.error import encode_error
from casecraft.wire.triton.request import chat_path, encode_request
from casecraft.wire.triton.request_reading import decode_request
from casecraft.wire.triton.response import decode_response, decode_usage, encode_response
from casecraft.wire.triton.stream import StreamDecoder
from casecraft.wire.triton.stream_writing import StreamEncoder

DIALECT = Dialect(
    name="triton",
    chat_path=chat_path,
    encode_request=encode_request,
    decode_request=decode_request,
    encode_response=encode_response,
    decode_response=decode_response,
    encode_error=encode_error,
    decode_usage=decode_usage,
    stream_decoder=StreamDecoder,
    stream_encoder=StreamEncoder,
    models_path="",
)
