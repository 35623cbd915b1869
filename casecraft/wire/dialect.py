"""What a dialect is, and the ones that there are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, NamedTuple, Protocol

from casecraft.core.chat import ChatRequest, ChatResponse, Loss, StreamEvent
from casecraft.core.profile import StructuredOutput
from casecraft.core.usage import Usage
from casecraft.errors import ProviderError, ProviderNotFoundError
from casecraft.wire.vendor_error import Codes, decode_error


class Encoded(NamedTuple):
    """A body as JSON values, and what it could not say."""

    body: dict[str, Any]
    losses: tuple[Loss, ...] = ()


class Asked(NamedTuple):
    """A request as a client sent it, whether it wants a stream, and what the canonical values could not hold."""

    request: ChatRequest
    stream: bool
    losses: tuple[Loss, ...] = ()


class EncodeRequest(Protocol):
    """Writes a canonical request as the body that the dialect sends."""

    def __call__(self, request: ChatRequest, *, stream: bool, structured_output: StructuredOutput) -> Encoded:
        """The body. Fields of `request.extra` go in as they are and win over ours."""


class DecodeRequest(Protocol):
    """Reads a request of a client that speaks the dialect."""

    def __call__(self, body: Mapping[str, Any], *, model: str = "", stream: bool = False) -> Asked:
        """The request. `model` and `stream` are what the path says, where the dialect says them there.

        Raises `InvalidRequestError` where the body is no request of the dialect.
        """


class EncodeResponse(Protocol):
    """Writes a whole answer for a client that speaks the dialect."""

    def __call__(self, response: ChatResponse, *, created: int = 0) -> Encoded:
        """The body. `created` is the time of the answer in seconds since 1970."""


class DecodeResponse(Protocol):
    """Reads a whole answer. Whatever the bytes are, it returns an answer or raises a `ProviderError`."""

    def __call__(self, body: bytes, *, provider: str = "", codes: Codes = ...) -> ChatResponse:
        """The answer in a body that came with status 2xx."""


class DecodeError(Protocol):
    """Reads what came with a status other than 2xx."""

    def __call__(
        self, status: int, headers: Mapping[str, str], body: bytes, provider: str, *, codes: Codes = ...
    ) -> ProviderError:
        """The error, for raising. It never raises itself."""


class StreamDecoder(Protocol):
    """Reads a streamed answer as it comes, whatever the chunks."""

    @property
    def progress(self) -> str:
        """How far the stream has come, in words."""

    def feed(self, chunk: bytes) -> list[StreamEvent]:
        """The events that are complete with this chunk."""

    def finish(self) -> list[StreamEvent]:
        """The events that the end of the stream completes. Raises `BadAnswerError` where the stream was cut."""


class StreamEncoder(Protocol):
    """Writes a streamed answer for a client that speaks the dialect."""

    def encode(self, event: StreamEvent) -> bytes:
        """What the client gets for this event; the `StreamEnd` brings all that ends the stream."""

    def fail(self, error: ProviderError) -> bytes:
        """What the client gets where the answer breaks off."""


class OpenStream(Protocol):
    """Opens a stream to a client."""

    def __call__(self, *, model: str, request_id: str, created: int = 0) -> StreamEncoder:
        """The encoder of one answer."""


class ErrorBody(NamedTuple):
    """An error as a client of the dialect expects it."""

    status: int
    body: dict[str, Any]


def fixed(path: str) -> Callable[[str, bool], str]:
    """The path of a dialect that names the model in the body."""
    return lambda _model, _stream: path


def no_headers(stream: bool) -> Mapping[str, str]:  # noqa: ARG001
    """The headers of a dialect that needs none of its own."""
    return {}


def no_following(body: bytes, stream: bool) -> str | None:  # noqa: ARG001
    """Where an answer goes on in a dialect whose answers always come at once."""
    return None


def read_model_ids(listing: object) -> tuple[str, ...] | None:
    """The ids in an OpenAI listing of models (`{"data": [{"id": …}]}`); None where it is none."""
    data = listing.get("data") if isinstance(listing, dict) else None
    if not isinstance(data, list):
        return None
    return tuple(model["id"] for model in data if isinstance(model, dict) and isinstance(model.get("id"), str))


@dataclass(frozen=True, slots=True)
class Dialect:
    """One wire format.

    `chat_path` gives what is appended to a provider's base URL, from the model's name and whether a stream is wanted.
    `models_path` lists models, in whatever `read_models` reads (None where that is no list); it is empty where the
    dialect has no list. `embeddings` names the dialect in which such a server makes embeddings, if it does.

    `headers` go with a chat request, from whether a stream is wanted. `follow` reads a body that came with status 2xx
    and gives the URL at which the answer is to be had by GET, where the body only announces it: whole, or the stream
    that was wanted. The URL is the server's word: the key may go only to hosts that it is meant for.
    """

    name: str
    chat_path: Callable[[str, bool], str]
    encode_request: EncodeRequest
    decode_request: DecodeRequest
    encode_response: EncodeResponse
    decode_response: DecodeResponse
    encode_error: Callable[[ProviderError], ErrorBody]
    decode_usage: Callable[[bytes], Usage | None]
    stream_decoder: Callable[[str, Codes], StreamDecoder]
    stream_encoder: OpenStream
    models_path: str = "/models"
    read_models: Callable[[object], tuple[str, ...] | None] = read_model_ids
    decode_error: DecodeError = decode_error
    embeddings: str | None = None
    headers: Callable[[bool], Mapping[str, str]] = no_headers
    follow: Callable[[bytes, bool], str | None] = no_following


DIALECTS: tuple[str, ...] = (
    "openai_chat",
    "openai_responses",
    "anthropic_messages",
    "gemini",
    "bedrock_converse",
    "cohere_chat",
    "ollama_chat",
    "replicate",
    "sagemaker",
    "tgi",
    "triton",
)
"""The names: each is a package below this one, with its `DIALECT`."""


@cache
def find_dialect(name: str) -> Dialect:
    """The dialect of this name. Raises `ProviderNotFoundError` where there is none."""
    if name not in DIALECTS:
        raise ProviderNotFoundError(f"there is no dialect {name!r}", hint=f"Dialects: {', '.join(DIALECTS)}.")
    dialect: Dialect = import_module(f"casecraft.wire.{name}").DIALECT
    return dialect
