"""Ollama's native chat, `POST /api/chat`.

Source: https://docs.ollama.com/api/chat. Unlike its Chat Completions it takes a context length, a JSON Schema for any
model, and a reasoning switch. Streams are newline JSON.
"""

from casecraft.wire.answers import mapping, mappings, string
from casecraft.wire.dialect import Dialect, fixed
from casecraft.wire.ollama_chat.error import encode_error
from casecraft.wire.ollama_chat.request import encode_request
from casecraft.wire.ollama_chat.request_reading import decode_request
from casecraft.wire.ollama_chat.response import decode_response, decode_usage, encode_response
from casecraft.wire.ollama_chat.stream import StreamDecoder
from casecraft.wire.ollama_chat.stream_writing import StreamEncoder


def read_models(listing: object) -> tuple[str, ...] | None:
    """The names in what `GET /api/tags` gives; None where it is no such list."""
    models = mapping(listing).get("models")
    if not isinstance(models, list):
        return None
    names = (string(model.get("model")) or string(model.get("name")) for model in mappings(models))
    return tuple(name for name in names if name)


DIALECT = Dialect(
    name="ollama_chat",
    chat_path=fixed("/api/chat"),
    encode_request=encode_request,
    decode_request=decode_request,
    encode_response=encode_response,
    decode_response=decode_response,
    encode_error=encode_error,
    decode_usage=decode_usage,
    stream_decoder=StreamDecoder,
    stream_encoder=StreamEncoder,
    models_path="/api/tags",
    read_models=read_models,
    embeddings="ollama_embeddings",
)
