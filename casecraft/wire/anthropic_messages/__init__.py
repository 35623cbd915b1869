"""Anthropic Messages.

Source: https://platform.claude.com/docs/en/api/messages. Compatible servers are read too: those that sign no reasoning
(llama.cpp, Kimi, MiniMax), and those that put a call's whole input at the start of its block.
"""

from casecraft.wire.anthropic_messages.error import encode_error
from casecraft.wire.anthropic_messages.request import encode_request
from casecraft.wire.anthropic_messages.request_reading import decode_request
from casecraft.wire.anthropic_messages.response import decode_response, decode_usage, encode_response
from casecraft.wire.anthropic_messages.stream import StreamDecoder
from casecraft.wire.anthropic_messages.stream_writing import StreamEncoder
from casecraft.wire.dialect import Dialect, fixed

DIALECT = Dialect(
    name="anthropic_messages",
    chat_path=fixed("/v1/messages"),
    encode_request=encode_request,
    decode_request=decode_request,
    encode_response=encode_response,
    decode_response=decode_response,
    encode_error=encode_error,
    decode_usage=decode_usage,
    stream_decoder=StreamDecoder,
    stream_encoder=StreamEncoder,
    models_path="/v1/models",
)
