"""Text Generation Inference's own API: one prompt in, one text out.

Source: https://huggingface.github.io/text-generation-inference/ and the types that `huggingface_hub` publishes. A
server serves one model, which has no place in the body. There are no turns, tools or images: turns are written into
the prompt.
"""

from casecraft.wire.dialect import Dialect
from casecraft.wire.tgi.error import decode_error, encode_error
from casecraft.wire.tgi.request import encode_request
from casecraft.wire.tgi.request_reading import decode_request
from casecraft.wire.tgi.response import decode_response, encode_response
from casecraft.wire.tgi.stream import StreamDecoder, decode_usage
from casecraft.wire.tgi.stream_writing import StreamEncoder


def read_model(info: object) -> tuple[str, ...] | None:
    """The one model that a server says it serves."""
    model = info.get("model_id") if isinstance(info, dict) else None
    return (model,) if isinstance(model, str) else None


DIALECT = Dialect(
    name="tgi",
    chat_path=lambda _model, stream: "/generate_stream" if stream else "/generate",
    encode_request=encode_request,
    decode_request=decode_request,
    encode_response=encode_response,
    decode_response=decode_response,
    encode_error=encode_error,
    decode_usage=decode_usage,
    stream_decoder=StreamDecoder,
    stream_encoder=StreamEncoder,
    models_path="/info",
    read_models=read_model,
    decode_error=decode_error,
)
