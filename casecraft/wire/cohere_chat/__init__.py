"""Cohere's chat, `POST /v2/chat`.

Source: https://docs.cohere.com/v2/reference/chat. Its plan before calls of tools and its thinking are both reasoning
here; results of tools are documents.
"""

from casecraft.wire.answers import mapping, mappings, string
from casecraft.wire.cohere_chat.error import encode_error
from casecraft.wire.cohere_chat.request import encode_request
from casecraft.wire.cohere_chat.request_reading import decode_request
from casecraft.wire.cohere_chat.response import decode_response, decode_usage, encode_response
from casecraft.wire.cohere_chat.stream import StreamDecoder
from casecraft.wire.cohere_chat.stream_writing import StreamEncoder
from casecraft.wire.dialect import Dialect, fixed


def read_models(listing: object) -> tuple[str, ...] | None:
    """The models of `GET /v1/models` that chat; None where it is no such list."""
    models = mapping(listing).get("models")
    if not isinstance(models, list):
        return None
    names = (string(model.get("name")) for model in mappings(models) if _chats(model.get("endpoints")))
    return tuple(name for name in names if name)


def _chats(endpoints: object) -> bool:
    return not endpoints or (isinstance(endpoints, list) and "chat" in endpoints)


DIALECT = Dialect(
    name="cohere_chat",
    chat_path=fixed("/v2/chat"),
    encode_request=encode_request,
    decode_request=decode_request,
    encode_response=encode_response,
    decode_response=decode_response,
    encode_error=encode_error,
    decode_usage=decode_usage,
    stream_decoder=StreamDecoder,
    stream_encoder=StreamEncoder,
    models_path="/v1/models",
    read_models=read_models,
)
