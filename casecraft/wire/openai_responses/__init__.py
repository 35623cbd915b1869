"""OpenAI Responses.

Source: https://platform.openai.com/docs/api-reference/responses. Read too are servers that say less than OpenAI's own:
llama.cpp and vLLM, whose items are not counted, or whose arguments come with the last event alone.
"""

from casecraft.wire.dialect import Dialect, fixed
from casecraft.wire.openai_chat.error import encode_error
from casecraft.wire.openai_responses.request import encode_request
from casecraft.wire.openai_responses.request_reading import decode_request
from casecraft.wire.openai_responses.response import decode_response, decode_usage, encode_response
from casecraft.wire.openai_responses.stream import StreamDecoder
from casecraft.wire.openai_responses.stream_writing import StreamEncoder

DIALECT = Dialect(
    name="openai_responses",
    chat_path=fixed("/responses"),
    encode_request=encode_request,
    decode_request=decode_request,
    encode_response=encode_response,
    decode_response=decode_response,
    encode_error=encode_error,
    decode_usage=decode_usage,
    stream_decoder=StreamDecoder,
    stream_encoder=StreamEncoder,
    embeddings="openai_embeddings",
)
