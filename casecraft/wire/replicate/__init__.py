"""Predictions of language models on Replicate, `POST /v1/models/{owner}/{name}/predictions`.

Source: https://replicate.com/docs/reference/http. The inputs are those that most language models there share; a model
that names them otherwise gets its own by `extra = {"input": {...}}`. A prediction may still be going on when the
answer comes: `follow` says where the rest is.
"""

from casecraft.wire.answers import mapping, mappings, string
from casecraft.wire.dialect import Dialect
from casecraft.wire.replicate.error import encode_error
from casecraft.wire.replicate.paths import chat_path, follow, headers
from casecraft.wire.replicate.request import encode_request
from casecraft.wire.replicate.request_reading import decode_request
from casecraft.wire.replicate.response import decode_response, decode_usage, encode_response
from casecraft.wire.replicate.stream import StreamDecoder
from casecraft.wire.replicate.stream_writing import StreamEncoder


def read_models(listing: object) -> tuple[str, ...] | None:
    """The models on the first page of `GET /v1/models`; None where it is no such list."""
    results = mapping(listing).get("results")
    if not isinstance(results, list):
        return None
    names = ((string(model.get("owner")), string(model.get("name"))) for model in mappings(results))
    return tuple(f"{owner}/{name}" for owner, name in names if owner and name)


DIALECT = Dialect(
    name="replicate",
    chat_path=chat_path,
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
    headers=headers,
    follow=follow,
)
