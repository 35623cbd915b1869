"""Gemini's `generateContent` and `streamGenerateContent`, as Google's Gemini API and Vertex AI serve them.

Source: https://ai.google.dev/api/generate-content. Bodies name no model: the path does.
"""

from casecraft.wire.dialect import Dialect
from casecraft.wire.gemini.error import encode_error
from casecraft.wire.gemini.paths import chat_path, read_models
from casecraft.wire.gemini.request import encode_request
from casecraft.wire.gemini.request_reading import decode_request
from casecraft.wire.gemini.response import decode_response, encode_response
from casecraft.wire.gemini.stream import StreamDecoder
from casecraft.wire.gemini.stream_writing import StreamEncoder
from casecraft.wire.gemini.usage import decode_usage

DIALECT = Dialect(
    name="gemini",
    chat_path=chat_path,
    encode_request=encode_request,
    decode_request=decode_request,
    encode_response=encode_response,
    decode_response=decode_response,
    encode_error=encode_error,
    decode_usage=decode_usage,
    stream_decoder=StreamDecoder,
    stream_encoder=StreamEncoder,
    models_path="/models",
    read_models=read_models,
    embeddings="gemini_embeddings",
)
