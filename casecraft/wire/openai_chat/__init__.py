"""OpenAI Chat Completions.

Source: https://platform.openai.com/docs/api-reference/chat. What compatible vendors add is read too:
`reasoning_content` (DeepSeek, GLM, Qwen, Kimi), `reasoning` (vLLM, Ollama, OpenRouter), cached tokens in the three
places where vendors say them, and stop reasons beyond OpenAI's own.
"""

from casecraft.wire.dialect import Dialect, fixed
from casecraft.wire.openai_chat.error import encode_error
from casecraft.wire.openai_chat.request import encode_request
from casecraft.wire.openai_chat.request_reading import decode_request
from casecraft.wire.openai_chat.response import decode_response, decode_usage, encode_response
from casecraft.wire.openai_chat.stream import StreamDecoder
from casecraft.wire.openai_chat.stream_writing import StreamEncoder

DIALECT = Dialect(
    name="openai_chat",
    chat_path=fixed("/chat/completions"),
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
